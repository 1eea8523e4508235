import type { Commit, Journal } from '../services/journal/journal.ts'
import { createMemoryJournal } from '../services/journal/memory.journal.ts'

/** A journal whose commits a test holds back, lets through one by one, or makes fail. */
export interface GatedJournal extends Journal {
  /** From now on commits wait. */
  hold(): void
  /** Lets the oldest `count` of those that wait through, in order; without `count` all of them, and those to come. */
  letThrough(count?: number): void
  /** From now on commits that get through fail, those that wait included; null ends that. `fits` picks some of them. */
  fail(error: Error | null, fits?: (commit: Commit) => boolean): void
  /** How many commits wait. */
  readonly held: number
}

/** A gate before a journal; default: one in memory. Commits reach it in the order they were made. */
export function createGatedJournal(inner: Journal = createMemoryJournal()): GatedJournal {
  const waiting: (() => void)[] = []
  let open = true
  let failing: { readonly error: Error; readonly fits: (commit: Commit) => boolean } | null = null

  const reach = (commit: Commit) => (failing?.fits(commit) === true ? Promise.reject(failing.error) : inner.commit(commit))

  return {
    ...inner,
    commit(commit) {
      if (open) return reach(commit)
      return new Promise((resolve, reject) => waiting.push(() => void reach(commit).then(resolve, reject)))
    },
    hold: () => void (open = false),
    letThrough(count) {
      if (count === undefined) open = true
      for (const pass of waiting.splice(0, count ?? waiting.length)) pass()
    },
    fail: (error, fits = () => true) => void (failing = error && { error, fits }),
    get held() {
      return waiting.length
    },
  }
}
