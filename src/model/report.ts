import * as z from 'zod'
import { Verdict } from './verdict.ts'
import { ActionResult, CriterionResult, ExitReason, RunStatus, Usage } from './result.ts'
import { Failure } from './failure.ts'

/** One true statement about the workspace, with what shows it. Capabilities return them in an output field `findings`. */
export const Finding = z.strictObject({
  rule: z.string(),
  severity: z.enum(['high', 'medium', 'low', 'info']),
  confidence: z.enum(['verified', 'heuristic']),
  title: z.string(),
  /** Workspace-relative, with forward slashes. */
  file: z.string().nullable(),
  line: z.number().int().min(1).nullable(),
  evidence: z.string(),
  why: z.string(),
  fix: z.string(),
  /** A command that shows it to anyone. */
  command: z.string(),
})
export type Finding = z.infer<typeof Finding>

/** A fact gathered before planning, or by an action, that a claim may cite. */
export const Evidence = z.strictObject({ id: z.string(), source: z.string(), sha256: z.string(), quote: z.string() })
export type Evidence = z.infer<typeof Evidence>

export const ReportAction = z.strictObject({
  stepId: z.string(),
  title: z.string(),
  capability: z.string(),
  result: ActionResult.nullable(),
  verdict: Verdict.pick({ decision: true, ruleId: true, reason: true }).nullable(),
})
export type ReportAction = z.infer<typeof ReportAction>

/** The whole of what a run has to say, in `report.json`; `report.md` is the same for a person. */
export const Report = z.strictObject({
  version: z.literal(1),
  runId: z.string(),
  goal: z.string(),
  status: RunStatus,
  exitReason: ExitReason,
  summary: z.string(),
  failure: Failure.nullable(),
  workflowType: z.string(),
  planSource: z.string().nullable(),
  assumptions: z.array(z.string()),
  criteria: z.array(CriterionResult),
  actions: z.array(ReportAction),
  findings: z.array(Finding),
  notExamined: z.array(z.string()),
  recommendations: z.array(z.string()),
  evidence: z.array(Evidence),
  usage: Usage,
  startedAt: z.number(),
  durationMs: z.number(),
})
export type Report = z.infer<typeof Report>
