import * as z from 'zod'
import { EffectClass } from './action.ts'
import { PlanFinding, RiskLevel } from './plan.ts'

export const Decision = z.enum(['allow', 'ask', 'deny'])
export type Decision = z.infer<typeof Decision>

/** The guard's answer for one exact action. A refusal is a value, not an exception. */
export const Verdict = z.strictObject({
  decision: z.enum(['allow', 'ask', 'deny', 'modify']),
  /** SHA-256 (hex) of the canonical action; an approval is bound to it. */
  digest: z.string(),
  policyHash: z.string(),
  /** The rule that decided, such as `workstation:rules[3]`, or `default:fs.write`, or `builtin:outside-workspace`. */
  ruleId: z.string(),
  reason: z.string(),
  hint: z.string().nullable(),
  effect: EffectClass,
  risk: RiskLevel,
  /** Reference to the resolved action that was judged; empty when that is the plan's step, word for word. */
  actionRef: z.string(),
})
export type Verdict = z.infer<typeof Verdict>

/** What vetting says of a plan: the validator's findings and a verdict for each step, as far as it is known before dispatch. */
export const PlanVerdict = z.strictObject({
  clean: z.boolean(),
  findings: z.array(PlanFinding),
  steps: z.array(z.strictObject({ stepId: z.string(), decision: Decision, ruleId: z.string(), reason: z.string(), atDispatch: z.boolean() })),
})
export type PlanVerdict = z.infer<typeof PlanVerdict>
