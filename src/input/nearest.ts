/** Names looked up for a suggestion in one go; past that no suggestions are made, so that a hostile plan costs no time. */
const MAX_LOOKUPS = 20
const MAX_LENGTH = 100

/** Finds the candidate that a misspelt name most likely meant; null when none is near, or too many were asked for. */
export function createSuggester(candidates: readonly string[]): (name: string) => string | null {
  const known = new Map<string, string | null>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    if (known.size >= MAX_LOOKUPS) return null
    const found = nearest(name, candidates)
    known.set(name, found)
    return found
  }
}

/** The candidate with the fewest edits, at most a third of the longer name's length (or two, as in a swap); the first of equals. */
export function nearest(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null
  let fewest = Infinity
  if (name.length > MAX_LENGTH) return null
  for (const candidate of candidates) {
    const allowed = Math.min(fewest - 1, Math.max(name.length > 3 ? 2 : 1, Math.floor(Math.max(name.length, candidate.length) / 3)))
    if (candidate.length > MAX_LENGTH || Math.abs(candidate.length - name.length) > allowed) continue
    const edits = editsBetween(name, candidate)
    if (edits > allowed) continue
    best = candidate
    fewest = edits
  }
  return best
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
