import { resolve } from 'node:path'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import type { Controller, PlanPreview } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import { Action } from '../../model/action.ts'
import { listProblems, problemsOf } from '../../model/problems.ts'
import { Plan } from '../../model/plan.ts'
import { PlanVerdict, type Verdict } from '../../model/verdict.ts'
import { textOption, type Command, type Context, type Typed } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { readInputFile } from '../input-file.ts'
import { flat } from '../output/columns.ts'
import { verdictDetails, verdictLine, type TellableVerdict } from '../output/verdict-lines.ts'
import { paramsOf } from '../params.ts'
import { planningOf } from '../planning.ts'

/** What a person asks about: an action without a run around it. */
const Asked = Action.pick({ capability: true, args: true })
type Asked = z.infer<typeof Asked>

/**
 * `policy explain [GOAL]`: every action of the plan that would run, with all that the guard has to say; `--action FILE` explains actions from a
 * file, `--commands FILE` shell commands, one a line. Runs nothing but read-only research. Exit 1 when something would be denied.
 */
export const policyExplainCommand: Command = async (context, typed) => {
  const actions = textOption(typed, 'action')
  const commands = textOption(typed, 'commands')
  if (actions !== undefined) return explainAll(context, await actionsIn(resolve(context.io.cwd, actions)))
  if (commands !== undefined) return explainAll(context, commandsIn(context, commands))
  return explainPlan(context, typed)
}

async function explainPlan(context: Context, typed: Typed): Promise<ExitCode> {
  const { params } = await paramsOf(context.loaded, typed.args[0], context.io.cwd)
  const controller = await context.controller()
  const { plan, source, verdict } = await previewOf(controller, params, await planningOf(context))
  context.print(context.settings.json ? [] : [`plan by ${flat(source)}, judged by the policy ${flat(controller.guard.policyName)}:`])
  for (const step of verdict.steps) {
    const { capability = '', args = {} } = plan.steps.find(({ id }) => id === step.stepId) ?? {}
    tell(context, { stepId: step.stepId, capability, args }, step)
  }
  return verdict.steps.some(({ decision }) => decision === 'deny') ? EXIT.failed : EXIT.ok
}

/** The plan with its verdicts, also when these refuse it: that is what is to be explained. */
async function previewOf(controller: Controller, ...asked: Parameters<Controller['plan']>): Promise<PlanPreview> {
  try {
    return await controller.plan(...asked)
  } catch (error) {
    const refused = error instanceof ControllerError && error.code === 'PLAN_INVALID' ? Refused.safeParse(error.details) : null
    if (refused?.success === true) return refused.data
    throw error
  }
}

const Refused = z.object({ plan: Plan, source: z.string(), verdict: PlanVerdict })

async function explainAll(context: Context, asked: Iterable<Asked> | AsyncIterable<Asked>): Promise<ExitCode> {
  const controller = await context.controller()
  const counts: Record<Verdict['decision'], number> = { allow: 0, ask: 0, deny: 0, modify: 0 }
  for await (const action of asked) {
    const verdict = await judge(controller, context, action)
    counts[verdict.decision] += 1
    tell(context, action, verdict)
  }
  const { allow, ask, deny } = counts
  if (context.settings.json) context.record({ type: 'explained', policy: controller.guard.policyName, allow, ask, deny })
  else context.print([`${allow} allowed, ${ask} asked about, ${deny} denied by the policy ${flat(controller.guard.policyName)}`])
  return deny > 0 ? EXIT.failed : EXIT.ok
}

function judge(controller: Controller, context: Context, { capability, args }: Asked): Promise<Verdict> {
  const runId = 'policy-explain'
  return controller.guard.judge({ runId, stepId: 'asked', capability, args }, { runId, allowedCapabilities: context.settings.allow })
}

function tell(context: Context, action: Asked & { readonly stepId?: string }, verdict: TellableVerdict): void {
  if (context.settings.json) {
    const { decision, ruleId, reason, hint, risk, score, taint, suggestion, shadow, atDispatch } = verdict
    return context.record({ type: 'verdict', ...action, decision, ruleId, reason, hint, risk, score, taint, suggestion, shadow, atDispatch })
  }
  const name = action.stepId === undefined ? '' : `${context.palette('bold', flat(action.stepId))} `
  context.print([
    `${name}${flat(action.capability)} ${flat(JSON.stringify(action.args))}`,
    `  ${verdictLine(verdict, context.palette)}`,
    ...verdictDetails(verdict).map((line) => `    ${line}`),
  ])
}

async function actionsIn(path: string): Promise<readonly Asked[]> {
  const given = await readInputFile(path, 'PARAMS_INVALID', 'Action file')
  const parsed = z.array(Asked).safeParse(Array.isArray(given) ? given : [given])
  if (parsed.success) return parsed.data
  throw new ControllerError('PARAMS_INVALID', `${path} does not hold actions: ${listProblems(problemsOf(parsed.error, given))}`, {
    hint: 'Give one action or a list: { capability: fs.read.v1, args: { path: a.txt } }.',
  })
}

/** Shell commands, one a line, as a person would type them; `-` is standard input. */
async function* commandsIn({ io }: Context, path: string): AsyncIterable<Asked> {
  const input = path === '-' ? io.stdin : createReadStream(resolve(io.cwd, path))
  const lines = createInterface({ input, crlfDelay: Infinity })
  try {
    for await (const line of lines) {
      if (line.trim() !== '') yield { capability: 'shell.exec.v1', args: { argv: ['bash', '-c', line] } }
    }
  } catch (cause) {
    throw new ControllerError('USAGE', `${path} cannot be read.`, { hint: 'Give a file with one command a line, or - for standard input.', cause })
  } finally {
    lines.close()
  }
}
