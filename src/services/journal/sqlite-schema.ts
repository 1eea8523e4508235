import { ControllerError } from '../../errors.ts'
import type { Driver } from './sqlite-driver.ts'
import { corrupt } from './journal-failure.ts'

/** Version of the tables, in the file's `user_version`. */
const SCHEMA_VERSION = 1

/** Record `seq` of the run number `run_no` has the row id `run_no * RECORDS_PER_RUN + seq`; both parts fit a double together. */
export const RECORDS_PER_RUN = 2 ** 28

/**
 * Everything by name, as SQLite keeps it in `sqlite_schema`.
 * - `journal` needs no index: its row id keeps a run's records together and in order (`RECORDS_PER_RUN`);
 * - `runs` holds where each journal ends (`next_seq`, `head`), so that missing last records are noticed;
 * - a lease's row outlives its owner, because its token must never go back.
 */
const TABLES = {
  runs: `CREATE TABLE runs (run_no INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, next_seq INTEGER NOT NULL, head BLOB NOT NULL, created_at REAL NOT NULL, summary TEXT) STRICT`,
  journal: `CREATE TABLE journal (record_id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL) STRICT`,
  blobs: `CREATE TABLE blobs (ref TEXT NOT NULL PRIMARY KEY, body ANY NOT NULL) STRICT, WITHOUT ROWID`,
  effects: `CREATE TABLE effects ("key" TEXT NOT NULL PRIMARY KEY, run_id TEXT NOT NULL, step_id TEXT NOT NULL, capability TEXT NOT NULL, digest TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, output_ref TEXT, at REAL NOT NULL) STRICT, WITHOUT ROWID`,
  effects_open: `CREATE INDEX effects_open ON effects (run_id, at) WHERE state = 'open'`,
  leases: `CREATE TABLE leases (run_id TEXT NOT NULL PRIMARY KEY, owner TEXT, token INTEGER NOT NULL, expires_at REAL NOT NULL) STRICT, WITHOUT ROWID`,
  inbox: `CREATE TABLE inbox (inbox_id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, at REAL NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL, answer TEXT) STRICT`,
  inbox_pending: `CREATE INDEX inbox_pending ON inbox (run_id) WHERE state = 'pending'`,
  workspace_locks: `CREATE TABLE workspace_locks (workspace TEXT NOT NULL PRIMARY KEY, run_id TEXT NOT NULL) STRICT, WITHOUT ROWID`,
} as const

/**
 * Tables that files of earlier versions lack; they get them when they are opened, and earlier versions do not mind.
 * - `blob_holds` keeps a body that was stored before any record of its run refers to it;
 * - `removals` names the runs that were removed here and whose folders are still to be cleared.
 */
const LATER_TABLES = {
  blob_holds: `CREATE TABLE blob_holds (ref TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (ref, run_id)) STRICT, WITHOUT ROWID`,
  removals: `CREATE TABLE removals (run_id TEXT NOT NULL PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID`,
} as const

/** The settings of a connection, in an order that matters: without a patience for locks, switching to WAL fails when others open too. */
export function connectionPragmas(sync: 'full' | 'normal', busyTimeoutMs: number): readonly string[] {
  return [
    `PRAGMA busy_timeout = ${busyTimeoutMs}`,
    'PRAGMA journal_mode = WAL',
    `PRAGMA synchronous = ${sync === 'full' ? 'FULL' : 'NORMAL'}`,
    // macOS: fsync alone leaves the data in the drive's cache.
    `PRAGMA fullfsync = ${sync === 'full' ? 'ON' : 'OFF'}`,
    // The file may come with a cloned workspace: functions hidden in its schema must not run.
    'PRAGMA trusted_schema = OFF',
    'PRAGMA cell_size_check = ON',
    'PRAGMA journal_size_limit = 67108864',
  ]
}

/**
 * Creates the tables in an empty file; checks that any other file has exactly ours, and nothing that could change rows behind our back.
 * Runs inside a write transaction.
 * @throws ControllerError JOURNAL_CORRUPT when the tables are not ours, JOURNAL_UNSUPPORTED when they are of a later version
 */
export function ensureSchema(driver: Driver, file: string): void {
  const version = Number(driver.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > SCHEMA_VERSION) {
    const message = `The journal ${file} has the tables of version ${version}; this version knows those up to ${SCHEMA_VERSION}.`
    throw new ControllerError('JOURNAL_UNSUPPORTED', message, { hint: 'Update planner-exec, or use another state folder with `--state DIR`.' })
  }
  const found = driver.prepare('SELECT type, name, sql FROM sqlite_schema').all()
  if (version === 0 && found.length === 0) return createTables(driver)
  const problem = schemaProblem(version, found)
  if (problem !== null) throw corrupt(`The journal ${file} cannot be used: ${problem}.`, { file, problem })
  const names = new Set(found.map((item) => item['name']))
  for (const [name, sql] of Object.entries(LATER_TABLES)) if (!names.has(name)) driver.exec(sql)
}

function createTables(driver: Driver): void {
  for (const sql of Object.values({ ...TABLES, ...LATER_TABLES })) driver.exec(sql)
  driver.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
}

function schemaProblem(version: number, found: readonly { readonly [column: string]: unknown }[]): string | null {
  if (version !== SCHEMA_VERSION) return `it is a database of another program, or its version (${version}) is damaged`
  const trigger = found.find((item) => item['type'] === 'trigger')
  if (trigger !== undefined) return `it has a trigger (${String(trigger['name'])}), which planner-exec never makes`
  const sqlByName = new Map(found.map((item) => [item['name'], item['sql']]))
  const changed =
    Object.entries(TABLES).find(([name, sql]) => sqlByName.get(name) !== sql) ??
    Object.entries(LATER_TABLES).find(([name, sql]) => sqlByName.has(name) && sqlByName.get(name) !== sql)
  return changed === undefined ? null : `its ${changed[0]} is missing or not the one planner-exec makes`
}
