import { StateMachine } from 'xstate'
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { createBodies } from '../engine/bodies.ts'
import { createDurableRun } from '../engine/durable-run.ts'
import type { DurableRun } from '../engine/durable-run.ts'
import type { DelayClocks } from '../engine/fold.ts'
import type { ControllerError } from '../errors.ts'
import type { JournalEntry, RunHeader } from '../model/journal-entry.ts'
import type { Clock } from '../services/clock/clock.ts'
import { createSimulatedClock } from '../services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../services/clock/simulated.clock.ts'
import type { Journal, Lease, RunSummary } from '../services/journal/journal.ts'
import { createMemoryJournal } from '../services/journal/memory.journal.ts'

export interface TestRunOptions<J extends Journal = Journal, C extends Clock = SimulatedClock> {
  /** Any machine, with its services provided. */
  readonly machine: AnyStateMachine
  /** Default: a new one in memory. */
  readonly journal?: J
  /** Default: a simulated one at 0. */
  readonly clock?: C
  /** Which clock each named delay counts on; default: the wall, for all of them. */
  readonly clocks?: DelayClocks
  /** Services, by their `src`, that begin only when what asked for them is durable; default: all that are named. */
  readonly external?: Iterable<string>
  /** Default `run`. */
  readonly runId?: string
  /** Called for each record with the facts it emitted, in replay and live, before it is durable. */
  readonly onFolded?: (run: TestRun<J, C>, entry: JournalEntry, emitted: readonly EventObject[]) => void
}

/** One process's life with a run of any machine: the durable engine, its journal, its clock, and what they told. */
export interface TestRun<J extends Journal = Journal, C extends Clock = SimulatedClock> {
  readonly run: DurableRun
  readonly journal: J
  readonly clock: C
  /** What the machines emitted, in the order it was folded, earlier lives included. */
  readonly facts: readonly EventObject[]
  /** The records that the outside was told of, by number. */
  readonly durable: readonly number[]
  /** Why the run could not be kept: at most one reason. */
  readonly broken: readonly ControllerError[]
  /** The journal's records so far. */
  readonly entries: readonly JournalEntry[]
  /** The snapshot of an actor, null when it does not live; default the root. */
  snapshot(path?: string): AnyMachineSnapshot | null
  /** Gives an event to an actor, by default the root; resolves once it is durable with all it caused. A function gets the run clock. */
  send<Event extends EventObject>(event: Event | ((runAt: number) => Event), path?: string): Promise<void>
}

/** Begins a run of a machine: its first record is written at once. @throws ControllerError RUN_EXISTS */
export function beginTestRun<J extends Journal = Journal, C extends Clock = SimulatedClock>(
  options: TestRunOptions<J, C> & { readonly input?: unknown },
): TestRun<J, C> {
  const life = live(options, true)
  life.run.begin(headerOf(options.input ?? {}))
  return life
}

/**
 * Another process takes a run over from what its journal has: it is folded, what was outstanding begins again, timers go on with what is
 * left of them. The process before it counts as dead. @throws ControllerError RUN_UNKNOWN, ENGINE_DIVERGED
 */
export function resumeTestRun<J extends Journal = Journal, C extends Clock = SimulatedClock>(
  options: TestRunOptions<J, C> & { readonly journal: J },
): TestRun<J, C> {
  const life = live(options, false)
  life.run.replay(life.entries)
  life.run.adopt(OWNER)
  return life
}

/** A journal as a crash after its first `count` records leaves it. */
export async function crashedJournal<J extends Journal>(entries: readonly JournalEntry[], count: number, journal: J, runId = RUN_ID): Promise<J> {
  const { token } = takeLease(journal, runId, true)
  if (count > 0) await journal.commit({ runId, token, entries: entries.slice(0, count) })
  return journal
}

const RUN_ID = 'run'
const OWNER = 'test'

function live<J extends Journal, C extends Clock>(options: TestRunOptions<J, C>, create: boolean): TestRun<J, C> {
  const { machine, runId = RUN_ID } = options
  // What is given decides both types; what is not has the defaults that the types have.
  const journal = options.journal ?? (createMemoryJournal() as Journal as J)
  const clock = options.clock ?? (createSimulatedClock() as Clock as C)
  const facts: EventObject[] = []
  const durable: number[] = []
  const broken: ControllerError[] = []
  const lease = takeLease(journal, runId, create)
  const run = createDurableRun({
    runId,
    machine,
    clocks: options.clocks ?? {},
    external: new Set(options.external ?? servicesOf(machine)),
    journal,
    lease: () => lease,
    clock,
    bodies: createBodies(journal),
    onFolded(entry, emitted) {
      facts.push(...emitted)
      options.onFolded?.(life, entry, emitted)
    },
    onDurable: (entry) => void durable.push(entry.seq),
    onBroken: (error) => void broken.push(error),
    summarize: (entry) => (entry.kind === 'started' ? summaryOf(runId, machine.id, entry.at) : null),
  })
  const life: TestRun<J, C> = {
    run,
    journal,
    clock,
    facts,
    durable,
    broken,
    get entries() {
      return journal.read(runId)
    },
    snapshot: (path = '') => run.fold.snapshot(path),
    send: (event, path = '') => run.deliver(path, event),
  }
  return life
}

/** Leases are not what these runs are about: whoever had the run is dead. Times below every clock's keep them out of its way. */
function takeLease(journal: Journal, runId: string, create: boolean): Lease {
  const before = journal.owner(runId, 0)
  if (before !== null) journal.release(before)
  const lease = journal.acquire(runId, { owner: OWNER, ttlMs: LEASE_MS, now: 0, create })
  if (lease === null) throw new Error(`run ${runId} is owned by somebody else`)
  return lease
}

const LEASE_MS = 1

/** The names under which a machine, and those that it starts, know their services. */
function servicesOf(machine: AnyStateMachine, seen: ReadonlySet<AnyStateMachine> = new Set()): readonly string[] {
  if (seen.has(machine)) return []
  return Object.entries(machine.implementations.actors).flatMap(([src, logic]) =>
    logic instanceof StateMachine ? servicesOf(logic, new Set([...seen, machine])) : [src],
  )
}

function headerOf(input: unknown): RunHeader {
  return {
    machineId: 'test',
    machineVersion: '1',
    machineHash: '',
    policyHash: '',
    catalogDigest: '',
    input: { workflow: JSON.parse(JSON.stringify(input)) },
  }
}

/** What `list` shows of it: any journal wants that a run has a summary. */
const summaryOf = (runId: string, machineId: string, at: number): RunSummary => ({
  ...{ runId, goal: machineId, workflowType: 'test', state: '', needsPerson: false, finished: false, exitReason: null },
  createdAt: at,
  updatedAt: at,
})
