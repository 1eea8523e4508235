import type { Journal } from './journal.ts'
import { leaseLost, runExists, runUnknown } from './journal-failure.ts'
import { isCurrent, liveLease, type Claim } from './lease-rules.ts'

/** What is stored of runs, claims and workspaces. */
export interface LeaseTable {
  /** How many records the run has; null when it does not exist. */
  nextSeq(runId: string): number | null
  /** Whether the run was removed and what it left outside the journal is not cleared yet. */
  isRemoved(runId: string): boolean
  addRun(runId: string, at: number): void
  claim(runId: string): Claim | null
  putClaim(claim: Claim): void
  /** The run that holds the workspace, live or not. */
  workspaceHolder(workspace: string): string | null
  holdWorkspace(workspace: string, runId: string): void
  freeWorkspaces(runId: string): void
}

/** Runs `work` so that nothing else changes what it reads or writes. */
export interface Transactions {
  read<T>(work: () => T): T
  write<T>(work: () => T): T
}

/** Who owns which run and which workspace. Each call is one transaction, so of several processes one wins. */
export function createLeases(
  table: LeaseTable,
  { read, write }: Transactions,
): Pick<Journal, 'acquire' | 'renew' | 'release' | 'owner' | 'lockWorkspace'> {
  const live = (runId: string, now: number) => liveLease(table.claim(runId), now)
  return {
    acquire: (runId, { owner, ttlMs, now, create = false }) =>
      write(() => {
        const nextSeq = table.nextSeq(runId)
        const isFree = live(runId, now) === null
        // An id that was reserved by a process which died before its first record can be reserved again.
        if (create && ((nextSeq !== null && (nextSeq > 0 || !isFree)) || table.isRemoved(runId))) throw runExists(runId)
        if (!create && nextSeq === null) throw runUnknown(runId)
        if (!isFree) return null
        if (nextSeq === null) table.addRun(runId, now)
        const lease = { runId, owner, token: (table.claim(runId)?.token ?? 0) + 1, expiresAt: now + ttlMs }
        table.putClaim(lease)
        return lease
      }),
    renew: (lease, now, ttlMs) =>
      write(() => {
        if (!isCurrent(lease, table.claim(lease.runId))) return null
        const renewed = { ...lease, expiresAt: now + ttlMs }
        table.putClaim(renewed)
        return renewed
      }),
    release: (lease) =>
      write(() => {
        if (!isCurrent(lease, table.claim(lease.runId))) return
        table.putClaim({ ...lease, owner: null })
        table.freeWorkspaces(lease.runId)
      }),
    owner: (runId, now) => read(() => live(runId, now)),
    lockWorkspace: (workspace, runId, now) =>
      write(() => {
        if (live(runId, now) === null) throw leaseLost(runId, table.claim(runId)?.token ?? 0)
        const holder = table.workspaceHolder(workspace)
        if (holder !== null && holder !== runId && live(holder, now) !== null) return false
        table.holdWorkspace(workspace, runId)
        return true
      }),
  }
}
