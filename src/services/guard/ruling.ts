import type { Decision } from '../../model/verdict.ts'

/** One thing the guard found out about an action. Of several, the strictest counts. */
export interface Ruling {
  readonly decision: Decision
  /** `<policy>:rules[3].deny`, `<policy>:defaults.fs.write`, `<policy>:limits.max_file_bytes` or `builtin:<what>`. */
  readonly ruleId: string
  readonly reason: string
  readonly hint: string | null
}

const STRICTNESS: Record<Decision, number> = { allow: 0, ask: 1, deny: 2 }
const MAX_REASONS = 5

/** True when `a` lets less pass than `b`. */
export function isStricter(a: Decision, b: Decision): boolean {
  return STRICTNESS[a] > STRICTNESS[b]
}

/** A denial that no policy can turn into anything else. */
export function refusal(what: string, reason: string, hint: string | null = null): Ruling {
  return { decision: 'deny', ruleId: `builtin:${what}`, reason, hint }
}

/** The strictest of several rulings, with the reasons of all that are as strict; the first of them names the rule. */
export function strictest(rulings: readonly [Ruling, ...Ruling[]]): Ruling {
  const top = rulings.reduce((worst, ruling) => (isStricter(ruling.decision, worst.decision) ? ruling : worst))
  const reasons = [...new Set(rulings.filter((ruling) => ruling.decision === top.decision).map((ruling) => ruling.reason))]
  const more = reasons.length - MAX_REASONS
  const shown = reasons.slice(0, MAX_REASONS).join('; ')
  return { ...top, reason: more > 0 ? `${shown}; and ${more} more` : shown }
}
