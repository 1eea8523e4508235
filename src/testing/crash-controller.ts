import { createController } from '../controller.ts'
import type { Controller, ControllerOptions, Run, StartOptions } from '../controller.types.ts'
import type { RunEvent } from '../model/events.ts'
import type { PlannerExecParamsInput } from '../model/goal.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { RunRequestInput } from '../model/request.ts'
import { createSimulatedClock } from '../services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../services/clock/simulated.clock.ts'
import type { Executor } from '../services/executor/executor.ts'
import type { Guard } from '../services/guard/guard.ts'
import type { Journal } from '../services/journal/journal.ts'
import { createMemoryJournal } from '../services/journal/memory.journal.ts'
import type { Oracle } from '../services/oracle/oracle.ts'
import { attemptsAccountedFor, doubledRequests, lostEntries, lostEvents, lostRequests } from './crash-checks.ts'
import type { CrashLife } from './crash-injector.ts'
import { createPerson } from './crash-person.ts'
import type { Ask, Person } from './crash-person.ts'
import type { CrashScenario } from './crash-scenario.ts'
import { passTime, whileOwned } from './crash-time.ts'
import { createFakeWorld } from './fake-executor-world.ts'
import type { FakeWorld } from './fake-executor-world.ts'

/** What the ports of one process work with. */
export interface CrashStage {
  /** The run's clock, as this process sees it. */
  readonly clock: SimulatedClock
  /** What outlives the process. */
  readonly world: FakeWorld
  /** 1, 2, … */
  readonly life: number
}

export interface ControllerCrashOptions extends Omit<ControllerOptions, 'journal' | 'clock' | 'executor' | 'guard' | 'oracles'> {
  readonly params: PlannerExecParamsInput
  readonly start?: StartOptions
  /** The ports of one process, made anew for each. */
  ports(stage: CrashStage): { readonly executor: Executor; readonly guard: Guard; readonly oracles: readonly Oracle[] }
  /** Default: in memory. Closed at the end. */
  readonly journal?: () => Journal | Promise<Journal>
  /** Called for each event that the run tells, by each process anew: what the person asks for. */
  readonly person?: (event: RunEvent, ask: Ask<RunRequestInput>) => void
  /** Called once when the run begins: what is asked for at given times, whatever happens. */
  readonly interruptions?: (ask: Ask<RunRequestInput>) => void
}

/** How a run ended, as far as a crash must not change it; `lost`, `repeated` and `hasty` are empty for a sound engine. */
export interface ControllerRunEnd {
  readonly status: string
  readonly exitReason: string
  /** Each criterion with its verdict. */
  readonly criteria: readonly string[]
  /** How each action of each plan ended, sorted: its outcome, who said so, and whether its effect is in doubt. */
  readonly settled: readonly string[]
  /** How many plans were in force. */
  readonly plans: number
  /** What happened outside that must happen at most once: capability and arguments, sorted, each as often as it did. */
  readonly effects: readonly string[]
  /** What the outside was told and the journal does not have: events, records, requests. */
  readonly lost: readonly string[]
  /** Effects that happened more often than once under one idempotency key, and requests that were applied more often than once. */
  readonly repeated: readonly string[]
  /** Attempts that began before the verdict that lets them was durable. */
  readonly hasty: readonly string[]
  /** Effects that the ledger still has open: those whose end nobody knows. */
  readonly open: readonly string[]
}

const RUN_ID = 'crashed-run'
/** The step under which reads before a plan are done: no verdict of them is recorded. */
const RESEARCH = 'research'

/** A run of a real controller on a simulated clock, for `playCrashes` and `everyBoundary`. */
export async function controllerScenario(options: ControllerCrashOptions): Promise<CrashScenario<ControllerRunEnd>> {
  const { params, start, ports, journal: openJournal = createMemoryJournal, person: react = () => {}, interruptions, ...rest } = options
  const clock = createSimulatedClock()
  const world = createFakeWorld()
  const journal = await openJournal()
  const person = createPerson<RunRequestInput>(clock)
  const told: { readonly life: CrashLife; readonly events: string[] }[] = []
  const hasty: string[] = []
  const began = new Map<string, number>()
  let last: Controller | null = null
  const hasRequests = () => journal.pending(RUN_ID).length > 0
  interruptions?.(person.ask)

  /** Looks at each attempt when it begins: what lets it must be durable by then. */
  function watched(executor: Executor, durable: () => readonly JournalEntry[]): Executor {
    return {
      ...executor,
      execute(action, context) {
        const { stepId } = context
        const times = (began.get(stepId) ?? 0) + 1
        began.set(stepId, times)
        if (stepId !== RESEARCH && times > attemptsAccountedFor(durable(), stepId)) hasty.push(`attempt ${times} of ${stepId}`)
        return executor.execute(action, context)
      },
    }
  }

  async function open(life: CrashLife): Promise<Controller> {
    const before = journal.summary(RUN_ID) === null ? [] : journal.read(RUN_ID)
    const lifeClock = life.clock(clock)
    const { executor, guard, oracles } = ports({ clock: lifeClock, world, life: life.number })
    const controller = await createController({
      ...rest,
      journal: life.journal(journal),
      clock: lifeClock,
      executor: life.executor(watched(executor, () => [...before, ...life.told.entries])),
      guard: life.port(guard),
      oracles: oracles.map((oracle) => life.port(oracle)),
    })
    life.onBurial(() => controller.close())
    // What is queued is not taken yet.
    person.meet(async (request) => (await controller.request(RUN_ID, request, { waitMs: 0 })) === 'applied')
    return controller
  }

  function listen(run: Run, life: CrashLife): void {
    const events: string[] = []
    told.push({ life, events })
    void (async () => {
      for await (const event of run.events()) {
        if (life.isDead) return
        events.push(JSON.stringify(event))
        react(event, person.ask)
      }
    })()
  }

  /** Lets time pass until the run has ended, or waits for somebody who has answered. */
  async function follow(run: Run, life: CrashLife): Promise<'settled' | 'parked'> {
    let ended: Awaited<ReturnType<Run['outcome']>> | { readonly kind: 'broken'; readonly error: unknown } | null = null
    void run.outcome().then(
      (outcome) => (ended = outcome),
      (error: unknown) => (ended = { kind: 'broken', error }),
    )
    await passTime(clock, life, {
      isOver: () => ended !== null,
      // A run looks into its inbox in real time.
      isBusy: hasRequests,
      stuck: `run ${RUN_ID} neither ends nor waits for anything`,
    })
    return endOf(ended)
  }

  return {
    async live(life) {
      await whileOwned(RUN_ID, journal, clock)
      last = await open(life)
      const known = journal.summary(RUN_ID)
      // It had ended, and its process died before it could tell anybody.
      if (known?.finished === true) return
      for (let run = known === null ? await last.start({ ...params, workflow_id: RUN_ID }, start) : await last.resume(RUN_ID); ;) {
        listen(run, life)
        if ((await follow(run, life)) === 'settled') return
        await passTime(clock, life, { isOver: hasRequests, stuck: `run ${RUN_ID} waits for a person, who has nothing to say` })
        run = await last.resume(RUN_ID)
      }
    },
    end() {
      if (last === null) throw new Error('the run has not begun')
      return endingOf(last, { journal, world, person, told, hasty })
    },
    close: () => journal.close(),
  }
}

function endOf(ended: unknown): 'settled' | 'parked' {
  const { kind, ...rest } = ended as { readonly kind: string; readonly error?: unknown; readonly reason?: string }
  if (kind === 'settled') return 'settled'
  if (kind === 'parked' && rest.reason === 'needs-person') return 'parked'
  throw rest.error ?? new Error(`the run was let go: ${rest.reason}`)
}

function endingOf(
  controller: Controller,
  seen: {
    readonly journal: Journal
    readonly world: FakeWorld
    readonly person: Person<RunRequestInput>
    readonly hasty: readonly string[]
    readonly told: readonly { readonly life: CrashLife; readonly events: readonly string[] }[]
  },
): ControllerRunEnd {
  const { journal, world, person, told } = seen
  const entries = journal.read(RUN_ID)
  const events = controller.events(RUN_ID)
  const texts = events.map((event) => JSON.stringify(event))
  const result = events.flatMap((event) => (event.type === 'run.settled' ? [event.result] : []))[0]
  return {
    status: result?.status ?? 'not settled',
    exitReason: result?.exitReason ?? 'none',
    criteria: result?.criteria.map(({ criterion, verdict }) => `${criterion}: ${verdict}`) ?? [],
    settled: events
      .flatMap((event) => (event.type === 'action.settled' ? [event.result] : []))
      .map(({ stepId, outcome, provenance, inDoubt }) => `${stepId}: ${outcome} by ${provenance}${inDoubt ? ', in doubt' : ''}`)
      .toSorted(),
    plans: events.filter(({ type }) => type === 'plan.accepted').length,
    effects: world.effects
      .filter(({ effect }) => effect === 'write' || effect === 'external')
      .flatMap(({ capability, args, times }) => Array.from({ length: times }, () => `${capability} ${JSON.stringify(args)}`))
      .toSorted(),
    lost: [
      ...told.flatMap((life) => lostEvents(texts, life.events)),
      ...told.flatMap(({ life }) => lostEntries(entries, life.told.entries)),
      ...lostRequests(entries, person.taken),
    ],
    repeated: [...world.repeated().map(({ idempotencyKey, times }) => `${idempotencyKey}: ${times} times`), ...doubledRequests(entries)],
    hasty: seen.hasty,
    open: journal.openEffects(RUN_ID).map(({ stepId }) => stepId),
  }
}
