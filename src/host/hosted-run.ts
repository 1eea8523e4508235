import type { AnyStateMachine } from 'xstate'
import type { Bodies } from '../engine/bodies.ts'
import { createDurableRun } from '../engine/durable-run.ts'
import type { DurableRun } from '../engine/durable-run.ts'
import { ControllerError } from '../errors.ts'
import { DELAY_CLOCKS } from '../machines/clocks.ts'
import type { ExecuteInput } from '../machines/action.types.ts'
import type { Person } from '../machines/action.types.ts'
import type { WorkflowContext, WorkflowOutput } from '../machines/workflow.types.ts'
import { isRepeatable } from '../model/action.ts'
import type { Redactor } from '../services/secrets/secrets.ts'
import type { RunEvent } from '../model/events.ts'
import type { Verbosity } from '../model/goal.ts'
import type { JournalEntry, RunHeader } from '../model/journal-entry.ts'
import type { Report } from '../model/report.ts'
import type { RunRequest, RunRequestInput } from '../model/request.ts'
import type { RunResult } from '../model/result.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { CapabilityCatalog } from '../services/executor/executor.ts'
import type { Journal, Lease, RunSummary } from '../services/journal/journal.ts'
import type { Log } from '../services/log/log.ts'
import type { RunRecord } from '../flow/run-record.ts'
import { stored } from '../flow/run-scope.ts'
import { createEventHistory } from './event-history.ts'
import { logEvent } from './log-event.ts'
import { machineIdentity } from './machine-identity.ts'
import { redactedRequest } from './redacted-request.ts'
import { bindDigest, eventOf, parseRequest, parseStored } from './requests.ts'
import { letGo } from './let-go.ts'
import { createEventTeller, runResult } from './run-events.ts'
import { createSnapshotter } from './run-snapshot.ts'
import type { RestoredRun } from './run-snapshot.ts'
import { needsPerson, planInForce, statePath } from './state-path.ts'

/** Services whose effects leave the process, or that write what others read. */
const EXTERNAL = new Set(['execute', 'reconcileEffect', 'applyIntervention', 'writeReport'])
/** Timers that only wait for a person: a run may be left alone with them. */
const PATIENT = new Set(['approvalTimeout', 'interventionTimeout', 'runTimeLeft'])
const INBOX_MS = 100
export const LEASE_TTL_MS = 15_000
const RENEW_MS = 5_000
/** How long an interrupted run waits for a write that is under way, before it is stopped and left in doubt. */
const INTERRUPT_GRACE_MS = 5_000

export type ParkReason = 'needs-person' | 'interrupted' | 'lease-lost'

export type RunEnd =
  | { readonly kind: 'settled'; readonly result: RunResult; readonly report: Report | null }
  | { readonly kind: 'parked'; readonly reason: ParkReason }
  | { readonly kind: 'broken'; readonly error: ControllerError }

export interface HostedRunOptions {
  readonly runId: string
  readonly machine: AnyStateMachine
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly catalog: CapabilityCatalog
  readonly actionMs: number
  readonly maxStepsCeiling: number
  /** How long an approval counts, ms from when it was sent; 0 = without limit. */
  readonly approvalValidMs: number
  readonly verbosity: Verbosity
  readonly lease: Lease
  readonly bodies: Bodies
  readonly record: RunRecord
  readonly person: Person
  /** A run that goes on from a snapshot. */
  readonly restored: { readonly run: RestoredRun; readonly header: RunHeader } | null
  readonly redactor: Redactor
  /** Records between two snapshots. */
  readonly snapshotEvery: number
  /** What the records from `fromSeq` up to `toSeq` told, from the journal. */
  readonly eventsIn: (fromSeq: number, toSeq: number) => readonly RunEvent[]
}

/** A run that this process owns: its engine, its inbox, its lease, and those who listen. */
export interface HostedRun {
  readonly durable: DurableRun
  readonly bodies: Bodies
  /** Resolves once the run exists durably. @throws ControllerError JOURNAL_UNWRITABLE, LEASE_LOST */
  start(header: RunHeader): Promise<void>
  resume(entries: readonly JournalEntry[]): Promise<void>
  events(fromSeq: number): AsyncIterable<RunEvent>
  /** True once the run has taken it, durably; false when this process has let go of the run. @throws ControllerError EVENT_REFUSED */
  request(request: RunRequestInput): Promise<boolean>
  interrupt(): Promise<void>
  /** Extends the lease now: after a sleep of the machine it has expired, though nobody took it. */
  renew(): void
  /** Never rejects. */
  readonly end: Promise<RunEnd>
}

export function createHostedRun(options: HostedRunOptions): HostedRun {
  const { runId, journal, clock, bodies, record, log, restored } = options
  let lease = options.lease
  let header: RunHeader | null = restored?.header ?? null
  let over: RunEnd | null = null
  let adoptedPaused = false
  let interrupting = false
  let parking = false
  let told = ''
  let inboxDrain: Promise<void> | null = null
  const history = createEventHistory({ firstSeq: restored?.run.entry.seq ?? 0, earlier: options.eventsIn })
  const waiting = new Map<number, readonly RunEvent[]>()
  const loops: NodeJS.Timeout[] = []
  let finish: (end: RunEnd) => void = () => {}
  const end = new Promise<RunEnd>((resolve) => (finish = resolve))

  const durable = createDurableRun({
    runId,
    machine: options.machine,
    clocks: DELAY_CLOCKS,
    external: EXTERNAL,
    journal,
    lease: () => lease,
    clock,
    bodies,
    onFolded(entry, emitted) {
      if (entry.kind === 'started') header = entry.header
      record.note(entry, emitted, planInForce(fold))
      waiting.set(entry.seq, teller.tell(entry, emitted))
    },
    onDurable: (entry) => publish(entry.seq),
    onBroken: broke,
    summarize,
    snapshots: {
      every: options.snapshotEvery,
      store: createSnapshotter(machineIdentity().machineHash, bodies, record, restored?.run.notedRef ?? null),
    },
    redact: (text) => options.redactor.redactKnownJsonText(text),
    ...(restored ? { from: restored.run } : {}),
  })
  const { fold } = durable
  const teller = createEventTeller(runId, fold, bodies)

  function summarize(entry: JournalEntry): RunSummary | null {
    const root = fold.snapshot('')
    if (root === null || header === null) return null
    const state = statePath(root.value)
    const waits = needsPerson(fold)
    const exitReason = root.status === 'done' ? (root.output as WorkflowOutput).exitReason : null
    if (told === `${state} ${waits} ${exitReason}`) return null
    told = `${state} ${waits} ${exitReason}`
    const { goal, workflow_type: workflowType } = header.input['params'] as { goal: string; workflow_type: string }
    const finished = root.status !== 'active'
    return { runId, goal, workflowType, state, needsPerson: waits, finished, exitReason, createdAt: record.startedAt(), updatedAt: entry.at }
  }

  function publish(seq: number): void {
    const events = waiting.get(seq) ?? []
    waiting.delete(seq)
    history.push(events)
    for (const event of events) logEvent(log, options.verbosity, event)
    const root = fold.snapshot('')
    if (root?.status === 'done' && seq === durable.lastSeq) conclude(settledEnd(root.output as WorkflowOutput))
    else if (root?.status === 'error')
      conclude({ kind: 'broken', error: new ControllerError('INTERNAL', `the statechart of run ${runId} failed`, { cause: root.error }) })
    else parkWhenOnlyPeopleCanMoveIt()
  }

  function settledEnd(output: WorkflowOutput): RunEnd {
    const report = output.reportRef === null ? null : stored<Report>(bodies, output.reportRef, 'report')
    return { kind: 'settled', result: runResult(runId, output, bodies), report }
  }

  function broke(error: ControllerError): void {
    conclude(error.code === 'LEASE_LOST' ? { kind: 'parked', reason: 'lease-lost' } : { kind: 'broken', error })
  }

  function conclude(result: RunEnd): void {
    if (over) return
    over = result
    for (const loop of loops) clearInterval(loop)
    durable.stop()
    if (result.kind !== 'parked' || result.reason !== 'lease-lost') letGo(journal, lease, log)
    history.end()
    finish(result)
  }

  function parkWhenOnlyPeopleCanMoveIt(): void {
    const root = fold.snapshot('')
    if (over || interrupting || options.person === 'here' || root?.status !== 'active') return
    const paused = root.matches({ open: 'paused' })
    const idle = fold.services().length === 0 && fold.timers().every(({ name }) => PATIENT.has(name))
    if (!idle || (paused ? !adoptedPaused : !needsPerson(fold)) || journal.pending(runId).length > 0) return
    interrupting = true
    void park('needs-person')
  }

  async function park(reason: ParkReason): Promise<void> {
    parking = true
    try {
      await durable.park(lease.owner, reason)
      conclude({ kind: 'parked', reason })
    } catch {
      // onBroken has told why.
    }
  }

  async function take(request: RunRequest, sentAt: number, inbox?: number): Promise<void> {
    const make = eventOf(request, {
      runId,
      fold,
      bodies,
      catalog: options.catalog,
      actionMs: options.actionMs,
      maxStepsCeiling: options.maxStepsCeiling,
      ...(options.approvalValidMs === 0 ? {} : { approvalExpiresAt: sentAt + options.approvalValidMs }),
    })
    await durable.deliver('', make, inbox === undefined ? {} : { inbox })
  }

  /** Requests of other processes, in order; one that the run does not take is answered so, and the next is looked at. */
  function drainInbox(): Promise<void> {
    // One drain at a time: a request stays pending until its answer is durable, and a second drain would take it again.
    inboxDrain ??= takePending().finally(() => (inboxDrain = null))
    return inboxDrain
  }

  async function takePending(): Promise<void> {
    for (const row of journal.pending(runId)) {
      if (over || interrupting) return
      try {
        await take(parseStored(row.event), row.at, row.inboxId)
      } catch (error) {
        if (over || parking) return
        await durable.answer(row.inboxId, error instanceof Error ? error.message : String(error))
      }
    }
    // What was refused changed nothing, so nothing else looks whether the run now waits for people alone.
    parkWhenOnlyPeopleCanMoveIt()
  }

  function every(ms: number, task: () => Promise<void> | void): void {
    let busy = false
    const loop = setInterval(() => {
      if (busy || over) return
      busy = true
      Promise.resolve()
        .then(task)
        .catch((error: unknown) => log.warn({ runId, error: String(error) }, 'a housekeeping task of the run failed'))
        .finally(() => (busy = false))
    }, ms)
    loops.push(loop)
  }

  function keepHouse(): void {
    every(INBOX_MS, drainInbox)
    every(RENEW_MS, renew)
  }

  function renew(): void {
    const renewed = journal.renew(lease, clock.now(), LEASE_TTL_MS)
    if (renewed) lease = renewed
    else conclude({ kind: 'parked', reason: 'lease-lost' })
  }

  const writing = () => durable.running().filter(({ src, input }) => src === 'execute' && !isRepeatable((input as ExecuteInput).effect)).length > 0

  return {
    durable,
    bodies,
    end,
    renew,
    async start(startHeader) {
      durable.begin(startHeader)
      keepHouse()
      try {
        await durable.deliver('', (at) => ({ type: 'run.start', at }) as never)
      } catch (error) {
        const ended = await end
        throw ended.kind === 'broken' ? ended.error : error
      }
    },
    async resume(entries) {
      durable.replay(entries)
      history.push([...waiting.values()].flat())
      waiting.clear()
      durable.adopt(lease.owner)
      keepHouse()
      await drainInbox()
      const context = fold.snapshot('')?.context as WorkflowContext | undefined
      if (fold.snapshot('')?.value === 'idle') await durable.deliver('', (at) => ({ type: 'run.start', at }) as never)
      adoptedPaused = context !== undefined && fold.snapshot('')?.matches({ open: 'paused' }) === true
      parkWhenOnlyPeopleCanMoveIt()
    },
    events: history.read,
    async request(request) {
      const kept = await redactedRequest(bindDigest(parseRequest(request), fold), runId, options.redactor)
      if (over === null && !parking) {
        await take(kept, clock.now())
        return true
      }
      await end
      return false
    },
    async interrupt() {
      if (over || interrupting) return void (await end)
      interrupting = true
      durable.hold()
      for (let waited = 0; writing() && waited < INTERRUPT_GRACE_MS && !over; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20))
      if (over === null) await park('interrupted')
    },
  }
}
