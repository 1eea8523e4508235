/** A SHA-256 in hex, as records and bodies carry it: a value of its own, never part of a longer number. */
const REFERENCE = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g

/** Finds out which of the blobs that were there at the beginning nothing refers to. */
export interface BlobMarks {
  /** Keeps every blob that the text names, and what those name in turn. */
  keep(text: string): void
  /** At most `limit` of those that nothing has named so far; each is handed out once. */
  takeUnnamed(limit: number): readonly string[]
}

/** `body` gives a blob's text, null when there is none of that name. */
export function createBlobMarks(refs: Iterable<string>, body: (ref: string) => string | null): BlobMarks {
  const unnamed = new Set(refs)
  const seen = new Set<string>()
  return {
    keep(text) {
      const texts = [text]
      for (let next = texts.pop(); next !== undefined; next = texts.pop()) {
        for (const [ref] of next.matchAll(REFERENCE)) {
          if (seen.has(ref)) continue
          seen.add(ref)
          unnamed.delete(ref)
          // A body that came later may name one that was there before.
          const inner = body(ref)
          if (inner !== null) texts.push(inner)
        }
      }
    },
    takeUnnamed(limit) {
      const taken: string[] = []
      for (const ref of unnamed) {
        if (taken.length >= limit) break
        taken.push(ref)
        unnamed.delete(ref)
      }
      return taken
    },
  }
}
