import * as z from 'zod'

export const DEFAULT_GOAL = 'Analyze this codebase and suggest improvements'

export const WorkflowType = z.enum(['simple', 'research_and_planning', 'complex_orchestration'])
export type WorkflowType = z.infer<typeof WorkflowType>

/** Steps a workflow of each type may have at least, and has at most by default (upstream's bands). */
export const STEP_BANDS: Record<WorkflowType, { readonly min: number; readonly default: number }> = {
  simple: { min: 1, default: 10 },
  research_and_planning: { min: 5, default: 50 },
  complex_orchestration: { min: 10, default: 100 },
}

export const Verbosity = z.enum(['quiet', 'normal', 'verbose', 'debug'])
export type Verbosity = z.infer<typeof Verbosity>

const count = (min: number, max: number) => z.number().int().min(min).max(max)

export const ResourceLimits = z.strictObject({
  max_memory_mb: count(16, 1_048_576).default(512),
  max_cpu_seconds: count(1, 86_400).default(300),
  max_fs_operations: count(0, 10_000_000).default(1000),
  max_network_requests: count(0, 10_000_000).default(100),
  max_parallel_executions: count(1, 256).default(4),
})
export type ResourceLimits = z.infer<typeof ResourceLimits>

export const Preferences = z.strictObject({
  verbosity: Verbosity.default('normal'),
  interactive: z.boolean().default(false),
  continue_on_error: z.boolean().default(false),
  /** Silence, in ms, after which a run counts as stalled; when absent the base adapts to `max_steps`. */
  stall_detection_ms: count(100, 3_600_000).optional(),
  auto_escalation: z.boolean().default(true),
  user_intervention_timeout_s: count(1, 86_400).optional(),
})
export type Preferences = z.infer<typeof Preferences>

/**
 * What a caller asks for, in upstream's wire form (`PlannerExecParams`). Every problem is reported at once.
 * `max_steps` above the operator's `limits.maxStepsCeiling` is refused by the controller, which knows it.
 */
export const PlannerExecParams = z
  .strictObject({
    workflow_id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'letters, digits, - and _, at most 128')
      .optional(),
    goal: z
      .string()
      .transform((text) => text.trim())
      .refine((text) => text.length > 0, 'must not be empty')
      .refine((text) => [...text].length <= 10_000, 'must be at most 10000 characters'),
    workflow_type: WorkflowType.default('simple'),
    max_steps: z.number().int().min(1).optional(),
    timeout_ms: count(1_000, 3_600_000).default(300_000),
    context: z.record(z.string(), z.json()).default({}),
    allowed_capabilities: z.array(z.string()).default([]),
    resource_limits: ResourceLimits.prefault({}),
    preferences: Preferences.prefault({}),
  })
  .superRefine(
    (params, ctx) => {
      const type = WorkflowType.safeParse(params.workflow_type)
      const steps = z.number().int().min(1).safeParse(params.max_steps)
      if (!type.success || !steps.success || steps.data >= STEP_BANDS[type.data].min) return
      ctx.addIssue({
        code: 'custom',
        path: ['max_steps'],
        message: `must be at least ${STEP_BANDS[type.data].min} for ${type.data}`,
        input: steps.data,
      })
    },
    // Asked whatever else is wrong, so that every problem is told at once; `params` is then what was given, as far as it is an object.
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
export type PlannerExecParams = z.infer<typeof PlannerExecParams>
/** What a caller may leave out. */
export type PlannerExecParamsInput = z.input<typeof PlannerExecParams>

/** The step limit that applies: the caller's, or the default of the workflow type. */
export function effectiveMaxSteps(params: Pick<PlannerExecParams, 'max_steps' | 'workflow_type'>): number {
  return params.max_steps ?? STEP_BANDS[params.workflow_type].default
}

/** One rejected field: where it is, what was given, what is allowed. */
export const ParamProblem = z.strictObject({ path: z.string(), given: z.string(), problem: z.string() })
export type ParamProblem = z.infer<typeof ParamProblem>

/** The guard's and the oracle's answer to a goal, before anything is planned. */
export const GoalVerdict = z.strictObject({
  decision: z.enum(['allow', 'ambiguous', 'deny']),
  reason: z.string(),
  /** The one question to ask when the goal is ambiguous. */
  question: z.string().nullable(),
  choices: z.array(z.string()).default([]),
})
export type GoalVerdict = z.infer<typeof GoalVerdict>
