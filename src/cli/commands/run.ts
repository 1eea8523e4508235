import { ControllerError } from '../../errors.ts'
import { attend, personOf, prepareOut } from '../attend.ts'
import { textOption, type Command } from '../command.ts'
import { flat } from '../output/columns.ts'
import { paramsOf } from '../params.ts'
import { planningOf } from '../planning.ts'
import { preview } from './plan.ts'

/** `run [GOAL]`: plans and executes; with `--dry-run` it is `plan`. */
export const runCommand: Command = async (invoked, typed) => {
  const { params, settings } = await paramsOf(invoked.loaded, typed.args[0], invoked.io.cwd)
  const context = { ...invoked, settings }
  const planning = await planningOf(context)
  const { signOff, dryRun } = settings
  const explain = textOption(typed, 'explain')
  if (dryRun && explain !== undefined) {
    throw new ControllerError('USAGE', '--explain needs a run, and --dry-run makes none.', { hint: 'Leave out one of them.' })
  }
  if (dryRun) return preview(context, params, planning)
  const person = personOf(context)
  const out = await prepareOut(context)
  const controller = await context.controller()
  const asked = { ...params, preferences: { ...params.preferences, interactive: person === 'here' } }
  const run = await controller.start(asked, { ...planning, person, signOff })
  for (const warning of run.warnings) context.note(`warning: ${flat(warning)}`)
  const { since } = params.context
  return attend(context, {
    controller,
    run,
    person,
    out,
    isPlanGiven: planning.plan !== undefined,
    since: typeof since === 'string' ? since : undefined,
    explain,
  })
}
