import type { JsonObject } from '../../model/json.ts'
import type { Plan, PlanStep } from '../../model/plan.ts'
import type { Evidence, Figure, Finding, Report, ReportAction, ReportedFinding, SuppressedFinding } from '../../model/report.ts'
import type { ActionResult, CriterionResult, RunResult, Usage } from '../../model/result.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { OutputReader } from '../oracle/oracle.ts'
import { CHANGES_CAPABILITY, changedIn, isChanged, type Changed } from './changes.ts'
import { figuresIn, withDistinctNames } from './figures/figures.ts'
import { identify } from './finding-id.ts'
import { findingsIn, isAnalysis, rankFindings, severities } from './findings.ts'
import { counted, overviewOf } from './overview.ts'
import { recommend } from './recommend.ts'
import { NO_SUPPRESSIONS, suppress, type Suppressions } from './suppressions.ts'

export { explainFinding, findFinding } from './explain.ts'
export { isAtLeast } from './findings.ts'
export { renderMarkdown } from './markdown-report.ts'
export { outputFolder, reportFileNames, writeReportFiles } from './report-files.ts'

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
  /** What the workspace's suppressions file says; default: there is none. */
  readonly suppressions?: Suppressions
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
  const selected = select(identify(rankFindings(gathered.findings)), gathered, input)
  const { findings, suppressed } = selected
  return {
    version: 1,
    runId: input.runId,
    goal: input.goal,
    status: input.status,
    exitReason: input.exitReason,
    summary: input.summary ?? summarize(input, actions, findings, suppressed),
    failure: input.failure,
    workflowType: input.workflowType,
    planSource: input.planSource,
    assumptions: [...(input.plan?.assumptions ?? [])],
    overview: [...gathered.overview],
    criteria: [...input.criteria],
    actions,
    findings: [...findings],
    suppressed: [...suppressed],
    figures: withDistinctNames(gathered.figures),
    since: gathered.changed?.since ?? null,
    notes: [...selected.notes],
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
  readonly figures: readonly Figure[]
  readonly overview: readonly string[]
  readonly notExamined: readonly string[]
  /** Null when no step looked for changes. */
  readonly changed: Changed | null
}

function gather(actions: readonly ReportAction[], output: OutputReader): Gathered {
  const parts = actions.filter((action) => action.result?.outcome === 'succeeded').map((action) => gatherOne(action, output(action.stepId)))
  return {
    findings: parts.flatMap((part) => part.findings),
    figures: parts.flatMap((part) => part.figures),
    overview: parts.flatMap((part) => part.overview),
    notExamined: parts.flatMap((part) => part.notExamined),
    changed: parts.findLast((part) => part.changed !== null)?.changed ?? null,
  }
}

function gatherOne(action: ReportAction, body: JsonObject | null): Gathered {
  const found = findingsIn(body)
  const drawn = figuresIn(body)
  const told = body?.['notExamined']
  const byPerson = action.result?.provenance === 'person'
  return {
    // A person's answer may be right, but nothing here has checked it.
    findings: byPerson ? found.findings.map((finding): Finding => ({ ...finding, confidence: 'heuristic' })) : found.findings,
    figures: drawn.figures,
    overview: byPerson ? [] : overviewOf(action.capability, body),
    notExamined: [
      ...(Array.isArray(told) ? told.filter((item) => typeof item === 'string') : []),
      ...leftOut(found.malformed, 'finding', action.stepId),
      ...leftOut(drawn.malformed, 'figure', action.stepId),
    ],
    // It decides what is left out, so it must have been measured.
    changed: !byPerson && action.capability === CHANGES_CAPABILITY ? changedIn(body) : null,
  }
}

function leftOut(malformed: number, what: string, stepId: string): string[] {
  return malformed === 0 ? [] : [`${counted(malformed, `malformed ${what}`)} of step ${stepId} ${malformed === 1 ? 'was' : 'were'} left out`]
}

interface Selected {
  readonly findings: readonly ReportedFinding[]
  readonly suppressed: readonly SuppressedFinding[]
  readonly notes: readonly string[]
}

/** What counts: not suppressed and, where a step looked for changes, about what changed. */
function select(all: readonly ReportedFinding[], { changed }: Gathered, input: ReportInput): Selected {
  const { kept, suppressed, notes } = suppress(all, input.suppressions ?? NO_SUPPRESSIONS, input.startedAt)
  if (changed === null) return { findings: kept, suppressed, notes }
  const findings = kept.filter((finding) => isChanged(finding, changed))
  const elsewhere = kept.length - findings.length
  const told =
    elsewhere === 0 ? 'Nothing was found elsewhere.' : `${counted(elsewhere, 'finding')} elsewhere ${elsewhere === 1 ? 'is' : 'are'} left out.`
  const scope = `Only what changed since \`${changed.since}\` is reported (${counted(changed.files.size, 'file')}). ${told}`
  return { findings, suppressed: suppressed.filter((finding) => isChanged(finding, changed)), notes: [scope, ...notes] }
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

/** What it came to first; how it got there matters first only where it did not get there. */
function summarize(
  input: ReportInput,
  actions: readonly ReportAction[],
  findings: readonly Finding[],
  suppressed: readonly SuppressedFinding[],
): string {
  const succeeded = actions.filter((action) => action.result?.outcome === 'succeeded').length
  const met = input.criteria.filter((criterion) => criterion.verdict === 'met').length
  const reached = input.criteria.length === 0 ? '' : `, ${met} of ${counted(input.criteria.length, 'criterion', 'criteria')} met`
  const done = input.plan === null ? 'It never came to a plan.' : `${succeeded} of ${counted(actions.length, 'action')} succeeded${reached}.`
  const failed = input.failure === null ? [] : [asSentence(input.failure.message)]
  const hasLooked = actions.some((action) => action.result?.outcome === 'succeeded' && isAnalysis(action))
  const found = foundSentences(findings, suppressed, hasLooked)
  return (input.status === 'completed' ? [...found, done, ...failed] : [done, ...failed, ...found]).join(' ')
}

function foundSentences(findings: readonly Finding[], suppressed: readonly SuppressedFinding[], hasLooked: boolean): string[] {
  return [
    ...(findings.length > 0 ? [`${counted(findings.length, 'finding')} (${severities(findings)}), ${verifiedShare(findings)}.`] : []),
    ...(findings.length === 0 && hasLooked ? ['No findings.'] : []),
    // The suppressions came with the workspace: whoever reads nothing else must know how much they hide.
    ...(suppressed.length > 0 ? [`${suppressed.length} suppressed (${severities(suppressed)}).`] : []),
  ]
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?\s*$/, '.')}`
}

function verifiedShare(findings: readonly Finding[]): string {
  const guesses = findings.filter((finding) => finding.confidence === 'heuristic').length
  if (guesses === findings.length) return guesses === 1 ? 'a heuristic' : 'all of them heuristics'
  return guesses === 0 ? 'each checked a second time' : `${guesses} of them heuristic, the others checked a second time`
}
