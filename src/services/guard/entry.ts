import type { Decision } from '../../model/verdict.ts'
import type { Condition } from './condition/condition.ts'
import type { Specifier } from './specifier.ts'

/** One entry of one rule. */
export interface Entry extends Specifier {
  readonly decision: Decision
  readonly ruleId: string
  readonly reason: string | null
  /** Both absent in most rules. */
  readonly when: Condition | null
  readonly unless: Condition | null
  /** It comes from a policy that may only narrow: asking is then never milder than what would be without it. */
  readonly narrows: boolean
}

/** Where a rule was written, when a policy is made of several. */
export interface RuleOrigin {
  /** Begins the rule's id. */
  readonly policy: string
  /** Its place in that policy. */
  readonly index: number
  /** File and line; null when it was not written in a file. */
  readonly at: string | null
  /** It may only narrow. */
  readonly narrows: boolean
}

/** What is wrong at one place of a policy. */
export interface PolicyProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An entry with its place in the policy. */
export interface LocatedEntry {
  readonly entry: Entry
  readonly path: readonly (string | number)[]
  readonly origin: RuleOrigin
}

/** The decisions, the strictest first. */
export const DECISIONS = ['deny', 'ask', 'allow'] as const
