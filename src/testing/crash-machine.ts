import type { AnyStateMachine, EventObject } from 'xstate'
import { ControllerError } from '../errors.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import { createSimulatedClock } from '../services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../services/clock/simulated.clock.ts'
import type { Journal } from '../services/journal/journal.ts'
import { createMemoryJournal } from '../services/journal/memory.journal.ts'
import { lostEntries, lostRequests } from './crash-checks.ts'
import type { CrashLife } from './crash-injector.ts'
import { createPerson } from './crash-person.ts'
import type { Ask } from './crash-person.ts'
import type { CrashScenario } from './crash-scenario.ts'
import { passTime, whileOwned } from './crash-time.ts'
import { createFakeWorld } from './fake-executor-world.ts'
import type { FakeWorld } from './fake-executor-world.ts'
import { beginTestRun, resumeTestRun } from './test-run.ts'
import type { TestRun, TestRunOptions } from './test-run.ts'

/** What the services of one process work with. */
export interface MachineStage {
  /** `life.effect(name, work)` makes a service that is a boundary, and that dies with its process. */
  readonly life: CrashLife
  readonly clock: SimulatedClock
  /** What outlives the process. */
  readonly world: FakeWorld
}

export interface MachineCrashOptions extends Pick<TestRunOptions, 'clocks' | 'external'> {
  /** The machine of one process, its services provided anew. */
  machine(stage: MachineStage): AnyStateMachine
  readonly input?: unknown
  /** Default: in memory. Closed at the end. */
  readonly journal?: () => Journal | Promise<Journal>
  /** Called whenever nothing is under way: what somebody sends, by what they see. Sent again while no process has taken it. */
  readonly person?: (run: TestRun, ask: Ask<EventObject & Readonly<Record<string, unknown>>>) => void
}

/** How a run ended, as far as a crash must not change it; `lost` and `repeated` are empty for a sound engine and sound services. */
export interface MachineRunEnd {
  readonly status: string
  readonly value: unknown
  readonly context: unknown
  readonly output: unknown
  /** Facts that were emitted, in order. */
  readonly facts: readonly string[]
  /** What happened outside that must happen at most once, sorted, each as often as it did. */
  readonly effects: readonly string[]
  readonly lost: readonly string[]
  readonly repeated: readonly string[]
}

const RUN_ID = 'run'

/** A run of any machine on the durable engine and a simulated clock, for `playCrashes` and `everyBoundary`. It ends in a final state. */
export async function machineScenario(options: MachineCrashOptions): Promise<CrashScenario<MachineRunEnd>> {
  const { journal: openJournal = createMemoryJournal, input = {}, person: react = () => {}, machine, ...rest } = options
  const clock = createSimulatedClock()
  const world = createFakeWorld()
  const journal = await openJournal()
  const person = createPerson<EventObject & Readonly<Record<string, unknown>>>(clock)
  const told: JournalEntry[] = []
  let last: TestRun | null = null

  return {
    async live(life) {
      await whileOwned(RUN_ID, journal, clock)
      const lifeClock = life.clock(clock)
      const shared = { ...rest, runId: RUN_ID, machine: machine({ life, clock: lifeClock, world }), journal: life.journal(journal), clock: lifeClock }
      const run = isBegun(journal) ? resumeTestRun(shared) : beginTestRun({ ...shared, input })
      last = run
      life.onBurial(() => {
        told.push(...life.told.entries)
        run.run.stop()
      })
      person.meet(async (event) => {
        await run.send(event)
        return true
      })
      await passTime(clock, life, {
        isOver() {
          if (isOver(run)) return true
          react(run, person.ask)
          return false
        },
        stuck: 'the run neither ends nor waits for anything',
      })
    },
    end() {
      if (last === null) throw new Error('the run has not begun')
      return endOf(last, { world, taken: person.taken, told })
    },
    close: () => journal.close(),
  }
}

function isBegun(journal: Journal): boolean {
  try {
    return journal.read(RUN_ID).length > 0
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'RUN_UNKNOWN') return false
    throw error
  }
}

function isOver(run: TestRun): boolean {
  const [error] = run.broken
  if (error !== undefined) throw error
  return run.snapshot()?.status !== 'active'
}

function endOf(
  run: TestRun,
  seen: { readonly world: FakeWorld; readonly taken: readonly string[]; readonly told: readonly JournalEntry[] },
): MachineRunEnd {
  const { status, value, context, output } = run.snapshot() ?? {}
  return {
    status: status ?? 'not begun',
    value,
    context,
    output,
    facts: run.facts.map((fact) => JSON.stringify(fact)),
    effects: seen.world.effects.flatMap(({ idempotencyKey, times }) => Array.from({ length: times }, () => idempotencyKey)).toSorted(),
    lost: [...lostEntries(run.entries, seen.told), ...lostRequests(run.entries, seen.taken)],
    repeated: seen.world.repeated().map(({ idempotencyKey, times }) => `${idempotencyKey}: ${times} times`),
  }
}
