import { resolve } from 'node:path'
import type { RunView } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import { textOption, type Command, type Context, type Typed } from '../command.ts'
import { readInputFile } from '../input-file.ts'
import { answerDraft, type Draft } from '../requests.ts'
import { resolveRunId } from '../run-id.ts'
import { ask } from './ask.ts'

/** `approve`, `reject`, `skip`, `respond`, `resolve`, `choose`: answers what a run waits for. */
export const answerCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const draft = await draftOf(context, typed, runs.show(runId))
  const answer = answerDraft(draft)
  if ('problem' in answer)
    throw new ControllerError('USAGE', `The answer cannot be used: ${answer.problem}`, { hint: `Run \`planner-exec ${typed.command} --help\`.` })
  return ask(context, runs, runId, answer.request)
}

async function draftOf(context: Context, typed: Typed, view: RunView): Promise<Draft> {
  const [, target = '', third] = typed.args
  const reason = textOption(typed, 'reason')
  switch (typed.command) {
    case 'choose':
      return { type: 'intervention.choose', option: target }
    case 'resolve':
      return { type: 'action.resolve', actionId: target, resolution: third, reason }
    case 'skip':
      return { type: 'action.skip', actionId: target, reason }
    case 'respond':
      return respondDraft(typed, view, target, third)
    default:
      return isPlan(view, target) ? planDraft(context, typed, view) : actionDraft(typed, view, target)
  }
}

/** A step may be called "plan", too; the plan is meant while one awaits a signature, or when there is no such step. */
function isPlan(view: RunView, target: string): boolean {
  return target === 'plan' && (view.state.includes('signingOff') || !view.actions.some(({ actionId }) => actionId === 'plan'))
}

async function planDraft(context: Context, typed: Typed, view: RunView): Promise<Draft> {
  const digest = boundDigest(typed, view.planDigest, 'The plan')
  const edit = textOption(typed, 'edit')
  if (typed.command === 'reject') return { type: 'plan.reject', digest, reason: textOption(typed, 'reason') }
  if (edit === undefined) return { type: 'plan.approve', digest, reason: textOption(typed, 'reason') }
  return { type: 'plan.edit', digest, plan: await readInputFile(resolve(context.io.cwd, edit), 'PLAN_UNREADABLE', 'Plan file') }
}

function actionDraft(typed: Typed, view: RunView, actionId: string): Draft {
  const bound = { actionId, digest: actionDigest(typed, view, actionId), reason: textOption(typed, 'reason') }
  if (typed.command === 'reject') return { type: 'action.reject', ...bound }
  const args = typed.options['suggested'] === true ? suggestedArgs(view, actionId) : textOption(typed, 'edit')
  if (args !== undefined) return { type: 'action.edit', ...bound, args }
  return { type: 'action.approve', ...bound, scope: typed.options['forRun'] === true ? 'run' : 'once' }
}

/** What the guard would rather see; it is judged like any other edit. */
function suggestedArgs(view: RunView, actionId: string): unknown {
  const suggestion = view.actions.find((action) => action.actionId === actionId)?.verdict?.suggestion
  if (suggestion !== undefined) return suggestion
  throw new ControllerError('USAGE', `The guard has no suggestion for ${actionId}.`, { hint: 'Give the arguments yourself with --edit JSON.' })
}

function respondDraft(typed: Typed, view: RunView, target: string, third: string | undefined): Draft {
  const edit = textOption(typed, 'edit')
  if ((third === undefined) === (edit === undefined))
    throw new ControllerError('USAGE', 'respond takes one answer.', { hint: 'Give the answer after the action, or with --edit JSON.' })
  const isGoal = target === 'goal' && (view.state.includes('clarifying') || !view.actions.some(({ actionId }) => actionId === 'goal'))
  if (isGoal) return { type: 'goal.answer', text: third ?? edit }
  return {
    type: 'action.respond',
    actionId: target,
    digest: actionDigest(typed, view, target),
    output: third ?? edit,
    reason: textOption(typed, 'reason'),
  }
}

function actionDigest(typed: Typed, view: RunView, actionId: string): string | undefined {
  const action = view.actions.find((candidate) => candidate.actionId === actionId)
  if (action === undefined) {
    const known = view.actions.map((candidate) => candidate.actionId)
    throw new ControllerError('USAGE', `Run ${view.summary.runId} has no action ${actionId}.`, {
      hint: known.length === 0 ? 'It has no plan yet.' : `It has ${known.slice(0, 20).join(', ')}.`,
    })
  }
  return boundDigest(typed, action.digest, `Action ${actionId}`)
}

/** The whole digest that the answer is bound to: what is asked now, which must be what the person looked at. */
function boundDigest(typed: Typed, current: string | null, subject: string): string | undefined {
  const seen = textOption(typed, 'digest')?.toLowerCase()
  if (seen === undefined) return current ?? undefined
  if (!/^[0-9a-f]{8,64}$/.test(seen))
    throw new ControllerError('USAGE', `--digest is ${seen}, not 8 to 64 hexadecimal digits.`, { hint: 'Copy it from `planner-exec show`.' })
  if (current !== null && current.startsWith(seen)) return current
  throw new ControllerError(
    'APPROVAL_STALE',
    `${subject} is not what it was: ${current === null ? 'it has no digest now' : `its digest is ${current}`}, not ${seen}.`,
  )
}
