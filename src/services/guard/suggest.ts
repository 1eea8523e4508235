import { relative, resolve } from 'node:path'
import type { Action } from '../../model/action.ts'
import type { Policy } from '../../model/policy.ts'
import { isWithin, type Places } from './path.ts'
import type { Ruling } from './ruling.ts'

/**
 * Other arguments with which the guard would probably say something milder, null when nothing comes to mind. They change how much is asked
 * for, or how a place is written, never what is touched. Whoever takes them up has them judged first.
 */
export function suggestArgs(action: Action, { ruleId }: Ruling, limits: Policy['limits'], places: Places): Action['args'] | null {
  const { args } = action
  if (ruleId.endsWith(':limits.max_timeout_ms')) return clamped(args, ['timeoutMs', 'timeout_ms'], limits.max_timeout_ms)
  if (ruleId.endsWith(':limits.max_file_bytes')) return clamped(args, ['maxBytes', 'max_bytes', 'bytes', 'len', 'length'], limits.max_file_bytes)
  if (ruleId === 'builtin:ambiguous-path' || ruleId === 'builtin:path-characters') return withPlainPath(args, places)
  return null
}

function clamped(args: Action['args'], keys: readonly string[], limit: number): Action['args'] | null {
  const over = keys.filter((key) => typeof args[key] === 'number' && args[key] > limit)
  return over.length === 0 ? null : { ...args, ...Object.fromEntries(over.map((key) => [key, limit])) }
}

function withPlainPath(args: Action['args'], { workspace }: Places): Action['args'] | null {
  const { path } = args
  if (typeof path !== 'string') return null
  const plain = resolve(workspace, path.replaceAll('\\', '/'))
  const inside = isWithin(workspace, plain) ? relative(workspace, plain) || '.' : path
  return inside === path ? null : { ...args, path: inside }
}
