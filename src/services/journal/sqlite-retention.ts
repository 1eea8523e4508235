// Bound at import, so that a test which replaces the global timers cannot stop the journal.
import { setImmediate } from 'node:timers/promises'
import { unpackBody } from './blob-body.ts'
import { createBlobMarks, type BlobMarks } from './blob-marks.ts'
import type { Removal, Retention } from './journal.ts'
import { liveLease } from './lease-rules.ts'
import { integer, toClaim, toSummary } from './records.ts'
import { keptBecause } from './retention-rules.ts'
import type { Ledger } from './sqlite-ledger.ts'
import { RECORDS_PER_RUN } from './sqlite-schema.ts'
import { spaceIn, vacuum } from './sqlite-space.ts'
import type { Store } from './sqlite-store.ts'

/** Records and blobs that are handled before other work of the process, and other writers, get their turn. */
const BATCH = 2_000

/** Tables whose rows belong to a run by its id; none of them has an index for it. */
const OWNED_BY_ID = ['runs', 'leases', 'inbox', 'effects', 'workspace_locks', 'blob_holds'] as const

export function createSqliteRetention(store: Store, ledger: Ledger): Retention {
  return {
    remove: (runIds, { now, endedBy, dryRun = false }) => {
      const judge = () => runIds.map((runId): Removal => ({ runId, kept: judgeRun(store, ledger, runId, { now, endedBy }) }))
      if (dryRun) return store.read(judge)
      return store.write(() => {
        const judged = judge()
        deleteRuns(
          store,
          ledger,
          judged.filter(({ kept }) => kept === null).map(({ runId }) => runId),
          now,
        )
        return judged
      })
    },
    removed: () =>
      store.read(() =>
        store
          .statement('SELECT run_id FROM removals ORDER BY run_id')
          .all()
          .map((row) => String(row['run_id'])),
      ),
    clearRemoved: (runIds, clear) =>
      store.write(() => {
        for (const runId of runIds) {
          if (ledger.isRemoved(runId) && clear(runId)) store.statement('DELETE FROM removals WHERE run_id = ?').run(runId)
        }
      }),
    sweep: () => sweep(store),
    compact: (now) => {
      // Others would wait for as long as the copying takes; their leases must not run out meanwhile.
      const isQuiet = !store.read(() => isAnyRunLive(store, now))
      vacuum(store, isQuiet)
    },
    space: () => spaceIn(store),
  }
}

function judgeRun(
  store: Store,
  ledger: Ledger,
  runId: string,
  { now, endedBy }: { readonly now: number; readonly endedBy: number },
): Removal['kept'] {
  const row = store.statement('SELECT run_id, summary FROM runs WHERE run_id = ?').get(runId)
  if (row === null) return 'gone'
  const open = store.statement(`SELECT 1 AS there FROM effects WHERE run_id = ? AND state = 'open' LIMIT 1`).get(runId)
  return keptBecause(
    {
      summary: row['summary'] === null ? null : toSummary(row),
      isOwned: liveLease(ledger.claim(runId), now) !== null,
      hasOpenEffects: open !== null,
    },
    endedBy,
  )
}

function deleteRuns(store: Store, ledger: Ledger, runIds: readonly string[], now: number): void {
  if (runIds.length === 0) return
  for (const runId of runIds) {
    const first = (ledger.run(runId)?.runNo ?? 0) * RECORDS_PER_RUN
    store.statement('DELETE FROM journal WHERE record_id BETWEEN ? AND ?').run(first, first + RECORDS_PER_RUN - 1)
    store.statement('INSERT OR IGNORE INTO removals (run_id, at) VALUES (?, ?)').run(runId, now)
  }
  const ids = JSON.stringify(runIds)
  for (const table of OWNED_BY_ID) store.statement(`DELETE FROM ${table} WHERE run_id IN (SELECT value FROM json_each(?))`).run(ids)
}

/**
 * Looks through what is there without stopping anybody; what was written meanwhile is looked at again in the transaction that deletes.
 * A commit brings its bodies along each time, so one that comes after a deletion stores them anew.
 */
async function sweep(store: Store): Promise<number> {
  const refs = store.read(() => store.statement('SELECT ref FROM blobs').all())
  const marks = createBlobMarks(
    refs.map((row) => String(row['ref'])),
    (ref) => unpackBody(store.statement('SELECT body FROM blobs WHERE ref = ?').get(ref)?.['body']),
  )
  const looked = new Map<number, number>()
  while (store.read(() => lookAtRecords(store, marks, looked, BATCH))) await setImmediate()
  let deleted = 0
  for (let more = true; more; await setImmediate()) {
    store.write(() => {
      // All that came since, and in this very transaction: nothing can come to refer to what it deletes.
      while (lookAtRecords(store, marks, looked, BATCH));
      lookAround(store, marks)
      const batch = marks.takeUnnamed(BATCH)
      more = batch.length === BATCH
      deleted += deleteBlobs(store, batch)
    })
  }
  return deleted
}

/** Keeps what the next records name, from where each run was left; false when there are no more. */
function lookAtRecords(store: Store, marks: BlobMarks, looked: Map<number, number>, limit: number): boolean {
  let left = limit
  for (const run of store.statement('SELECT run_no, next_seq FROM runs').all()) {
    const [runNo, nextSeq] = [integer(run, 'run_no', 'a run'), integer(run, 'next_seq', 'a run')]
    for (let seq = looked.get(runNo) ?? 0; seq < nextSeq;) {
      if (left <= 0) return true
      const end = Math.min(nextSeq, seq + left)
      const first = runNo * RECORDS_PER_RUN
      const rows = store.statement('SELECT body FROM journal WHERE record_id BETWEEN ? AND ?').all(first + seq, first + end - 1)
      for (const row of rows) marks.keep(String(row['body']))
      left -= end - seq
      seq = end
      looked.set(runNo, seq)
    }
  }
  return false
}

/** Keeps what is referred to elsewhere than in records. */
function lookAround(store: Store, marks: BlobMarks): void {
  const sources = ['SELECT ref FROM blob_holds', 'SELECT output_ref AS ref FROM effects WHERE output_ref IS NOT NULL']
  for (const sql of sources) {
    for (const row of store.statement(sql).all()) marks.keep(String(row['ref']))
  }
}

function deleteBlobs(store: Store, refs: readonly string[]): number {
  if (refs.length === 0) return 0
  return store.statement('DELETE FROM blobs WHERE ref IN (SELECT value FROM json_each(?)) RETURNING 1').all(JSON.stringify(refs)).length
}

function isAnyRunLive(store: Store, now: number): boolean {
  const claims = store.statement('SELECT run_id AS runId, owner, token, expires_at AS expiresAt FROM leases WHERE owner IS NOT NULL').all()
  return claims.some((row) => liveLease(toClaim(row), now) !== null)
}
