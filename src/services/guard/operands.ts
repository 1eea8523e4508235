import { join } from 'node:path'
import type { Action } from '../../model/action.ts'
import type { CheckedTarget } from './match-target.ts'
import { checkPath, type CheckedPath, type Places } from './path.ts'
import { commandFacts } from './shell/facts.ts'

/** Read and written each. A command with more is judged by its rules alone; what it may not read is hidden from it all the same. */
const MAX_OPERANDS = 64

/**
 * The files of the workspace that commands name, so that what prohibits a path reaches `cat .env` too. What is not in the workspace is not in
 * a sandbox either; what only the shell knows is left to what the sandbox hides.
 */
export function operandsOf(targets: readonly CheckedTarget[], args: Action['args'], places: Places): readonly CheckedPath[] {
  const { cwd } = args
  const folder = typeof cwd === 'string' ? cwd : '.'
  return targets.flatMap((target) => {
    if (target.kind !== 'command') return []
    const { reads, writes } = commandFacts(target.argv)
    const each = { read: reads, write: writes }
    const named = (['read', 'write'] as const).flatMap((access) => each[access].slice(0, MAX_OPERANDS).map((path) => [access, path] as const))
    return named.flatMap(([access, path]) => {
      const checked = checkPath({ access, path: path.startsWith('/') ? path : join(folder, path) }, places)
      return 'kind' in checked ? [checked] : []
    })
  })
}
