import type { RunView } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import type { RunEvent } from '../../model/events.ts'
import type { Report } from '../../model/report.ts'
import { copyReport, gateOf, type Gate } from '../attend.ts'
import { textOption, type Command, type Context } from '../command.ts'
import { formatAge, formatClock } from '../duration.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { flat } from '../output/columns.ts'
import { describeResult, plainLine } from '../output/plain.ts'
import { settledLines, waitLines } from '../output/summary.ts'
import { tableLines } from '../output/table.ts'
import { commandLine } from '../invocation.ts'
import { resolveRunId } from '../run-id.ts'

const LISTED = 50

/** `list`: the runs of the workspace, newest first. */
export const listCommand: Command = async (context, typed) => {
  const limit = wholeNumber(textOption(typed, 'limit'), '--limit', 1) ?? LISTED
  const runs = (await context.runs()).list({ limit })
  if (context.settings.json) {
    for (const run of runs) context.record({ type: 'run', ...run })
    return EXIT.ok
  }
  if (runs.length === 0) {
    context.print(['There is no run in this workspace yet.'])
    return EXIT.ok
  }
  const now = Date.now()
  const rows = runs.map((run) => [
    run.runId,
    `${run.state}${run.needsPerson ? ' (waits for a person)' : ''}`,
    run.goal.slice(0, 200),
    formatAge(now - run.createdAt),
  ])
  const { stdout } = context.io
  context.print(tableLines(['ID', 'STATE', 'GOAL', 'AGE'], rows, { elastic: 2, total: stdout.isTTY === true ? (stdout.columns ?? 80) - 1 : 160 }))
  return EXIT.ok
}

/** `show ID`: state, limits, plan and questions of a run. */
export const showCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const view = runs.show(resolveRunId(runs, typed.args[0] ?? ''))
  if (context.settings.json) context.record({ type: 'show', ...view })
  else context.print(showLines(view, context))
  return EXIT.ok
}

function showLines(view: RunView, context: Context): string[] {
  const { summary, limits } = view
  const { palette, invocation } = context
  const waits = waitLines(view, invocation, palette)
  const isIdle = !summary.finished && view.owner === null
  return [
    palette('bold', flat(summary.goal)),
    `  run      ${flat(summary.runId)} (${flat(summary.workflowType)})`,
    `  state    ${flat(`${view.state}: ${view.description}`)}`,
    `  limits   ${limits.steps[0]} of ${limits.steps[1]} steps, ${formatClock(limits.ms[0])} of ${formatClock(limits.ms[1])}, ${limits.replans[0]} of ${limits.replans[1]} new plans`,
    `  owner    ${view.owner === null ? 'no process' : flat(view.owner)}`,
    ...(view.planSource === null
      ? []
      : [`  plan     by ${flat(view.planSource)}${view.planDigest === null ? '' : `, digest ${flat(view.planDigest)}`}`]),
    ...view.actions.map((action) => {
      const after = action.dependsOn.length === 0 ? '' : ` after ${action.dependsOn.join(', ')}`
      const ended = action.result === null ? action.state : describeResult(action.result)
      return `    ${palette('bold', flat(action.actionId))} ${flat(action.title)} ${palette('dim', flat(`${action.capability}${after}`))}: ${flat(ended)}`
    }),
    ...(waits.length === 0 ? [] : ['waits for a person:', ...waits]),
    ...(view.result === null ? [] : settledLines(view.result, null, invocation, palette).slice(0, -1)),
    ...(view.accepts.length === 0 ? [] : [palette('dim', `accepts: ${flat(view.accepts.join(', '))}`)]),
    ...(isIdle ? [`go on with: ${commandLine(invocation, 'resume', summary.runId)}`] : []),
  ]
}

/** `events ID [--follow]`: what happened, one line an event. */
export const eventsCommand: Command = async (context, typed) => {
  const fromSeq = wholeNumber(textOption(typed, 'from'), '--from', 0) ?? 0
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const show = (event: RunEvent) => {
    if (context.settings.json) context.record({ ...event })
    else {
      // Asked for explicitly, every event is of interest.
      const line = plainLine(event, 'verbose')
      if (line !== null) context.print([line])
    }
  }
  if (typed.options['follow'] !== true) {
    for (const event of runs.events(runId, { fromSeq })) show(event)
    return EXIT.ok
  }
  const stop = new AbortController()
  let code: ExitCode = EXIT.ok
  const onSignal = () => {
    code = EXIT.interrupted
    stop.abort()
  }
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  context.onClosed(() => stop.abort())
  for await (const event of runs.follow(runId, { fromSeq, signal: stop.signal })) show(event)
  return code
}

/** `report ID`: the report of a run that has ended, or all about one of its findings. */
export const reportCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const report = runs.report(runId)
  if (report === null) {
    throw new ControllerError('RUN_UNKNOWN', `Run ${runId} has no report: a report is written when a run ends.`, {
      hint: `Go on with \`planner-exec resume ${runId}\`, or look with \`planner-exec show ${runId}\`.`,
    })
  }
  const copied = await copyReport(context, report, runs)
  const gate = report.status === 'completed' ? await gateOf(context, report) : null
  await showReport(context, report, { explain: textOption(typed, 'explain'), gate })
  // The report is Markdown for other programs, too: what is said about it goes elsewhere.
  if (copied !== null) context.note(`copied to: ${flat(copied)}`)
  if (gate !== null && !context.settings.json) for (const line of gate.lines) context.note(line)
  return gate?.failed === true ? EXIT.failed : EXIT.ok
}

interface Wanted {
  readonly explain: string | undefined
  readonly gate: Gate | null
}

async function showReport(context: Context, report: Report, { explain, gate }: Wanted): Promise<void> {
  const { explainFinding, findFinding, renderMarkdown } = await import('../../services/telemetry/report.ts')
  const { json } = context.settings
  if (explain !== undefined) {
    const finding = findFinding(report, explain)
    if (json) context.record({ type: 'finding', ...finding, ...gate?.record })
    else context.print(explainFinding(report, finding))
  } else if (json) context.record({ type: 'report', ...report, ...gate?.record })
  else context.print([renderMarkdown(report).trimEnd()])
}

function wholeNumber(text: string | undefined, option: string, least: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new ControllerError('USAGE', `${option} is ${text}, not a whole number from ${least}.`, { hint: `Give a number, such as ${option} 20.` })
}
