import type { JournalEntry } from '../../model/journal-entry.ts'
import type { KeptBecause } from '../../model/retention.ts'

/** What `list` shows of a run without folding its journal; a projection, refreshed with each commit. */
export interface RunSummary {
  readonly runId: string
  readonly goal: string
  readonly workflowType: string
  /** The workflow's state as a dotted path, such as `open.active.executing.watching`, or a final status. */
  readonly state: string
  readonly needsPerson: boolean
  readonly finished: boolean
  readonly exitReason: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** A running process's claim on a run. Each commit carries `token`; a stale one is refused. */
export interface Lease {
  readonly runId: string
  readonly owner: string
  readonly token: number
  readonly expiresAt: number
}

/** A request from another process, waiting for the run's owner. */
export interface InboxRow {
  readonly inboxId: number
  readonly runId: string
  readonly event: { readonly type: string; readonly [key: string]: unknown }
  readonly at: number
  readonly state: 'pending' | 'applied' | 'refused'
  /** Why it was refused; null while pending or when applied. */
  readonly answer: string | null
}

/** What was promised to the world: written before an effect happens, closed when it is known how it ended. */
export interface EffectRecord {
  readonly key: string
  readonly runId: string
  readonly stepId: string
  readonly capability: string
  readonly digest: string
  readonly attempt: number
  readonly state: 'open' | 'done' | 'failed'
  readonly outputRef: string | null
  readonly at: number
}

/** Everything that becomes durable at once. */
export interface Commit {
  readonly runId: string
  readonly token: number
  readonly entries: readonly JournalEntry[]
  /** A run's first commit has one: without it, no list shows the run. */
  readonly summary?: RunSummary
  /** Bodies by their SHA-256 (hex); each is stored once. */
  readonly blobs?: ReadonlyMap<string, string>
  readonly effects?: readonly EffectRecord[]
  /** Inbox rows answered by these entries: `null` = applied, text = refused because. */
  readonly answers?: readonly { readonly inboxId: number; readonly refusal: string | null }[]
  /** Another run whose bodies these entries refer to: nothing is stored when it was removed meanwhile (RUN_UNKNOWN). */
  readonly basedOn?: string
}

/** What removing a run came to: why it is kept, or null when it is gone. */
export interface Removal {
  readonly runId: string
  readonly kept: KeptBecause | null
}

/** What a journal forgets. Only runs that have ended are ever removed, so a run's journal is whole or not there. */
export interface Retention {
  /**
   * Removes those of the runs that ended at or before `endedBy`, have no live lease and no open effect: their records, summary, requests,
   * effects and lease, together. Each answer is as of one moment, whatever other processes do. The id stays taken until `clearRemoved`
   * has seen to what lies outside the journal. With `dryRun` nothing changes.
   */
  remove(runIds: readonly string[], options: { readonly now: number; readonly endedBy: number; readonly dryRun?: boolean }): readonly Removal[]
  /** Removed runs that `clearRemoved` has not forgotten yet, of every process. */
  removed(): readonly string[]
  /**
   * Calls `clear` for each of these runs that is removed and not forgotten, and forgets those for which it returns true. Meanwhile no run of
   * that id can begin; a crash in between leaves it to be cleared again.
   */
  clearRemoved(runIds: readonly string[], clear: (runId: string) => boolean): void
  /** Deletes the bodies that no run refers to; resolves with how many. What a run stored stays, also before a record refers to it. */
  sweep(): Promise<number>
  /** Gives free space back to the file system where that is worth it and disturbs no live run. Never fails for want of space. */
  compact(now: number): void
  /** What the journal takes up on the disk, its log included, and how much of that is free for what comes next. */
  space(): { readonly bytes: number; readonly freeBytes: number }
}

/**
 * The store of all runs. A run's journal is append-only and the only truth; summaries are a projection.
 * @throws ControllerError JOURNAL_UNWRITABLE, JOURNAL_CORRUPT, LEASE_LOST, RUN_EXISTS, RUN_UNKNOWN. JOURNAL_CORRUPT is also the
 * refusal of a commit that would damage it: a gap in the sequence, an entry that JSON cannot carry, a blob under a wrong reference, an
 * inbox row answered twice, an effect reopened after it was done.
 */
export interface Journal extends Retention {
  /**
   * Resolves once everything in it would survive a crash (fsync, unless opened with `sync: 'normal'`); all of it or nothing.
   * Commits made in one turn of the event loop, of all runs, share one transaction. Entries must continue the run's sequence.
   */
  commit(commit: Commit): Promise<void>
  /**
   * Entries in order, from `fromSeq` (default 0) to `toSeq` (default: the end); verifies the hash chain from the start to `toSeq`.
   * JOURNAL_CORRUPT names the first damaged record in `details.seq`; what comes before it can still be read with `toSeq`.
   */
  read(runId: string, fromSeq?: number, toSeq?: number): readonly JournalEntry[]
  /**
   * The run's last snapshot and the records after it, the hash chain verified from the record before the snapshot to the end; where there
   * is none among the last few thousand records, everything as `read` gives it.
   */
  tail(runId: string): readonly JournalEntry[]
  /** Everything that `work` reads is of one moment, whatever other processes remove meanwhile. `work` is synchronous and writes nothing. */
  atOneMoment<T>(work: () => T): T
  /** The body of a blob, or null when there is none. */
  blob(ref: string): string | null
  summary(runId: string): RunSummary | null
  /** Newest first. */
  list(options?: { readonly limit?: number }): readonly RunSummary[]
  /**
   * Claims a run that has no live owner: no lease, an expired one, or one whose process on this host is dead.
   * With `create` it reserves the id of a run that does not exist yet (RUN_EXISTS when it has records or a live owner already);
   * without, the run must exist (RUN_UNKNOWN). Returns null while a lease on it is live, whoever holds it.
   */
  acquire(runId: string, options: { readonly owner: string; readonly ttlMs: number; readonly now: number; readonly create?: boolean }): Lease | null
  /** Extends a lease; null when it was taken over. */
  renew(lease: Lease, now: number, ttlMs: number): Lease | null
  release(lease: Lease): void
  /** The current owner, if its lease is live. */
  owner(runId: string, now: number): Lease | null
  /**
   * Claims the workspace for one writing run; false when another live run holds it. Re-entrant for the same run. The claim is as live as
   * the run's lease, which must be (LEASE_LOST), and ends with it.
   */
  lockWorkspace(workspace: string, runId: string, now: number): boolean
  /** Durably queues a request for a run's owner; returns its row id. */
  send(runId: string, event: InboxRow['event'], at: number): Promise<number>
  pending(runId: string): readonly InboxRow[]
  inbox(inboxId: number): InboxRow | null
  effect(key: string): EffectRecord | null
  /** Open effects of a run, oldest first. */
  openEffects(runId: string): readonly EffectRecord[]
  close(): Promise<void>
}
