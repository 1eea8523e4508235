/** Why a run stays. Only `kept-newest` and `recent` depend on the settings; the others hold whatever they say. */
export type KeptBecause =
  /** It has not ended: it runs, waits, is paused, parked or stalled. */
  | 'unfinished'
  /** A process holds its lease. */
  | 'owned'
  /** Nobody knows yet whether an effect of it happened. */
  | 'in-doubt'
  /** It ended within the last minute, in which other processes still read its end. */
  | 'just-ended'
  /** It is neither too old nor one too many. */
  | 'retained'
  /** The store no longer has it: another process removed it. */
  | 'gone'

/** Which finished runs are kept; what is absent is as configured in `retention`. */
export interface GcOptions {
  /** Runs that ended longer ago are removed; ms. */
  readonly maxAgeMs?: number
  /** Of the finished runs at most so many are kept, those that ended last. */
  readonly maxFinished?: number
  /** Say what would be removed, and remove nothing. */
  readonly dryRun?: boolean
}

/** What became of one run. */
export interface GcRun {
  readonly runId: string
  readonly state: string
  /** When it ended, or last changed; ms since 1970. */
  readonly updatedAt: number
  readonly ageMs: number
  /** Null when it was removed, or would be in a dry run. */
  readonly kept: KeptBecause | null
}

/** Something below `runs/` that was left alone, and why. `retryable`: the next collection tries again. */
export interface GcLeftover {
  readonly path: string
  readonly problem: string
  readonly retryable: boolean
}

export interface GcResult {
  readonly dryRun: boolean
  /** Every run of the store, newest first. */
  readonly runs: readonly GcRun[]
  /** Folders of runs that were cleared, also of those that an earlier, interrupted collection had removed. */
  readonly folders: number
  /** Stored bodies that no run refers to any more. */
  readonly blobs: number
  /** Given back to the file system: reports, and what the database and its log became smaller. */
  readonly bytesFreed: number
  /** Free space that stays inside the database for the next runs. */
  readonly bytesReusable: number
  readonly leftovers: readonly GcLeftover[]
}
