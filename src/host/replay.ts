import type { AnyStateMachine } from 'xstate'
import { createBodies } from '../engine/bodies.ts'
import type { Bodies } from '../engine/bodies.ts'
import { createFold, emittedBy, foldEntry } from '../engine/fold.ts'
import type { Effect, Fold } from '../engine/fold.ts'
import { createRunRecord } from '../flow/run-record.ts'
import type { RunRecord } from '../flow/run-record.ts'
import { DELAY_CLOCKS } from '../machines/clocks.ts'
import type { RunEvent } from '../model/events.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { Journal } from '../services/journal/journal.ts'
import { createEventTeller } from './run-events.ts'
import { planInForce } from './state-path.ts'

/** A run folded from its journal, without doing anything. */
export interface Replay {
  readonly fold: Fold
  readonly bodies: Bodies
  readonly record: RunRecord
  /** Folds further records and returns what they tell. */
  feed(entries: readonly JournalEntry[]): readonly RunEvent[]
  readonly lastSeq: number
  readonly runAt: number
}

/** Looks on while a journal is folded. */
export interface ReplayWatch {
  /** Sees each record before it is folded; what it throws ends the replay there. */
  before(entry: JournalEntry, fold: Fold): void
  /** Sees what each record caused; none of it is done. */
  after(entry: JournalEntry, effects: readonly Effect[]): void
}

export function createReplay(runId: string, machine: AnyStateMachine, journal: Journal, watch?: ReplayWatch): Replay {
  const fold = createFold(machine, DELAY_CLOCKS)
  const bodies = createBodies(journal)
  const record = createRunRecord()
  const teller = createEventTeller(runId, fold, bodies)
  let lastSeq = -1
  let runAt = 0

  function feedOne(entry: JournalEntry): readonly RunEvent[] {
    watch?.before(entry, fold)
    lastSeq = entry.seq
    runAt = entry.runAt
    const effects = foldEntry(fold, entry)
    watch?.after(entry, effects)
    const emitted = emittedBy(effects)
    record.note(entry, emitted, planInForce(fold))
    return teller.tell(entry, emitted)
  }

  return {
    fold,
    bodies,
    record,
    feed: (entries) => entries.flatMap(feedOne),
    get lastSeq() {
      return lastSeq
    },
    get runAt() {
      return runAt
    },
  }
}
