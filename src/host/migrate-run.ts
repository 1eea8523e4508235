import type { AnyStateMachine } from 'xstate'
import { assertRestorable } from '../engine/restorable.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { Lease } from '../services/journal/journal.ts'
import { chartsOnly } from './machine-identity.ts'
import type { MigratingJournal } from './migrating-journal.ts'
import { checkedRun, ofMigration, summaryAt } from './run-moment.ts'
import type { CheckedRun } from './run-moment.ts'

export interface CarryOverOptions {
  readonly runId: string
  readonly machine: AnyStateMachine
  readonly journal: MigratingJournal
  readonly lease: Lease
  readonly now: number
}

/**
 * Writes down the migrations that a run is read through before anything is recorded that the older charts would not know. All of them or
 * none: a crash leaves a run of the older charts, or one of these.
 * @param entries the run as it was read
 * @returns the run as it is read from now on
 * @throws ControllerError RUN_INCOMPATIBLE when the migrated records are no run that goes on, and nothing is written
 */
export async function carryOver(options: CarryOverOptions, entries: readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
  const { runId, journal, lease, now } = options
  const { migrations, nextSeq } = journal.outstanding(runId)
  if (migrations.length === 0) return entries
  const checked = restorableRun(options)
  const { at, runAt } = checked.last
  const records = migrations.map(({ name, from, to }, index): JournalEntry => {
    const place = { seq: nextSeq + index, at: Math.max(now, at), runAt }
    return { kind: 'migrated', ...place, migration: name, from: chartsOnly(from), to: chartsOnly(to) }
  })
  const last = records.at(-1) ?? checked.last
  await journal.commit({ runId, token: lease.token, entries: records, summary: summaryAt({ ...checked, last }) })
  return [...entries, ...records]
}

/** A run whose records follow from one another, and that could be carried on. @throws ControllerError as `checkedRun` */
export function restorableRun({ runId, machine, journal }: Pick<CarryOverOptions, 'runId' | 'machine' | 'journal'>): CheckedRun {
  const checked = checkedRun({ runId, machine, journal })
  try {
    assertRestorable(runId, checked.replay.fold)
  } catch (error) {
    throw ofMigration(error, runId, journal)
  }
  return checked
}
