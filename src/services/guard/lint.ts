import type { Policy } from '../../model/policy.ts'
import { coversSpecifier } from './coverage.ts'
import { DECISIONS, type LocatedEntry, type PolicyProblem } from './entry.ts'
import { coversName } from './names.ts'
import type { TargetKind } from './specifier.ts'

/** Capabilities whose words can start anything or reach anywhere: what is allowed of them should be named. */
const BROAD: readonly string[] = ['shell.exec', 'http.fetch', 'http.send', 'mcp.call']
/** The kinds of target that the shipped capabilities have. Commands also have the files they read and write. */
const KINDS: readonly (readonly [string, readonly TargetKind[]])[] = [
  ['fs.*', ['path']],
  ['git.*', ['path']],
  ['analysis.*', ['path']],
  ['http.*', ['url']],
  ['shell.*', ['command', 'path']],
]
const KIND_WORDS: Readonly<Record<TargetKind, string>> = { path: 'paths', command: 'commands', url: 'hosts' }

/** What is allowed but hardly meant, each with what to do about it. The policy compiles. */
export function lintPolicy(policy: Policy, located: readonly LocatedEntry[]): readonly PolicyProblem[] {
  return [
    ...weakEnforcement(policy),
    ...located.flatMap((one, index) => [...lintEntry(one), ...lintAgainst(one, located, index)]),
    ...lintConditions(located),
  ]
}

function weakEnforcement({ enforcement }: Policy): readonly PolicyProblem[] {
  if (enforcement === 'strict') return []
  const effect = { permissive: 'denials pass', monitor: 'denials and questions pass', disabled: 'no rule is looked at' }[enforcement]
  return [{ path: ['enforcement'], message: `with "${enforcement}" ${effect}; use strict where it matters` }]
}

function lintEntry({ entry, path }: LocatedEntry): readonly PolicyProblem[] {
  const { capability, text, decision, specifier, kinds } = entry
  const found: PolicyProblem[] = []
  const isBare = specifier === null && entry.when === null && entry.unless === null
  const broad = decision === 'allow' && isBare ? BROAD.filter((name) => coversName(capability, name)) : []
  if (broad.length > 0) {
    const remedy = capability === '*' ? 'name the capabilities that are meant' : `say which, as in ${capability}(…), or add a condition`
    found.push({ path, message: `"${text}" allows every use of ${broad.join(', ')}; ${remedy}` })
  }
  const own = ownKinds(capability)
  if (specifier !== null && own && !kinds.some((kind) => own.includes(kind))) {
    const has = own.map((kind) => KIND_WORDS[kind]).join(' and ')
    found.push({ path, message: `"${text}" matches nothing: ${capability} is about ${has}, and (${specifier}) is not` })
  }
  return found
}

function ownKinds(capability: string): readonly TargetKind[] | undefined {
  return KINDS.find(([family]) => coversName(family, capability))?.[1]
}

/** Each entry against those that make it useless: a wider one that is as strict or stricter, and an equal one before it. */
function lintAgainst({ entry, path, origin }: LocatedEntry, located: readonly LocatedEntry[], at: number): readonly PolicyProblem[] {
  const own = ownKinds(entry.capability)
  const arePaths = own?.length === 1 && own[0] === 'path'
  for (const [index, other] of located.entries()) {
    const wide = other.entry
    if (index === at || other.origin.policy !== origin.policy || !sameConditions(wide, entry)) continue
    const isSame = wide.capability === entry.capability && wide.specifier === entry.specifier
    const order = DECISIONS.indexOf(wide.decision) - DECISIONS.indexOf(entry.decision)
    if (order > 0 || (isSame && (order < 0 || index > at))) continue
    if (!coversName(wide.capability, entry.capability) || !coversSpecifier(wide.specifier, entry.specifier, arePaths)) continue
    const where = `${wide.ruleId} ("${wide.text}")`
    if (isSame) return [{ path, message: `"${entry.text}" stands in ${where} already; remove one of them` }]
    // The compiler refuses what a bare capability covers.
    if (order < 0 && wide.specifier === null) continue
    const message =
      order === 0 ? `adds nothing to ${where}, which covers it; remove it` : `never decides: ${where} is stricter and covers it; remove one of them`
    return [{ path, message: `"${entry.text}" ${message}` }]
  }
  return []
}

function sameConditions(wide: LocatedEntry['entry'], entry: LocatedEntry['entry']): boolean {
  const isBare = wide.when === null && wide.unless === null
  return isBare || (wide.when?.text === entry.when?.text && wide.unless?.text === entry.unless?.text)
}

/** Conditions that say nothing, once for each rule. */
function lintConditions(located: readonly LocatedEntry[]): readonly PolicyProblem[] {
  const seen = new Set<unknown>()
  return located.flatMap(({ entry: { when, unless }, path }) => {
    const rule = path[1] ?? 0
    if (seen.has(rule)) return []
    seen.add(rule)
    const at = (key: 'when' | 'unless'): PolicyProblem['path'] => ['rules', rule, key]
    return [
      ...(when?.constant === true ? [{ path: at('when'), message: `"${when.text}" always holds; remove it` }] : []),
      ...(when?.constant === false ? [{ path: at('when'), message: `"${when.text}" never holds, so the rule never applies; remove the rule` }] : []),
      ...(unless?.constant === true
        ? [{ path: at('unless'), message: `"${unless.text}" always holds, so the rule never applies; remove the rule` }]
        : []),
      ...(unless?.constant === false ? [{ path: at('unless'), message: `"${unless.text}" never holds; remove it` }] : []),
      ...(when !== null && when.text === unless?.text
        ? [{ path: at('unless'), message: 'is the same as `when`, so the rule never applies; remove one of them' }]
        : []),
    ]
  })
}
