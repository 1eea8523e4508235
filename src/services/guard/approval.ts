import type { Action } from '../../model/action.ts'
import { digestOf } from '../../model/digest.ts'

/** What an approval is bound to: SHA-256 (hex) of the canonical action, its step and plan, and the policy it was judged by. */
export function approvalDigest({ runId, stepId, capability, args, plan }: Action, policyHash: string): string {
  return digestOf({ runId, stepId, capability, args, plan: plan ?? null, policyHash })
}
