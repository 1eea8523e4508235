import { lstatSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { ControllerError } from '../../errors.ts'
import type { Driver, OpenDriver, Statement } from './sqlite-driver.ts'
import { isBusy, journalFailure } from './sqlite-failure.ts'
import { assertNotCutOff, assertWholeLog } from './sqlite-log.ts'
import { connectionPragmas, ensureSchema } from './sqlite-schema.ts'
import { prepareStateFolder } from './state-folder.ts'

/** An open database file. Every failure leaves it as a ControllerError that names the file. */
export interface Store {
  /** Prepares a statement once. */
  statement(sql: string): Statement
  /** Several reads of one moment; within `atOneMoment`, of that one. */
  read<T>(work: () => T): T
  /** Several `read`s of one moment. What `work` throws comes as it is. */
  atOneMoment<T>(work: () => T): T
  /** One write transaction; blocks while another process writes. */
  write<T>(work: () => T): T
  /** The same, but yields to the event loop between attempts, and rejects with SQLite's own error. */
  writeSoon(work: () => void): Promise<void>
  /** Runs one statement by itself, outside of any transaction. Throws SQLite's own error. */
  exec(sql: string): void
  /** The size of the write-ahead log. */
  logBytes(): number
  explain(error: unknown): ControllerError
  close(): void
}

export interface StoreOptions {
  readonly file: string
  readonly sync: 'full' | 'normal'
}

/** How long SQLite itself waits for a lock before the event loop gets its turn. */
const BUSY_TIMEOUT_MS = 1_000
/** How long a lock is waited for in all; a writer holds it for milliseconds, unless its process was stopped. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 10

/**
 * Opens the database, and creates it with its folder when it is absent.
 * @throws ControllerError JOURNAL_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED
 */
export function openStore(openDriver: OpenDriver, options: StoreOptions): Store {
  const { file } = options
  const explain = (error: unknown): ControllerError => journalFailure(error, file)
  const driver = explained(explain, () => {
    prepareStateFolder(file)
    assertNotCutOff(file)
    if (options.sync === 'full') assertWholeLog(file)
    return connect(openDriver, options)
  })
  const statements = new Map<string, Statement>()
  let open = true

  let reading = false
  const assertOpen = () => {
    if (!open) throw new ControllerError('JOURNAL_UNWRITABLE', `The journal ${file} is closed.`, { hint: 'Open it again.' })
  }
  const use = <T>(begin: string, work: () => T): T => {
    assertOpen()
    return transaction((sql) => statement(sql).run(), begin, work)
  }
  const statement = (sql: string): Statement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const prepared = driver.prepare(sql)
    statements.set(sql, prepared)
    return prepared
  }

  return {
    statement,
    read: (work) => explained(explain, () => (reading ? work() : patiently(() => use('BEGIN', work)))),
    atOneMoment: (work) => {
      if (reading) return work()
      assertOpen()
      explained(explain, () => patiently(() => driver.exec('BEGIN')))
      reading = true
      try {
        return work()
      } finally {
        reading = false
        rollback(driver.exec)
      }
    },
    exec: (sql) => {
      assertOpen()
      patiently(() => driver.exec(sql))
    },
    logBytes: () => lstatSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    write: (work) => explained(explain, () => patiently(() => use('BEGIN IMMEDIATE', work))),
    writeSoon: (work) => patientlySoon(() => use('BEGIN IMMEDIATE', work)),
    explain,
    close: () => {
      if (open) driver.close()
      open = false
    },
  }
}

function connect(openDriver: OpenDriver, { file, sync }: StoreOptions): Driver {
  const driver = patiently(() => openDriver(file))
  try {
    for (const pragma of connectionPragmas(sync, BUSY_TIMEOUT_MS)) patiently(() => driver.exec(pragma))
    patiently(() => transaction(driver.exec, 'BEGIN IMMEDIATE', () => ensureSchema(driver, file)))
    return driver
  } catch (error) {
    driver.close()
    throw error
  }
}

function transaction<T>(execute: (sql: string) => void, begin: string, work: () => T): T {
  execute(begin)
  try {
    const result = work()
    execute('COMMIT')
    return result
  } catch (error) {
    rollback(execute)
    throw error
  }
}

function rollback(execute: (sql: string) => void): void {
  try {
    execute('ROLLBACK')
  } catch {
    // A full disk or an I/O error has ended the transaction already; the first error is the one that counts.
  }
}

function explained<T>(explain: (error: unknown) => ControllerError, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explain(error)
  }
}

/** Repeats `work` while another connection is in the way, blocking in between. */
function patiently<T>(work: () => T): T {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}

async function patientlySoon(work: () => void): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await setTimeout(PAUSE_MS)
    }
  }
}
