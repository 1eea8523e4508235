import type { Decision } from '../../model/verdict.ts'
import { indexEntries, type Candidates } from './candidates.ts'
import type { Entry } from './entry.ts'
import { coversName, specificity } from './names.ts'
import type { TargetKind } from './specifier.ts'

/** The entries that can concern one kind of target, by what they decide. */
export interface ByDecision extends Readonly<Record<Decision, Candidates>> {
  /** Those that ask and may be milder than what would be without them. */
  readonly lifting: Candidates
}

/** What a policy says about one capability. */
export interface RulesOf {
  readonly entries: readonly Entry[]
  /** `none` is an action that names no target: only entries without specifier mean it. */
  readonly about: Readonly<Record<TargetKind | 'none', ByDecision>>
  /** The key of `defaults` that says what happens when no rule matches; null when none does. */
  readonly fallback: string | null
}

/** Capabilities whose rules are kept sorted out; a catalog has fewer, and past that they are sorted out each time. */
const MAX_KEPT = 5000

/** Sorts rules by capability and by the kind of target, once for each capability that is asked about. */
export function indexRules(entries: readonly Entry[], defaults: ReadonlyMap<string, Decision>): (capability: string) => RulesOf {
  const kept = new Map<string, RulesOf>()
  return (capability) => {
    const before = kept.get(capability)
    if (before) return before
    const found = rulesOf(capability, entries, defaults)
    if (kept.size < MAX_KEPT) kept.set(capability, found)
    return found
  }
}

function rulesOf(capability: string, all: readonly Entry[], defaults: ReadonlyMap<string, Decision>): RulesOf {
  const entries = all.filter((entry) => coversName(entry.capability, capability))
  const about = (kind: TargetKind): ByDecision =>
    byDecision(
      entries.filter((entry) => entry.kinds.includes(kind)),
      kind,
    )
  const [fallback = null] = [...defaults.keys()].filter((pattern) => coversName(pattern, capability)).sort((a, b) => specificity(b) - specificity(a))
  return {
    entries,
    about: {
      path: about('path'),
      command: about('command'),
      url: about('url'),
      none: byDecision(
        entries.filter(({ specifier }) => specifier === null),
        'none',
      ),
    },
    fallback,
  }
}

function byDecision(entries: readonly Entry[], kind: TargetKind | 'none'): ByDecision {
  const those = (holds: (entry: Entry) => boolean): Candidates => indexEntries(entries.filter(holds), kind)
  return {
    allow: those(({ decision }) => decision === 'allow'),
    ask: those(({ decision }) => decision === 'ask'),
    deny: those(({ decision }) => decision === 'deny'),
    lifting: those(({ decision, narrows }) => decision === 'ask' && !narrows),
  }
}
