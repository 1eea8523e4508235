import * as z from 'zod'
import { EffectClass } from './action.ts'
import { CapabilityName, OnFailure, RetryPolicy, StepId } from './plan.ts'

/** What the statechart needs to know of a step; titles, arguments and criteria stay in the plan's body. */
export const StepSkeleton = z.strictObject({
  id: StepId,
  capability: CapabilityName,
  effect: EffectClass,
  dependsOn: z.array(StepId),
  onFailure: OnFailure.optional(),
  /** Absent: as the plan's. */
  retry: RetryPolicy.optional(),
  timeoutMs: z.number().int().min(1),
})
export type StepSkeleton = z.infer<typeof StepSkeleton>

/** A step with what it has from its plan. */
export type WholeStep = StepSkeleton & { readonly retry: RetryPolicy }

/** A plan as the statechart holds it: by reference, never spread. `ref` is the blob of its body, `digest` what a signature is bound to. */
export const PlanSkeleton = z.strictObject({
  ref: z.string(),
  digest: z.string(),
  source: z.string(),
  /** How steps are retried that do not say it themselves: the default when the plan was made. */
  retry: RetryPolicy,
  steps: z.array(StepSkeleton),
})
export type PlanSkeleton = z.infer<typeof PlanSkeleton>
