import * as z from 'zod'
import { EffectClass } from './action.ts'
import { PlanFinding, RiskLevel } from './plan.ts'

export const Decision = z.enum(['allow', 'ask', 'deny'])
export type Decision = z.infer<typeof Decision>

/** Where a value came from: what the person asked for, what was planned before anything untrusted was read, or what was read. */
export const Source = z.enum(['goal', 'plan', 'person', 'file', 'web', 'tool'])
export type Source = z.infer<typeof Source>

/** An argument whose value came out of what a run has read. */
export const Taint = z.strictObject({
  /** Dotted path into the arguments. */
  path: z.string(),
  source: Source,
  /** The step, or the piece of research, it came from. */
  from: z.string(),
})
export type Taint = z.infer<typeof Taint>

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
  /** 0 to 100: the same findings as one number, which each further finding can only raise. Absent: the guard does not count. */
  score: z.number().int().min(0).max(100).optional(),
  /** Arguments from what was read, where that mattered. */
  taint: z.array(Taint).optional(),
  /** Other arguments, with which the guard would probably say something milder. Nothing runs with them before they were judged themselves. */
  suggestion: z.record(z.string(), z.json()).optional(),
  /** What a policy on trial says; it decides nothing. */
  shadow: z
    .strictObject({ policy: z.string(), decision: z.enum(['allow', 'ask', 'deny', 'modify']), ruleId: z.string(), reason: z.string() })
    .optional(),
  /** The approval that came with the action was too old: it has to be asked for again. */
  approvalExpired: z.boolean().optional(),
  /** Reference to the resolved action that was judged; empty when that is the plan's step, word for word. */
  actionRef: z.string(),
})
export type Verdict = z.infer<typeof Verdict>

/** What vetting says of a plan: the validator's findings and a verdict for each step, as far as it is known before dispatch. */
export const PlanVerdict = z.strictObject({
  clean: z.boolean(),
  findings: z.array(PlanFinding),
  steps: z.array(
    z.strictObject({
      stepId: z.string(),
      decision: Decision,
      ruleId: z.string(),
      reason: z.string(),
      hint: z.string().nullable(),
      risk: RiskLevel,
      score: z.number().int().optional(),
      taint: z.array(Taint).optional(),
      suggestion: z.record(z.string(), z.json()).optional(),
      shadow: Verdict.shape.shadow,
      atDispatch: z.boolean(),
    }),
  ),
})
export type PlanVerdict = z.infer<typeof PlanVerdict>
