/**
 * Whether all that the specifier `narrow` matches is certainly matched by `wide`; null matches everything. Only plain cases are seen, so
 * false means "not certainly". Without wildcards between folders a specifier may be a command: `arePaths` says that it is none.
 */
export function coversSpecifier(wide: string | null, narrow: string | null, arePaths: boolean): boolean {
  if (wide === null || wide === narrow) return true
  if (narrow === null) return false
  if (isHost(wide) || isHost(narrow)) return isHost(wide) && isHost(narrow) && coversHost(wide.slice(1, -1), narrow.slice(1, -1))
  if (arePaths || (isPath(wide) && isPath(narrow))) return coversPath(parts(wide), parts(narrow))
  return !isPath(wide) && !isPath(narrow) && coversCommand(wide, narrow)
}

function isHost(specifier: string): boolean {
  return specifier.startsWith('{') && specifier.endsWith('}')
}

function isPath(specifier: string): boolean {
  return specifier.includes('**') || specifier.includes('${')
}

function coversHost(wide: string, narrow: string): boolean {
  if (wide === '*') return true
  return wide.startsWith('*.') && !wide.includes(':') && !narrow.includes(':') && narrow.endsWith(wide.slice(1))
}

function parts(specifier: string): readonly string[] {
  return specifier
    .replace(/^\$\{workspace\}\/?/, '')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
}

/** `a/**` covers what begins with `a/`; other wildcards are not compared. */
function coversPath(wide: readonly string[], narrow: readonly string[]): boolean {
  const folder = wide.slice(0, -1)
  const isFolder = wide.at(-1) === '**' && folder.every((part) => !/[*?[{(\\]/.test(part))
  return isFolder && folder.every((part, index) => part === narrow[index]) && !/^(?:\/|\$\{home\})/.test(narrow.join('/'))
}

/** `git *` covers `git push *`. */
function coversCommand(wide: string, narrow: string): boolean {
  const words = wide.split(/\s+/)
  const others = narrow.split(/\s+/)
  if (words.at(-1) !== '*') return false
  const named = words.slice(0, -1)
  return named.length > 0 && named.length < others.length && named.every((word, index) => word === others[index])
}
