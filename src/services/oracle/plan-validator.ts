import { digestOf } from '../../model/digest.ts'
import { Plan, type PlanFinding } from '../../model/plan.ts'
import type { Verdict } from '../../model/verdict.ts'
import { ControllerError } from '../../errors.ts'
import type { CapabilityCatalog } from '../executor/executor.ts'
import type { OracleRequest } from './oracle.ts'
import { inherit, longestChain } from './graph.ts'
import { jsonProblemsOf } from '../../model/json-check.ts'
import { contractFindings } from './plan-contract.ts'
import { aimOf, structureOf, type Structure } from './plan-structure.ts'
import { listProblems, placed, problemsOf, type PlacedProblem } from '../../model/problems.ts'

/** What a plan is validated against. */
export interface ValidationContext {
  readonly catalog: CapabilityCatalog
  /** Steps the plan may have. */
  readonly maxSteps: number
  /** The time the run may take, in ms. */
  readonly timeoutMs: number
  /** What the guard foresees, by step id; absent = not asked yet. */
  readonly verdicts?: ReadonlyMap<string, Verdict & { readonly atDispatch: boolean }>
  /** Results of earlier plans: may be referred to, must not be repeated. */
  readonly done?: OracleRequest['done']
  /** `digestOf` each plan that was in force before. */
  readonly earlierPlanDigests?: Iterable<string>
  /** Steps of this very plan that are under way or settled (an amendment): they are not refused for what they are. */
  readonly live?: Iterable<string>
}

/** Every error and warning of a plan at once, errors first. Pure, and linear in the size of the plan. */
export function validatePlan(plan: Plan, context: ValidationContext): readonly PlanFinding[] {
  const unsound = jsonProblemsOf(plan)
  if (unsound.length > 0) {
    return unsound.map(({ at, problem }) =>
      finding('E_NOT_JSON', null, at.join('.'), `The plan's ${at.join('.') || 'value'} ${problem}.`, 'Use plain JSON values.'),
    )
  }
  const done = new Map((context.done ?? []).map(({ stepId, result }) => [stepId, result]))
  const structure = structureOf(plan, { done, outputOf: (name) => context.catalog.get(name)?.output })
  const live = new Set(context.live ?? [])
  const contract = { catalog: context.catalog, verdicts: context.verdicts ?? new Map(), live }
  const all = [
    ...limitFindings(structure, context),
    ...structure.findings,
    ...contractFindings(structure, contract),
    ...repeatFindings(structure, context, live),
    ...warnings(structure, context),
  ]
  return all.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}

/**
 * A plan from untrusted JSON.
 * @throws ControllerError PLAN_INVALID with every problem at once; `details` are `ParamProblem`s
 */
export function parsePlan(input: unknown): Plan {
  const parsed = tryParsePlan(input)
  if ('plan' in parsed) return parsed.plan
  throw planInvalid('The plan', parsed.problems)
}

/** The plan, or every problem with the place it has in the input. */
export function tryParsePlan(input: unknown): { readonly plan: Plan } | { readonly problems: readonly PlacedProblem[] } {
  const unsound = jsonProblemsOf(input)
  if (unsound.length > 0) return { problems: unsound.map(({ at, problem }) => placed(at, input, problem)) }
  const parsed = Plan.safeParse(input)
  return parsed.success ? { plan: parsed.data } : { problems: problemsOf(parsed.error, input) }
}

export function planInvalid(subject: string, problems: readonly PlacedProblem[]): ControllerError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new ControllerError('PLAN_INVALID', `${subject} has ${count}:\n  ${listProblems(problems)}`, {
    details: problems.map(({ path, given, problem }) => ({ path, given, problem })),
  })
}

function finding(code: string, stepId: string | null, path: string, message: string, hint: string): PlanFinding {
  return { code, severity: code.startsWith('W') ? 'warning' : 'error', stepId, path, message, hint }
}

function limitFindings({ plan }: Structure, { maxSteps, timeoutMs }: ValidationContext): readonly PlanFinding[] {
  const found: PlanFinding[] = []
  const add = (code: string, path: string, message: string, hint: string): number => found.push(finding(code, null, path, message, hint))
  const count = plan.steps.length
  const budget = plan.budget
  if (count === 0) add('E_EMPTY', 'steps', 'The plan has no steps.', 'Add at least one step.')
  if (count > maxSteps)
    add('E_TOO_MANY_STEPS', 'steps', `The plan has ${count} steps, ${maxSteps} are allowed.`, 'Leave steps out, or raise max_steps.')
  if (budget?.steps !== undefined && budget.steps > maxSteps)
    add('E_BUDGET', 'budget.steps', `The plan asks for ${budget.steps} steps, ${maxSteps} are allowed.`, 'Lower budget.steps, or raise max_steps.')
  if (budget?.steps !== undefined && count > budget.steps)
    add('E_BUDGET', 'budget.steps', `The plan has ${count} steps and a budget for ${budget.steps}.`, 'Leave steps out, or raise budget.steps.')
  if (budget?.ms !== undefined && budget.ms > timeoutMs)
    add('E_BUDGET', 'budget.ms', `The plan asks for ${budget.ms} ms, the run has ${timeoutMs} ms.`, 'Lower budget.ms, or raise the timeout.')
  return found
}

/**
 * Same call, same world, same result: a step that repeats a finished one, or one that failed for good, gains nothing.
 * A step that comes after a change this plan makes is exempt, for the world is another by then; so is one whose references make
 * its arguments unknown.
 */
function repeatFindings({ plan, graph, references }: Structure, context: ValidationContext, live: ReadonlySet<string>): readonly PlanFinding[] {
  const earlier = new Set(context.earlierPlanDigests ?? [])
  const found: PlanFinding[] = []
  if (live.size === 0 && earlier.size > 0 && earlier.has(digestOf(plan))) {
    found.push(finding('E_REPEATS_DONE', null, 'steps', 'This very plan was carried out before.', 'Plan another route.'))
  }
  const settled = new Map((context.done ?? []).filter(({ result }) => isFinal(result)).map((step) => [callOf(step), step]))
  if (settled.size === 0) return found
  const changes = (position: number): number => Number(context.catalog.get(plan.steps[position]?.capability ?? '')?.effect !== 'read')
  const changesUpTo = inherit(graph, changes, Math.max)
  for (const [position, step] of plan.steps.entries()) {
    if (live.has(step.id) || (references[position]?.length ?? 0) > 0) continue
    if ((graph.dependencies[position] ?? []).some((dependency) => changesUpTo(dependency) > 0)) continue
    const before = settled.get(callOf(step))
    if (before === undefined) continue
    const ended = before.result.outcome === 'succeeded' ? 'has succeeded' : `was ${before.result.outcome} for good`
    found.push(
      finding(
        'E_REPEATS_DONE',
        step.id,
        `steps.${position}`,
        `Step ${step.id} repeats ${before.stepId} of an earlier plan, which ${ended}.`,
        'Use its output, or do something else.',
      ),
    )
  }
  return found
}

function isFinal({ outcome, failure }: NonNullable<ValidationContext['done']>[number]['result']): boolean {
  return outcome === 'succeeded' || outcome === 'denied' || (outcome === 'failed' && failure?.retryable !== true)
}

function callOf(step: { readonly capability: string; readonly args: unknown }): string {
  return digestOf({ capability: step.capability, args: step.args })
}

function warnings({ plan, graph }: Structure, { timeoutMs }: ValidationContext): readonly PlanFinding[] {
  const found: PlanFinding[] = []
  const add = (code: string, path: string, message: string, hint: string): number => found.push(finding(code, null, path, message, hint))
  if (plan.steps.length > 0 && plan.successCriteria.length === 0 && plan.steps.every((step) => step.successCriteria.length === 0)) {
    add('W_NO_CRITERIA', 'successCriteria', 'The plan says nowhere when it has succeeded; every step must then succeed.', 'State success criteria.')
  }
  if (plan.steps.length > 0 && plan.evidence.length === 0 && plan.steps.every((step) => step.evidence.length === 0)) {
    add('W_NO_EVIDENCE', 'evidence', 'The plan cites nothing that it rests on.', 'Cite what research found.')
  }
  // Timeouts are upper bounds: a plan whose timeouts add up to more than the run has may still be done in time.
  const worstMs = longestChain(graph, (position) => plan.steps[position]?.timeoutMs ?? 0)
  if (worstMs > timeoutMs)
    add(
      'W_BUDGET',
      'steps',
      `By its own timeouts the plan may take ${worstMs} ms, the run has ${timeoutMs} ms.`,
      'Lower timeoutMs of steps, or raise the timeout.',
    )
  const maySkip = inherit(graph, (position) => Number(plan.steps[position]?.onFailure === 'skip'), Math.max)
  for (const [at, check] of plan.successCriteria.entries()) {
    const aim = aimOf(check)
    const position = aim === null ? undefined : graph.index.get(aim.step)
    if (position === undefined || maySkip(position) === 0) continue
    add(
      'W_UNREACHABLE_GOAL',
      `successCriteria.${at}`,
      `A success criterion needs step ${aim?.step}, which the run passes over when it, or one it waits for, fails.`,
      'Give that step another onFailure, or another criterion.',
    )
  }
  return found
}
