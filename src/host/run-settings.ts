import type { Person } from '../machines/action.types.ts'
import type { WorkflowInput } from '../machines/workflow.types.ts'
import { ControllerError } from '../errors.ts'
import type { Config } from '../model/config.ts'
import { PlannerExecParams, STEP_BANDS, effectiveMaxSteps } from '../model/goal.ts'
import type { ParamProblem, PlannerExecParamsInput } from '../model/goal.ts'
import { toWireParams } from '../model/run-params.ts'
import type { RunParamsInput } from '../model/run-params.ts'
import type { RunLimits } from '../services/guard/guard.ts'
import { paramProblemsOf, placed } from '../model/problems.ts'
import { jsonProblemsOf } from '../model/json-check.ts'

/** Silence after which a run counts as stalled, by how many steps it may have (upstream's adaptive base). */
const STALL_BASES = [
  { above: 50, ms: 60_000 },
  { above: 20, ms: 45_000 },
  { above: 0, ms: 30_000 },
] as const
/** How long a person at the terminal is waited for when a run is stalled or unsigned (upstream's default). */
const PERSON_HERE_MS = 60_000

/** Checked parameters. @throws ControllerError PARAMS_INVALID with every problem at once (details: ParamProblem[]) */
export function parseParams(given: RunParamsInput | PlannerExecParamsInput, ceiling: number): PlannerExecParams {
  const input = toWireParams(given)
  const unsound = jsonProblemsOf(input).map(({ at, problem }) => placed(at, input, problem))
  const parsed = unsound.length > 0 ? null : PlannerExecParams.safeParse(input)
  const beyond: readonly ParamProblem[] =
    typeof input === 'object' && input !== null && typeof input.max_steps === 'number' && input.max_steps > ceiling
      ? [{ path: 'max_steps', given: String(input.max_steps), problem: `must be at most ${ceiling} (the operator's limits.maxStepsCeiling)` }]
      : []
  const problems = [...(parsed === null ? unsound : parsed.success ? [] : paramProblemsOf(parsed.error, input)), ...beyond]
  if (parsed?.success === true && problems.length === 0) return parsed.data
  const list = problems.map(({ path, given, problem }) => `${path || 'parameters'}: ${problem}, given ${given}`).join('; ')
  throw new ControllerError('PARAMS_INVALID', list, { details: problems })
}

/** What is allowed but unusual. */
export function paramWarnings(params: PlannerExecParams): readonly string[] {
  const steps = effectiveMaxSteps(params)
  return params.workflow_type === 'simple' && steps > STEP_BANDS.simple.default
    ? [`max_steps ${steps} is more than a simple workflow usually needs (${STEP_BANDS.simple.default}); consider research_and_planning`]
    : []
}

/** The input of the workflow's statechart. */
export function workflowInput(
  runId: string,
  params: PlannerExecParams,
  config: Config,
  run: {
    readonly person: Person
    readonly signOff: boolean
    readonly oracles: number
    readonly research: boolean
    /** What the policy allows a run in all. */
    readonly allowed: RunLimits
  },
): WorkflowInput {
  const { timeouts, limits } = config
  const { preferences } = params
  const steps = Math.min(effectiveMaxSteps(params), run.allowed.actions ?? Infinity)
  const stallMs = preferences.stall_detection_ms ?? STALL_BASES.find(({ above }) => steps > above)?.ms ?? STALL_BASES[2].ms
  const patience = preferences.user_intervention_timeout_s
  const { approvalMs, actionMs: _, approvalValidMs: __, ...waits } = timeouts
  return {
    runId,
    goal: params.goal,
    limits: {
      steps,
      timeMs: Math.min(params.timeout_ms, run.allowed.durationMs ?? Infinity),
      parallel: params.resource_limits.max_parallel_executions,
      replans: limits.maxReplans,
      rounds: limits.maxRounds,
      repairs: limits.maxRepairs,
      rungs: limits.maxRungs,
      tokens: null,
      usd: null,
    },
    waits: {
      ...waits,
      approvalMs,
      stallMs,
      interventionMs: patience === undefined ? (run.person === 'here' ? PERSON_HERE_MS : 0) : patience * 1_000,
    },
    person: run.person,
    signOff: run.signOff,
    continueOnError: preferences.continue_on_error,
    research: run.research,
    oracles: run.oracles,
    onInterventionTimeout: config.onInterventionTimeout,
    autoEscalation: preferences.auto_escalation,
  }
}
