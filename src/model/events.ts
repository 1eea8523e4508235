import type { Failure } from './failure.ts'
import type { ActionResult, RunResult } from './result.ts'
import type { Verdict } from './verdict.ts'

/**
 * What a run tells the outside, in order: derived from the journal, the same for terminal, NDJSON and library.
 * `seq` is the journal record that caused it, `at` its wall time in ms.
 */
export type RunEvent = { readonly runId: string; readonly seq: number; readonly at: number } & (
  | { readonly type: 'run.started'; readonly goal: string; readonly workflowType: string }
  | { readonly type: 'run.adopted' | 'run.parked'; readonly reason: string }
  | { readonly type: 'state.changed'; readonly state: string; readonly description: string }
  | { readonly type: 'plan.drafted'; readonly planRef: string; readonly source: string; readonly steps: number }
  | {
      readonly type: 'plan.accepted'
      readonly planRef: string
      readonly digest: string
      /** The person who signed it, null when nobody had to. */
      readonly signedBy: string | null
      readonly steps: readonly PlannedStep[]
    }
  | { readonly type: 'plan.refused'; readonly reason: string; readonly findingsRef: string | null }
  | { readonly type: 'plan.awaitsSignOff'; readonly digest: string }
  | { readonly type: 'goal.needsAnswer'; readonly question: string; readonly choices: readonly string[] }
  | { readonly type: 'action.dispatched'; readonly actionId: string; readonly capability: string }
  | {
      readonly type: 'action.judged'
      readonly actionId: string
      readonly decision: string
      readonly ruleId: string
      readonly reason: string
      readonly digest: string
      /** What a policy on trial says. */
      readonly shadow?: Verdict['shadow']
    }
  | {
      readonly type: 'action.approved'
      readonly actionId: string
      readonly digest: string
      readonly by: string
      readonly reason: string | null
      /** `run`: what is like it in this run is allowed, too. */
      readonly scope: 'once' | 'run'
    }
  | { readonly type: 'action.started'; readonly actionId: string; readonly attempt: number }
  | { readonly type: 'action.retrying'; readonly actionId: string; readonly failure: Failure; readonly delayMs: number }
  | { readonly type: 'action.waiting'; readonly actionId: string; readonly reason: string; readonly digest: string | null }
  | { readonly type: 'action.settled'; readonly actionId: string; readonly result: ActionResult }
  | { readonly type: 'run.stalled'; readonly cause: string; readonly detail: string }
  | { readonly type: 'run.needsPerson'; readonly cause: string; readonly choices: readonly string[] }
  | { readonly type: 'run.amended'; readonly accepted: boolean; readonly reason: string }
  | { readonly type: 'criteria.evaluated'; readonly met: number; readonly total: number }
  | { readonly type: 'run.settled'; readonly result: RunResult }
)

export interface PlannedStep {
  readonly id: string
  readonly title: string
  readonly capability: string
  readonly dependsOn: readonly string[]
}
