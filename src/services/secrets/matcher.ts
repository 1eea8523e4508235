/** Calls back for each pattern that begins at a place, in the order of the places, longest first. */
export type Matcher = (text: string, found: (pattern: number, start: number) => void) => void

const TABLE = 0x10000

/**
 * Searches texts for many patterns at once (Wu and Manber 1994): the last three characters of a window tell how far it may be moved, which
 * is almost the length of the shortest pattern in most texts. The time does not depend on how many texts look alike, only on how often a
 * pattern's own beginning is met.
 * @param patterns each at least three characters long
 */
export function createMatcher(patterns: readonly string[]): Matcher {
  const window = Math.min(...patterns.map((pattern) => pattern.length))
  if (patterns.length === 0) return () => {}
  const shifts = new Uint16Array(TABLE).fill(Math.min(window - 2, 0xffff))
  const buckets = new Map<number, number[]>()
  for (const [index, pattern] of patterns.entries()) {
    for (let end = 2; end < window; end++) {
      const hash = hashAt(pattern, end)
      shifts[hash] = Math.min(shifts[hash] ?? 0, window - 1 - end)
    }
    const last = hashAt(pattern, window - 1)
    buckets.set(last, [...(buckets.get(last) ?? []), index])
  }
  for (const bucket of buckets.values()) bucket.sort((a, b) => (patterns[b]?.length ?? 0) - (patterns[a]?.length ?? 0) || a - b)

  return (text, found) => {
    const length = text.length
    for (let end = window - 1; end < length;) {
      const hash = hashAt(text, end)
      const shift = shifts[hash] ?? 0
      if (shift > 0) {
        end += shift
        continue
      }
      const start = end - window + 1
      for (const index of buckets.get(hash) ?? []) {
        if (text.startsWith(patterns[index] ?? '', start)) found(index, start)
      }
      end += 1
    }
  }
}

/** Of the three characters that end at `end`. */
function hashAt(text: string, end: number): number {
  return (text.charCodeAt(end) + (text.charCodeAt(end - 1) << 5) + (text.charCodeAt(end - 2) << 10)) & 0xffff
}
