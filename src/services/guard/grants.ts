import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { originOf, readWebUrl } from '../../input/web-url.ts'
import type { Action, Target } from '../../model/action.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { startsOthers } from './command.ts'
import type { RunGrant } from './guard.ts'
import { baseName } from './match-target.ts'
import type { Places } from './path.ts'
import { higherRisk, riskOf } from './risk.ts'
import type { CheckedTarget } from './specifier.ts'

/** An action that the guard asks about, with what it asks for. */
export interface Asked {
  readonly action: Action
  readonly definition: CapabilityDefinition
  readonly targets: readonly CheckedTarget[]
  readonly ruleId: string
}

/** What is put where the action goes. It may be any; all arguments besides, but for those that are targets, must be the same. */
const CONTENT = new Set(['content', 'body'])
/** Programs with another program among their arguments, or in the project: a task, a query, a session on another machine. */
const TAKES_PROGRAMS =
  /^(?:g?sed|[gmn]?awk|original-awk|ed|ex|vim?|nvim|emacs|gdb|sqlite3|psql|mysql|mariadb|[bd]c|jq|g?make|just|npm|pnpm|yarn|bun|cargo|go|gradlew?|mvnw?|docker|podman|kubectl|ssh|tmux|screen|expect|tclsh)$/
/** A word that is a name and nothing else: no flag, no assignment, no `+ref` or `:ref`, no URL, nothing outside its folder. */
const PLAIN_NAME = /^[A-Za-z0-9_][\w.,@-]*(?:\/[A-Za-z0-9_][\w.,@-]*)*$/

/**
 * The first of a run's grants that covers an action. The very same arguments are covered whatever asked; something like them only where the
 * same rule of the policy asked, it is no riskier, and all but the place and the content is the same: a path in the same folder, the same
 * program with the same first word and other names in the place of names, the same origin and method. What carries program text, starts other
 * programs, or touches nothing that can be compared is never "like" anything.
 */
export function grantFor(grants: readonly RunGrant[], asked: Asked, places: Places): RunGrant | undefined {
  return grants.find((grant) => grant.action.capability === asked.action.capability && covers(grant, asked, places))
}

function covers(grant: RunGrant, asked: Asked, places: Places): boolean {
  if (isDeepStrictEqual(grant.action.args, asked.action.args)) return grant.ruleId === asked.ruleId
  if (grant.ruleId !== asked.ruleId || asked.ruleId.startsWith('builtin:') || asked.targets.length === 0) return false
  const [before, now] = [grant.action, asked.action].map(({ args }) => asked.definition.args.safeParse(args))
  if (before?.success !== true || now?.success !== true) return false
  const granted = asked.definition.targets(before.data)
  const isCommand = asked.targets.some(({ kind }) => kind === 'command')
  return (
    isDeepStrictEqual(besides(before.data, granted), besides(now.data, asked.definition.targets(now.data))) &&
    asked.targets.every((target) =>
      granted.some((other) => isLike(other, target, places, isCommand) && isNoRiskier(asked.definition, other, target, places)),
    )
  )
}

/** The arguments that are neither targets, which are compared one by one, nor content. */
function besides(args: object, targets: readonly Target[]): object {
  const parts = new Set<unknown>(targets.map((target) => (target.kind === 'path' ? target.path : target.kind === 'url' ? target.url : target.argv)))
  return Object.fromEntries(Object.entries(args).filter(([key, value]) => !CONTENT.has(key) && !parts.has(value)))
}

function isNoRiskier(definition: CapabilityDefinition, granted: Target, target: CheckedTarget, { workspace }: Places): boolean {
  if (granted.kind !== 'path') return true
  const before = riskOf(definition, [{ ...granted, names: [resolve(workspace, granted.path)] }]).risk
  return higherRisk(before, riskOf(definition, [target]).risk) === before
}

function isLike(granted: Target, target: CheckedTarget, places: Places, isCommand: boolean): boolean {
  if (granted.kind === 'path' && target.kind === 'path') {
    // Where a command runs decides what its words mean.
    if (isCommand) return target.names.every((name) => name === resolve(places.workspace, granted.path))
    const folder = dirname(resolve(places.workspace, granted.path))
    return granted.access === target.access && target.names.every((name) => dirname(name) === folder)
  }
  if (granted.kind === 'command' && target.kind === 'command') return isLikeCommand(granted.argv, target.argv)
  if (granted.kind !== 'url' || target.kind !== 'url') return false
  const url = readWebUrl(granted.url)
  return typeof url !== 'string' && originOf(url) === originOf(target)
}

function isLikeCommand(granted: readonly string[], asked: readonly string[]): boolean {
  const [program = '', first = '-'] = granted
  if (startsOthers(granted) || startsOthers(asked) || TAKES_PROGRAMS.test(baseName(program))) return false
  // What a leading flag makes of the words after it, only the program knows; settings say what runs later.
  if (first.startsWith('-') || first === 'config' || asked.length !== granted.length) return false
  return asked.every((word, index) => word === granted[index] || (index > 1 && isLikeName(granted[index] ?? '', word)))
}

function isLikeName(granted: string, asked: string): boolean {
  return PLAIN_NAME.test(granted) && PLAIN_NAME.test(asked) && dirname(granted) === dirname(asked)
}
