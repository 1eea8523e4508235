import type { EffectRecord, InboxRow } from './journal.ts'
import { genesisHash, type ChainHead } from './chain.ts'
import { hex, integer, toClaim, toEffect, toInboxRow } from './records.ts'
import type { Claim } from './lease-rules.ts'
import type { LeaseTable } from './leases.ts'
import type { Row } from './sqlite-driver.ts'
import type { Store } from './sqlite-store.ts'

/** A run's number within the file, and where its journal ends. */
export interface StoredRun extends ChainHead {
  readonly runNo: number
}

/** The tables around the journal, one row at a time. Each call belongs inside `store.read` or `store.write`. */
export interface Ledger extends LeaseTable {
  run(runId: string): StoredRun | null
  /** A run with the last lease on it. */
  claimed(runId: string): { readonly run: StoredRun; readonly claim: Claim | null } | null
  inbox(inboxId: number): InboxRow | null
  effect(key: string): EffectRecord | null
}

const INBOX = 'inbox_id AS inboxId, run_id AS runId, event, at, state, answer'
const EFFECT = '"key", run_id AS runId, step_id AS stepId, capability, digest, attempt, state, output_ref AS outputRef, at'

/** The columns of a request and of an effect, named as the port names them. */
export const COLUMNS = { inbox: INBOX, effect: EFFECT } as const

export function createLedger(store: Store): Ledger {
  const run = (runId: string): StoredRun | null => {
    const row = store.statement('SELECT run_no, next_seq, head FROM runs WHERE run_id = ?').get(runId)
    return row && toRun(row, runId)
  }
  const claimed: Ledger['claimed'] = (runId) => {
    const row = store
      .statement(
        `SELECT run_no, next_seq, head, leases.run_id AS runId, owner, token, expires_at AS expiresAt
           FROM runs LEFT JOIN leases USING (run_id) WHERE runs.run_id = ?`,
      )
      .get(runId)
    if (row === null) return null
    const { runId: leased, owner, token, expiresAt } = row
    return { run: toRun(row, runId), claim: leased === null ? null : toClaim({ runId, owner, token, expiresAt }) }
  }
  return {
    run,
    claimed,
    nextSeq: (runId) => run(runId)?.nextSeq ?? null,
    isRemoved: (runId) => store.statement('SELECT run_id FROM removals WHERE run_id = ?').get(runId) !== null,
    addRun: (runId, at) => {
      const head = Buffer.from(genesisHash(runId), 'hex')
      store.statement('INSERT INTO runs (run_id, next_seq, head, created_at) VALUES (?, 0, ?, ?)').run(runId, head, at)
    },
    claim: (runId) => {
      const row = store.statement('SELECT run_id AS runId, owner, token, expires_at AS expiresAt FROM leases WHERE run_id = ?').get(runId)
      return row && toClaim(row)
    },
    putClaim: ({ runId, owner, token, expiresAt }) =>
      store.statement('INSERT OR REPLACE INTO leases (run_id, owner, token, expires_at) VALUES (?, ?, ?, ?)').run(runId, owner, token, expiresAt),
    inbox: (inboxId) => {
      const row = store.statement(`SELECT ${INBOX} FROM inbox WHERE inbox_id = ?`).get(inboxId)
      return row && toInboxRow(row)
    },
    effect: (key) => {
      const row = store.statement(`SELECT ${EFFECT} FROM effects WHERE "key" = ?`).get(key)
      return row && toEffect(row)
    },
    workspaceHolder: (workspace) => {
      const row = store.statement('SELECT run_id FROM workspace_locks WHERE workspace = ?').get(workspace)
      return row && String(row['run_id'])
    },
    holdWorkspace: (workspace, runId) =>
      store.statement('INSERT OR REPLACE INTO workspace_locks (workspace, run_id) VALUES (?, ?)').run(workspace, runId),
    freeWorkspaces: (runId) => store.statement('DELETE FROM workspace_locks WHERE run_id = ?').run(runId),
  }
}

function toRun(row: Row, runId: string): StoredRun {
  return {
    runNo: integer(row, 'run_no', `run ${runId}`),
    nextSeq: integer(row, 'next_seq', `run ${runId}`),
    hash: hex(row, 'head', `run ${runId}`),
  }
}
