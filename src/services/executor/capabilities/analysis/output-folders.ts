import { posix } from 'node:path'

/** Folders that compilers and bundlers write to, by custom. */
const NAMES = new Set(['dist', 'lib', 'build', 'out', 'output', 'es', 'esm', 'cjs', 'umd', 'legacy', 'modern', 'types'])
const SCRIPT = /(?:\.d\.[cm]?ts|\.[cm]?js)$/
/** Fewer say nothing about the folder. */
const MIN_TWINS = 3

/**
 * Finds folders beside `src` that hold what was made of it, and tells of a path whether it lies in one: more than half of their scripts and
 * declarations have a TypeScript source of the same name there. All in such a folder was made, also what has no twin, such as chunks.
 */
export function outputFolders(paths: readonly string[]): (path: string) => boolean {
  const all = new Set(paths)
  const counts = new Map<string, { scripts: number; twins: number }>()
  for (const path of paths) {
    const folder = SCRIPT.test(path) ? outputFolderOf(path) : null
    if (folder === null) continue
    const count = counts.get(folder) ?? { scripts: 0, twins: 0 }
    const twin = posix.join(posix.dirname(folder), 'src', path.slice(folder.length + 1).replace(SCRIPT, ''))
    count.scripts += 1
    if (all.has(`${twin}.ts`) || all.has(`${twin}.tsx`)) count.twins += 1
    counts.set(folder, count)
  }
  const found = new Set([...counts].flatMap(([folder, { scripts, twins }]) => (twins >= MIN_TWINS && twins > scripts / 2 ? [folder] : [])))
  return (path) => {
    const folder = found.size === 0 ? null : outputFolderOf(path)
    return folder !== null && found.has(folder)
  }
}

/** The outermost folder on the way to a path that bears such a name; `lib/node` counts as `lib`. */
function outputFolderOf(path: string): string | null {
  const parts = path.split('/').slice(0, -1)
  const at = parts.findIndex((part) => NAMES.has(part))
  return at === -1 || parts.slice(0, at).includes('src') ? null : parts.slice(0, at + 1).join('/')
}
