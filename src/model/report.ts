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
  /** What may change while the finding stays the same, such as its age; no part of its id. */
  remark: z.string().exactOptional(),
  why: z.string(),
  fix: z.string(),
  /** A command that shows it to anyone. */
  command: z.string(),
})
export type Finding = z.infer<typeof Finding>

/** A finding with its name in reports: `<rule>-<8 hex digits>`, the same in every run as long as rule, file and evidence are. */
export const ReportedFinding = Finding.extend({ id: z.string() })
export type ReportedFinding = z.infer<typeof ReportedFinding>

/** A finding that a person chose not to see again, and why. */
export const SuppressedFinding = ReportedFinding.pick({ id: true, rule: true, severity: true, title: true, file: true, line: true }).extend({
  reason: z.string(),
})
export type SuppressedFinding = z.infer<typeof SuppressedFinding>

const figureBase = { name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), title: z.string(), note: z.string() }

/** A picture as data; capabilities return them in an output field `figures`, and the report draws them. */
export const Figure = z.discriminatedUnion('kind', [
  z.strictObject({
    ...figureBase,
    kind: z.literal('graph'),
    /** `weight` decides the size; what is marked is what the picture is about. */
    nodes: z.array(z.strictObject({ id: z.string(), label: z.string(), weight: z.number().min(0), marked: z.boolean() })).max(200),
    edges: z.array(z.strictObject({ from: z.string(), to: z.string(), weight: z.number().min(0), marked: z.boolean() })).max(2_000),
  }),
  z.strictObject({
    ...figureBase,
    kind: z.literal('scatter'),
    xLabel: z.string(),
    yLabel: z.string(),
    points: z.array(z.strictObject({ label: z.string(), x: z.number().min(0), y: z.number().min(0), marked: z.boolean() })).max(200),
  }),
])
export type Figure = z.infer<typeof Figure>

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
  /** What was looked at, in sentences: sizes and languages. */
  overview: z.array(z.string()),
  criteria: z.array(CriterionResult),
  actions: z.array(ReportAction),
  findings: z.array(ReportedFinding),
  suppressed: z.array(SuppressedFinding),
  figures: z.array(Figure),
  /** Set when only what changed since a revision was reported. */
  since: z.string().nullable(),
  /** What the reader must know of this report itself: what suppressions and `since` left out, what could not be used. */
  notes: z.array(z.string()),
  notExamined: z.array(z.string()),
  recommendations: z.array(z.string()),
  evidence: z.array(Evidence),
  usage: Usage,
  startedAt: z.number(),
  durationMs: z.number(),
})
export type Report = z.infer<typeof Report>
