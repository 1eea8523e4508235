import type { ForkedRun, RunMoment, RunReader } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import { textOption, type Command, type Context } from '../command.ts'
import { formatClock, formatDuration } from '../duration.ts'
import { EXIT } from '../exit-code.ts'
import { commandLine } from '../invocation.ts'
import { flat } from '../output/columns.ts'
import { describeResult } from '../output/plain.ts'
import { describeWait } from '../output/summary.ts'
import { resolveRunId } from '../run-id.ts'
import { waitsOf } from '../waits.ts'

/** `replay ID [--to SEQ]`: the run as it was then. */
export const replayCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const to = textOption(typed, 'to')
  const moment = runs.stateAt(runId, to === undefined ? undefined : recordNumber(runs, runId, '--to', to))
  if (context.settings.json) context.record({ type: 'replay', ...moment })
  else context.print(momentLines(moment, context))
  return EXIT.ok
}

/** `fork ID --from SEQ`: a new run that goes on from there. */
export const forkCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const forked = await runs.fork(runId, recordNumber(runs, runId, '--from', textOption(typed, 'from') ?? ''))
  if (context.settings.json) context.record({ type: 'forked', ...forked })
  else context.print(forkedLines(forked, context))
  return EXIT.ok
}

/** @throws ControllerError USAGE with the records that there are */
function recordNumber(runs: RunReader, runId: string, option: string, text: string): number {
  const seq = /^\d+$/.test(text) ? Number(text) : NaN
  const { lastSeq } = Number.isSafeInteger(seq) ? { lastSeq: seq } : runs.stateAt(runId)
  if (lastSeq === seq) return seq
  throw new ControllerError('USAGE', `${option} is ${text}, not a record of run ${runId}: those are 0 to ${lastSeq}.`, {
    hint: `Give a whole number from 0 to ${lastSeq}.`,
  })
}

function momentLines(moment: RunMoment, { palette }: Context): string[] {
  const { summary, limits } = moment
  const waits = waitsOf(moment).flatMap(describeWait)
  const underWay = moment.services.map(({ actionId, service }) => `${actorOf(actionId)}: ${service}`)
  // A limit of 0 is none: its timer decides nothing.
  const timers = moment.timers.filter(({ delayMs }) => delayMs > 0)
  return [
    palette('bold', flat(summary.goal)),
    `  run      ${flat(summary.runId)} (${flat(summary.workflowType)})`,
    `  record   ${moment.lastSeq}, ${new Date(moment.at).toISOString()}, ${formatClock(moment.runAt)} on the run's clock`,
    `  last     ${flat(lastLine(moment))}`,
    `  state    ${flat(`${moment.state}: ${moment.description}`)}`,
    `  limits   ${limits.steps[0]} of ${limits.steps[1]} steps, ${formatClock(limits.ms[0])} of ${formatClock(limits.ms[1])}, ${limits.replans[0]} of ${limits.replans[1]} new plans`,
    `  owner    ${moment.owned ? 'a process carried it on' : 'no process'}`,
    ...(moment.planSource === null
      ? []
      : [`  plan     by ${flat(moment.planSource)}${moment.planDigest === null ? '' : `, digest ${flat(moment.planDigest)}`}`]),
    ...moment.actions.map((action) => {
      const after = action.dependsOn.length === 0 ? '' : ` after ${action.dependsOn.join(', ')}`
      const ended = action.result === null ? action.state : describeResult(action.result)
      return `    ${palette('bold', flat(action.actionId))} ${flat(action.title)} ${palette('dim', flat(`${action.capability}${after}`))}: ${flat(ended)}`
    }),
    ...(underWay.length === 0 ? [] : ['under way:', ...underWay.map((line) => `  ${flat(line)}`)]),
    ...(timers.length === 0 ? [] : ['timers:', ...timers.map((timer) => `  ${flat(timerLine(timer))}`)]),
    ...(waits.length === 0 ? [] : ['waited for a person:', ...waits]),
    ...(moment.result === null ? [] : [flat(`${moment.result.status} (${moment.result.exitReason}): ${moment.result.summary}`)]),
  ]
}

function lastLine({ lastRecord }: RunMoment): string {
  const { kind, what, cause, actionId } = lastRecord
  if (kind === 'started') return 'the run was created'
  if (kind === 'snapshot') return 'the state was put down'
  if (kind !== 'event') return `the run was ${kind} (${what})`
  return `${what} for ${actorOf(actionId)}, from a ${cause}`
}

function timerLine({ actionId, name, clock, due, leftMs }: RunMoment['timers'][number]): string {
  const when = clock === 'wall' ? `at ${dateOf(due)}` : `at ${formatClock(due)} on the run's clock`
  return `${name} of ${actorOf(actionId)}: due ${when}, ${leftMs < 0 ? `${formatDuration(-leftMs)} late` : `in ${formatDuration(leftMs)}`}`
}

/** A limit may lie beyond what a calendar date can say. */
function dateOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString()
}

const actorOf = (actionId: string | null) => (actionId === null ? 'the workflow' : actionId)

function forkedLines({ runId, from, repeated, inDoubt }: ForkedRun, { palette, invocation }: Context): string[] {
  return [
    `${palette('bold', 'forked')}: run ${flat(runId)} begins where run ${flat(from.runId)} was at record ${from.seq}.`,
    ...(repeated.length === 0 ? [] : [`  begins again: ${flat(repeated.join(', '))}`]),
    ...(inDoubt.length === 0 ? [] : [`  in doubt, because it was under way there: ${flat(inDoubt.join(', '))}`]),
    '  The files of the workspace are as they are now, not as they were then.',
    `look at it with: ${commandLine(invocation, 'show', runId)}`,
    `${palette('bold', 'go on with')}: ${commandLine(invocation, 'resume', runId)}`,
  ]
}
