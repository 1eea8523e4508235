import { blobsAhead, checkCommit, prepareCommit, type PreparedCommit, type StoredState } from './commit-rules.ts'
import { decodeEntry, encodeEvent, isSnapshotText } from './entry-text.ts'
import type { InboxRow, Journal } from './journal.ts'
import { runUnknown } from './journal-failure.ts'
import { createLeases, type LeaseTable } from './leases.ts'
import { createMemoryRetention } from './memory-retention.ts'
import type { Memory } from './memory-state.ts'

/** Keeps all runs in memory: the same rules and errors as the SQLite journal, nothing survives the process. */
export function createMemoryJournal(): Journal {
  const memory: Memory = {
    runs: new Map(),
    claims: new Map(),
    workspaces: new Map(),
    blobs: new Map(),
    effects: new Map(),
    requests: new Map(),
    holds: new Map(),
    removals: new Set(),
  }
  const stored: StoredState = {
    nextSeq: (runId) => memory.runs.get(runId)?.bodies.length ?? null,
    claim: (runId) => memory.claims.get(runId) ?? null,
    inbox: (inboxId) => memory.requests.get(inboxId) ?? null,
    effect: (key) => memory.effects.get(key) ?? null,
  }

  return {
    commit: async (commit) => {
      const prepared = prepareCommit(commit)
      // As with a disk, a caller never sees its commit applied before it yields.
      await Promise.resolve()
      checkCommit(prepared, stored)
      apply(memory, prepared)
    },
    ...createLeases(leaseTable(memory, stored), { read: (work) => work(), write: (work) => work() }),
    ...inbox(memory, stored),
    ...readers(memory, stored),
    ...createMemoryRetention(memory),
    atOneMoment: (work) => work(),
    close: async () => {},
  }
}

function apply(memory: Memory, commit: PreparedCommit): void {
  const { runId, bodies, summary, blobs, effects, answers } = commit
  const run = memory.runs.get(runId)
  if (run === undefined) throw runUnknown(runId)
  run.bodies.push(...bodies)
  run.summary = summary ?? run.summary
  // A reference is the digest of UTF-8, which has no lone surrogates: nor has what is read back.
  for (const [ref, body] of blobs) memory.blobs.set(ref, Buffer.from(body, 'utf8').toString('utf8'))
  for (const ref of blobsAhead(commit)) memory.holds.set(ref, new Set([...(memory.holds.get(ref) ?? []), runId]))
  for (const effect of effects) memory.effects.set(effect.key, effect)
  for (const { inboxId, refusal } of answers) {
    const request = memory.requests.get(inboxId)
    if (request !== undefined) memory.requests.set(inboxId, { ...request, state: refusal === null ? 'applied' : 'refused', answer: refusal })
  }
}

function leaseTable({ runs, claims, workspaces, removals }: Memory, stored: StoredState): LeaseTable {
  return {
    nextSeq: stored.nextSeq,
    isRemoved: (runId) => removals.has(runId),
    addRun: (runId) => void runs.set(runId, { bodies: [], summary: null }),
    claim: stored.claim,
    putClaim: (claim) => void claims.set(claim.runId, claim),
    workspaceHolder: (workspace) => workspaces.get(workspace) ?? null,
    holdWorkspace: (workspace, runId) => void workspaces.set(workspace, runId),
    freeWorkspaces: (runId) => {
      for (const [workspace, holder] of workspaces) {
        if (holder === runId) workspaces.delete(workspace)
      }
    },
  }
}

function inbox({ runs, requests }: Memory, stored: StoredState): Pick<Journal, 'send' | 'pending' | 'inbox'> {
  const fresh = (row: InboxRow): InboxRow => structuredClone(row)
  // An id stands for one request for ever, also after its run was removed.
  let lastId = 0
  return {
    send: async (runId, event, at) => {
      const body = encodeEvent(runId, event)
      await Promise.resolve()
      if (!runs.has(runId)) throw runUnknown(runId)
      const inboxId = ++lastId
      requests.set(inboxId, { inboxId, runId, event: JSON.parse(body), at, state: 'pending', answer: null })
      return inboxId
    },
    pending: (runId) => [...requests.values()].filter((row) => row.runId === runId && row.state === 'pending').map(fresh),
    inbox: (inboxId) => {
      const row = stored.inbox(inboxId)
      return row && fresh(row)
    },
  }
}

function readers(
  { runs, blobs, effects }: Memory,
  stored: StoredState,
): Pick<Journal, 'read' | 'tail' | 'blob' | 'summary' | 'list' | 'effect' | 'openEffects'> {
  const bodiesOf = (runId: string): readonly string[] => {
    const run = runs.get(runId)
    if (run === undefined) throw runUnknown(runId)
    return run.bodies
  }
  const read: Journal['read'] = (runId, fromSeq = 0, toSeq = Infinity) => {
    const first = Math.max(0, fromSeq)
    return bodiesOf(runId)
      .slice(first, toSeq + 1)
      .map((body, index) => decodeEntry(runId, first + index, body))
  }
  return {
    read,
    tail: (runId) => read(runId, bodiesOf(runId).findLastIndex(isSnapshotText)),
    blob: (ref) => blobs.get(ref) ?? null,
    summary: (runId) => runs.get(runId)?.summary ?? null,
    list: ({ limit = Infinity } = {}) =>
      [...runs.values()]
        .flatMap((run) => run.summary ?? [])
        .toSorted((a, b) => b.createdAt - a.createdAt || compare(b.runId, a.runId))
        .slice(0, limit),
    effect: (key) => stored.effect(key),
    openEffects: (runId) =>
      [...effects.values()]
        .filter((effect) => effect.runId === runId && effect.state === 'open')
        .toSorted((a, b) => a.at - b.at || compare(a.key, b.key)),
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
