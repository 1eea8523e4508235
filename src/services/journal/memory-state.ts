import type { EffectRecord, InboxRow, RunSummary } from './journal.ts'
import type { Claim } from './lease-rules.ts'

export interface MemoryRun {
  /** Entries as JSON text, so that what is read is as fresh as from a disk. */
  readonly bodies: string[]
  summary: RunSummary | null
}

/** What a memory journal holds. */
export interface Memory {
  readonly runs: Map<string, MemoryRun>
  readonly claims: Map<string, Claim>
  readonly workspaces: Map<string, string>
  readonly blobs: Map<string, string>
  readonly effects: Map<string, EffectRecord>
  readonly requests: Map<number, InboxRow>
  /** Blobs that were stored before any record referred to them, each with the runs that did so. */
  readonly holds: Map<string, Set<string>>
  readonly removals: Set<string>
}
