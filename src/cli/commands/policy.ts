import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'

/** `policy check FILE`: whether a policy can be used, and what it holds. */
export const policyCheckCommand: Command = async (context, typed) => {
  const [given] = typed.args
  if (given === undefined) throw new ControllerError('USAGE', 'policy check needs a file.')
  const { loadPolicy } = await import('../../services/guard/policy-file.ts')
  const isProfile = /^[a-z][a-z0-9-]*$/.test(given)
  const { policy, name, source } = await loadPolicy(isProfile ? given : resolve(context.io.cwd, given))
  if (context.settings.json) context.record({ type: 'policy', ok: true, name, source, enforcement: policy.enforcement, rules: policy.rules.length })
  else
    context.print([
      `ok: ${flat(source)}`,
      `  ${flat(name)}: enforcement ${policy.enforcement}, ${policy.rules.length} rules, ${Object.keys(policy.defaults).length} defaults`,
    ])
  return EXIT.ok
}
