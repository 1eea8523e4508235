import type { StateValue } from 'xstate'
import type { Config, ConfigInput } from './model/config.ts'
import type { RunEvent } from './model/events.ts'
import type { PlannerExecParamsInput } from './model/goal.ts'
import type { Failure } from './model/failure.ts'
import type { JournalEntry, MachineIdentity } from './model/journal-entry.ts'
import type { RunParamsInput } from './model/run-params.ts'
import type { Plan } from './model/plan.ts'
import type { Report } from './model/report.ts'
import type { GcOptions, GcResult } from './model/retention.ts'
import type { RunRequestInput } from './model/request.ts'
import type { ActionResult, RunResult } from './model/result.ts'
import type { PlanVerdict, Verdict } from './model/verdict.ts'
import type { Clock } from './services/clock/clock.ts'
import type { CapabilityCatalog, CapabilityDefinition, Executor } from './services/executor/executor.ts'
import type { Guard } from './services/guard/guard.ts'
import type { Ids } from './services/ids/ids.ts'
import type { Journal, RunSummary } from './services/journal/journal.ts'
import type { Log } from './services/log/log.ts'
import type { Oracle } from './services/oracle/oracle.ts'
import type { Redactor } from './services/secrets/secrets.ts'

/** How a controller is put together. Everything has an embedded default that needs no key, no server and no network. */
export interface ControllerOptions extends ConfigInput {
  /** Folder the runs work in; default the current folder. @throws WORKSPACE_INVALID */
  readonly workspace?: string
  /** Oracles in the order they are asked; default: the playbook oracle. A plan given to `start` goes before them. */
  readonly oracles?: readonly Oracle[]
  readonly guard?: Guard
  readonly executor?: Executor
  /** Capabilities added to the shipped ones. */
  readonly capabilities?: readonly CapabilityDefinition[]
  readonly journal?: Journal
  /** What keeps secrets out of everything that is recorded; default: one with the secrets of the configuration and an encrypted vault. */
  readonly redactor?: Redactor
  readonly clock?: Clock
  readonly ids?: Ids
  /** Where the controller says what it does; default: nowhere. */
  readonly log?: Log
  /** Records between two snapshots of a run, which is what a resume has to fold at most; default 256. */
  readonly snapshotEvery?: number
  /** How stored runs of other statecharts become runs of these; default: none. @throws CONFIG_INVALID with every problem */
  readonly migrations?: readonly RunMigration[]
}

/**
 * Carries stored runs from one version of the statecharts to another. Migrations form ways, one from each version, and each way ends at the
 * present charts (`machineIdentity()`). A run is read through them at once, and when it is resumed next, they are written down in it: from
 * then on it needs them to be read at all, so they stay registered while runs of it are kept.
 */
export interface RunMigration {
  /** Unique among those registered. */
  readonly name: string
  /** The charts that wrote the records, as `machineIdentity()` was there. */
  readonly from: MachineIdentity
  readonly to: MachineIdentity
  /**
   * A record of the charts `from` as the charts `to` would have written it, null when it has no counterpart there. Called for every record of
   * them but snapshots, in order, each time the run is read: it is a pure function of the record. `seq` and `at` stay; of a `migrated` record
   * only `runAt` is taken; a first record stays one, with its policy and capabilities. It cannot add records, nor bodies that they refer to.
   */
  entry(entry: JournalEntry): JournalEntry | null
}

/** Whether a stored run would still be what it was, and go on, with the charts, policies, capabilities and migrations of a controller. */
export interface RunCheck {
  readonly runId: string
  /** As it was stored last. */
  readonly state: string
  readonly finished: boolean
  readonly needsPerson: boolean
  /** Migrations that the next resume writes down, in order. */
  readonly migrations: readonly string[]
  /** Why its records do not give the state that was stored; null when they do. */
  readonly replay: Failure | null
  /** What `resume` is refused with: RUN_FINISHED, RUN_OWNED, what changed since, or `replay`; null when the run would go on. */
  readonly resume: Failure | null
}

export interface StartOptions {
  /** A plan to carry out instead of drafting one. */
  readonly plan?: unknown
  /** The only playbook to plan with, by id. @throws UNPLANNABLE when there is none of that name */
  readonly playbook?: string
  /**
   * Whether somebody can answer: `here` waits for answers, `later` parks the run when only a person can move it (default),
   * `absent` takes the refusal at once.
   */
  readonly person?: 'here' | 'later' | 'absent'
  /** Ask a person to sign the plan before it runs; default: the configuration's `signOff`. */
  readonly signOff?: boolean
}

/** A run in this process. */
export interface Run {
  readonly id: string
  /** What is unusual about its parameters, in sentences. */
  readonly warnings: readonly string[]
  /** What happens from the run's first record on (or from `fromSeq`), until it settles or parks. */
  events(options?: { readonly fromSeq?: number }): AsyncIterable<RunEvent>
  /** How it ended, or that it waits: `parked` runs go on with `controller.resume(id)`. Never rejects for what happens inside a run. */
  outcome(): Promise<
    | { readonly kind: 'settled'; readonly result: RunResult; readonly report: Report | null }
    | { readonly kind: 'parked'; readonly reason: 'needs-person' | 'interrupted' | 'lease-lost'; readonly runId: string }
  >
  /** The result, with the report, when the run ends. @throws APPROVAL_MISSING when it parks instead */
  result(): Promise<RunResult & { readonly report: Report | null }>
  /** Asks something of the run; resolves once it is durable. @throws EVENT_REFUSED with what would be accepted */
  request(request: RunRequestInput): Promise<void>
  /** Finishes or stops the running actions, persists, and lets go of the run, which stays resumable. */
  interrupt(): Promise<void>
}

/** A step as a person sees it. */
export interface ActionView {
  readonly actionId: string
  readonly title: string
  readonly capability: string
  readonly dependsOn: readonly string[]
  /** `pending`, a state of the action's statechart such as `awaitingApproval` or `attempting.running`, or its outcome. */
  readonly state: string
  readonly attempts: number
  readonly digest: string | null
  readonly verdict: Verdict | null
  /** The exact resolved arguments, when they are known. */
  readonly args: unknown
  readonly result: ActionResult | null
}

/** A run as a person sees it, folded from its journal. */
export interface RunView {
  readonly summary: RunSummary
  /** `idle`, `open.active.executing.watching`, … */
  readonly state: string
  readonly description: string
  readonly plan: Plan | null
  readonly planDigest: string | null
  readonly planSource: string | null
  /** The draft that waits for a signature, when there is one. */
  readonly actions: readonly ActionView[]
  /** Request types the run accepts now. */
  readonly accepts: readonly string[]
  /** The question it waits for, when the goal was ambiguous. */
  readonly question: string | null
  /** Why a person is needed, null when nobody is. */
  readonly needsPerson: string | null
  readonly owner: string | null
  readonly limits: {
    readonly steps: readonly [used: number, limit: number]
    readonly ms: readonly [used: number, limit: number]
    readonly replans: readonly [used: number, limit: number]
  }
  readonly result: RunResult | null
  readonly lastSeq: number
}

/** A run as it was when one record of its journal had been folded, and nothing after it. `lastSeq` is that record. */
export interface RunMoment extends RunView {
  /** When that record was written, ms since the epoch. */
  readonly at: number
  /** Run-clock ms: it stands still while no process owns the run, and while the run is paused. */
  readonly runAt: number
  /** Whether a process carried the run on after it; which one is not told: `owner` is null. */
  readonly owned: boolean
  readonly lastRecord: RecordView
  /** State values of the workflow (`actionId` null) and of each live action, as XState has them. */
  readonly states: readonly { readonly actionId: string | null; readonly value: StateValue }[]
  /** Invoked services that had not answered. */
  readonly services: readonly { readonly actionId: string | null; readonly service: string }[]
  readonly timers: readonly TimerView[]
}

/** One record of a journal, and what it told the outside. */
export interface RecordView {
  readonly seq: number
  readonly kind: JournalEntry['kind']
  /** The event's type, why the run was adopted or parked, the migration, or the snapshot's body; null for the first record. */
  readonly what: string | null
  /** Whom the event reached; null is the workflow. */
  readonly actionId: string | null
  readonly cause: 'process' | 'timer' | 'service' | 'request'
  readonly events: readonly RunEvent[]
}

/** A timer that was armed. */
export interface TimerView {
  /** Whose it is; null is the workflow. */
  readonly actionId: string | null
  readonly name: string
  readonly clock: 'wall' | 'run'
  readonly delayMs: number
  /** On its own clock: ms since the epoch, or run-clock ms. */
  readonly due: number
  /** What was left of it, ms; negative when it was late. */
  readonly leftMs: number
}

/** A run that began as the copy of another. */
export interface ForkedRun {
  readonly runId: string
  readonly from: { readonly runId: string; readonly seq: number }
  /** Steps whose attempt was under way there and begins again when the new run goes on. */
  readonly repeated: readonly string[]
  /** Steps whose effect may or may not have happened: in the new run a person says so. */
  readonly inDoubt: readonly string[]
}

export interface PlanPreview {
  readonly plan: Plan
  readonly source: string
  readonly verdict: PlanVerdict
}

/** `applied`: the run took it. `queued`: no process owns the run; it is applied, in order, on the next resume. */
export type RequestAnswer = 'applied' | 'queued'

/** The runs of a store, to look at and to steer, whichever process runs them. */
export interface RunReader {
  readonly workspace: string
  readonly stateDir: string
  list(options?: { readonly limit?: number }): readonly RunSummary[]
  show(runId: string): RunView
  events(runId: string, options?: { readonly fromSeq?: number }): readonly RunEvent[]
  /** Events so far and to come, also of a run in another process; ends when the run settles or `signal` aborts. */
  follow(runId: string, options?: { readonly fromSeq?: number; readonly signal?: AbortSignal }): AsyncIterable<RunEvent>
  report(runId: string): Report | null
  /**
   * The run as it was at record `seq` (default: the last), folded from the journal alone: nothing is run, nothing is written, and policy
   * and capabilities may have changed since. Every record up to there is held against what the ones before it give. What a service put
   * out is taken as recorded; only the store's hash chain covers it.
   * @throws RUN_UNKNOWN, USAGE when there is no such record, RUN_INCOMPATIBLE when other statecharts wrote the run, JOURNAL_CORRUPT, and
   * ENGINE_DIVERGED: the last two name the first record that does not follow in `details.seq`
   */
  stateAt(runId: string, seq?: number): RunMoment
  /**
   * Makes a new run, parked and not started, from the records of a run up to and including `seq`. What had ended by then is not done
   * again. Nothing that was granted for the source holds in the new run: an action that had not ended is judged again, and asks again where
   * it needs a person. An attempt that was under way begins again when its effect is repeatable, otherwise a person settles the doubt.
   * Files of the workspace stay as they are now. Requests that waited for the source are not taken along; the source is not changed.
   * @throws as `stateAt`, and EVENT_REFUSED when the run had ended by then, or an action that the guard changed was waiting
   */
  fork(runId: string, seq: number): Promise<ForkedRun>
  /**
   * Asks something of a run, wherever it runs. Waits up to `waitMs` (default 5000) for its owner's answer.
   * @throws EVENT_REFUSED with what would be accepted, RUN_UNKNOWN, RUN_FINISHED
   */
  request(runId: string, request: RunRequestInput, options?: { readonly waitMs?: number }): Promise<RequestAnswer>
  /**
   * Removes finished runs that are too old or too many (configuration: `retention`) with everything that is theirs alone. Never one that
   * has not ended, is owned, in doubt, or ended within the last minute. Safe beside other processes. @throws JOURNAL_UNWRITABLE, JOURNAL_CORRUPT
   */
  gc(options?: GcOptions): Promise<GcResult>
  /** Lets go of the store. */
  close(): Promise<void>
}

/** Plans, judges, runs and keeps the runs of one workspace. */
export interface Controller extends RunReader {
  readonly config: Config
  readonly catalog: CapabilityCatalog
  readonly guard: Guard
  readonly oracles: readonly Oracle[]
  /** Starts a run; parameters in TypeScript's spelling (`maxSteps`) or the wire's (`max_steps`). @throws PARAMS_INVALID (details: ParamProblem[]), RUN_EXISTS, PLAN_INVALID, JOURNAL_UNWRITABLE */
  start(params: RunParamsInput | PlannerExecParamsInput, options?: StartOptions): Promise<Run>
  /** Adopts an unfinished run without an owner. @throws RUN_UNKNOWN, RUN_FINISHED, RUN_OWNED, RUN_INCOMPATIBLE, JOURNAL_CORRUPT */
  resume(runId: string, options?: Pick<StartOptions, 'person'>): Promise<Run>
  /**
   * Whether a stored run would replay here and, unless it has ended, go on. Takes no lease, writes nothing and runs nothing; a run that is
   * damaged is told, not thrown. It folds the whole run: 0.1 to 0.5 ms a record. @throws RUN_UNKNOWN
   */
  check(runId: string): Promise<RunCheck>
  /** Plans, validates and judges; runs only read-only research. @throws UNPLANNABLE */
  plan(params: RunParamsInput | PlannerExecParamsInput, options?: StartOptions): Promise<PlanPreview>
  /** Interrupts the runs of this process and closes the store. */
  close(): Promise<void>
}
