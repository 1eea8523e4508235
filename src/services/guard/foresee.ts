import type { Target } from '../../model/action.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { decide, decideAtBest } from './decide.ts'
import { argsRefusal, inspectTargets } from './inspect.ts'
import { baseNameOf } from './names.ts'
import type { Places } from './path.ts'
import { UNRESOLVED, type Masked } from './references.ts'
import type { RuleBook } from './rules.ts'
import { strictest, type Ruling } from './ruling.ts'
import type { CheckedTarget } from './specifier.ts'

/** The word on an action or a step, with what it rests on. */
export interface Ruled {
  readonly ruling: Ruling
  readonly targets: readonly CheckedTarget[]
  /** Whether a target is one that no policy can allow. */
  readonly trespass: boolean
}

/** Judges the part of a step that no reference can change; what is open counts as well as it could turn out. */
export async function foreseeMasked(book: RuleBook, definition: CapabilityDefinition, masked: Masked, places: Places): Promise<Ruled> {
  const known = knownTargets(definition, masked)
  if ('ruleId' in known) return { ruling: known, targets: [], trespass: false }
  const { checked, refusals } = await inspectTargets(known.targets, places)
  const [firstRefusal, ...otherRefusals] = refusals
  if (firstRefusal) return { ruling: strictest([firstRefusal, ...otherRefusals]), targets: checked, trespass: true }

  const capability = baseNameOf(definition.name)
  const atBest = decideAtBest(book, capability)
  if (checked.length === 0) return { ruling: open(atBest), targets: [], trespass: false }
  return { ruling: open(strictest([atBest, decide(book, capability, masked.args, checked, places)])), targets: checked, trespass: false }
}

function open(ruling: Ruling): Ruling {
  return ruling.decision === 'deny'
    ? ruling
    : { ...ruling, reason: `${ruling.reason}; some arguments come from earlier steps, so the last word comes when they are known` }
}

/** Targets that contain no part of a reference. None are known when the schema cannot read the arguments before the references are resolved. */
function knownTargets(definition: CapabilityDefinition, masked: Masked): { readonly targets: readonly Target[] } | Ruling {
  const parsed = definition.args.safeParse(masked.args)
  if (parsed.success) return { targets: definition.targets(parsed.data).filter((target) => !isOpen(target)) }
  const certain = parsed.error.issues.filter(
    (issue) => issue.code === 'unrecognized_keys' || !masked.paths.some((path) => isPrefix(path, issue.path) || isPrefix(issue.path, path)),
  )
  if (certain.length === 0) return { targets: [] }
  return argsRefusal(definition, certain)
}

function isOpen(target: Target): boolean {
  const texts = target.kind === 'path' ? [target.path] : target.kind === 'command' ? target.argv : [target.url]
  return texts.some((text) => text.includes(UNRESOLVED))
}

function isPrefix(short: readonly PropertyKey[], long: readonly PropertyKey[]): boolean {
  return short.every((key, index) => key === long[index])
}
