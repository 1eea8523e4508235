import type { Lease } from './journal.ts'
import { ownerIsDead } from './process-owner.ts'

/** The last lease on a run, live or not; `owner` is null once it was released. Kept for its token, which only grows. */
export interface Claim {
  readonly runId: string
  readonly owner: string | null
  readonly token: number
  readonly expiresAt: number
}

/** The claim as a lease while it binds others: not released, not expired, and its process not known to be dead. */
export function liveLease(claim: Claim | null, now: number): Lease | null {
  if (claim === null || claim.owner === null || claim.expiresAt <= now || ownerIsDead(claim.owner)) return null
  return { ...claim, owner: claim.owner }
}

/** True when `lease` is still the run's current one; expiry alone does not end it, only a takeover or release. */
export function isCurrent(lease: Lease, claim: Claim | null): boolean {
  return claim !== null && claim.owner !== null && claim.token === lease.token
}
