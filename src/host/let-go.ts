import type { Journal, Lease } from '../services/journal/journal.ts'
import type { Log } from '../services/log/log.ts'

/** Releases a lease at the end of a run, or after a failure. That this fails is only told: the lease expires by itself, and the end or the failure is what counts. */
export function letGo(journal: Journal, lease: Lease, log: Log): void {
  try {
    journal.release(lease)
  } catch (error) {
    log.warn({ runId: lease.runId, error: String(error) }, 'the lease could not be released')
  }
}
