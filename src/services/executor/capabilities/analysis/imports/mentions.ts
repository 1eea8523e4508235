import { posix } from 'node:path'
import type { ExecutionContext } from '../../../executor.ts'
import { readText } from '../text-files.ts'

const WORD = /[\w$-]{1,100}/g
const BEFORE = new Set(['/', "'", '"', '`', '(', '=', '\\'])

/**
 * Which of these modules another file names, in a way that may be a path: after a slash or a quote, or before an extension. An index is
 * named by its folder. It knows nothing of imports, so it also sees what configuration files, pages and scripts name.
 */
export async function mentionedIn(paths: readonly string[], files: readonly string[], context: ExecutionContext): Promise<ReadonlySet<string>> {
  const byName = new Map<string, string[]>()
  for (const path of paths) byName.set(nameOf(path), [...(byName.get(nameOf(path)) ?? []), path])
  const mentioned = new Set<string>()
  if (paths.length === 0) return mentioned
  for (const file of files) {
    const text = await readText(context, file)
    context.heartbeat()
    if (text === null) continue
    for (const match of text.matchAll(WORD)) {
      const named = byName.get(match[0])
      if (named === undefined || !isPathLike(text, match.index, match[0].length)) continue
      for (const path of named) if (path !== file) mentioned.add(path)
    }
  }
  return mentioned
}

function isPathLike(text: string, at: number, length: number): boolean {
  return BEFORE.has(text.charAt(at - 1)) || /^\.(?:[cm]?[jt]sx?|vue|svelte|astro)\b/.test(text.slice(at + length, at + length + 8))
}

/** The last part of a path that an import or a configuration would name: without extensions; of an index its folder. */
function nameOf(path: string): string {
  const stem = posix.basename(path).replace(/\..*$/, '')
  return stem === 'index' ? posix.basename(posix.dirname(path)) : stem
}
