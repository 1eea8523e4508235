import type { Action, Admitted, Approval } from '../../model/action.ts'
import type { GoalVerdict } from '../../model/goal.ts'
import type { Taint, Verdict } from '../../model/verdict.ts'

/** What a person allowed for the rest of a run: an action that was asked about, and by which rule. */
export interface RunGrant {
  readonly action: Action
  readonly ruleId: string
  readonly by: string
}

/** How an action came to be what it is. */
export interface Provenance {
  /** Whether it was planned before the run had read anything, or by someone who does not go by what runs read. */
  readonly pinned: boolean
  /** Arguments whose values came out of what the run has read. */
  readonly taint: readonly Taint[]
}

/** One run, as the guard sees it. Only a person's grants can widen what the policy says; everything else narrows it. */
export interface GuardScope {
  readonly runId: string
  /** When not empty, every other capability is denied. */
  readonly allowedCapabilities: readonly string[]
  /** What was granted so far; absent: nothing. */
  readonly grants?: () => readonly RunGrant[]
  /** Where an action's values come from; absent: from the goal and its plan. */
  readonly provenance?: (action: Action) => Provenance
}

/** What a policy allows one run in all. Absent: not limited by the policy. Duration in ms. */
export interface RunLimits {
  readonly actions?: number
  readonly fsOperations?: number
  readonly networkRequests?: number
  readonly bytes?: number
  readonly durationMs?: number
}

/** Decides what may happen. Any error while deciding is a denial. */
export interface Guard {
  /** SHA-256 (hex) of the effective policy; approvals and runs are bound to it. */
  readonly policyHash: string
  /** The effective policy's name, for people. */
  readonly policyName: string
  /** What the policy allows a run in all; absent: no more limits than the run's own. */
  readonly runLimits?: RunLimits
  vetGoal(goal: string): GoalVerdict
  /**
   * Whether an action that was let through without a person may read a file that it comes upon by itself, by its absolute path; absent: any file.
   * Says nothing of what the action names, which was judged.
   */
  mayRead?(capability: string, path: string): boolean
  /**
   * The verdict for one exact action. Never throws: what cannot be decided is denied.
   * `actionRef` of the verdict is empty; the caller fills it with where it stored the action.
   */
  judge(action: Action, scope: GuardScope): Promise<Verdict>
  /**
   * The verdict for a step whose arguments still contain unresolved references: `deny` when no resolution could be allowed,
   * otherwise what is known. `atDispatch` says that the final word comes when the arguments are known.
   */
  foresee(
    step: { readonly stepId: string; readonly capability: string; readonly args: Action['args']; readonly plan?: string },
    scope: GuardScope,
  ): Promise<Verdict & { readonly atDispatch: boolean }>
  /**
   * The one door to every effect. Decides again, now; an `ask` needs a grant of the run, or an approval for this digest and this policy.
   * @throws ControllerError GUARD_DENIED, APPROVAL_MISSING, APPROVAL_STALE
   */
  admit(action: Action, scope: GuardScope, approval?: Approval): Promise<Admitted>
}
