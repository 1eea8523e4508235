import type { Target } from '../../model/action.ts'
import type { RiskLevel } from '../../model/plan.ts'
import type { Taint } from '../../model/verdict.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { decide, decideAtBest } from './decide.ts'
import { doubtful, doubtsAbout, factsOf, weigh } from './doubts.ts'
import type { Provenance } from './guard.ts'
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
  /** Whether it, or one of its targets, is one that no policy can allow. */
  readonly trespass: boolean
  /** Arguments from what was read, where that mattered. */
  readonly taint: readonly Taint[]
  /** What else was found against it, by how grave it is. */
  readonly findings: readonly RiskLevel[]
  /** A person granted it for the run. */
  readonly isGranted?: boolean
}

/** Judges the part of a step that no reference can change; what is open counts as well as it could turn out. */
export function foreseeMasked(book: RuleBook, definition: CapabilityDefinition, masked: Masked, places: Places, provenance: Provenance): Ruled {
  const nothing = { targets: [], trespass: false, taint: [], findings: [] }
  const known = knownTargets(definition, masked)
  if ('ruleId' in known) return { ...nothing, ruling: known }
  const { checked, refusals } = inspectTargets(known.targets, places)
  const [firstRefusal, ...otherRefusals] = refusals
  if (firstRefusal) return { ...nothing, ruling: strictest([firstRefusal, ...otherRefusals]), targets: checked, trespass: true }

  const capability = baseNameOf(definition.name)
  const atBest = decideAtBest(book, capability)
  const said =
    checked.length === 0
      ? atBest
      : strictest([atBest, decide(book, capability, masked.args, checked, places, { ...factsOf(definition, checked, provenance), open: true })])
  const doubts = doubtsAbout(definition, masked.args, known.all, provenance, book)
  return { ...nothing, ruling: open(weigh(said, doubts)), targets: checked, ...doubtful(doubts, provenance) }
}

function open(ruling: Ruling): Ruling {
  return ruling.decision === 'deny'
    ? ruling
    : { ...ruling, reason: `${ruling.reason}; some arguments come from earlier steps, so the last word comes when they are known` }
}

interface KnownTargets {
  /** As they would be with the references in place of their values. */
  readonly all: readonly Target[]
  readonly targets: readonly Target[]
}

/** Targets that contain no part of a reference. None are known when the schema cannot read the arguments before the references are resolved. */
function knownTargets(definition: CapabilityDefinition, masked: Masked): KnownTargets | Ruling {
  const parsed = definition.args.safeParse(masked.args)
  if (parsed.success) {
    const all = definition.targets(parsed.data)
    return { all, targets: all.filter((target) => !isOpen(target)) }
  }
  const certain = parsed.error.issues.filter(
    (issue) => issue.code === 'unrecognized_keys' || !masked.paths.some((path) => isPrefix(path, issue.path) || isPrefix(issue.path, path)),
  )
  if (certain.length === 0) return { all: [], targets: [] }
  return argsRefusal(definition, certain)
}

function isOpen(target: Target): boolean {
  const texts = target.kind === 'path' ? [target.path] : target.kind === 'command' ? target.argv : [target.url]
  return texts.some((text) => text.includes(UNRESOLVED))
}

function isPrefix(short: readonly PropertyKey[], long: readonly PropertyKey[]): boolean {
  return short.every((key, index) => key === long[index])
}
