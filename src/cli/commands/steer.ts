import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { listOption, textOption, type Command, type Context, type Typed } from '../command.ts'
import { parseDuration } from '../duration.ts'
import { readInputFile } from '../input-file.ts'
import { answerDraft, type Draft } from '../requests.ts'
import { resolveRunId } from '../run-id.ts'
import { ask } from './ask.ts'

/** `pause`, `continue`, `cancel`, `escalate`, `modify`: steers a run from any terminal. */
export const steerCommand: Command = async (context, typed) => {
  const runs = await context.runs()
  const runId = resolveRunId(runs, typed.args[0] ?? '')
  const answer = answerDraft(await draftOf(context, typed))
  if ('problem' in answer)
    throw new ControllerError('USAGE', `The change cannot be used: ${answer.problem}`, { hint: `Run \`planner-exec ${typed.command} --help\`.` })
  return ask(context, runs, runId, answer.request)
}

async function draftOf(context: Context, typed: Typed): Promise<Draft> {
  switch (typed.command) {
    case 'pause':
      return { type: 'run.pause', mode: typed.options['abort'] === true ? 'abort' : 'finish' }
    case 'continue':
      return { type: 'run.resume' }
    case 'cancel':
      return { type: 'run.cancel', reason: textOption(typed, 'reason') }
    case 'escalate':
      return { type: 'run.modify', amendment: { escalate: true } }
    default:
      return { type: 'run.modify', amendment: await amendmentOf(context, typed) }
  }
}

async function amendmentOf(context: Context, typed: Typed): Promise<Record<string, unknown>> {
  const steps = textOption(typed, 'maxSteps')
  const timeout = textOption(typed, 'timeout')
  const read = (file: string, subject: string) => readInputFile(resolve(context.io.cwd, file), 'PLAN_UNREADABLE', subject)
  const added = await Promise.all(listOption(typed, 'addAction').map((file) => read(file, 'Step file')))
  const overrides = await Promise.all(
    listOption(typed, 'override').map(async (pair) => [stepOf(pair), await read(pair.slice(pair.indexOf('=') + 1), 'Output file')] as const),
  )
  const removed = listOption(typed, 'removeAction')
  const amendment = {
    ...(steps === undefined ? {} : { maxSteps: /^\d+$/.test(steps) ? Number(steps) : steps }),
    ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout) ?? timeout }),
    ...(added.length === 0 ? {} : { addSteps: added.flat() }),
    ...(removed.length === 0 ? {} : { removeSteps: removed }),
    ...(overrides.length === 0 ? {} : { overrides: Object.fromEntries(overrides) }),
  }
  if (Object.keys(amendment).length > 0) return amendment
  throw new ControllerError('USAGE', 'modify was not told what to change.', {
    hint: 'Give --max-steps, --timeout, --add-action, --remove-action or --override.',
  })
}

function stepOf(pair: string): string {
  const end = pair.indexOf('=')
  if (end > 0) return pair.slice(0, end)
  throw new ControllerError('USAGE', `--override is ${pair}, not STEP=FILE.`, {
    hint: 'Name the step and the file of its output, such as --override s2=output.json.',
  })
}
