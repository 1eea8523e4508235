import { extendChain } from './chain.ts'
import { encodeSummary } from './records.ts'
import { packBody } from './blob-body.ts'
import { blobsAhead, checkCommit, type PreparedCommit } from './commit-rules.ts'
import { runUnknown } from './journal-failure.ts'
import { RECORDS_PER_RUN } from './sqlite-schema.ts'
import type { Ledger, StoredRun } from './sqlite-ledger.ts'
import type { Store } from './sqlite-store.ts'

/**
 * Writes one commit within the current transaction. A ControllerError is thrown before anything is written.
 * @throws ControllerError RUN_UNKNOWN, LEASE_LOST, JOURNAL_CORRUPT
 */
export function writeCommit(store: Store, ledger: Ledger, commit: PreparedCommit): void {
  const stored = ledger.claimed(commit.runId)
  if (stored === null) throw runUnknown(commit.runId)
  const { run, claim } = stored
  const nextSeq = (runId: string) => (runId === commit.runId ? run.nextSeq : ledger.nextSeq(runId))
  checkCommit(commit, { nextSeq, claim: () => claim, inbox: ledger.inbox, effect: ledger.effect })
  writeRecords(store, run, commit)
  writeSummary(store, commit)
  writeBlobs(store, commit)
  writeEffects(store, commit)
  writeAnswers(store, commit)
}

function writeRecords(store: Store, run: StoredRun, { runId, bodies }: PreparedCommit): void {
  const records = extendChain(run, bodies)
  const last = records.at(-1)
  if (last === undefined) return
  const insert = store.statement('INSERT INTO journal (record_id, run_id, seq, body, hash) VALUES (?, ?, ?, ?, ?)')
  for (const { seq, body, hash } of records) {
    insert.run(run.runNo * RECORDS_PER_RUN + seq, runId, seq, body, Buffer.from(hash, 'hex'))
  }
  store.statement('UPDATE runs SET next_seq = ?, head = ? WHERE run_no = ?').run(last.seq + 1, Buffer.from(last.hash, 'hex'), run.runNo)
}

function writeSummary(store: Store, { runId, summary }: PreparedCommit): void {
  if (summary === null) return
  store.statement('UPDATE runs SET created_at = ?, summary = ? WHERE run_id = ?').run(summary.createdAt, encodeSummary(summary), runId)
}

function writeBlobs(store: Store, commit: PreparedCommit): void {
  const insert = store.statement('INSERT OR IGNORE INTO blobs (ref, body) VALUES (?, ?)')
  for (const [ref, body] of commit.blobs) insert.run(ref, packBody(body))
  const ahead = blobsAhead(commit)
  if (ahead.length === 0) return
  const hold = store.statement('INSERT OR IGNORE INTO blob_holds (ref, run_id) VALUES (?, ?)')
  for (const ref of ahead) hold.run(ref, commit.runId)
}

function writeEffects(store: Store, { effects }: PreparedCommit): void {
  const insert = store.statement(
    `INSERT OR REPLACE INTO effects ("key", run_id, step_id, capability, digest, attempt, state, output_ref, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  for (const { key, runId, stepId, capability, digest, attempt, state, outputRef, at } of effects) {
    insert.run(key, runId, stepId, capability, digest, attempt, state, outputRef, at)
  }
}

function writeAnswers(store: Store, { answers }: PreparedCommit): void {
  const update = store.statement('UPDATE inbox SET state = ?, answer = ? WHERE inbox_id = ?')
  for (const { inboxId, refusal } of answers) update.run(refusal === null ? 'applied' : 'refused', refusal, inboxId)
}
