import type { Action, Admitted, Approval } from '../../model/action.ts'
import type { GoalVerdict } from '../../model/goal.ts'
import type { Verdict } from '../../model/verdict.ts'

/** What narrows the policy for one run: nothing here can widen it. */
export interface GuardScope {
  readonly runId: string
  /** When not empty, every other capability is denied. */
  readonly allowedCapabilities: readonly string[]
}

/** Decides what may happen. Any error while deciding is a denial. */
export interface Guard {
  /** SHA-256 (hex) of the effective policy; approvals and runs are bound to it. */
  readonly policyHash: string
  /** The effective policy's name, for people. */
  readonly policyName: string
  vetGoal(goal: string): GoalVerdict
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
    step: { readonly stepId: string; readonly capability: string; readonly args: Action['args'] },
    scope: GuardScope,
  ): Promise<Verdict & { readonly atDispatch: boolean }>
  /**
   * The one door to every effect. Decides again, now; an `ask` needs an approval for this digest and this policy.
   * @throws ControllerError GUARD_DENIED, APPROVAL_MISSING, APPROVAL_STALE
   */
  admit(action: Action, scope: GuardScope, approval?: Approval): Promise<Admitted>
}
