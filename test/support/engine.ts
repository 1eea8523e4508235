import type { AnyStateMachine, EventObject } from 'xstate'
import { createBodies } from '../../src/engine/bodies.ts'
import { createDurableRun } from '../../src/engine/durable-run.ts'
import type { DurableRun } from '../../src/engine/durable-run.ts'
import { ControllerError } from '../../src/errors.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { WorkflowContext } from '../../src/machines/workflow.types.ts'
import type { JournalEntry, RunHeader } from '../../src/model/journal-entry.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { Journal, Lease } from '../../src/services/journal/journal.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { contextOf } from './composite.ts'

export const RUN_ID = 'run'

/** A journal whose commits can be held back, or made to fail. */
export interface GatedJournal extends Journal {
  hold(): void
  /** Lets everything that was held back through, in order. */
  release(): void
  fail(error: Error): void
  readonly entries: readonly JournalEntry[]
}

export function createGatedJournal(): GatedJournal {
  const journal = createMemoryJournal()
  let gate: Promise<void> = Promise.resolve()
  let open: () => void = () => {}
  let failure: Error | null = null
  return {
    ...journal,
    async commit(commit) {
      await gate
      if (failure) throw failure
      await journal.commit(commit)
    },
    hold: () => void (gate = new Promise((resolve) => (open = resolve))),
    release: () => open(),
    fail: (error) => void (failure = error),
    get entries() {
      return journal.read(RUN_ID)
    },
  }
}

/** One process's life with a run. */
export interface Life {
  readonly run: DurableRun
  readonly clock: SimulatedClock
  readonly journal: GatedJournal
  /** Facts, in the order they were folded. */
  readonly facts: readonly EventObject[]
  /** Records that the outside was told about. */
  readonly durable: readonly number[]
  readonly broken: readonly ControllerError[]
  /** The run's context. @throws when there is none */
  context(): WorkflowContext
  send(event: EventObject | ((at: number) => EventObject), path?: string): Promise<void>
}

interface LifeOptions {
  readonly machine: AnyStateMachine
  readonly journal?: GatedJournal
  readonly clock?: SimulatedClock
  readonly clocks?: Parameters<typeof createDurableRun>[0]['clocks']
  readonly external?: readonly string[]
  readonly onFolded?: (life: Life, entry: JournalEntry, emitted: readonly EventObject[]) => void
}

const EXTERNAL = ['execute', 'reconcileEffect', 'applyIntervention', 'writeReport']

function live(options: LifeOptions, create: boolean): Life {
  const { machine, journal = createGatedJournal(), clock = createSimulatedClock() } = options
  const facts: EventObject[] = []
  const durable: number[] = []
  const broken: ControllerError[] = []
  const lease = takeLease(journal, create)
  const run = createDurableRun({
    runId: RUN_ID,
    machine,
    clocks: options.clocks ?? DELAY_CLOCKS,
    external: new Set(options.external ?? EXTERNAL),
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
    summarize: () => null,
  })
  const life: Life = {
    run,
    clock,
    journal,
    facts,
    durable,
    broken,
    context: () => contextOf<WorkflowContext>(run.fold.snapshot('')),
    send: (event, path = '') => run.deliver(path, event),
  }
  return life
}

/** A lease that a dead process left behind is expired by then. */
function takeLease(journal: Journal, create: boolean): Lease {
  const lease = journal.acquire(RUN_ID, { owner: 'test', ttlMs: 1, now: leases++ * 10, create })
  if (lease === null) throw new Error('the run is owned')
  return lease
}

let leases = 0

/** A new run; its first record is written. */
export function beginLife(options: LifeOptions & { readonly input: object }): Life {
  const life = live(options, true)
  life.run.begin(headerOf(options.input))
  return life
}

/** Another process takes the run over from what the journal has. */
export function nextLife(options: LifeOptions & { readonly journal: GatedJournal }): Life {
  const life = live(options, false)
  life.run.replay(options.journal.read(RUN_ID))
  life.run.adopt('test')
  return life
}

/** A journal as a crash after `count` records leaves it. */
export async function crashedJournal(entries: readonly JournalEntry[], count: number): Promise<GatedJournal> {
  const journal = createGatedJournal()
  const { token } = takeLease(journal, true)
  if (count > 0) await journal.commit({ runId: RUN_ID, token, entries: entries.slice(0, count) })
  return journal
}

function headerOf(input: object): RunHeader {
  return {
    machineId: 'workflow',
    machineVersion: '1',
    machineHash: '',
    policyHash: '',
    catalogDigest: '',
    input: { workflow: JSON.parse(JSON.stringify(input)) },
  }
}
