import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { isProfileName } from '../../model/policy.ts'
import type { Policy } from '../../model/policy.ts'
import type { Command, Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'

/** `policy check FILE`: whether a policy can be used, and what it holds. */
export const policyCheckCommand: Command = async (context, typed) => {
  const [given] = typed.args
  if (given === undefined) throw new ControllerError('USAGE', 'policy check needs a file.')
  const { loadPolicy } = await import('../../services/guard/policy-file.ts')
  const { policy, name, source } = await loadPolicy(isProfileName(given) ? given : resolve(context.io.cwd, given))
  await assertUsable(context, policy, name)
  if (context.settings.json) context.record({ type: 'policy', ok: true, name, source, enforcement: policy.enforcement, rules: policy.rules.length })
  else
    context.print([
      `ok: ${flat(source)}`,
      `  ${flat(name)}: enforcement ${policy.enforcement}, ${policy.rules.length} rules, ${Object.keys(policy.defaults).length} defaults`,
    ])
  return EXIT.ok
}

/** Compiles the policy as a run would, so that a name that no capability has is found here and not there. @throws ControllerError POLICY_INVALID */
async function assertUsable({ io, settings }: Context, policy: Policy, name: string): Promise<void> {
  const [{ createPolicyGuard }, { createCatalog }, { baseCapabilities }, { analysisCapabilities }] = await Promise.all([
    import('../../services/guard/policy.guard.ts'),
    import('../../services/executor/catalog.ts'),
    import('../../services/executor/capabilities/index.ts'),
    import('../../services/executor/capabilities/analysis/index.ts'),
  ])
  const workspace = resolve(io.cwd, settings.workspace)
  const catalog = createCatalog([...baseCapabilities, ...analysisCapabilities], { git: null, sandbox: null })
  createPolicyGuard({ policy, name, catalog, workspace, stateDir: resolve(workspace, settings.state ?? '.planner-exec') })
}
