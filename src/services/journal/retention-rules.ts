import type { KeptBecause } from '../../model/retention.ts'
import type { RunSummary } from './journal.ts'

/** What is known of a run when it is to be removed. */
export interface RemovalFacts {
  /** Null for a run that has none, such as one that never began. */
  readonly summary: RunSummary | null
  readonly isOwned: boolean
  readonly hasOpenEffects: boolean
}

/** Why a run must not be removed; null when it may be. What is not known to have ended stays. */
export function keptBecause({ summary, isOwned, hasOpenEffects }: RemovalFacts, endedBy: number): KeptBecause | null {
  if (summary === null || !summary.finished) return 'unfinished'
  if (isOwned) return 'owned'
  if (hasOpenEffects) return 'in-doubt'
  return summary.updatedAt <= endedBy ? null : 'just-ended'
}
