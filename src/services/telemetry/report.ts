import type { JsonObject } from '../../model/json.ts'
import type { Plan, PlanStep } from '../../model/plan.ts'
import type { Evidence, Finding, Report, ReportAction } from '../../model/report.ts'
import type { ActionResult, CriterionResult, RunResult, Usage } from '../../model/result.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { OutputReader } from '../oracle/oracle.ts'
import { findingsIn, rankFindings, recommend } from './findings.ts'

export { renderMarkdown } from './markdown-report.ts'
export { writeReportFiles } from './report-files.ts'

/** What a report is assembled from: the run's result and the bodies of its actions. */
export interface ReportInput {
  readonly runId: string
  readonly goal: string
  readonly workflowType: string
  /** Null when it never came to a plan. */
  readonly plan: Plan | null
  readonly planSource: string | null
  readonly status: RunResult['status']
  readonly exitReason: RunResult['exitReason']
  readonly failure: RunResult['failure']
  readonly criteria: readonly CriterionResult[]
  readonly usage: Usage
  /** By step id; also those of earlier plans of the run. */
  readonly results: ReadonlyMap<string, ActionResult>
  /** By step id: the guard's last word, as far as it gave one. */
  readonly verdicts: ReadonlyMap<string, Pick<Verdict, 'decision' | 'ruleId' | 'reason'>>
  readonly output: OutputReader
  /** What the plan's author says it leaves out. */
  readonly notExamined: readonly string[]
  readonly evidence: readonly Evidence[]
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly durationMs: number
  /** A summary in place of the derived one. */
  readonly summary?: string
}

/** The whole of what a run has to say. Pure: the same input gives the same report, whatever its outcome. */
export function assembleReport(input: ReportInput): Report {
  const actions = actionsOf(input)
  const gathered = gather(actions, input.output)
  const findings = rankFindings(gathered.findings)
  return {
    version: 1,
    runId: input.runId,
    goal: input.goal,
    status: input.status,
    exitReason: input.exitReason,
    summary: input.summary ?? summarize(input, actions, findings),
    failure: input.failure,
    workflowType: input.workflowType,
    planSource: input.planSource,
    assumptions: [...(input.plan?.assumptions ?? [])],
    criteria: [...input.criteria],
    actions,
    findings,
    notExamined: [...new Set([...gathered.notExamined, ...unfinished(actions), ...input.notExamined])],
    recommendations: recommend(findings),
    evidence: [...input.evidence],
    usage: input.usage,
    startedAt: input.startedAt,
    durationMs: input.durationMs,
  }
}

function actionsOf(input: ReportInput): ReportAction[] {
  const steps = input.plan?.steps ?? []
  const planned = new Set(steps.map((step) => step.id))
  const earlier = [...input.results.keys()].filter((stepId) => !planned.has(stepId))
  return [...earlier.map((stepId) => toAction(input, stepId, null)), ...steps.map((step) => toAction(input, step.id, step))]
}

function toAction(input: ReportInput, stepId: string, step: PlanStep | null): ReportAction {
  const verdict = input.verdicts.get(stepId)
  return {
    stepId,
    title: step?.title ?? `${stepId} (a step of an earlier plan)`,
    capability: step?.capability ?? 'unknown',
    result: input.results.get(stepId) ?? null,
    verdict: verdict ? { decision: verdict.decision, ruleId: verdict.ruleId, reason: verdict.reason } : null,
  }
}

interface Gathered {
  readonly findings: readonly Finding[]
  readonly notExamined: readonly string[]
}

function gather(actions: readonly ReportAction[], output: OutputReader): Gathered {
  const parts = actions.filter((action) => action.result?.outcome === 'succeeded').map((action) => gatherOne(action, output(action.stepId)))
  return { findings: parts.flatMap((part) => part.findings), notExamined: parts.flatMap((part) => part.notExamined) }
}

function gatherOne(action: ReportAction, body: JsonObject | null): Gathered {
  const { findings, malformed } = findingsIn(body)
  const told = body?.['notExamined']
  const notExamined = Array.isArray(told) ? told.filter((item) => typeof item === 'string') : []
  const byPerson = action.result?.provenance === 'person'
  return {
    // A person's answer may be right, but nothing here has checked it.
    findings: byPerson ? findings.map((finding): Finding => ({ ...finding, confidence: 'heuristic' })) : findings,
    notExamined: malformed === 0 ? notExamined : [...notExamined, `${malformed} malformed findings of step ${action.stepId} were left out`],
  }
}

/** What the steps that did not succeed would have looked at. */
function unfinished(actions: readonly ReportAction[]): string[] {
  return actions.flatMap((action) => {
    const outcome = action.result?.outcome ?? 'not started'
    if (outcome === 'succeeded') return []
    const reason = action.result?.failure?.message
    return [`${action.title}: ${outcome}${reason === undefined ? '' : ` (${reason})`}`]
  })
}

function summarize(input: ReportInput, actions: readonly ReportAction[], findings: readonly Finding[]): string {
  const succeeded = actions.filter((action) => action.result?.outcome === 'succeeded').length
  const met = input.criteria.filter((criterion) => criterion.verdict === 'met').length
  const done = `${succeeded} of ${counted(actions.length, 'action')} succeeded`
  const reached = input.criteria.length === 0 ? '' : `, ${met} of ${counted(input.criteria.length, 'criterion', 'criteria')} met`
  const parts = [input.plan === null ? 'It never came to a plan.' : `${done}${reached}.`]
  if (input.failure !== null) parts.push(asSentence(input.failure.message))
  if (findings.length > 0) parts.push(`${counted(findings.length, 'finding')} (${severities(findings)}), ${verifiedShare(findings)}.`)
  else if (succeeded > 0) parts.push('No findings.')
  return parts.join(' ')
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?\s*$/, '.')}`
}

/** `2 high, 5 low`, without what there is none of. */
function severities(findings: readonly Finding[]): string {
  const present = (['high', 'medium', 'low', 'info'] as const).map((severity) => ({
    severity,
    count: findings.filter((finding) => finding.severity === severity).length,
  }))
  return present
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}`)
    .join(', ')
}

function verifiedShare(findings: readonly Finding[]): string {
  const guesses = findings.filter((finding) => finding.confidence === 'heuristic').length
  return guesses === 0 ? 'each checked a second time' : `${guesses} of them heuristic, the others checked a second time`
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
