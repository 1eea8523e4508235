import { statSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { ExecutionContext } from '../../../executor.ts'
import { MAX_FILE_BYTES } from '../text-files.ts'

/**
 * Tells whether a path lies below a folder whose package.json is a FIFO, a device or too large: the resolver reads every such file on its
 * way up without a look at what it is, and would wait for ever.
 */
export function barredFolders({ workspace }: Pick<ExecutionContext, 'workspace'>): (path: string) => boolean {
  const known = new Map<string, boolean>()
  const isBarred = (folder: string): boolean => {
    const before = known.get(folder)
    if (before !== undefined) return before
    const barred = !isHarmless(join(workspace, folder, 'package.json')) || (folder !== '.' && isBarred(posix.dirname(folder)))
    known.set(folder, barred)
    return barred
  }
  return (path) => isBarred(posix.dirname(path))
}

function isHarmless(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats === undefined || stats.isDirectory() || (stats.isFile() && stats.size <= MAX_FILE_BYTES)
  } catch {
    // A link to nowhere, or into what may not be read: the resolver gets no further either.
    return true
  }
}
