import { resolve } from 'node:path'
import { ControllerError } from '../errors.ts'
import { DEFAULT_GOAL, PlannerExecParams, type ParamProblem } from '../model/goal.ts'
import { describeOrigin, type Loaded, type SettingProblem } from './config.ts'
import { readInputFile } from './input-file.ts'
import { paramProblemsOf } from '../model/problems.ts'
import { isRecord } from './is-record.ts'
import type { Settings } from './settings.ts'

/** Which parameter each setting stands for. */
const FIELDS: readonly (readonly [setting: string, ...field: readonly [string, ...string[]]])[] = [
  ['workflowType', 'workflow_type'],
  ['maxSteps', 'max_steps'],
  ['timeoutMs', 'timeout_ms'],
  ['parallel', 'resource_limits', 'max_parallel_executions'],
  ['allow', 'allowed_capabilities'],
  ['context', 'context'],
  // After the whole context: it adds to it.
  ['since', 'context', 'since'],
  ['interactive', 'preferences', 'interactive'],
  ['verbosity', 'preferences', 'verbosity'],
]

export interface Asked {
  readonly params: PlannerExecParams
  /** The settings, with what the parameters say about the terminal. */
  readonly settings: Settings
}

/**
 * The parameters of a run: options before the `--params` file, the file before environment and configuration.
 * Without a goal it is the default one, in `research_and_planning`.
 * @throws ControllerError PARAMS_INVALID, CONFIG_INVALID with every problem there is; USAGE for `since` with a plan
 */
export async function paramsOf(loaded: Loaded, typedGoal: string | undefined, cwd: string): Promise<Asked> {
  refuseSinceWithPlan(loaded)
  const file = loaded.settings.params
  const fromFile = file === undefined ? {} : await readParamsFile(resolve(cwd, file))
  const raw = mergeParams(fromFile, loaded, typedGoal)
  const parsed = PlannerExecParams.safeParse(raw)
  const problems = [...settingProblems(loaded.problems), ...(parsed.success ? [] : paramProblemsOf(parsed.error, raw))]
  if (parsed.success && problems.length === 0) {
    const { interactive } = isRecord(raw['preferences']) ? raw['preferences'] : {}
    const wish = typeof interactive === 'boolean' ? { interactive } : {}
    return { params: parsed.data, settings: { ...loaded.settings, ...wish, verbosity: parsed.data.preferences.verbosity } }
  }
  const outside = loaded.problems.some((problem) => problem.origin.kind !== 'option')
  const count = problems.length === 1 ? 'A parameter' : `${problems.length} parameters`
  throw new ControllerError(outside ? 'CONFIG_INVALID' : 'PARAMS_INVALID', `${count} cannot be used.`, { details: problems })
}

/** A plan alone says what is looked at: it would run as if `since` had not been given. */
function refuseSinceWithPlan({ settings, origins }: Loaded): void {
  if (settings.since === undefined || settings.plan === undefined) return
  const origin = origins.get('since') ?? { kind: 'default' }
  throw new ControllerError(
    'USAGE',
    `since (${describeOrigin(origin)}) cannot be used with a plan of your own, which alone says what is looked at.`,
    {
      hint: 'Leave out one of them, or add a step with `analysis.changes.v1` to the plan.',
    },
  )
}

/** The parameters as given, not checked. */
export function mergeParams(fromFile: Readonly<Record<string, unknown>>, loaded: Loaded, typedGoal: string | undefined): Record<string, unknown> {
  const goal = typedGoal ?? fromFile['goal'] ?? DEFAULT_GOAL
  const params: Record<string, unknown> = { ...fromFile, goal }
  for (const [setting, key, inner] of FIELDS) {
    const value = valueOf(loaded, setting)
    const origin = loaded.origins.get(setting)
    if (value === undefined || origin === undefined || origin.kind === 'default') continue
    const group = isRecord(params[key]) ? params[key] : {}
    const given = inner === undefined ? params[key] : group[inner]
    if (given !== undefined && origin.kind !== 'option') continue
    params[key] = inner === undefined ? value : { ...group, [inner]: value }
  }
  if (goal === DEFAULT_GOAL && params['workflow_type'] === undefined) params['workflow_type'] = 'research_and_planning'
  return params
}

function valueOf(loaded: Loaded, setting: string): unknown {
  return Object.entries(loaded.settings).find(([key]) => key === setting)?.[1]
}

function settingProblems(problems: readonly SettingProblem[]): ParamProblem[] {
  return problems.map(({ path, given, problem, origin }) => ({
    path: origin.kind === 'option' ? fieldOf(path) : `${describeOrigin(origin)}: ${path}`,
    given,
    problem,
  }))
}

/** `maxSteps` → `max_steps`: a typed parameter is reported under its name on the wire. */
function fieldOf(setting: string): string {
  const field = FIELDS.find(([name]) => name === (setting === 'timeout' ? 'timeoutMs' : setting))
  return field === undefined ? setting : field.slice(1).join('.')
}

async function readParamsFile(path: string): Promise<Record<string, unknown>> {
  const value = await readInputFile(path, 'PARAMS_INVALID', 'Parameter file')
  if (isRecord(value) && !Array.isArray(value)) return value
  throw new ControllerError('PARAMS_INVALID', `${path} is not an object of parameters.`)
}
