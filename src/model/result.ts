import * as z from 'zod'
import { Failure } from './failure.ts'

/** What was consumed. Times in ms, memory as a peak; everything else is a count or a sum. */
export const Usage = z.strictObject({
  wallMs: z.number(),
  cpuMs: z.number(),
  maxRssBytes: z.number(),
  fsOperations: z.number(),
  networkRequests: z.number(),
  /** Read from and written to files, and carried over the network. */
  bytes: z.number(),
  tokens: z.number(),
  usd: z.number(),
})
export type Usage = z.infer<typeof Usage>

export const NO_USAGE: Usage = { wallMs: 0, cpuMs: 0, maxRssBytes: 0, fsOperations: 0, networkRequests: 0, bytes: 0, tokens: 0, usd: 0 }

/** Sums two usages; memory is the larger peak. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    wallMs: a.wallMs + b.wallMs,
    cpuMs: a.cpuMs + b.cpuMs,
    maxRssBytes: Math.max(a.maxRssBytes, b.maxRssBytes),
    fsOperations: a.fsOperations + b.fsOperations,
    networkRequests: a.networkRequests + b.networkRequests,
    bytes: a.bytes + b.bytes,
    tokens: a.tokens + b.tokens,
    usd: a.usd + b.usd,
  }
}

export const Outcome = z.enum(['succeeded', 'failed', 'denied', 'skipped', 'cancelled'])
export type Outcome = z.infer<typeof Outcome>

/** How one action ended: the output of its statechart, and what the run records. The body lives in the blob `outputRef`. */
export const ActionResult = z.strictObject({
  stepId: z.string(),
  outcome: Outcome,
  /** Whether its effect may or may not have happened. */
  inDoubt: z.boolean(),
  /** Who produced the output: the capability, or a person who answered in its place. */
  provenance: z.enum(['capability', 'person']),
  outputRef: z.string().nullable(),
  failure: Failure.nullable(),
  /** The digest the guard judged, absent when it never came to that. */
  digest: z.string().nullable(),
  ruleId: z.string().nullable(),
  attempts: z.number().int(),
  usage: Usage,
})
export type ActionResult = z.infer<typeof ActionResult>

/** The result of an action that nothing was attempted for, or whose attempts nobody can tell of any more. */
export function resultWithoutAttempt(stepId: string, outcome: Outcome, known: Partial<ActionResult> = {}): ActionResult {
  return {
    stepId,
    outcome,
    inDoubt: false,
    provenance: 'capability',
    outputRef: null,
    failure: null,
    digest: null,
    ruleId: null,
    attempts: 0,
    usage: NO_USAGE,
    ...known,
  }
}

export const CriterionResult = z.strictObject({
  /** The criterion in words. */
  criterion: z.string(),
  verdict: z.enum(['met', 'unmet', 'unknown']),
  evidence: z.string(),
})
export type CriterionResult = z.infer<typeof CriterionResult>

export const RunStatus = z.enum(['completed', 'failed', 'cancelled'])
export type RunStatus = z.infer<typeof RunStatus>

/** Why a run ended as it did. */
export const ExitReason = z.enum([
  'criteria_met',
  'accepted',
  'cancelled',
  'unplannable',
  'goal_denied',
  'goal_error',
  'plan_invalid',
  'plan_vetoed',
  'plan_rejected',
  'action_failed',
  'action_aborted',
  'criteria_unmet',
  'step_limit',
  'time_limit',
  'budget',
  'stalled',
  'intervention_failed',
  'intervention_timeout',
  'nobody_there',
  'internal_error',
])
export type ExitReason = z.infer<typeof ExitReason>

/** A finished run, as the statechart's output and the last line of `--json`. */
export const RunResult = z.strictObject({
  runId: z.string(),
  status: RunStatus,
  exitReason: ExitReason,
  summary: z.string(),
  criteria: z.array(CriterionResult),
  usage: Usage,
  failure: Failure.nullable(),
  reportPath: z.string().nullable(),
})
export type RunResult = z.infer<typeof RunResult>
