import type { Controller } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import { attend, personOf, prepareOut } from '../attend.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, worstOf, type ExitCode } from '../exit-code.ts'
import { faultOf, faultText } from '../fault.ts'
import { resolveRunId } from '../run-id.ts'

/** `resume ID | --all`: adopts unfinished runs and goes on with them. */
export const resumeCommand: Command = async (context, typed) => {
  const [given] = typed.args
  const isAll = typed.options['all'] === true
  if ((given === undefined) !== isAll)
    throw new ControllerError('USAGE', 'resume takes either a run or --all.', { hint: 'Look the id up with `planner-exec list`.' })
  const controller = await context.controller()
  if (given !== undefined) return resumeOne(context, controller, resolveRunId(controller, given))
  return resumeAll(context, controller)
}

async function resumeOne(context: Context, controller: Controller, runId: string): Promise<ExitCode> {
  const person = personOf(context)
  const out = await prepareOut(context)
  const { lastSeq } = controller.show(runId)
  const run = await controller.resume(runId, { person })
  return attend(context, { controller, run, person, out, knownSeq: lastSeq })
}

/** One after the other: a workspace has one writing run at a time. A run that cannot go on does not keep the others. */
async function resumeAll(context: Context, controller: Controller): Promise<ExitCode> {
  const unfinished = controller
    .list({ limit: 100_000 })
    .filter((summary) => !summary.finished)
    .reverse()
  if (unfinished.length === 0 && !context.settings.json) context.print(['No run is unfinished.'])
  const codes: ExitCode[] = []
  for (const { runId } of unfinished) {
    const code = await resumeOne(context, controller, runId).catch((error: unknown) => {
      const fault = faultOf(error)
      context.note(`run ${runId}: ${faultText(fault, { debug: context.debug }).trimEnd()}`)
      return fault.exitCode
    })
    codes.push(code)
    if (code === EXIT.interrupted) break
  }
  return worstOf(codes)
}
