import { failure } from '../errors.ts'
import type { Plan } from '../model/plan.ts'
import { resultWithoutAttempt } from '../model/result.ts'
import type { ActionResult } from '../model/result.ts'

/** The results with one for each step that never began because a step it depends on, directly or not, did not succeed. */
export function withSkippedDependants(plan: Plan, results: ReadonlyMap<string, ActionResult>): ReadonlyMap<string, ActionResult> {
  const all = new Map(results)
  const dependants = new Map<string, string[]>()
  for (const { id, dependsOn } of plan.steps) for (const on of dependsOn) dependants.set(on, [...(dependants.get(on) ?? []), id])
  const queue = plan.steps.flatMap(({ id }) => (isLost(all.get(id)) ? [id] : []))
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const next of dependants.get(id) ?? []) {
      if (all.has(next)) continue
      all.set(next, skippedAfter(next, id, all.get(id)))
      queue.push(next)
    }
  }
  return all
}

const isLost = (result: ActionResult | undefined) => result !== undefined && result.outcome !== 'succeeded'

function skippedAfter(stepId: string, dependency: string, cause: ActionResult | undefined): ActionResult {
  const message = `step ${stepId} was skipped: step ${dependency}, which it depends on, was ${cause?.outcome ?? 'skipped'}`
  return resultWithoutAttempt(stepId, 'skipped', { failure: failure('DEPENDENCY_FAILED', message) })
}
