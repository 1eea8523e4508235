import { Policy, type EnforcementLevel, type PolicyRule } from '../../model/policy.ts'
import { TrajectorySettings } from '../../model/trajectory.ts'
import type { Decision } from '../../model/verdict.ts'
import type { PolicyProblem, RuleOrigin } from './entry.ts'
import { coversName, specificity } from './names.ts'
import { isStricter } from './ruling.ts'

/** Who wrote a policy, from the lowest layer to the highest. */
export const TIERS = ['profile', 'user', 'workspace', 'command-line'] as const
export type TierKind = (typeof TIERS)[number]

/** One layer of the effective policy. */
export interface Tier {
  readonly kind: TierKind
  /** Begins the ids of its rules. */
  readonly name: string
  /** Absolute path of its file; null when it was typed. */
  readonly source: string | null
  readonly policy: Policy
  /** The top-level keys that it has: what it leaves out says nothing about the layers below. */
  readonly given: readonly string[]
  /** Line of a place in its file, from 1. */
  readonly lineOf?: (path: readonly (string | number)[]) => number
}

/** Something in a tier that has no effect; an error means that the policy must not be used. */
export interface TierProblem extends PolicyProblem {
  readonly severity: 'error' | 'warning'
  readonly tier: string
  /** `file:line`, or null when the tier has no file. */
  readonly at: string | null
}

/** Several policies as one. */
export interface MergedPolicy {
  readonly policy: Policy
  /** The lowest tier's name. */
  readonly name: string
  /** Where each rule of `policy` was written, in the same order: what `compileRules` takes. */
  readonly origins: readonly RuleOrigin[]
  readonly problems: readonly TierProblem[]
}

interface Lock {
  readonly by: string
  readonly patterns: readonly string[]
}

interface Layered {
  readonly locks: readonly Lock[]
  /** What the trusted layers say, later ones in place of earlier ones. */
  readonly defaults: Readonly<Record<string, Decision>>
  /** What layers say that may only narrow; each counts as far as it is stricter. */
  readonly narrowing: readonly Readonly<Record<string, Decision>>[]
  readonly enforcement: EnforcementLevel
  readonly rules: readonly { readonly rule: PolicyRule; readonly origin: RuleOrigin }[]
  readonly problems: readonly TierProblem[]
}

const LEVELS: readonly EnforcementLevel[] = ['disabled', 'monitor', 'permissive', 'strict']

/**
 * Lays policies over each other. All rules count, and deny wins over ask, ask over allow, whichever layer they are in; a higher layer's
 * defaults replace those of lower ones, limits are the smallest, refused goals are all of them. What lies in the workspace may only narrow,
 * because whoever wrote the files of the workspace wrote it; so does each layer over one that says `narrow_only`. Of a layer that may only
 * narrow, `allow` has no effect (an error where the operator wrote it, a warning in the workspace), and `ask` is never milder than without it.
 */
export function mergeTiers(given: readonly Tier[]): MergedPolicy {
  const tiers = given.toSorted((a, b) => TIERS.indexOf(a.kind) - TIERS.indexOf(b.kind))
  const [lowest] = tiers
  if (lowest === undefined) throw new RangeError('there is no policy to begin with')
  const bottom: Layered = { locks: [], defaults: {}, narrowing: [], enforcement: lowest.policy.enforcement, rules: [], problems: [] }
  const merged = tiers.reduce(layOver, bottom)
  const locks = merged.locks.flatMap(({ patterns }) => patterns)
  const policy: Policy = {
    version: 1,
    enforcement: merged.enforcement,
    ...(locks.length === 0 ? {} : { narrow_only: locks }),
    defaults: strictestDefaults(merged),
    rules: merged.rules.map(({ rule }) => rule),
    goals: { deny: [...new Set(tiers.flatMap(({ policy: { goals } }) => goals.deny))] },
    limits: smallestLimits(tiers),
    trajectory: strictestTrajectory(tiers, merged.enforcement),
  }
  return { policy, name: lowest.name, origins: merged.rules.map(({ origin }) => origin), problems: merged.problems }
}

function layOver(below: Layered, tier: Tier): Layered {
  const { policy, given } = tier
  const lockOf = (pattern: string): string | null =>
    tier.kind === 'workspace'
      ? 'a policy in the workspace'
      : (below.locks.find(({ patterns }) => patterns.some((lock) => overlap(lock, pattern)))?.by ?? null)
  const ruled = policy.rules.map((rule, index) => layRule(tier, rule, index, lockOf))
  const [free, locked] = split(policy.defaults, (pattern) => lockOf(pattern) === null)
  const enforcement = layEnforcement(below, tier, lockOf('*'))
  const defaults = { ...below.defaults, ...free }
  const loose = Object.entries(locked).filter(([pattern, decision]) => isStricter(fallback(below.defaults, pattern), decision))
  return {
    locks: policy.narrow_only === undefined || policy.narrow_only === false ? below.locks : [...below.locks, lockOfTier(tier, policy.narrow_only)],
    defaults,
    narrowing: Object.keys(locked).length === 0 ? below.narrowing : [...below.narrowing, locked],
    enforcement: given.includes('enforcement') ? enforcement.level : below.enforcement,
    rules: [...below.rules, ...ruled.flatMap(({ kept }) => kept)],
    problems: [
      ...below.problems,
      ...enforcement.problems,
      ...loose.map(([pattern]) =>
        problem(tier, ['defaults', pattern], `the default of ${pattern} is milder than below, ${why(lockOf(pattern))}; remove it`),
      ),
      ...ruled.flatMap(({ problems }) => problems),
    ],
  }
}

interface LaidRule {
  readonly kept: Layered['rules']
  readonly problems: readonly TierProblem[]
}

function layRule(tier: Tier, rule: PolicyRule, index: number, lockOf: (pattern: string) => string | null): LaidRule {
  const locked = (text: string): boolean => lockOf(capabilityOf(text)) !== null
  const origin = (narrows: boolean): RuleOrigin => ({ policy: tier.name, index, at: placeOf(tier, ['rules', index]), narrows })
  // What is left of a rule need not match all its examples; these were tried when its file was loaded.
  const { examples: _, ...bare } = rule
  const { allow, ask } = bare
  if (allow) {
    const kept = allow.filter((text) => !locked(text))
    const problems = allow.flatMap((text, at) =>
      locked(text) ? [problem(tier, ['rules', index, 'allow', at], `"${text}" has no effect, ${why(lockOf(capabilityOf(text)))}; remove it`)] : [],
    )
    return { kept: kept.length === 0 ? [] : [{ rule: { ...bare, allow: kept }, origin: origin(false) }], problems }
  }
  if (!ask) return { kept: [{ rule: bare, origin: origin(false) }], problems: [] }
  // Asking lifts a default denial, so what may only narrow asks about what is allowed and about nothing else.
  const parts = [ask.filter((text) => !locked(text)), ask.filter(locked)] as const
  return {
    kept: parts.flatMap((texts, at) => (texts.length === 0 ? [] : [{ rule: { ...bare, ask: texts }, origin: origin(at === 1) }])),
    problems: [],
  }
}

function layEnforcement(
  below: Layered,
  tier: Tier,
  lock: string | null,
): { readonly level: EnforcementLevel; readonly problems: readonly TierProblem[] } {
  const wanted = tier.policy.enforcement
  const isWeaker = LEVELS.indexOf(wanted) < LEVELS.indexOf(below.enforcement)
  if (!tier.given.includes('enforcement') || !isWeaker || lock === null) return { level: wanted, problems: [] }
  const message = `"${wanted}" is weaker than "${below.enforcement}" below, ${why(lock)}; remove it`
  return { level: below.enforcement, problems: [problem(tier, ['enforcement'], message)] }
}

/** For every pattern that any layer names: what the layer that knows best says, or the strictest of those that may only narrow. */
function strictestDefaults({ defaults, narrowing, enforcement }: Layered): Record<string, Decision> {
  const patterns = new Set([defaults, ...narrowing].flatMap(Object.keys))
  return Object.fromEntries(
    [...patterns].map((pattern) => {
      const said = [fallback(defaults, pattern), ...narrowing.flatMap((layer) => bestOf(layer, pattern) ?? [])]
      // Where denials pass, asking is what holds most.
      if (enforcement === 'permissive' && said.includes('ask')) return [pattern, 'ask']
      return [pattern, said.reduce((worst, decision) => (isStricter(decision, worst) ? decision : worst))]
    }),
  )
}

function fallback(defaults: Readonly<Record<string, Decision>>, pattern: string): Decision {
  return bestOf(defaults, pattern) ?? 'deny'
}

/** What a layer says about all that a pattern covers: its most specific default that covers it. */
function bestOf(defaults: Readonly<Record<string, Decision>>, pattern: string): Decision | undefined {
  const [best] = Object.keys(defaults)
    .filter((key) => coversName(key, pattern))
    .sort((a, b) => specificity(b) - specificity(a))
  return best === undefined ? undefined : defaults[best]
}

function smallestLimits(tiers: readonly Tier[]): Policy['limits'] {
  const each = tiers.map(({ policy: { limits } }) => limits)
  const run = smallest(each.map((limits) => limits.run ?? {}))
  const whole = smallest(each.map(({ run: _, ...limits }) => limits))
  return Policy.shape.limits.parse({ ...whole, ...(Object.keys(run).length === 0 ? {} : { run }) })
}

function smallest(each: readonly Readonly<Record<string, number | undefined>>[]): Record<string, number> {
  const least = new Map<string, number>()
  for (const limits of each) {
    for (const [key, limit] of Object.entries(limits)) if (limit !== undefined) least.set(key, Math.min(limit, least.get(key) ?? limit))
  }
  return Object.fromEntries(least)
}

/** Of each setting the strictest that a layer names; the layer at the bottom has the defaults where it names none. */
function strictestTrajectory(tiers: readonly Tier[], enforcement: EnforcementLevel): TrajectorySettings {
  // Where denials pass, asking is what holds most.
  const answers = enforcement === 'permissive' ? (['deny', 'ask'] as const) : ANSWERS
  const [lowest, ...higher] = tiers.map(({ policy }) => policy.trajectory)
  return higher.reduce<TrajectorySettings>(
    (below, layer) => ({
      pin: stricterOf(PINS, below.pin, layer?.pin),
      taint: stricterOf(TAINTS, below.taint, layer?.taint),
      unplanned: stricterOf(answers, below.unplanned, layer?.unplanned),
      tainted: stricterOf(answers, below.tainted, layer?.tainted),
      disguised: stricterOf(answers, below.disguised, layer?.disguised),
    }),
    lowest ?? TrajectorySettings.parse({}),
  )
}

const PINS = ['off', 'tools', 'arguments'] as const
const TAINTS = ['off', 'sinks', 'everything'] as const
const ANSWERS = ['ask', 'deny'] as const

function stricterOf<T>(order: readonly T[], below: T, layer: T | undefined): T {
  return layer !== undefined && order.indexOf(layer) > order.indexOf(below) ? layer : below
}

function overlap(a: string, b: string): boolean {
  return coversName(a, b) || coversName(b, a)
}

function capabilityOf(text: string): string {
  return (text.split('(', 1)[0] ?? text).trim()
}

function lockOfTier(tier: Tier, narrowOnly: true | string[]): Lock {
  return { by: tier.name, patterns: narrowOnly === true ? ['*'] : narrowOnly }
}

function why(lock: string | null): string {
  return lock === 'a policy in the workspace'
    ? `and ${lock} can only narrow`
    : `and ${lock ?? 'a policy below'} lets it only be narrowed (narrow_only)`
}

function problem(tier: Tier, path: PolicyProblem['path'], message: string): TierProblem {
  return { severity: tier.kind === 'workspace' ? 'warning' : 'error', tier: tier.name, at: placeOf(tier, path), path, message }
}

function placeOf(tier: Tier, path: PolicyProblem['path']): string | null {
  return tier.source === null ? null : `${tier.source}:${tier.lineOf?.(path) ?? 1}`
}

function split(defaults: Policy['defaults'], isFree: (pattern: string) => boolean): readonly [Policy['defaults'], Policy['defaults']] {
  const part = (free: boolean): Policy['defaults'] => Object.fromEntries(Object.entries(defaults).filter(([pattern]) => isFree(pattern) === free))
  return [part(true), part(false)]
}
