import type { Finding, Report, ReportAction } from '../../model/report.ts'
import type { ExitReason } from '../../model/result.ts'
import { type FindingGroup, groupFindings, placeOf } from './findings.ts'
import { cellCode, code, prose } from './markdown-text.ts'

/** Places shown of one group; the others are in `report.json`. */
const MAX_PLACES = 15

const THEMES: Readonly<Record<string, string>> = {
  secrets: 'Secrets',
  docs: 'Documentation',
  package: 'Package',
  tests: 'Tests',
  ci: 'Continuous integration',
  config: 'Configuration',
  types: 'Type safety',
  lint: 'Switched-off checks',
  marker: 'Markers in comments',
  size: 'Size',
  history: 'History',
  git: 'Version control',
}

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

/** The report for a person. Deterministic; every text that came from outside is escaped, so it can only ever be text. */
export function renderMarkdown(report: Report): string {
  const sections = [
    opening(report),
    ending(report),
    section(
      'Do this first',
      report.recommendations.map((text, index) => `${index + 1}. ${prose(text)}`),
    ),
    ...findingSections(report.findings),
    section('Not looked at, or not finished', report.notExamined.map(bullet)),
    section(
      'Success criteria',
      report.criteria.map((item) => `- **${item.verdict}**: ${prose(item.criterion)} (${prose(item.evidence)})`),
    ),
    section('Actions', actionTable(report.actions)),
    section('Assumptions', report.assumptions.map(bullet)),
    section(
      'Evidence it was planned from',
      report.evidence.map((item) => `- ${code(item.id)} from ${code(item.source)}: ${code(item.quote)}`),
    ),
    section('Usage', [usageLine(report)]),
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

function opening(report: Report): string {
  const source = report.planSource === null ? 'without a plan' : `planned by ${code(report.planSource)}`
  return [
    '# Report',
    `**Goal:** ${prose(report.goal, 1_000)}`,
    `**Outcome:** ${report.status}: ${ENDINGS[report.exitReason]}. Run ${code(report.runId)}, ${prose(report.workflowType)}, ${source}, ${new Date(report.startedAt).toISOString()}, ${seconds(report.durationMs)}.`,
    prose(report.summary, 2_000),
  ].join('\n\n')
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

function findingSections(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return []
  const themes = groupByTheme(findings)
  return ['## Findings', ...[...themes].map(([theme, groups]) => [`### ${prose(theme)}`, ...groups.map(renderGroup)].join('\n\n'))]
}

function groupByTheme(findings: readonly Finding[]): Map<string, FindingGroup[]> {
  const themes = new Map<string, FindingGroup[]>()
  for (const group of groupFindings(findings)) {
    const prefix = group.findings[0].rule.split('.')[0]?.trim() || 'other'
    const theme = (Object.hasOwn(THEMES, prefix) ? THEMES[prefix] : undefined) ?? prefix
    themes.set(theme, [...(themes.get(theme) ?? []), group])
  }
  return themes
}

function renderGroup(group: FindingGroup): string {
  const [first] = group.findings
  const label = `${first.severity}, ${first.confidence}`
  const count = group.findings.length
  const heading = count === 1 ? `**${prose(first.title)}** (${label})` : `**${prose(group.title)}**: ${count} places (${label})`
  const places = group.findings.slice(0, MAX_PLACES).map((finding) => renderPlace(finding, group))
  if (count > MAX_PLACES) places.push(`- and ${count - MAX_PLACES} more, in \`report.json\``)
  return [
    heading,
    '',
    ...places,
    `- Why: ${prose(first.why)}`,
    `- Fix: ${prose(first.fix)}`,
    `- Show${count === 1 ? '' : ' the first'}: ${code(first.command, 1_000)}`,
  ].join('\n')
}

function renderPlace(finding: Finding, group: FindingGroup): string {
  const place = placeOf(finding)
  const title = group.sharedTitle ? [] : [prose(finding.title)]
  return `- ${[...(place === null ? [] : [code(place, 400)]), ...title, code(finding.evidence)].join(': ')}`
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

function usageLine({ usage }: Report): string {
  const parts = [
    `${seconds(usage.wallMs)} of actions`,
    `${seconds(usage.cpuMs)} CPU`,
    `${(usage.maxRssBytes / 1_048_576).toFixed(0)} MiB peak`,
    `${usage.fsOperations} file operations`,
    `${usage.networkRequests} network requests`,
    `${usage.tokens} tokens`,
    `${usage.usd.toFixed(4)} USD`,
  ]
  return `${parts.join(', ')}.`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.join('\n')}`
}

function bullet(text: string): string {
  return `- ${prose(text)}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
