import picomatch from 'picomatch'
import { isWithin, type Places } from './path.ts'

/** A compiled path pattern, independent of the machine until it is matched. */
export interface PathPattern {
  /** `wide` also takes another letter case or Unicode form of the name, as some file systems do. */
  matches(path: string, places: Places, wide: boolean): boolean
}

// Strict brackets and debug make a pattern that cannot match an error; without them it would silently match nothing.
const OPTIONS = { dot: true, nonegate: true, noextglob: true, strictBrackets: true, debug: true }
const BASES = { '${workspace}': 'workspace', '${home}': 'home' } as const

/**
 * Compiles a path glob: `${workspace}/…`, `${home}/…`, absolute, or relative to the workspace. A string is what is wrong with it.
 * Only what comes after the base is a glob, so that special characters in the workspace's own path mean nothing.
 */
export function compilePath(text: string): PathPattern | string {
  const placed = /^(\$\{(?:workspace|home)\})(?:\/+(.*))?$/s.exec(text)
  const base = placed?.[1] === '${home}' ? BASES['${home}'] : BASES['${workspace}']
  const fromRoot = text.startsWith('/')
  const glob = (placed ? (placed[2] ?? '') : text)
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
  if (glob.includes('${')) return `"${text}" has an unknown or misplaced \${…}; only a leading \${workspace} or \${home} is known`
  if (glob.split('/').includes('..')) return `"${text}" contains "..", which no resolved path has`
  if (glob === '' && !placed && !fromRoot && text !== '.' && text !== './') return 'the pattern is empty'
  const folder = (places: Places): string => (fromRoot ? '/' : places[base])
  if (glob === '') return { matches: (path, places) => path === folder(places) }

  try {
    const exact = picomatch(glob, OPTIONS)
    const loose = picomatch(glob.normalize('NFC'), { ...OPTIONS, nocase: true })
    const all = glob === '**'
    const matches = (path: string, places: Places, wide: boolean): boolean => {
      const root = folder(places)
      const inside = wide ? isWithin(root.toLowerCase(), path.toLowerCase()) : isWithin(root, path)
      if (!inside) return false
      const rest = path.slice(root.length).replace(/^\//, '')
      if (rest === '') return all
      return wide ? loose(rest.normalize('NFC')) : exact(rest)
    }
    return { matches }
  } catch (error) {
    return `"${text}" is not a pattern: ${error instanceof Error ? error.message : String(error)}`
  }
}
