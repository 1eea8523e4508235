import { createBodies } from '../engine/bodies.ts'
import type { Bodies } from '../engine/bodies.ts'
import { createRunRecord } from '../flow/run-record.ts'
import type { RunRecord } from '../flow/run-record.ts'
import type { RunEvent } from '../model/events.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { Journal } from '../services/journal/journal.ts'
import { machineIdentity } from './machine-identity.ts'
import { carryOver } from './migrate-run.ts'
import type { CarryOverOptions } from './migrate-run.ts'
import { createReplay } from './replay.ts'
import { restoreRun } from './run-snapshot.ts'
import type { RestoredRun } from './run-snapshot.ts'

/** A stored run, to be carried on. */
export interface LoadedRun {
  readonly bodies: Bodies
  readonly record: RunRecord
  /** Where its last snapshot left it; null for one that begins at its first record. */
  readonly restored: RestoredRun | null
  /** The records that are still to be folded. */
  readonly entries: readonly JournalEntry[]
}

/**
 * Reads a run from its last snapshot on, or from its first record where it has none that can be used, and carries it over to these
 * statecharts if need be.
 * @throws ControllerError as `carryOver`
 */
export async function loadRun(options: CarryOverOptions & { readonly redact: (text: string) => string }): Promise<LoadedRun> {
  const { runId, machine, journal, redact } = options
  const bodies = createBodies(journal, redact)
  const refold = (toSeq: number) => {
    const replay = createReplay(runId, machine, journal)
    replay.feed(journal.read(runId, 0, toSeq))
    return replay.record.takeNoted()
  }
  const tail = journal.tail(runId)
  const restored = restoreRun(tail[0], { machineHash: machineIdentity().machineHash, bodies, refold })
  if (restored) return { bodies, record: restored.record, restored, entries: tail.slice(1) }
  return { bodies, record: createRunRecord(), restored, entries: await carryOver(options, journal.read(runId)) }
}

/** What the records from `fromSeq` up to `toSeq` told. */
export function eventsIn(
  { runId, machine, journal }: Pick<CarryOverOptions, 'runId' | 'machine'> & { readonly journal: Journal },
  fromSeq: number,
  toSeq: number,
): readonly RunEvent[] {
  const events = createReplay(runId, machine, journal).feed(journal.read(runId, 0, toSeq))
  return events.filter(({ seq }) => seq >= fromSeq)
}
