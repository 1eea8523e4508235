import { attend, personOf, prepareOut } from '../attend.ts'
import type { Command } from '../command.ts'
import { paramsOf } from '../params.ts'
import { planningOf } from '../planning.ts'
import { preview } from './plan.ts'

/** `run [GOAL]`: plans and executes; with `--dry-run` it is `plan`. */
export const runCommand: Command = async (context, typed) => {
  const params = await paramsOf(context.loaded, typed.args[0], context.io.cwd)
  const planning = await planningOf(context)
  const { signOff, dryRun } = context.settings
  if (dryRun) return preview(context, params, planning)
  const person = personOf(context)
  const out = await prepareOut(context)
  const controller = await context.controller()
  const asked = { ...params, preferences: { ...params.preferences, interactive: person === 'here' } }
  const run = await controller.start(asked, { ...planning, person, signOff })
  return attend(context, { controller, run, person, out })
}
