import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { originOf, readWebUrl } from '../../input/web-url.ts'
import type { Action, Target } from '../../model/action.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { startsOthers } from './command.ts'
import type { RunGrant } from './guard.ts'
import type { Places } from './path.ts'
import type { CheckedTarget } from './specifier.ts'

/** An action that the guard asks about, with what it asks for. */
export interface Asked {
  readonly action: Action
  readonly definition: CapabilityDefinition
  readonly targets: readonly CheckedTarget[]
  readonly ruleId: string
}

/**
 * The first of a run's grants that covers an action. The very same arguments are covered whatever asked; something like them only where the
 * same rule of the policy asked: a path in the same folder, the same program with the same first word and no other flags, the same origin
 * and method. What carries program text, starts other programs, or touches nothing that can be compared is never "like" anything.
 */
export function grantFor(grants: readonly RunGrant[], asked: Asked, places: Places): RunGrant | undefined {
  return grants.find((grant) => grant.action.capability === asked.action.capability && covers(grant, asked, places))
}

function covers(grant: RunGrant, asked: Asked, places: Places): boolean {
  if (isDeepStrictEqual(grant.action.args, asked.action.args)) return grant.ruleId === asked.ruleId
  if (grant.ruleId !== asked.ruleId || asked.ruleId.startsWith('builtin:') || asked.targets.length === 0) return false
  const parsed = asked.definition.args.safeParse(grant.action.args)
  const granted = parsed.success ? asked.definition.targets(parsed.data) : []
  const sameMethod = grant.action.args['method'] === asked.action.args['method']
  return sameMethod && asked.targets.every((target) => granted.some((other) => isLike(other, target, places)))
}

function isLike(granted: Target, target: CheckedTarget, places: Places): boolean {
  if (granted.kind === 'path' && target.kind === 'path') {
    const folder = dirname(resolve(places.workspace, granted.path))
    return granted.access === target.access && target.names.every((name) => dirname(name) === folder)
  }
  if (granted.kind === 'command' && target.kind === 'command') return isLikeCommand(granted.argv, target.argv)
  if (granted.kind !== 'url' || target.kind !== 'url') return false
  const url = readWebUrl(granted.url)
  return typeof url !== 'string' && originOf(url) === originOf(target)
}

function isLikeCommand(granted: readonly string[], asked: readonly string[]): boolean {
  if (startsOthers(granted) || startsOthers(asked)) return false
  const flags = new Set(granted.slice(1).filter(isFlag))
  return granted[0] === asked[0] && granted[1] === asked[1] && asked.slice(1).every((word) => !isFlag(word) || flags.has(word))
}

const isFlag = (word: string): boolean => word.startsWith('-')
