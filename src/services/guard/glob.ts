import { compileGlob } from './glob-match.ts'
import { isWithin, type Places } from './path.ts'

/** A compiled path pattern, independent of the machine until it is matched. */
export interface PathPattern {
  /** Some of `pathWords` that every path has which is matched in any way. */
  readonly needs: readonly string[]
  /** `wide` also takes another letter case or Unicode form of the name, as some file systems do. */
  matches(path: PathView, wide: boolean): boolean
}

/** What a pattern is relative to. */
export type Base = 'workspace' | 'home' | 'root'

/** One absolute path as patterns look at it. */
export interface PathView {
  /** The parts below a base, null when the path is not in it; `wide` gives them folded, so that every spelling is the same. */
  partsBelow(base: Base, wide: boolean): readonly string[] | null
}

/** Prepares a path once for many patterns. */
export function viewPath(path: string, places: Places): PathView {
  const exact: Known = { workspace: undefined, home: undefined, root: undefined }
  const folded: Known = { workspace: undefined, home: undefined, root: undefined }
  return {
    partsBelow: (base, wide) => {
      const known = wide ? folded : exact
      const before = known[base]
      if (before !== undefined) return before
      const found = partsBelow(base === 'root' ? '/' : places[base], path, wide)
      known[base] = found
      return found
    },
  }
}

/** The parts of a path, below each base that it is in, and the ending of its last part as `*.ts`; all folded. */
export function pathWords(views: readonly PathView[]): ReadonlySet<string> {
  const words = new Set<string>()
  for (const view of views) {
    for (const base of BASES) {
      const parts = view.partsBelow(base, true) ?? []
      for (const part of parts) words.add(part)
      const last = parts.at(-1) ?? ''
      const dot = last.lastIndexOf('.')
      if (dot >= 0) words.add(`*${last.slice(dot)}`)
    }
  }
  return words
}

const BASES: readonly Base[] = ['workspace', 'home', 'root']

type Known = Record<Base, readonly string[] | null | undefined>

function partsBelow(folder: string, path: string, wide: boolean): readonly string[] | null {
  const inside = wide ? isWithin(folder.toLowerCase(), path.toLowerCase()) : isWithin(folder, path)
  if (!inside) return null
  const rest = path.slice(folder.length)
  return (wide ? fold(rest) : rest).split('/').filter((part) => part !== '')
}

/**
 * Compiles a path glob: `${workspace}/…`, `${home}/…`, absolute, or relative to the workspace. A string is what is wrong with it.
 * Only what comes after the base is a glob, so that special characters in the workspace's own path mean nothing.
 */
export function compilePath(text: string): PathPattern | string {
  const placed = /^(\$\{(?:workspace|home)\})(?:\/+(.*))?$/s.exec(text)
  const fromRoot = text.startsWith('/')
  const base: Base = fromRoot ? 'root' : placed?.[1] === '${home}' ? 'home' : 'workspace'
  const glob = (placed ? (placed[2] ?? '') : text)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
  if (glob.includes('${')) return `"${text}" has an unknown or misplaced \${…}; only a leading \${workspace} or \${home} is known`
  if (glob.split('/').includes('..')) return `"${text}" contains "..", which no resolved path has`
  if (glob === '' && !placed && !fromRoot && text !== '.' && text !== './') return 'the pattern is empty'

  const exact = compileGlob(glob, false)
  const loose = compileGlob(glob.normalize('NFC'), true)
  if (typeof exact === 'string') return `"${text}" is not a pattern: it ${exact}`
  if (typeof loose === 'string') return `"${text}" is not a pattern: it ${loose}`
  const countsLetters = /[?[]/.test(glob)
  return {
    needs: exact.needs,
    matches: (path, wide) => {
      const parts = path.partsBelow(base, wide)
      if (parts === null) return false
      if (!wide) return exact.matches(parts)
      // Folding a letter may lengthen it, and `?` or `[…]` then no longer fits: what matches as it is written is always reached.
      return loose.matches(parts) || (countsLetters && exact.matches(path.partsBelow(base, false) ?? parts))
    },
  }
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
