import type { Config, ConfigInput } from './model/config.ts'
import type { RunEvent } from './model/events.ts'
import type { PlannerExecParamsInput } from './model/goal.ts'
import type { RunParamsInput } from './model/run-params.ts'
import type { Plan } from './model/plan.ts'
import type { Report } from './model/report.ts'
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
  readonly clock?: Clock
  readonly ids?: Ids
  /** Where the controller says what it does; default: nowhere. */
  readonly log?: Log
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
   * Asks something of a run, wherever it runs. Waits up to `waitMs` (default 5000) for its owner's answer.
   * @throws EVENT_REFUSED with what would be accepted, RUN_UNKNOWN, RUN_FINISHED
   */
  request(runId: string, request: RunRequestInput, options?: { readonly waitMs?: number }): Promise<RequestAnswer>
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
  /** Plans, validates and judges; runs only read-only research. @throws UNPLANNABLE */
  plan(params: RunParamsInput | PlannerExecParamsInput, options?: StartOptions): Promise<PlanPreview>
  /** Interrupts the runs of this process and closes the store. */
  close(): Promise<void>
}
