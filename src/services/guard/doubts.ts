import type { Action, Target } from '../../model/action.ts'
import type { RiskLevel } from '../../model/plan.ts'
import type { Taint } from '../../model/verdict.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import type { DecisionFacts } from './applies.ts'
import { enforce } from './decide.ts'
import type { Provenance } from './guard.ts'
import type { CheckedTarget } from './match-target.ts'
import { judgeProvenance } from './provenance.ts'
import { riskOf } from './risk.ts'
import type { RuleBook } from './rules.ts'
import { strictest, type Ruling } from './ruling.ts'
import { judgeSecrets } from './secret-use.ts'

/** What speaks against an action whatever the policy says, and needs a person: how it came about, and which secrets it would use. */
export function doubtsAbout(
  definition: CapabilityDefinition,
  args: Action['args'],
  targets: readonly Target[],
  provenance: Provenance,
  book: RuleBook,
): readonly Ruling[] {
  if (book.enforcement === 'disabled') return []
  const doubts = [judgeProvenance(definition, args, targets, provenance, book.trajectory), judgeSecrets(definition, args, targets)]
  return doubts.filter((doubt) => doubt !== null).map((doubt) => enforce(book, doubt))
}

/** What conditions of a policy can ask about besides the arguments. */
export function factsOf(definition: CapabilityDefinition, targets: readonly CheckedTarget[], { taint }: Provenance): DecisionFacts {
  return {
    taint: [...new Set(taint.map(({ source }) => source))],
    // Few conditions ask for it.
    get risk() {
      return riskOf(definition, targets).risk
    },
  }
}

/** The policy's word and the doubts together. A doubt is named first: a run's grants lift what the policy asks, never that. */
export function weigh(said: Ruling, doubts: readonly Ruling[]): Ruling {
  const [first, ...others] = doubts
  return first === undefined ? said : strictest([first, ...others, said])
}

/** What doubts add to the findings about an action. */
export function doubtful(
  doubts: readonly Ruling[],
  { taint }: Provenance,
): { readonly taint: readonly Taint[]; readonly findings: readonly RiskLevel[] } {
  return { taint: doubts.some(({ ruleId }) => ruleId === 'builtin:taint') ? taint : [], findings: doubts.map(() => 'high' as const) }
}
