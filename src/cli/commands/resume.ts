import type { Controller, RunCheck } from '../../controller.types.ts'
import { ControllerError, FAILURES, type FailureCode } from '../../errors.ts'
import { attend, personOf, prepareOut } from '../attend.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, exitCodeOfFailure, worstOf, type ExitCode } from '../exit-code.ts'
import { faultOf, faultText } from '../fault.ts'
import { flat } from '../output/columns.ts'
import { resolveRunId } from '../run-id.ts'

/** `resume ID | --all`: adopts unfinished runs and goes on with them; with `--dry-run` it only says which would go on. */
export const resumeCommand: Command = async (context, typed) => {
  const [given] = typed.args
  const isAll = typed.options['all'] === true
  if ((given === undefined) !== isAll)
    throw new ControllerError('USAGE', 'resume takes either a run or --all.', { hint: 'Look the id up with `planner-exec list`.' })
  const controller = await context.controller()
  if (typed.options['dryRun'] === true) {
    return showWhetherTheyGoOn(context, controller, given === undefined ? unfinishedOf(controller) : [resolveRunId(controller, given)])
  }
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
  const unfinished = unfinishedOf(controller)
  if (unfinished.length === 0 && !context.settings.json) context.print(['No run is unfinished.'])
  const codes: ExitCode[] = []
  for (const runId of unfinished) {
    const code = await resumeOne(context, controller, runId).catch((error: unknown) => {
      const fault = faultOf(error)
      context.note(`run ${flat(runId)}: ${faultText(fault, { debug: context.debug }).trimEnd()}`)
      return fault.exitCode
    })
    codes.push(code)
    if (code === EXIT.interrupted) break
  }
  return worstOf(codes)
}

/** Oldest first. */
const unfinishedOf = (controller: Controller): readonly string[] =>
  controller
    .list({ limit: 100_000 })
    .filter((summary) => !summary.finished)
    .map(({ runId }) => runId)
    .toReversed()

/** Ends as the resume itself would when it is refused. */
async function showWhetherTheyGoOn(context: Context, controller: Controller, runIds: readonly string[]): Promise<ExitCode> {
  const { json } = context.settings
  const codes: ExitCode[] = []
  for (const runId of runIds) {
    const check = await controller.check(runId)
    codes.push(exitCodeOf(check))
    if (json) context.record({ type: 'run', goesOn: check.resume === null, ...check })
    else context.print(checkLines(check, context))
  }
  const goOn = codes.filter((code) => code === EXIT.ok).length
  if (json) context.record({ type: 'result', goOn, refused: runIds.length - goOn })
  else context.print([runIds.length === 0 ? 'No run is unfinished.' : `${goOn} of ${runIds.length} would go on. Nothing was run.`])
  return worstOf(codes)
}

const exitCodeOf = ({ resume }: RunCheck): ExitCode =>
  resume === null ? EXIT.ok : isFailureCode(resume.code) ? exitCodeOfFailure(resume.code) : EXIT.failed
const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(FAILURES, code)

function checkLines({ runId, state, needsPerson, migrations, resume }: RunCheck, { palette }: Context): string[] {
  if (resume !== null)
    return [`${palette('red', 'would not')}    ${flat(runId)}  ${flat(state)}: ${flat(resume.message)}`, `             ${flat(resume.hint)}`]
  const carried = migrations.length === 0 ? '' : `, carried over by ${migrations.map((name) => `"${flat(name)}"`).join(', then ')}`
  return [`${palette('green', 'would go on')}  ${flat(runId)}  ${flat(state)}${needsPerson ? ', waits for a person' : ''}${carried}`]
}
