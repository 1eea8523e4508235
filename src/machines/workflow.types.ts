import type { Failure } from '../model/failure.ts'
import type { Progress } from '../model/progress.ts'
import type { GoalVerdict } from '../model/goal.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'
import type { ActionResult, ExitReason, RunStatus, Usage } from '../model/result.ts'
import type { InterventionOption } from '../model/request.ts'
import type { ActionEvent, Person, Waits } from './action.types.ts'

/** What bounds a run. `timeMs` counts owned, unpaused time; null means no limit. */
export interface Limits {
  readonly steps: number
  readonly timeMs: number
  readonly parallel: number
  readonly replans: number
  readonly rounds: number
  readonly repairs: number
  readonly rungs: number
  readonly tokens: number | null
  readonly usd: number | null
}

export interface WorkflowInput {
  readonly runId: string
  readonly goal: string
  readonly limits: Limits
  readonly waits: Waits
  readonly person: Person
  /** A person signs the plan before it runs. */
  readonly signOff: boolean
  readonly continueOnError: boolean
  /** Gather evidence before the first plan. */
  readonly research: boolean
  /** How many oracles can be asked, one after the other. */
  readonly oracles: number
  readonly onInterventionTimeout: 'fail' | 'continue' | 'replan'
  /** A stall goes to a person only when this is true; otherwise an exhausted ladder ends the run. */
  readonly autoEscalation: boolean
}

/** What a live action is doing, as far as slots are concerned: `waiting` and `ready` hold none. */
export type Phase = 'slot' | 'ready' | 'waiting'

export interface Counts {
  /** Actions at their first dispatch. */
  readonly steps: number
  /** Plans that were in force. */
  readonly plans: number
  readonly replans: number
  readonly rounds: number
  readonly repairs: number
  /** Rungs of the recovery ladder. */
  readonly rungs: number
}

export interface Draft {
  readonly plan: PlanSkeleton
  /** A person wrote it: findings go back to the person, not to the oracle. */
  readonly edited: boolean
  readonly clean: boolean
}

/** One settled action as the stall detectors see it. */
export interface ProgressSample {
  readonly stepId: string
  /** Same call, same signature. */
  readonly digest: string | null
  readonly ok: boolean
  /** Same result, same signature. */
  readonly observed: string | null
  /** Same error, same signature: numbers do not count. */
  readonly error: string | null
}

export type StallCause = 'silence' | 'loop' | 'blocked' | 'failure' | 'limit' | 'criteria' | 'oracle' | 'replans' | 'escalated'

export interface FirstFailure {
  readonly stepId: string
  readonly policy: 'replan' | 'abort' | 'ask'
  readonly failure: Failure | null
}

export interface QueuedAmendment {
  readonly maxSteps: number | null
  readonly plan: PlanSkeleton | null
  /** Outputs, as blobs, that stand in for steps that have not begun. */
  readonly overrides: Readonly<Record<string, string>>
  readonly escalate: boolean
}

export interface Intervention {
  readonly interventionId: string
  readonly kind: 'restart_action' | 'increase_timeout' | 'replan'
  readonly stepId: string | null
  readonly detail: string
}

export interface RunOutcome {
  readonly status: RunStatus
  readonly exitReason: ExitReason
  readonly failure: Failure | null
}

export interface WorkflowContext extends WorkflowInput {
  readonly usedMs: number
  /** Run-clock time since when `active` is active, null while it is not. */
  readonly activeSince: number | null
  readonly pauseMode: 'finish' | 'abort'
  readonly question: GoalVerdict | null
  readonly assumption: string | null
  readonly evidenceRef: string | null
  readonly researchGaps: readonly string[]
  readonly oracle: number
  readonly draft: Draft | null
  readonly signOffDue: boolean
  readonly findingsRef: string | null
  readonly objectionsRef: string | null
  readonly plan: PlanSkeleton | null
  readonly progress: Progress | null
  readonly live: Readonly<Record<string, Phase>>
  /** Something was noted since `dispatching` last looked. */
  readonly changed: boolean
  readonly counts: Counts
  readonly usage: Usage
  readonly samples: readonly ProgressSample[]
  /** The first failure that nobody decided about yet. */
  readonly failing: FirstFailure | null
  /** The last failure of any step, for the report. */
  readonly lastFailure: Failure | null
  readonly draining: 'replan' | 'abort' | null
  readonly escalated: boolean
  readonly amendment: QueuedAmendment | null
  readonly stall: { readonly cause: StallCause; readonly detail: string } | null
  readonly intervention: Intervention | null
  /** Doubles with each `increase_timeout`. */
  readonly stallFactor: number
  readonly criteriaRef: string | null
  readonly outcome: RunOutcome | null
  readonly report: WriteReportOutput | null
}

/** The requests for one action, which the workflow passes on. */
export type ActionRequest = Extract<ActionEvent, { readonly actionId: string }>

/** XState's own events of a step's actor; the workflow hears those of its services by their exact names. */
export interface StepSettled {
  readonly type: `xstate.done.actor.${string}`
  readonly actorId: string
  readonly output: ActionResult
}
export interface StepCrashed {
  readonly type: `xstate.error.actor.${string}`
  readonly actorId: string
  readonly error: unknown
}

export type WorkflowEvent =
  | { readonly type: 'run.start'; /** Run-clock ms. */ readonly at: number }
  | { readonly type: 'run.pause'; readonly mode: 'finish' | 'abort'; readonly at: number; readonly by: string }
  | { readonly type: 'run.resume'; readonly at: number; readonly by: string }
  | { readonly type: 'run.cancel'; readonly reason: string | null; readonly by: string }
  | { readonly type: 'run.modify'; readonly amendment: QueuedAmendment; readonly by: string }
  | { readonly type: 'goal.answer'; readonly text: string; readonly by: string }
  | { readonly type: 'plan.approve'; readonly digest: string; readonly reason: string | null; readonly by: string }
  | { readonly type: 'plan.edit'; readonly digest: string; readonly plan: PlanSkeleton; readonly by: string }
  | { readonly type: 'plan.reject'; readonly digest: string; readonly reason: string | null; readonly by: string }
  | { readonly type: 'intervention.choose'; readonly option: InterventionOption; readonly by: string }
  | { readonly type: 'action.ready'; readonly actionId: string }
  | { readonly type: 'action.waiting'; readonly actionId: string; readonly reason: string; readonly digest: string | null }
  | { readonly type: 'action.progressed'; readonly actionId: string }
  | ActionRequest
  | StepSettled
  | StepCrashed

export type WorkflowEmitted =
  | { readonly type: 'plan.drafted'; readonly planRef: string; readonly source: string; readonly steps: number }
  | {
      readonly type: 'plan.accepted'
      readonly planRef: string
      readonly digest: string
      readonly source: string
      readonly planNumber: number
      /** The person who signed it, null when nobody had to. */
      readonly signedBy: string | null
    }
  | { readonly type: 'plan.refused'; readonly reason: string; readonly findingsRef: string | null }
  | { readonly type: 'plan.awaitsSignOff'; readonly digest: string; readonly planRef: string }
  | { readonly type: 'goal.needsAnswer'; readonly question: string; readonly choices: readonly string[] }
  | { readonly type: 'action.dispatched'; readonly actionId: string; readonly capability: string }
  | { readonly type: 'action.waiting'; readonly actionId: string; readonly reason: string; readonly digest: string | null }
  | { readonly type: 'action.settled'; readonly actionId: string; readonly result: ActionResult }
  | { readonly type: 'run.stalled'; readonly cause: StallCause; readonly detail: string }
  | { readonly type: 'run.needsPerson'; readonly cause: StallCause; readonly choices: readonly InterventionOption[] }
  | { readonly type: 'run.amended'; readonly accepted: boolean; readonly reason: string; readonly overrides: Readonly<Record<string, string>> }
  | { readonly type: 'criteria.evaluated'; readonly met: number; readonly total: number }

export interface PlanningInput {
  readonly runId: string
  readonly goal: string
  readonly assumption: string | null
  readonly evidenceRef: string | null
  readonly oracle: number
  readonly findingsRef: string | null
  readonly objectionsRef: string | null
  readonly replans: number
}

export interface ResearchOutput {
  readonly evidenceRef: string | null
  readonly gaps: readonly string[]
}

export type DraftOutput =
  | { readonly kind: 'plan'; readonly plan: PlanSkeleton }
  | { readonly kind: 'none'; readonly reason: string; readonly hint: string }

export interface DeliberateOutput {
  readonly kind: 'consensus' | 'revise' | 'veto' | 'no-quorum'
  readonly reason: string
  readonly objectionsRef: string | null
}

export interface JudgePlanInput {
  readonly runId: string
  readonly plan: PlanSkeleton
  /** Letters of the plan in force, so that an amendment cannot change what already happened. */
  readonly live: readonly string[]
  readonly maxSteps: number
  readonly amends: PlanSkeleton | null
}

export interface JudgePlanOutput {
  readonly clean: boolean
  readonly findingsRef: string
  readonly reason: string
}

export interface EvaluateInput {
  readonly runId: string
  readonly planRef: string
}

export interface EvaluateOutput {
  readonly verdict: 'met' | 'unmet' | 'unknown'
  readonly met: number
  readonly total: number
  readonly criteriaRef: string
}

export interface DiagnoseInput {
  readonly runId: string
  readonly cause: StallCause
  readonly detail: string
  readonly rungs: number
  /** Live actions that hold a slot, and what running them again would do. */
  readonly holders: readonly { readonly stepId: string; readonly repeatable: boolean }[]
  readonly hasPlan: boolean
  readonly replansLeft: boolean
}

export type DiagnoseOutput = { readonly kind: 'recover'; readonly intervention: Intervention } | { readonly kind: 'person'; readonly detail: string }

export interface ApplyInterventionOutput {
  readonly interventionId: string
}

export interface WriteReportInput {
  readonly runId: string
  readonly outcome: RunOutcome
  readonly criteriaRef: string | null
  readonly evidenceRef: string | null
  readonly usage: Usage
}

export interface WriteReportOutput {
  readonly reportRef: string
  readonly reportPath: string | null
  readonly summary: string
}

/** What the machine puts out; the engine adds the criteria's text from `criteriaRef`. */
export interface WorkflowOutput extends RunOutcome {
  readonly summary: string
  readonly criteriaRef: string | null
  readonly usage: Usage
  readonly reportRef: string | null
  readonly reportPath: string | null
}
