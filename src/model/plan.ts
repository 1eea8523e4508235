import * as z from 'zod'

/** A step's name within its plan; it is also the actor id of its action, hence no `/` and no `.`. */
export const StepId = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a-z, 0-9, - and _, starting with a letter, at most 32')

/** A capability's versioned name, such as `fs.read.v1`. */
export const CapabilityName = z.string().regex(/^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+\.v[1-9][0-9]*$/, 'such as fs.read.v1')

export const RiskLevel = z.enum(['low', 'medium', 'high', 'critical'])
export type RiskLevel = z.infer<typeof RiskLevel>

/** What the first final failure of a step does to the run. */
export const OnFailure = z.enum(['replan', 'abort', 'ask', 'skip'])
export type OnFailure = z.infer<typeof OnFailure>

/**
 * A success criterion that a program can check. `path` is dotted, with array indexes, into a step's output; '' is all of it.
 * `pattern` is text that must occur, case and all, in which `*` stands for any text, line ends too; `\*` is a star, `\\` a backslash.
 */
export const Check = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stepSucceeded'), step: StepId }),
  z.strictObject({ kind: z.literal('outputEquals'), step: StepId, path: z.string(), value: z.json() }),
  z.strictObject({ kind: z.literal('outputMatches'), step: StepId, path: z.string(), pattern: z.string() }),
  z.strictObject({ kind: z.literal('outputAtLeast'), step: StepId, path: z.string(), value: z.number() }),
  z.strictObject({ kind: z.literal('exitCode'), step: StepId, equals: z.number().int() }),
  z.strictObject({ kind: z.literal('fileExists'), path: z.string() }),
  z.strictObject({ kind: z.literal('fileMatches'), path: z.string(), pattern: z.string() }),
])
export type Check = z.infer<typeof Check>

export const RetryPolicy = z.strictObject({
  maxRetries: z.number().int().min(0).max(20).default(3),
  backoff: z.enum(['fixed', 'linear', 'exponential', 'jittered']).default('exponential'),
  baseDelayMs: z.number().int().min(0).max(3_600_000).default(1_000),
  maxDelayMs: z.number().int().min(0).max(3_600_000).default(30_000),
})
export type RetryPolicy = z.infer<typeof RetryPolicy>

export const EvidenceRef = z.strictObject({ ref: z.string(), quote: z.string().optional() })

export const PlanStep = z.strictObject({
  id: StepId,
  title: z.string().min(1).max(200),
  capability: CapabilityName,
  args: z.record(z.string(), z.json()).default({}),
  dependsOn: z.array(StepId).default([]),
  successCriteria: z.array(Check).default([]),
  /** Absent: `replan`, except that an action a person rejects is skipped. */
  onFailure: OnFailure.optional(),
  retry: RetryPolicy.optional(),
  timeoutMs: z.number().int().min(1).max(3_600_000).optional(),
  /** What the planner thinks; the capability's own floor wins when it is higher. */
  risk: RiskLevel.optional(),
  rationale: z.string().optional(),
  evidence: z.array(EvidenceRef).default([]),
})
export type PlanStep = z.infer<typeof PlanStep>

/** A plan as data: the whole of it is known, and judged, before its first step runs. */
export const Plan = z.strictObject({
  version: z.literal(1),
  title: z.string().max(200).optional(),
  goal: z.string().optional(),
  assumptions: z.array(z.string()).default([]),
  successCriteria: z.array(Check).default([]),
  steps: z.array(PlanStep),
  budget: z.strictObject({ steps: z.number().int().min(1).optional(), ms: z.number().int().min(1).optional() }).optional(),
  evidence: z.array(EvidenceRef).default([]),
})
export type Plan = z.infer<typeof Plan>
export type PlanInput = z.input<typeof Plan>

/** One thing the validator has to say about a plan. `E_` refuses the plan, `W_` is told and tolerated. */
export const PlanFinding = z.strictObject({
  code: z.string().regex(/^[EW]_[A-Z_]+$/),
  severity: z.enum(['error', 'warning']),
  stepId: z.string().nullable(),
  /** Where in the plan, as a dotted path. */
  path: z.string(),
  message: z.string(),
  hint: z.string(),
})
export type PlanFinding = z.infer<typeof PlanFinding>
