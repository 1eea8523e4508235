import type { Policy, PolicyRule } from '../../model/policy.ts'
import { TrajectorySettings } from '../../model/trajectory.ts'
import type { Decision } from '../../model/verdict.ts'
import { compileCondition, type Condition } from './condition/condition.ts'
import { DECISIONS, type Entry, type LocatedEntry, type PolicyProblem, type RuleOrigin } from './entry.ts'
import { exampleProblems } from './examples.ts'
import { knownNames, patternProblem, unknownNameProblem } from './names.ts'
import { indexRules, type RulesOf } from './rule-index.ts'
import { compileSpecifier } from './specifier.ts'

export type { Entry, LocatedEntry, PolicyProblem, RuleOrigin }

/** A policy that can decide. */
export interface RuleBook {
  readonly name: string
  readonly enforcement: Policy['enforcement']
  readonly limits: Policy['limits']
  readonly trajectory: TrajectorySettings
  readonly entries: readonly Entry[]
  readonly defaults: ReadonlyMap<string, Decision>
  /** What concerns a capability (without version), sorted out once. */
  rulesOf(capability: string): RulesOf
}

/**
 * Compiles a policy; every problem is collected. Names are checked when the capabilities are known (`catalogNames` not null). `origins`
 * says of each rule where it was written, when the policy was merged of several.
 */
export function compileRules(
  policy: Policy,
  name: string,
  catalogNames: readonly string[] | null,
  origins: readonly RuleOrigin[] = [],
): { readonly book: RuleBook; readonly problems: readonly PolicyProblem[]; readonly located: readonly LocatedEntry[] } {
  const problems: PolicyProblem[] = []
  const originOf = (index: number): RuleOrigin => origins[index] ?? { policy: name, index, at: null, narrows: false }
  const located = policy.rules.flatMap((rule, index) => compileRule(rule, index, originOf(index), problems))
  for (const [path, pattern] of patternsOf(policy)) {
    const message = patternProblem(pattern)
    if (message !== null) problems.push({ path, message })
  }
  problems.push(...repeatedIds(policy, originOf), ...deadEntries(located))
  if (catalogNames !== null) problems.push(...unknownNames(policy, located, knownNames(catalogNames)))
  const entries = located.map(({ entry }) => entry)
  const defaults = new Map(Object.entries(policy.defaults))
  const { enforcement, limits, trajectory = TrajectorySettings.parse({}) } = policy
  const book = { name, enforcement, limits, trajectory, entries, defaults, rulesOf: indexRules(entries, defaults) }
  return { book, problems, located }
}

function compileRule(rule: PolicyRule, index: number, origin: RuleOrigin, problems: PolicyProblem[]): readonly LocatedEntry[] {
  const before = problems.length
  const condition = (key: 'when' | 'unless'): Condition | null => {
    const text = rule[key]
    const compiled = text === undefined ? null : compileCondition(text)
    if (typeof compiled !== 'string') return compiled
    problems.push({ path: ['rules', index, key], message: compiled })
    return null
  }
  const [when, unless] = [condition('when'), condition('unless')]
  const located = DECISIONS.flatMap((decision) =>
    (rule[decision] ?? []).flatMap((text, at) => {
      const path = ['rules', index, decision, at]
      const compiled = compileSpecifier(text)
      if (typeof compiled === 'string') {
        problems.push({ path, message: compiled })
        return []
      }
      const ruleId = `${origin.policy}:${rule.id ?? `rules[${origin.index}].${decision}`}`
      const entry: Entry = { ...compiled, decision, ruleId, reason: rule.reason ?? null, when, unless, narrows: origin.narrows }
      return [{ path, entry, origin }]
    }),
  )
  // A rule that does not compile has no examples to keep.
  if (problems.length > before) return located
  problems.push(
    ...exampleProblems(
      rule,
      located.map(({ entry }) => entry),
    ).map(({ path, message }) => ({ path: ['rules', index, 'examples', ...path], message })),
  )
  return located
}

function repeatedIds(policy: Policy, originOf: (index: number) => RuleOrigin): readonly PolicyProblem[] {
  const seen = new Map<string, number>()
  return policy.rules.flatMap(({ id }, index) => {
    if (id === undefined) return []
    const origin = originOf(index)
    const key = `${origin.policy}:${id}`
    const first = seen.get(key) ?? origin.index
    seen.set(key, first)
    return first === origin.index
      ? []
      : [{ path: ['rules', index, 'id'], message: `"${id}" is the id of rules[${first}] too; give each rule its own` }]
  })
}

/** Entries that can never decide, because a stricter one of the same policy covers all they cover: almost always a mistake of the author. */
function deadEntries(located: readonly LocatedEntry[]): readonly PolicyProblem[] {
  // Found by what they say, not by comparing each with each: whoever wrote a workspace may have written ten thousand.
  const first = new Map<string, number>()
  const keyOf = ({ policy }: RuleOrigin, ...said: readonly (string | null)[]): string => JSON.stringify([policy, ...said])
  for (const [index, { entry, origin }] of located.entries()) {
    if (entry.when !== null || entry.unless !== null) continue
    const key = keyOf(origin, entry.decision, entry.specifier, entry.capability)
    if (!first.has(key)) first.set(key, index)
  }
  return located.flatMap(({ entry, path, origin }) => {
    const covering = DECISIONS.slice(0, DECISIONS.indexOf(entry.decision)).flatMap((decision) =>
      patternsOver(entry.capability).flatMap((pattern) =>
        [null, entry.specifier].map((specifier) => first.get(keyOf(origin, decision, specifier, pattern))),
      ),
    )
    const over = located[Math.min(...covering.map((index) => index ?? Infinity))]
    if (!over) return []
    const { ruleId, text } = over.entry
    return [
      { path, message: `"${entry.text}" never applies: ${ruleId} ("${text}") is stricter and covers it; use defaults for what no rule matches` },
    ]
  })
}

/** Every pattern that covers a name or pattern: `fs.read`, `fs.*` and `*` for `fs.read`. */
function patternsOver(capability: string): readonly string[] {
  const dots = [...capability.matchAll(/\./g)].map(({ index }) => `${capability.slice(0, index)}.*`)
  return [...new Set([capability, ...dots, '*'])]
}

/** The capabilities that are named outside of rules. */
function patternsOf(policy: Policy): readonly (readonly [PolicyProblem['path'], string])[] {
  const locked = Array.isArray(policy.narrow_only) ? policy.narrow_only : []
  return [
    ...Object.keys(policy.defaults).map((key) => [['defaults', key], key] as const),
    ...locked.map((pattern, index) => [['narrow_only', index], pattern] as const),
  ]
}

function unknownNames(policy: Policy, located: readonly LocatedEntry[], names: readonly string[]): readonly PolicyProblem[] {
  const used = [
    ...located.map(({ entry, path }) => [path, entry.capability] as const),
    ...patternsOf(policy).filter(([, pattern]) => patternProblem(pattern) === null),
  ]
  return used.flatMap(([path, pattern]) => {
    const message = unknownNameProblem(pattern, names)
    return message === null ? [] : [{ path, message }]
  })
}
