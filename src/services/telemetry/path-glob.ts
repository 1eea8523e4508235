/**
 * Compiles a glob for workspace-relative paths: `*` and `?` stand for characters of one name, `**` for folders, everything else for
 * itself (so `pages/[id].tsx` means that file); a folder stands for all that is in it when it ends in `/`. Null when no path can fit.
 *
 * Matching takes at most the product of the two lengths: both the pattern and the names come from a workspace that nobody vouches for,
 * and a glob that is turned into a regular expression can be made to take forever.
 */
export function compileGlob(glob: string): ((path: string) => boolean) | null {
  const parts = `${glob}${glob.endsWith('/') ? '**' : ''}`.split('/').filter((part, index) => !(part === '.' && index === 0))
  if (parts.length === 0 || parts.some((part) => part === '' || part === '.' || part === '..')) return null
  return (path) => matchesSequence(parts, path.split('/'), (part) => part === '**', matchesName)
}

function matchesName(pattern: string, name: string): boolean {
  return matchesSequence(
    [...pattern],
    [...name],
    (char) => char === '*',
    (wanted, char) => wanted === '?' || wanted === char,
  )
}

/** The classic walk: after a mismatch only the last star takes one item more, for an earlier one could gain nothing. */
function matchesSequence(
  pattern: readonly string[],
  items: readonly string[],
  isStar: (part: string) => boolean,
  fits: (part: string, item: string) => boolean,
): boolean {
  let at = 0
  let star = -1
  let taken = 0
  for (let index = 0; index < items.length;) {
    const part = pattern[at]
    const item = items[index] ?? ''
    if (part !== undefined && isStar(part)) {
      star = at
      taken = index
      at += 1
    } else if (part !== undefined && fits(part, item)) {
      at += 1
      index += 1
    } else if (star === -1) {
      return false
    } else {
      taken += 1
      index = taken
      at = star + 1
    }
  }
  return pattern.slice(at).every(isStar)
}
