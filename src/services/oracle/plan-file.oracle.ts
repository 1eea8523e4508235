import type { Plan } from '../../model/plan.ts'
import type { Oracle } from './oracle.ts'
import { planInvalid, tryParsePlan } from './plan-validator.ts'
import { readYamlFile } from './yaml-document.ts'

const MAX_BYTES = 5 * 1024 * 1024

/**
 * A plan from a YAML or JSON file of at most 5 MiB.
 * @throws ControllerError PLAN_UNREADABLE when it cannot be read as strict YAML, PLAN_INVALID with every problem and its line
 */
export async function loadPlanFile(path: string): Promise<Plan> {
  const file = await readYamlFile(path, { maxBytes: MAX_BYTES, code: 'PLAN_UNREADABLE', subject: 'Plan file' })
  const parsed = tryParsePlan(file.value)
  if ('plan' in parsed) return parsed.plan
  const problems = parsed.problems.map((problem) => ({ ...problem, problem: `${problem.problem} (line ${file.lineOf(problem.at)})` }))
  throw planInvalid(`Plan file ${path}`, problems)
}

/**
 * Plans with the one plan it was given; `source` is where that came from. A plan that was refused or carried out is not offered
 * again: it cannot change.
 */
export function planFileOracle(plan: Plan, source: string): Oracle {
  return {
    name: 'plan-file',
    trusted: true,
    clarify: async () => null,
    questions: async () => [],
    draft: async ({ replans, findings }) => {
      const errors = findings.filter(({ severity }) => severity === 'error')
      if (errors.length > 0) {
        const list = errors.map(({ code, message, hint }) => `${code}: ${message} ${hint}`).join('; ')
        const count = errors.length === 1 ? 'one error' : `${errors.length} errors`
        return { kind: 'none', reason: `The plan has ${count}: ${list}`, hint: 'Correct them in the plan and start a new run.' }
      }
      if (replans === 0) return { kind: 'plan', plan, source }
      const reason = `The plan file holds one plan, and it did not reach the goal (${source}).`
      return { kind: 'none', reason, hint: 'Correct the plan file and start a new run, or leave --plan out so that another oracle plans.' }
    },
  }
}
