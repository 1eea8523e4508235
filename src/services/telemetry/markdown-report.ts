import type { Report, ReportAction } from '../../model/report.ts'
import type { ExitReason } from '../../model/result.ts'
import { findingSections, suppressedLines } from './markdown-findings.ts'
import { cellCode, code, prose } from './markdown-text.ts'
import { mergedByReason } from './merge-notes.ts'
import { counted } from './overview.ts'

/** Enough to recognise a fact; `report.json` has all of it. */
const EVIDENCE_CHARS = 120

const ENDINGS: Readonly<Record<ExitReason, string>> = {
  criteria_met: 'every success criterion was met',
  accepted: 'a person accepted the outcome',
  cancelled: 'it was cancelled',
  unplannable: 'nothing could plan this goal',
  goal_denied: 'the goal was denied',
  goal_error: 'the goal could not be judged',
  plan_invalid: 'no valid plan was drafted',
  plan_vetoed: 'the guard vetoed the plan',
  plan_rejected: 'a person rejected the plan',
  action_failed: 'an action failed',
  action_aborted: 'an action was stopped',
  criteria_unmet: 'not every success criterion was met',
  step_limit: 'the step limit was reached',
  time_limit: 'the time limit was reached',
  budget: 'the budget was used up',
  stalled: 'it made no progress',
  intervention_failed: 'the intervention did not help',
  intervention_timeout: 'nobody answered in time',
  nobody_there: 'it needed a person and nobody was there',
  internal_error: 'the controller itself failed',
}

/**
 * The report for a person, who has one minute: what was looked at and found, what to do first, the findings; the machinery comes last.
 * Deterministic; every text that came from outside is escaped, so it can only ever be text.
 */
export function renderMarkdown(report: Report): string {
  const sections = [
    opening(report),
    ending(report),
    section(
      'Do this first',
      report.recommendations.map((text, index) => `${index + 1}. ${prose(text, 1_000)}`),
    ),
    ...pictures(report),
    ...findingSections(report),
    section('Suppressed', suppressedLines(report)),
    section('Not looked at, or not finished', mergedByReason(report.notExamined).map(bullet)),
    machinery(report),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

/** How it was done: folded away where all went well. Nothing in it can close the block early, for what is escaped holds no tag. */
function machinery(report: Report): string {
  const sections = [
    section(
      'Success criteria',
      report.criteria.map((item) => `- **${item.verdict}**: ${prose(item.criterion)} (${prose(item.evidence)})`),
    ),
    section('Actions', actionTable(report.actions)),
    section('Assumptions', report.assumptions.map(bullet)),
    section(
      'Evidence it was planned from',
      report.evidence.map((item) => `- ${code(item.id)} from ${code(item.source, EVIDENCE_CHARS)}: ${code(item.quote, EVIDENCE_CHARS)}`),
    ),
    section('The run', [provenance(report), '', usageLine(report)]),
  ]
  const open = report.exitReason === 'criteria_met' ? '' : ' open'
  // The blank lines end the blocks of HTML, so that what is between them is read as Markdown.
  return [`<details${open}>\n<summary>How it was done</summary>`, ...sections.filter((text) => text !== ''), '</details>'].join('\n\n')
}

function opening(report: Report): string {
  const lines = [
    ...(report.overview.length === 0 ? [] : [`- **Looked at:** ${report.overview.map((text) => prose(text)).join(' ')}`]),
    `- **Outcome:** ${report.status}: ${ENDINGS[report.exitReason]}, in ${seconds(report.durationMs)}.`,
    ...mergedByReason(report.notes).map((note) => `- **Note:** ${prose(note, 1_000)}`),
  ]
  return ['# Report', `**Goal:** ${prose(report.goal, 1_000)}`, prose(report.summary, 2_000), lines.join('\n')].join('\n\n')
}

/** The names are of our own making, so that they can stand in a link. */
function pictures({ figures }: Report): string[] {
  if (figures.length === 0) return []
  return ['## Pictures', ...figures.map(({ name, title, note }) => `![${prose(title)}](${name}.svg)\n\n${prose(note, 1_000)}`)]
}

function provenance(report: Report): string {
  const source = report.planSource === null ? 'without a plan' : `planned by ${code(report.planSource)}`
  return `Run ${code(report.runId)}, ${prose(report.workflowType)}, ${source}, ${new Date(report.startedAt).toISOString()}.`
}

/** Why an uncompleted run ended, what it had done, and how to go on. */
function ending(report: Report): string {
  if (report.status === 'completed') return ''
  const succeeded = report.actions.filter((action) => action.result?.outcome === 'succeeded').map((action) => code(action.stepId))
  const inDoubt = report.actions.filter((action) => action.result?.inDoubt === true).map((action) => code(action.stepId))
  const why =
    report.failure === null
      ? `- Why: ${ENDINGS[report.exitReason]}.`
      : `- Why: ${prose(report.failure.message)} (${code(report.failure.code)}, in stage ${report.failure.stage}).`
  return section('Why it ended', [
    why,
    `- Done until then: ${succeeded.length === 0 ? 'nothing' : succeeded.join(', ')}.`,
    ...(inDoubt.length === 0 ? [] : [`- In doubt, may or may not have happened: ${inDoubt.join(', ')}.`]),
    ...(report.failure === null ? [] : [`- To go on: ${prose(report.failure.hint)}`]),
    `- To see each event: ${code(`planner-exec events ${report.runId}`)}`,
  ])
}

function actionTable(actions: readonly ReportAction[]): string[] {
  if (actions.length === 0) return []
  const rows = actions.map(({ stepId, title, capability, result, verdict }) => {
    const rule = result?.ruleId ?? verdict?.ruleId ?? null
    const cells = [
      cellCode(stepId),
      prose(title),
      cellCode(capability),
      result?.outcome ?? 'not started',
      String(result?.attempts ?? 0),
      rule === null ? 'none' : cellCode(rule),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return ['| step | what | capability | outcome | attempts | rule |', '|---|---|---|---|---|---|', ...rows, ...troubles(actions)]
}

function troubles(actions: readonly ReportAction[]): string[] {
  const lines = actions.flatMap(({ stepId, result, verdict }) => {
    if (result === null || result.outcome === 'succeeded') return []
    const { failure } = result
    if (failure !== null) return [`- ${code(stepId)} ${result.outcome}: ${prose(failure.message)} (${code(failure.code)}) ${prose(failure.hint)}`]
    return verdict === null ? [] : [`- ${code(stepId)} ${result.outcome}: ${prose(verdict.reason)}`]
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

/** What was used; what is 0 was not used or not measured, and is left out. */
function usageLine({ usage }: Report): string {
  const parts: [number, string][] = [
    [usage.cpuMs, `${seconds(usage.cpuMs)} CPU`],
    [usage.maxRssBytes, `${(usage.maxRssBytes / 1_048_576).toFixed(0)} MiB peak`],
    [usage.fsOperations, counted(usage.fsOperations, 'file operation')],
    [usage.networkRequests, counted(usage.networkRequests, 'network request')],
    [usage.tokens, counted(usage.tokens, 'token')],
    [usage.usd, `${usage.usd.toFixed(4)} USD`],
  ]
  const used = parts.filter(([amount]) => amount > 0).map(([, text]) => text)
  return `${[`${seconds(usage.wallMs)} of actions`, ...used].join(', ')}.`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.join('\n')}`
}

function bullet(text: string): string {
  return `- ${prose(text, 1_000)}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
