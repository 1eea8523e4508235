import { ControllerError, type Journal } from '../../src/index.ts'
import type { Commit, Lease } from '../../src/services/journal/journal.ts'

/** A journal whose commits are let through or refused by a test, in order, before they reach the real one. */
export function gatedJournal(inner: Journal, gate: (commit: Commit, nth: number) => Promise<void> | void): Journal {
  let count = 0
  let last: Promise<void> = Promise.resolve()
  return {
    ...inner,
    commit(commit) {
      const nth = count++
      const done = last.then(() => gate(commit, nth)).then(() => inner.commit(commit))
      last = done.catch(() => {})
      return done
    },
  }
}

/** Refuses the commits that fit, as a full disk does. */
export const fullDisk = (fits: (commit: Commit) => boolean) => (commit: Commit) => {
  if (fits(commit)) throw new ControllerError('JOURNAL_UNWRITABLE', 'no space is left')
}

/** A journal that is gone after so many commits, as when its process dies: its leases are free, what came before is kept. */
export function dyingJournal(inner: Journal, commits: number): Journal {
  const leases: Lease[] = []
  let dead = false
  return {
    ...gatedJournal(inner, (_, nth) => {
      if (nth < commits) return
      if (!dead) for (const lease of leases) inner.release(lease)
      dead = true
      throw new ControllerError('JOURNAL_UNWRITABLE', 'the process died')
    }),
    acquire(runId, options) {
      const lease = inner.acquire(runId, options)
      if (lease) leases.push(lease)
      return lease
    },
    release: (lease) => {
      if (!dead) inner.release(lease)
    },
    close: async () => {},
  }
}
