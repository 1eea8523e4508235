import type { Action, Target } from '../../model/action.ts'
import type { CapabilityCatalog, CapabilityDefinition } from '../executor/executor.ts'
import { checkCommand } from './command.ts'
import type { GuardScope } from './guard.ts'
import { nearest } from '../../input/nearest.ts'
import { baseNameOf, coversName } from './names.ts'
import { checkPath, type Places } from './path.ts'
import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'
import type { CheckedTarget } from './specifier.ts'
import { checkUrl } from './url.ts'

/** Whether a capability may be used at all here: known, in the run's scope, and able to run on this machine. */
export function inspectCapability(name: string, scope: GuardScope, catalog: CapabilityCatalog): Ruling | null {
  if (!catalog.get(name)) {
    const meant = nearest(
      name,
      catalog.list().map((definition) => definition.name),
    )
    return refusal(
      'unknown-capability',
      `there is no capability ${quote(name)}`,
      meant === null ? 'Use one that `planner-exec capabilities` lists.' : `Use ${meant}.`,
    )
  }
  if (
    scope.allowedCapabilities.length > 0 &&
    !scope.allowedCapabilities.some((allowed) => allowed === name || coversName(allowed, baseNameOf(name)))
  ) {
    return refusal(
      'scope',
      `the run allows only ${scope.allowedCapabilities.slice(0, 10).map(quote).join(', ')}, and ${name} is not among them`,
      'Start a run whose allowed_capabilities include it.',
    )
  }
  const missing = catalog.unavailable(name)
  return missing ? refusal('unavailable', missing.reason, missing.hint) : null
}

/** The arguments as their capability's schema reads them, or the refusal with every problem. */
export function inspectArgs(definition: CapabilityDefinition, args: Action['args']): { readonly targets: readonly Target[] } | Ruling {
  const parsed = definition.args.safeParse(args)
  if (parsed.success) return { targets: definition.targets(parsed.data) }
  return argsRefusal(definition, parsed.error.issues)
}

/** The refusal of arguments that the schema does not take. */
export function argsRefusal(
  definition: CapabilityDefinition,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Ruling {
  const problems = issues.slice(0, 5).map((issue) => `${issue.path.map(String).join('.') || 'arguments'}: ${issue.message}`)
  return refusal(
    'args',
    `the arguments of ${definition.name} are not valid: ${problems.join('; ')}`,
    `Correct them; \`planner-exec capabilities ${definition.name}\` shows the schema.`,
  )
}

/** Checks each target for what no policy can allow. */
export function inspectTargets(
  targets: readonly Target[],
  places: Places,
): { readonly checked: readonly CheckedTarget[]; readonly refusals: readonly Ruling[] } {
  const results = targets.map((target) => inspectTarget(target, places))
  return { checked: results.filter((result) => 'kind' in result), refusals: results.filter((result) => 'ruleId' in result) }
}

function inspectTarget(target: Target, places: Places): CheckedTarget | Ruling {
  switch (target.kind) {
    case 'path':
      return checkPath(target, places)
    case 'command':
      return checkCommand(target.argv)
    case 'url':
      return checkUrl(target.url, places.privateHosts)
  }
}
