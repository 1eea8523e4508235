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
  retry: RetryPolicy,
  timeoutMs: z.number().int().min(1),
})
export type StepSkeleton = z.infer<typeof StepSkeleton>

/** A plan as the statechart holds it: by reference, never spread. `ref` is the blob of its body, `digest` what a signature is bound to. */
export const PlanSkeleton = z.strictObject({ ref: z.string(), digest: z.string(), source: z.string(), steps: z.array(StepSkeleton) })
export type PlanSkeleton = z.infer<typeof PlanSkeleton>
