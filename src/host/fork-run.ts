import type { AnyStateMachine } from 'xstate'
import type { Bodies } from '../engine/bodies.ts'
import type { OutstandingService } from '../engine/fold.ts'
import { ControllerError, failure } from '../errors.ts'
import type { ForkedRun } from '../controller.types.ts'
import { judgedAction } from '../flow/run-scope.ts'
import type { ActionContext, ExecuteInput } from '../machines/action.types.ts'
import { isRepeatable } from '../model/action.ts'
import type { JournalEntry, JournaledEvent } from '../model/journal-entry.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { Ids } from '../services/ids/ids.ts'
import type { Log } from '../services/log/log.ts'
import type { Vault } from '../services/secrets/secrets.ts'
import { LEASE_TTL_MS } from './hosted-run.ts'
import { letGo } from './let-go.ts'
import type { MigratingJournal } from './migrating-journal.ts'
import { checkedRun, foldChecked, summaryAt } from './run-moment.ts'
import type { CheckedRun } from './run-moment.ts'

export interface ForkOptions {
  readonly journal: MigratingJournal
  readonly clock: Clock
  readonly machine: AnyStateMachine
  readonly ids: Ids
  /** This process, as an owner of leases. */
  readonly owner: string
  readonly log: Log
  readonly vault: Pick<Vault, 'copy'>
}

/** An event of the journal's that the fork adds, with what brings it. */
interface Addition {
  readonly path: string
  readonly event: JournaledEvent
  readonly child?: string
}

/**
 * A new run from the records of another up to `seq`. They are the same records under another id; what is added says that the source's
 * process is gone, as after a crash, and settles all that was bound to the source: its attempts, and the questions it had asked.
 * @throws ControllerError as `checkedRun`, EVENT_REFUSED, JOURNAL_UNWRITABLE
 */
export async function forkRun(options: ForkOptions, sourceId: string, seq: number): Promise<ForkedRun> {
  const { journal, clock, ids, owner, log, vault } = options
  const runId = ids.run()
  const { checked, repeated, inDoubt } = journal.atOneMoment(() => copyUpTo(options, runId, { runId: sourceId, seq }))
  const lease = journal.acquire(runId, { owner, ttlMs: LEASE_TTL_MS, now: clock.now(), create: true })
  if (lease === null) throw new ControllerError('RUN_EXISTS', `the run id ${runId} is in use`)
  try {
    const { entries, replay } = checked
    const { blobs } = replay.bodies.take()
    await vault.copy(sourceId, runId)
    await journal.commit({ runId, token: lease.token, entries, summary: summaryAt(checked), blobs, basedOn: sourceId })
  } finally {
    letGo(journal, lease, log)
  }
  return { runId, from: { runId: sourceId, seq }, repeated, inDoubt }
}

/** The fork as it will be stored. */
function copyUpTo({ journal, clock, machine, owner }: ForkOptions, runId: string, from: ForkedRun['from']): Severed {
  const source = checkedRun({ runId: from.runId, machine, journal }, from.seq)
  assertUnderWay(source)
  const copied = source.entries.flatMap((entry) => (OF_SOURCE.has(entry.kind) ? [] : [underId(entry, runId, from)])).map(inPlace)
  const severed = sever(foldChecked({ runId, machine, journal }, copied), owner, clock.now())
  assertNothingModified(severed.checked, from)
  return severed
}

/** The fork's records are of the present charts from the first one on, and what was put down of the source's state says whose it is. */
const OF_SOURCE: ReadonlySet<JournalEntry['kind']> = new Set(['migrated', 'snapshot'])

const inPlace = (entry: JournalEntry, seq: number): JournalEntry => ({ ...entry, seq })

/** A record of the source as one of the fork. The requests that it came from stay those of the source. */
function underId(entry: JournalEntry, runId: string, forkedFrom: ForkedRun['from']): JournalEntry {
  if (entry.kind === 'event') {
    const { inbox: _, ...kept } = entry
    return kept
  }
  if (entry.kind !== 'started') return entry
  const { input } = entry.header
  const params = { ...asRecord(input['params']), workflow_id: runId }
  const workflow = { ...asRecord(input['workflow']), runId }
  return { ...entry, header: { ...entry.header, input: { ...input, params, workflow, forkedFrom: { ...forkedFrom } } } }
}

type JsonRecord = Extract<Extract<JournalEntry, { readonly kind: 'started' }>['header']['input'][string], Record<string, unknown>>
const isRecord = (value: unknown): value is JsonRecord => typeof value === 'object' && value !== null && !Array.isArray(value)
const asRecord = (value: unknown): JsonRecord => (isRecord(value) ? value : {})

interface Severed {
  readonly checked: CheckedRun
  readonly repeated: readonly string[]
  readonly inDoubt: readonly string[]
}

/** Adds to a fork's records, each of them checked as if it had come from the journal. */
function sever(fork: CheckedRun, owner: string, now: number): Severed {
  const { replay } = fork
  const { fold } = replay
  const entries = [...fork.entries]
  let last = fork.last
  let told = fork.told
  const push = (entry: JournalEntry) => {
    told = replay.feed([entry])
    entries.push(entry)
    last = entry
  }
  const at = Math.max(now, last.at)
  const own = (kind: 'adopted' | 'parked', time: number) =>
    push({ kind, seq: last.seq + 1, at: time, runAt: last.runAt, owner, reason: kind === 'parked' ? 'forked' : 'fork' })
  const add = (addition: Addition) => push({ kind: 'event', seq: last.seq + 1, at, runAt: last.runAt, ...addition })

  // The run clock stood still since: nobody has owned these records.
  if (last.kind !== 'parked') own('parked', last.at)
  const attempts = fold.services().filter(isAttempt)
  const asking = fold.paths().filter((path) => fold.snapshot(path)?.matches('awaitingApproval') === true)
  if (attempts.length + asking.length > 0) {
    own('adopted', at)
    for (const stepId of asking) add(askAgain(stepId, contextOf(fork, stepId), replay.bodies))
    for (const attempt of attempts) if (isRepeatable(inputOf(attempt).effect) && isRunning(fork, attempt)) add(restart(attempt.path))
    for (let attempt = fold.services().find(isAttempt); attempt; attempt = fold.services().find(isAttempt)) add(endOf(attempt))
    own('parked', at)
  }
  const steps = attempts.map(({ path }) => path)
  return {
    checked: { ...fork, entries, last, told },
    repeated: steps.filter((stepId) => fold.snapshot(stepId)?.matches('inDoubt') === false),
    inDoubt: steps.filter((stepId) => fold.snapshot(stepId)?.matches('inDoubt') === true),
  }
}

const isAttempt = ({ src }: OutstandingService) => src === 'execute' || src === 'reconcileEffect'
const inputOf = ({ input }: OutstandingService) => input as ExecuteInput
const contextOf = ({ replay }: CheckedRun, stepId: string) => replay.fold.snapshot(stepId)?.context as ActionContext
const isRunning = ({ replay }: CheckedRun, { path }: OutstandingService) => replay.fold.snapshot(path)?.matches({ attempting: 'running' }) === true

/** Has the action judged anew: it is another run's action now, with a digest of its own, so the old answer is to nothing any more. */
function askAgain(stepId: string, { runId, planRef, verdict }: ActionContext, bodies: Bodies): Addition {
  const { args } = judgedAction(bodies, { runId, stepId, planRef, actionRef: verdict?.actionRef ?? '' })
  const event = { type: 'action.edit', actionId: stepId, digest: verdict?.digest ?? '', argsRef: bodies.put(args), by: 'fork', reason: null }
  return { path: '', event }
}

const restart = (stepId: string): Addition => ({ path: '', event: { type: 'action.restart', actionId: stepId, by: 'fork' } })

/**
 * How an attempt of the source ends in the fork. The capability is not asked whether the effect happened: it would look for the marks
 * of an attempt of the fork, which there never was.
 */
function endOf(attempt: OutstandingService): Addition {
  const { path, childId: child, src } = attempt
  const { runId, stepId, effect } = inputOf(attempt)
  if (src === 'reconcileEffect') {
    return { path, child, event: { type: `xstate.done.actor.${child}`, actorId: child, output: { verdict: 'unknown', outputRef: null } } }
  }
  const error = isRepeatable(effect)
    ? failure('ACTION_ABORTED', `run ${runId} begins where step ${stepId} was under way: it begins again`)
    : failure('EFFECT_IN_DOUBT', `run ${runId} begins where step ${stepId} was under way in the run that it was forked from`)
  return { path, child, event: { type: `xstate.error.actor.${child}`, actorId: child, error } }
}

function assertUnderWay({ runId, last, replay }: CheckedRun): void {
  if (replay.fold.snapshot('')?.status === 'active') return
  throw new ControllerError('EVENT_REFUSED', `run ${runId} had ended at record ${last.seq}: there is nothing to go on with`, {
    hint: `Fork it at an earlier record; \`planner-exec events ${runId}\` lists them.`,
  })
}

/** The guard judges its own change of an action by the action that it stored, which names the source: it would deny it to another run. */
function assertNothingModified(fork: CheckedRun, { runId: sourceId, seq }: ForkedRun['from']): void {
  const { fold } = fork.replay
  const modified = fold.paths().find((path) => path !== '' && contextOf(fork, path).modified)
  if (modified === undefined) return
  throw new ControllerError(
    'EVENT_REFUSED',
    `run ${sourceId} cannot be forked at record ${seq}: the guard had changed step ${modified}, which had not ended`,
    {
      hint: `Fork it before step ${modified} was judged, or after it ended; \`planner-exec events ${sourceId}\` lists the records.`,
    },
  )
}
