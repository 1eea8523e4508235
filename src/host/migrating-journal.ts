import type { RunMigration } from '../controller.types.ts'
import { ControllerError, toFailure } from '../errors.ts'
import { JournalEntry } from '../model/journal-entry.ts'
import type { MachineIdentity } from '../model/journal-entry.ts'
import type { Journal } from '../services/journal/journal.ts'
import { chartsOnly, describeCharts } from './machine-identity.ts'
import type { Migrations } from './migrations.ts'

/**
 * The same store, whose records are read as the statecharts of this version would have written them: everything that folds a run sees
 * migrated records. What is stored stays as it was, and so does its hash chain; a record that has no counterpart leaves a gap in `seq`.
 * A run from which no way leads to these charts is read as it is stored; whoever folds it looks at its header.
 */
export interface MigratingJournal extends Journal {
  /** The migrations that a run's first records go through. */
  through(runId: string): readonly RunMigration[]
  /** Those that the run's newest records go through and that no record of it names yet, and where such a record would come. */
  outstanding(runId: string): Outstanding
}

export interface Outstanding {
  readonly migrations: readonly RunMigration[]
  readonly nextSeq: number
}

type Migrated = Extract<JournalEntry, { readonly kind: 'migrated' }>

export function createMigratingJournal(stored: Journal, migrations: Migrations): MigratingJournal {
  function read(runId: string, fromSeq = 0, toSeq = Infinity): readonly JournalEntry[] {
    if (migrations.isEmpty) return asWritten(runId, stored.read(runId, fromSeq, toSeq))
    // Only the first record, or a `migrated` one before `fromSeq`, says which charts a record is of.
    const entries = migrated(runId, stored.read(runId, 0, toSeq), migrations)
    return fromSeq > 0 ? entries.filter(({ seq }) => seq >= fromSeq) : entries
  }

  function through(runId: string): readonly RunMigration[] {
    return migrations.isEmpty ? [] : chainOf(identityIn(stored.read(runId, 0, 0)))
  }

  function outstanding(runId: string): Outstanding {
    const entries = migrations.isEmpty ? [] : stored.read(runId)
    return { migrations: chainOf(identityIn(entries)), nextSeq: entries.length }
  }

  const chainOf = (identity: MachineIdentity | null) => (identity && migrations.chainFrom(identity)) ?? []

  return {
    read,
    tail(runId) {
      if (through(runId).length === 0) return asWritten(runId, stored.tail(runId))
      const tail = outstanding(runId).migrations.length > 0 ? [] : stored.tail(runId)
      // A snapshot from before a migration is of no use to these charts: then all that led to it is needed.
      return tail.length === 0 || tail.some(({ kind }) => kind === 'migrated') ? read(runId) : tail
    },
    through,
    outstanding,
    commit: (commit) => stored.commit(commit),
    atOneMoment: (work) => stored.atOneMoment(work),
    blob: (ref) => stored.blob(ref),
    summary: (runId) => stored.summary(runId),
    list: (options) => stored.list(options),
    acquire: (runId, options) => stored.acquire(runId, options),
    renew: (lease, now, ttlMs) => stored.renew(lease, now, ttlMs),
    release: (lease) => stored.release(lease),
    owner: (runId, now) => stored.owner(runId, now),
    lockWorkspace: (workspace, runId, now) => stored.lockWorkspace(workspace, runId, now),
    send: (runId, event, at) => stored.send(runId, event, at),
    pending: (runId) => stored.pending(runId),
    inbox: (inboxId) => stored.inbox(inboxId),
    effect: (key) => stored.effect(key),
    openEffects: (runId) => stored.openEffects(runId),
    remove: (runIds, options) => stored.remove(runIds, options),
    removed: () => stored.removed(),
    clearRemoved: (runIds, clear) => stored.clearRemoved(runIds, clear),
    sweep: () => stored.sweep(),
    compact: (now) => stored.compact(now),
    space: () => stored.space(),
    close: () => stored.close(),
  }
}

/** The statecharts that the newest of a run's records are of; null when it has no first record. */
function identityIn(entries: readonly JournalEntry[]): MachineIdentity | null {
  const last = entries.findLast((entry): entry is Migrated => entry.kind === 'migrated')
  if (last) return last.to
  return entries[0]?.kind === 'started' ? entries[0].header : null
}

function asWritten(runId: string, entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const last = entries.findLast((entry): entry is Migrated => entry.kind === 'migrated')
  if (last) throw unregistered(runId, last)
  return entries
}

function migrated(runId: string, entries: readonly JournalEntry[], migrations: Migrations): readonly JournalEntry[] {
  const [first] = entries
  let chain = first?.kind === 'started' ? migrations.chainFrom(first.header) : null
  const result: JournalEntry[] = []
  for (const entry of entries) {
    if (entry.kind === 'migrated') {
      // The records before it are not folded as they are, nor can they be migrated.
      if (chain === null) throw unregistered(runId, entry)
      chain = migrations.chainFrom(entry.to)
      if (chain === null) throw withoutWay(runId, entry)
    }
    const now = (chain ?? []).reduce<JournalEntry | null>((before, migration) => before && counterpart(runId, before, migration), entry)
    if (now !== null) result.push(now)
  }
  return result
}

/** A record of the charts `from` as one of the charts `to`. @throws ControllerError RUN_INCOMPATIBLE when the migration gives no such record */
function counterpart(runId: string, entry: JournalEntry, migration: RunMigration): JournalEntry | null {
  // It names a state of the older charts.
  if (entry.kind === 'snapshot') return null
  const given = applied(runId, entry, migration)
  const isFixed = entry.kind === 'started' || entry.kind === 'migrated'
  if (given === null) {
    if (isFixed) throw useless(runId, entry, migration, `it leaves out a record that is ${entry.kind}`)
    return null
  }
  if (given.seq !== entry.seq || given.at !== entry.at) throw useless(runId, entry, migration, 'it moves the record to another place or time')
  if (isFixed && given.kind !== entry.kind) throw useless(runId, entry, migration, `it makes ${given.kind} of a record that is ${entry.kind}`)
  if (entry.kind === 'migrated') return { ...entry, runAt: given.runAt }
  if (entry.kind === 'started' && given.kind === 'started') {
    // A migration answers for statecharts, not for what the run may do.
    const { policyHash, catalogDigest } = entry.header
    return { ...given, header: { ...given.header, policyHash, catalogDigest, ...chartsOnly(migration.to) } }
  }
  return entry.kind === 'event' && given.kind === 'event' && given.event.type !== entry.event.type ? withoutRequest(given) : given
}

/** The request that it came from is kept as it was asked, in the words of that time. */
function withoutRequest({ inbox: _, ...event }: Extract<JournalEntry, { readonly kind: 'event' }>): JournalEntry {
  return event
}

function applied(runId: string, entry: JournalEntry, migration: RunMigration): JournalEntry | null {
  let given: unknown
  try {
    given = migration.entry(entry)
  } catch (error) {
    throw useless(runId, entry, migration, `it failed: ${toFailure(error).message}`)
  }
  if (given === null) return null
  const parsed = JournalEntry.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw useless(runId, entry, migration, `what it gives is no record (${issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown'})`)
}

function useless(runId: string, { seq }: JournalEntry, { name, from }: RunMigration, problem: string): ControllerError {
  return new ControllerError('RUN_INCOMPATIBLE', `migration "${name}" cannot carry run ${runId} over: at record ${seq} ${problem}`, {
    hint: `Correct the migration, or open the run with ${describeCharts(from)}. The run is stored as it was.`,
    details: { runId, seq, problem, migration: name },
  })
}

function unregistered(runId: string, { seq, migration, from, to }: Migrated): ControllerError {
  const ways = `from ${describeCharts(from)} to ${describeCharts(to)}`
  return new ControllerError('RUN_INCOMPATIBLE', `run ${runId} was carried over by migration "${migration}" (${ways}), which is not registered`, {
    hint: `Register migration "${migration}", or open the run with a version of planner-exec that has it.`,
    details: { runId, seq, problem: 'a migration is missing', migration },
  })
}

function withoutWay(runId: string, { seq, to }: Migrated): ControllerError {
  return new ControllerError('RUN_INCOMPATIBLE', `run ${runId} was carried over to ${describeCharts(to)}, from which no migration leads here`, {
    hint: `Open it with ${describeCharts(to)}, or register a migration from there.`,
    details: { runId, seq, problem: 'a migration is missing' },
  })
}
