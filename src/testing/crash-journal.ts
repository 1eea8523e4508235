import type { JournalEntry } from '../model/journal-entry.ts'
import type { Commit, EffectRecord, Journal, Lease } from '../services/journal/journal.ts'
import type { Mortality } from './crash-mortality.ts'

/** What a process was told is durable. */
export interface Told {
  readonly entries: JournalEntry[]
  readonly effects: EffectRecord[]
}

export interface MortalJournalOptions {
  readonly told: Told
  readonly leases: 'freed' | 'left'
}

/** A journal that stops taking anything when its process dies; what it took before stays. */
export function mortalJournal(inner: Journal, mortality: Mortality, { told, leases }: MortalJournalOptions): Journal {
  const held = new Map<string, Lease>()

  mortality.atDeath(() => {
    if (leases === 'freed') for (const lease of held.values()) inner.release(lease)
  })

  return {
    ...inner,
    commit: (commit) =>
      mortality.inTurn(async () => {
        await mortality.around('commit', describe(commit), () => inner.commit(commit))
        told.entries.push(...commit.entries)
        told.effects.push(...(commit.effects ?? []))
      }),
    send: (runId, event, at) => mortality.inTurn(() => mortality.around('send', event.type, () => inner.send(runId, event, at))),
    acquire: (runId, options) =>
      mortality.now(() => {
        const lease = inner.acquire(runId, options)
        if (lease !== null) held.set(runId, lease)
        return lease
      }, null),
    renew: (lease, now, ttlMs) =>
      mortality.now(() => {
        const renewed = inner.renew(lease, now, ttlMs)
        if (renewed !== null) held.set(lease.runId, renewed)
        return renewed
      }, null),
    release: (lease) =>
      mortality.now(() => {
        held.delete(lease.runId)
        inner.release(lease)
      }, undefined),
    lockWorkspace: (workspace, runId, now) => mortality.now(() => inner.lockWorkspace(workspace, runId, now), false),
    remove: (runIds, options) => mortality.now(() => inner.remove(runIds, options), []),
    clearRemoved: (runIds, clear) => mortality.now(() => inner.clearRemoved(runIds, clear), undefined),
    sweep: () => mortality.within(() => inner.sweep()),
    compact: (now) => mortality.now(() => inner.compact(now), undefined),
    // The journal belongs to the test, and goes on in the next life.
    close: () => Promise.resolve(),
  }
}

/** What a commit keeps, in words. */
function describe({ entries, effects = [], answers = [] }: Commit): string {
  const records = entries.map((entry) => (entry.kind === 'event' ? `event ${[entry.path, entry.event.type].filter(Boolean).join(' ')}` : entry.kind))
  const ledger = effects.map(({ stepId, attempt, state }) => `effect ${stepId}#${attempt} ${state}`)
  const replies = answers.map(({ refusal }) => (refusal === null ? 'answer' : 'refusal'))
  return [...records, ...ledger, ...replies].join(', ') || 'nothing'
}
