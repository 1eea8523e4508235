import { machineIdentity, type Journal, type JournalEntry, type MachineIdentity, type RunMigration } from '../../src/index.ts'
import type { Commit } from '../../src/services/journal/journal.ts'

/** Statecharts that were before ours: the first, and the ones between. */
export const FIRST: MachineIdentity = { ...machineIdentity(), machineVersion: '0.1', machineHash: '1'.repeat(64) }
export const SECOND: MachineIdentity = { ...machineIdentity(), machineVersion: '0.2', machineHash: '2'.repeat(64) }

/** What events were called, by the statecharts that came after. */
const FIRST_NAMES = { 'run.start': 'run.begin' }
const SECOND_NAMES = { 'action.approve': 'action.ok', 'run.resume': 'run.go' }
/** The second charts still told that they were alive; ours have nothing for it. */
const PING = 'run.ping'

type Event = Extract<JournalEntry, { readonly kind: 'event' }>
export const isEvent = (entry: JournalEntry): entry is Event => entry.kind === 'event'

export function renamed(entry: JournalEntry, names: Readonly<Record<string, string>>): JournalEntry {
  if (!isEvent(entry)) return entry
  return { ...entry, event: { ...entry.event, type: names[entry.event.type] ?? entry.event.type } }
}

const reversed = (names: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(names).map(([key, value]) => [value, key]))

export const firstToSecond: RunMigration = {
  name: 'first-to-second',
  from: FIRST,
  to: SECOND,
  entry: (entry) => renamed(entry, reversed(FIRST_NAMES)),
}

export const secondToNow: RunMigration = {
  name: 'second-to-now',
  from: SECOND,
  to: machineIdentity(),
  entry: (entry) => (isEvent(entry) && entry.event.type === PING ? null : renamed(entry, reversed(SECOND_NAMES))),
}

export const BOTH = [firstToSecond, secondToNow]

/** A record as the second charts had it. */
export const asSecond = (entry: JournalEntry): JournalEntry => withCharts(renamed(entry, SECOND_NAMES), SECOND)
/** A record as the first charts had it. */
export const asFirst = (entry: JournalEntry): JournalEntry => withCharts(renamed(asSecond(entry), FIRST_NAMES), FIRST)

function withCharts(entry: JournalEntry, charts: MachineIdentity): JournalEntry {
  return entry.kind === 'started' ? { ...entry, header: { ...entry.header, ...charts } } : entry
}

export const renumbered = (entries: readonly JournalEntry[]): readonly JournalEntry[] => entries.map((entry, seq) => ({ ...entry, seq }))

/** Puts a record that our charts have nothing for after the first that fits. */
export function pingAfter(entries: readonly JournalEntry[], fits: (entry: JournalEntry) => boolean): readonly JournalEntry[] {
  const at = entries.findIndex(fits)
  const before = entries[at]
  if (before === undefined) throw new Error('no record fits')
  return renumbered(entries.toSpliced(at + 1, 0, { kind: 'event', seq: 0, at: before.at, runAt: before.runAt, path: '', event: { type: PING } }))
}

/** A journal that keeps what was committed to it, to be committed to another one as older charts would have, in a state that they had. */
export function recordingJournal(inner: Journal): {
  readonly journal: Journal
  copyTo(journal: Journal, change: Change, state?: string): Promise<void>
} {
  const commits: Commit[] = []
  const journal: Journal = {
    ...inner,
    commit(commit) {
      commits.push(commit)
      return inner.commit(commit)
    },
  }
  return {
    journal,
    async copyTo(older, change, state) {
      for (const runId of new Set(commits.map((commit) => commit.runId))) {
        const lease = older.acquire(runId, { owner: 'older', ttlMs: 60_000, now: Date.now(), create: true })
        if (lease === null) throw new Error('the run is taken')
        const own = commits.filter((commit) => commit.runId === runId)
        const summary = own.findLast((commit) => commit.summary)?.summary
        const blobs = new Map(own.flatMap((commit) => [...(commit.blobs ?? [])]))
        const effects = own.flatMap((commit) => commit.effects ?? [])
        const entries = change(own.flatMap((commit) => commit.entries))
        await older.commit({
          runId,
          token: lease.token,
          entries,
          blobs,
          effects,
          ...(summary ? { summary: { ...summary, state: state ?? summary.state } } : {}),
        })
        older.release(lease)
      }
    },
  }
}

export type Change = (entries: readonly JournalEntry[]) => readonly JournalEntry[]
