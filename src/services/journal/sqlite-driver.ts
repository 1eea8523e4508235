import { ControllerError } from '../../errors.ts'

/** A row as SQLite returned it; nothing in it is trusted. */
export type Row = Readonly<Record<string, unknown>>
export type Param = string | number | null | Uint8Array

/** A prepared statement. `get` returns null when there is no row. */
export interface Statement {
  run(...params: readonly Param[]): void
  get(...params: readonly Param[]): Row | null
  all(...params: readonly Param[]): readonly Row[]
}

/** The little of SQLite that the journal needs; everything is synchronous. */
export interface Driver {
  readonly name: 'node:sqlite' | 'better-sqlite3'
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** Opens a database file, which is created when it is absent. */
export type OpenDriver = (file: string) => Driver

/** Where the two libraries come from; tests replace them. */
export interface DriverSources {
  readonly builtin: () => unknown
  readonly addon: () => Promise<unknown>
}

interface NativeStatement {
  run(...params: readonly Param[]): unknown
  get(...params: readonly Param[]): Row | undefined
  all(...params: readonly Param[]): readonly Row[]
}

interface NativeDatabase {
  exec(sql: string): unknown
  prepare(sql: string): NativeStatement
  close(): unknown
}

const REMEDY =
  'Use Node 22 or later, or run `npm rebuild better-sqlite3` (it needs a C++ compiler); where npm blocks install scripts, run `npm install-scripts approve better-sqlite3` first.'

const SOURCES: DriverSources = {
  // Unlike import(), this returns undefined on a Node without it, and no bundler rewrites it.
  builtin: () => withoutExperimentalWarning(() => process.getBuiltinModule('node:sqlite')),
  addon: async () => (await import('better-sqlite3')).default,
}

/**
 * The SQLite of Node itself where it has one (22.13 and later), else better-sqlite3. Both read and write the same files.
 * @throws ControllerError JOURNAL_UNSUPPORTED when neither loads
 */
export async function loadDriver(sources: DriverSources = SOURCES): Promise<OpenDriver> {
  const builtin = sources.builtin()
  if (typeof builtin === 'object' && builtin !== null && 'DatabaseSync' in builtin && isDatabaseClass(builtin.DatabaseSync)) {
    return opener('node:sqlite', builtin.DatabaseSync)
  }
  try {
    const addon = await sources.addon()
    if (!isDatabaseClass(addon)) throw new TypeError('better-sqlite3 does not export a class')
    const open = opener('better-sqlite3', addon)
    // The compiled part is loaded by the first database, not by the import.
    open(':memory:').close()
    return open
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)
    const message = `No SQLite can be loaded: Node ${process.versions.node} has none built in, and better-sqlite3 failed (${reason}).`
    throw new ControllerError('JOURNAL_UNSUPPORTED', message, { hint: REMEDY, cause })
  }
}

function isDatabaseClass(value: unknown): value is new (file: string) => NativeDatabase {
  return typeof value === 'function'
}

function opener(name: Driver['name'], Database: new (file: string) => NativeDatabase): OpenDriver {
  return (file) => {
    const database = new Database(file)
    return {
      name,
      exec: (sql) => void database.exec(sql),
      prepare: (sql) => adaptStatement(database.prepare(sql)),
      close: () => void database.close(),
    }
  }
}

function adaptStatement(statement: NativeStatement): Statement {
  return {
    run: (...params) => void statement.run(...params),
    get: (...params) => statement.get(...params) ?? null,
    all: (...params) => statement.all(...params),
  }
}

/** Runs `load` while Node's announcement that its SQLite is experimental is held back; every other warning still comes through. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: readonly unknown[]) => {
    const isAnnouncement = rest[0] === 'ExperimentalWarning' && String(warning).includes('SQLite')
    if (!isAnnouncement) Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
