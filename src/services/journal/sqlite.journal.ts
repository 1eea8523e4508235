import { sha256 } from '../../model/digest.ts'
import { unpackBody } from './blob-body.ts'
import { verifyChain, type ChainRecord } from './chain.ts'
import { prepareCommit } from './commit-rules.ts'
import { decodeEntry, isSnapshotText } from './entry-text.ts'
import { createGroupCommit } from './group-commit.ts'
import type { Journal, RunSummary } from './journal.ts'
import { corrupt, corruptRecord, runUnknown } from './journal-failure.ts'
import { createLeases } from './leases.ts'
import { toEffect, toHex, toSummary } from './records.ts'
import { writeCommit } from './sqlite-commit.ts'
import { loadDriver, type Row } from './sqlite-driver.ts'
import { createSqliteInbox } from './sqlite-inbox.ts'
import { COLUMNS, createLedger, type Ledger, type StoredRun } from './sqlite-ledger.ts'
import { createSqliteRetention } from './sqlite-retention.ts'
import { RECORDS_PER_RUN } from './sqlite-schema.ts'
import { openStore, type Store } from './sqlite-store.ts'

export interface SqliteJournalOptions {
  /** The database, `planner-exec.db` in the state folder; both are created when they are absent. */
  readonly file: string
  /** `full` (default) survives power loss; `normal` survives a crash of the process and is faster. */
  readonly sync?: 'full' | 'normal'
}

/**
 * Keeps all runs in one SQLite file, which any number of processes of one machine may use at once. Not for network file systems.
 * @throws ControllerError JOURNAL_UNSUPPORTED, JOURNAL_UNWRITABLE, JOURNAL_CORRUPT
 */
export async function createSqliteJournal({ file, sync = 'full' }: SqliteJournalOptions): Promise<Journal> {
  const store = openStore(await loadDriver(), { file, sync })
  const ledger = createLedger(store)
  const group = createGroupCommit({ transact: store.writeSoon, explain: store.explain })

  return {
    commit: async (commit) => {
      const prepared = prepareCommit(commit)
      await group.submit(() => writeCommit(store, ledger, prepared))
    },
    ...createLeases(ledger, store),
    ...createSqliteInbox(store, ledger, group),
    ...createReaders(store, ledger),
    ...createSqliteRetention(store, ledger),
    atOneMoment: store.atOneMoment,
    close: async () => {
      await group.drain()
      store.close()
    },
  }
}

function createReaders(store: Store, ledger: Ledger): Pick<Journal, 'read' | 'tail' | 'blob' | 'summary' | 'list' | 'effect' | 'openEffects'> {
  return {
    read: (runId, fromSeq = 0, toSeq = RECORDS_PER_RUN) => {
      const records = store.read(() => readChain(store, ledger, runId, toSeq))
      return records.slice(Math.max(0, fromSeq)).map(({ seq, body }) => decodeEntry(runId, seq, body))
    },
    tail: (runId) => {
      const records = store.read(() => readTail(store, ledger, runId) ?? readChain(store, ledger, runId, RECORDS_PER_RUN))
      return records.map(({ seq, body }) => decodeEntry(runId, seq, body))
    },
    blob: (ref) => store.read(() => readBlob(store, ref)),
    summary: (runId) => {
      const row = store.read(() => store.statement('SELECT run_id, summary FROM runs WHERE run_id = ? AND summary IS NOT NULL').get(runId))
      return row && toSummary(row)
    },
    list: ({ limit = -1 } = {}) => store.read(() => listRuns(store, limit)),
    effect: (key) => store.read(() => ledger.effect(key)),
    openEffects: (runId) =>
      store.read(() =>
        store.statement(`SELECT ${COLUMNS.effect} FROM effects WHERE run_id = ? AND state = 'open' ORDER BY at, "key"`).all(runId).map(toEffect),
      ),
  }
}

function readChain(store: Store, ledger: Ledger, runId: string, toSeq: number): readonly ChainRecord[] {
  const run = ledger.run(runId)
  if (run === null) throw lostOrUnknown(store, runId)
  const records = recordsOf(store, run, runId, 0, Math.min(toSeq, RECORDS_PER_RUN - 1))
  verifyChain(runId, records, run, toSeq)
  return records
}

/** Where a snapshot is looked for, from the end backwards. */
const TAIL_RECORDS = 512
const TAIL_STEPS = 8

/** The last snapshot and what follows it; null when it is not near the end, or the very first record. */
function readTail(store: Store, ledger: Ledger, runId: string): readonly ChainRecord[] | null {
  const run = ledger.run(runId)
  if (run === null) throw lostOrUnknown(store, runId)
  let records: readonly ChainRecord[] = []
  for (let step = 0, end = run.nextSeq - 1; step < TAIL_STEPS && end > 0; step++, end -= TAIL_RECORDS) {
    records = [...recordsOf(store, run, runId, Math.max(0, end - TAIL_RECORDS + 1), end), ...records]
    const found = records.findLastIndex(({ body }) => isSnapshotText(body))
    const before = records[found - 1]
    if (before === undefined) continue
    const tail = records.slice(found)
    verifyChain(runId, tail, run, RECORDS_PER_RUN, { nextSeq: before.seq + 1, hash: before.hash })
    return tail
  }
  return null
}

function recordsOf(store: Store, { runNo }: StoredRun, runId: string, fromSeq: number, toSeq: number): readonly ChainRecord[] {
  const first = runNo * RECORDS_PER_RUN
  return store
    .statement('SELECT record_id, run_id, seq, body, hash FROM journal WHERE record_id BETWEEN ? AND ? ORDER BY record_id')
    .all(first + fromSeq, first + toSeq)
    .map((row, index) => toChainRecord(runId, row, fromSeq + index, first))
}

function toChainRecord(runId: string, row: Row, index: number, first: number): ChainRecord {
  const { record_id: id, run_id: owner, seq, body, hash } = row
  if (owner !== runId) throw corruptRecord(runId, index, 'it is marked as that of another run')
  if (typeof id !== 'number' || typeof seq !== 'number' || typeof body !== 'string' || !(hash instanceof Uint8Array)) {
    throw corruptRecord(runId, index, 'a column of it has the wrong type')
  }
  // Its number and its place must both be the next ones.
  return { seq: seq === index ? id - first : seq, body, hash: toHex(hash) }
}

function lostOrUnknown(store: Store, runId: string): Error {
  const orphan = store.statement('SELECT seq FROM journal WHERE run_id = ? LIMIT 1').get(runId)
  return orphan === null ? runUnknown(runId) : corruptRecord(runId, 0, 'the run is no longer listed, but records of it are there')
}

function listRuns(store: Store, limit: number): readonly RunSummary[] {
  assertNoneLost(store)
  return store
    .statement('SELECT run_id, summary FROM runs WHERE summary IS NOT NULL ORDER BY created_at DESC, run_id DESC LIMIT ?')
    .all(limit)
    .map(toSummary)
}

/** A damaged page can hide runs from the table, but not from its index as well. Every run has a summary from its first record on. */
function assertNoneLost(store: Store): void {
  const table = store
    .statement('SELECT count(*) AS runs, count(CASE WHEN next_seq > 0 AND summary IS NULL THEN 1 END) AS blank FROM runs NOT INDEXED')
    .get()
  const index = store.statement('SELECT count(*) AS runs FROM runs INDEXED BY sqlite_autoindex_runs_1').get()
  if (table?.['runs'] === index?.['runs'] && table?.['blank'] === 0) return
  throw corrupt('The journal has lost runs: the table of runs and its index do not agree, or a run has no summary.', { problem: 'runs are missing' })
}

function readBlob(store: Store, ref: string): string | null {
  const row = store.statement('SELECT body FROM blobs WHERE ref = ?').get(ref)
  if (row === null) return null
  const body = unpackBody(row['body'])
  if (body === null || sha256(body) !== ref)
    throw corrupt(`The blob ${ref} is damaged: its content does not match its reference.`, { problem: `blob ${ref}` })
  return body
}
