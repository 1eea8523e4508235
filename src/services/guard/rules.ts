import type { Policy } from '../../model/policy.ts'
import type { Decision } from '../../model/verdict.ts'
import { coversName, knownNames, patternProblem, unknownNameProblem } from './names.ts'
import { compileSpecifier, type Specifier } from './specifier.ts'

/** One entry of one rule. */
export interface Entry extends Specifier {
  readonly decision: Decision
  readonly ruleId: string
  readonly reason: string | null
}

/** A policy that can decide. */
export interface RuleBook {
  readonly name: string
  readonly enforcement: Policy['enforcement']
  readonly limits: Policy['limits']
  readonly entries: readonly Entry[]
  readonly defaults: ReadonlyMap<string, Decision>
}

/** What is wrong at one place of a policy. */
export interface PolicyProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

interface Located {
  readonly entry: Entry
  readonly path: readonly (string | number)[]
}

const DECISIONS = ['deny', 'ask', 'allow'] as const

/** Compiles a policy; every problem is collected. Names are checked when the capabilities are known (`catalogNames` not null). */
export function compileRules(
  policy: Policy,
  name: string,
  catalogNames: readonly string[] | null,
): { readonly book: RuleBook; readonly problems: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = []
  const located = policy.rules.flatMap((_, index) => compileRule(policy, name, index, problems))
  for (const key of Object.keys(policy.defaults)) {
    const message = patternProblem(key)
    if (message !== null) problems.push({ path: ['defaults', key], message })
  }
  problems.push(...deadEntries(located))
  if (catalogNames !== null) problems.push(...unknownNames(policy, located, knownNames(catalogNames)))
  const defaults = new Map(Object.entries(policy.defaults))
  return { book: { name, enforcement: policy.enforcement, limits: policy.limits, entries: located.map(({ entry }) => entry), defaults }, problems }
}

function compileRule(policy: Policy, name: string, index: number, problems: PolicyProblem[]): readonly Located[] {
  const rule = policy.rules[index]
  return DECISIONS.flatMap((decision) =>
    (rule?.[decision] ?? []).flatMap((text, at) => {
      const path = ['rules', index, decision, at]
      const compiled = compileSpecifier(text)
      if (typeof compiled === 'string') {
        problems.push({ path, message: compiled })
        return []
      }
      return [{ path, entry: { ...compiled, decision, ruleId: `${name}:rules[${index}].${decision}`, reason: rule?.reason ?? null } }]
    }),
  )
}

/** Entries that can never decide, because a stricter one covers all they cover: almost always a mistake of the author. */
function deadEntries(located: readonly Located[]): readonly PolicyProblem[] {
  return located.flatMap(({ entry, path }) => {
    const over = located.find(
      ({ entry: other }) =>
        isStricterThan(other, entry) &&
        coversName(other.capability, entry.capability) &&
        (other.specifier === null || other.specifier === entry.specifier),
    )
    return over
      ? [
          {
            path,
            message: `"${entry.text}" never applies: ${over.entry.ruleId} ("${over.entry.text}") is stricter and covers it; use defaults for what no rule matches`,
          },
        ]
      : []
  })
}

function isStricterThan(a: Entry, b: Entry): boolean {
  return DECISIONS.indexOf(a.decision) < DECISIONS.indexOf(b.decision)
}

function unknownNames(policy: Policy, located: readonly Located[], names: readonly string[]): readonly PolicyProblem[] {
  const used = [
    ...located.map(({ entry, path }) => ({ path, pattern: entry.capability })),
    ...Object.keys(policy.defaults)
      .filter((key) => patternProblem(key) === null)
      .map((pattern) => ({ path: ['defaults', pattern], pattern })),
  ]
  return used.flatMap(({ path, pattern }) => {
    const message = unknownNameProblem(pattern, names)
    return message === null ? [] : [{ path, message }]
  })
}
