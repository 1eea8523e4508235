import type { Bodies } from '../engine/bodies.ts'
import { digestOf } from '../model/digest.ts'
import { RetryPolicy } from '../model/plan.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'
import type { CapabilityCatalog } from '../services/executor/executor.ts'
import type { PlanBody } from './run-scope.ts'

const DEFAULT_RETRY = RetryPolicy.parse({})

/**
 * Stores a plan and returns what the statechart holds of it. A capability that nobody knows counts as external:
 * the validator refuses the plan, but nothing may take such a step for harmless on the way.
 */
export function skeletonOf(body: PlanBody, bodies: Bodies, catalog: CapabilityCatalog, actionMs: number): PlanSkeleton {
  return {
    ref: bodies.put(body),
    digest: digestOf(body.plan),
    source: body.source,
    retry: DEFAULT_RETRY,
    steps: body.plan.steps.map((step) => {
      const capability = catalog.get(step.capability)
      return {
        id: step.id,
        capability: step.capability,
        effect: capability?.effect ?? 'external',
        dependsOn: step.dependsOn,
        ...(step.onFailure === undefined ? {} : { onFailure: step.onFailure }),
        ...(step.retry === undefined ? {} : { retry: step.retry }),
        timeoutMs: step.timeoutMs ?? capability?.timeoutMs ?? actionMs,
      }
    }),
  }
}
