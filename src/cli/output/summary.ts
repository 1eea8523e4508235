import { basename } from 'node:path'
import type { ActionView, RunView } from '../../controller.types.ts'
import type { Finding, Report } from '../../model/report.ts'
import { NO_USAGE, addUsage, type RunResult } from '../../model/result.ts'
import { oneLine, printable } from '../../input/terminal-text.ts'
import { commandLine, type Invocation } from '../invocation.ts'
import { answersTo, waitsOf, type Wait } from '../waits.ts'
import { flat } from './columns.ts'
import type { Palette, Style } from './palette.ts'
import { verdictDetails } from './verdict-lines.ts'

/** Enough for what, where and why; the report has all of it. */
const MAX_ADVICE = 420

const SEVERITY_STYLE: Readonly<Record<Finding['severity'], Style>> = { high: 'red', medium: 'yellow', low: 'cyan', info: 'dim' }
const STATUS_STYLE: Readonly<Record<RunResult['status'], Style>> = { completed: 'green', failed: 'red', cancelled: 'yellow' }

/**
 * What a person reads when a run has ended: how, why, what to do first, and where the report is. `files` are the names of the report's
 * files, beside the one for a person.
 */
export function settledLines(
  result: RunResult,
  report: Report | null,
  invocation: Invocation,
  palette: Palette,
  files: readonly string[] = [],
): string[] {
  return [
    `${palette(STATUS_STYLE[result.status], result.status)} (${flat(result.exitReason)}): ${flat(result.summary)}`,
    ...failureLines(result),
    ...criteriaLines(result),
    ...(report === null ? [] : reportLines(report, palette)),
    ...(result.reportPath === null ? [] : [`report: ${flat(result.reportPath)}`, ...besides(result.reportPath, files, palette)]),
    palette('dim', `details: ${commandLine(invocation, 'show', result.runId)}`),
  ]
}

function besides(reportPath: string, files: readonly string[], palette: Palette): string[] {
  const others = files.filter((name) => name !== basename(reportPath))
  return others.length === 0 ? [] : [palette('dim', `beside it: ${others.join(', ')}`)]
}

/** The failure, unless the summary has said it already, and always the way out. */
function failureLines({ failure, summary }: RunResult): string[] {
  if (failure === null) return []
  const code = `  [${flat(failure.code)}]`
  return summary.includes(failure.message)
    ? [`${code} hint: ${flat(failure.hint)}`]
    : [`${code} ${flat(failure.message)}`, `  hint: ${flat(failure.hint)}`]
}

function criteriaLines(result: RunResult): string[] {
  if (result.criteria.length === 0) return []
  const open = result.criteria.filter((criterion) => criterion.verdict !== 'met')
  const met = result.criteria.length - open.length
  return [
    `criteria: ${met} of ${result.criteria.length} met`,
    ...open.map((criterion) => `  ${flat(criterion.verdict)}: ${oneLine(criterion.criterion, 200)} (${oneLine(criterion.evidence, 200)})`),
  ]
}

function reportLines({ findings, suppressed, recommendations, notes }: Report, palette: Palette): string[] {
  const counts = (['high', 'medium', 'low', 'info'] as const).map((severity) => ({
    severity,
    count: findings.filter((finding) => finding.severity === severity).length,
  }))
  const told = counts.filter(({ count }) => count > 0).map(({ severity, count }) => palette(SEVERITY_STYLE[severity], `${count} ${severity}`))
  return [
    ...(recommendations.length === 0 ? [] : [palette('bold', 'do this first:')]),
    ...recommendations.map((advice, index) => `  ${index + 1}. ${oneLine(advice, MAX_ADVICE)}`),
    ...(findings.length === 0 ? [] : [`findings: ${told.join(', ')}${suppressed.length === 0 ? '' : `; ${suppressed.length} suppressed`}`]),
    ...notes.map((note) => `note: ${oneLine(note, 400)}`),
  ]
}

/** What a person reads when a run has been let go of: why, what it waits for, and the commands that move it. */
export function parkedLines(
  view: RunView,
  reason: 'needs-person' | 'interrupted' | 'lease-lost',
  invocation: Invocation,
  palette: Palette,
): string[] {
  const id = view.summary.runId
  const resume = `${palette('bold', 'go on with')}: ${commandLine(invocation, 'resume', id)}`
  if (reason === 'lease-lost')
    return [
      `${palette('yellow', 'lost')}: another process has taken run ${flat(id)} over.`,
      `look at it with: ${commandLine(invocation, 'show', id)}`,
    ]
  const headline =
    reason === 'interrupted'
      ? `${palette('yellow', 'interrupted')}: run ${flat(id)} is kept and can go on.`
      : `${palette('yellow', 'waiting')}: run ${flat(id)} needs a person.`
  return [headline, ...waitLines(view, invocation, palette), resume]
}

/** Everything a run waits for, with exact arguments and the commands that answer. */
export function waitLines(view: RunView, invocation: Invocation, palette: Palette): string[] {
  return waitsOf(view).flatMap((wait) => [
    ...describeWait(wait).map((line, index) => (index === 0 ? palette('yellow', line) : line)),
    ...answersTo(wait, view.summary.runId, invocation).map((answer) => `    ${answer}`),
  ])
}

/** What exactly is asked. All untrusted text is escaped. */
export function describeWait(wait: Wait): string[] {
  switch (wait.kind) {
    case 'goal':
      return [`  The goal needs an answer: ${flat(wait.question)}`]
    case 'plan':
      return [
        `  The plan awaits a signature${wait.digest === null ? '' : ` (digest ${flat(wait.digest)})`}.${wait.approvable ? '' : ' As it stands it has findings and can only be edited or rejected.'}`,
      ]
    case 'action':
      return actionLines(wait.action, 'asks to run')
    case 'doubt':
      return actionLines(wait.action, 'may or may not have had its effect:')
    case 'stall':
      return [`  The run does not get on: ${flat(wait.why)}`]
  }
}

function actionLines(action: ActionView, verb: string): string[] {
  const { verdict } = action
  return [
    `  ${flat(action.actionId)} ${verb} ${flat(action.capability)}: ${flat(action.title)}`,
    ...(verdict === null
      ? []
      : [
          `    effect ${flat(verdict.effect)}, rule ${flat(verdict.ruleId)}: ${flat(verdict.reason)}`,
          ...verdictDetails(verdict).map((line) => `    ${line}`),
        ]),
    ...argumentLines(action.args),
    ...(action.digest === null ? [] : [`    digest ${flat(action.digest)}`]),
  ]
}

/** The exact arguments as JSON, every line escaped. */
export function argumentLines(args: unknown): string[] {
  if (args === null || args === undefined) return ['    arguments are not known yet']
  return printable(JSON.stringify(args, null, 2))
    .split('\n')
    .map((line) => `    ${line.replaceAll('\t', '\\t')}`)
}

/** The last line of `--json` for a run that ended. */
export function resultRecord(result: RunResult): Record<string, unknown> {
  const { runId, status, exitReason, summary, criteria, usage, reportPath } = result
  return { type: 'result', runId, status, exitReason, summary, criteria, usage, reportPath }
}

/** The last line of `--json` for a run that was let go of: same keys, `status` says that it can go on. */
export function parkedRecord(view: RunView, reason: 'needs-person' | 'interrupted' | 'lease-lost'): Record<string, unknown> {
  const status = reason === 'needs-person' ? 'waiting' : 'interrupted'
  const used = view.actions.map((action) => action.result?.usage ?? NO_USAGE).reduce(addUsage, NO_USAGE)
  return {
    type: 'result',
    runId: view.summary.runId,
    status,
    exitReason: null,
    summary:
      reason === 'needs-person'
        ? (view.needsPerson ?? 'The run needs a person.')
        : reason === 'interrupted'
          ? 'The run was interrupted and can be resumed.'
          : 'Another process has taken the run over.',
    criteria: [],
    usage: { ...used, wallMs: view.limits.ms[0] },
    reportPath: null,
  }
}
