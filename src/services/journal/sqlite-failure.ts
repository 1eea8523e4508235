import { ControllerError } from '../../errors.ts'
import { corrupt } from './journal-failure.ts'

// The primary result codes of sqlite3.h by number: node:sqlite reports numbers, better-sqlite3 names.
const CODES = [
  'OK',
  'ERROR',
  'INTERNAL',
  'PERM',
  'ABORT',
  'BUSY',
  'LOCKED',
  'NOMEM',
  'READONLY',
  'INTERRUPT',
  'IOERR',
  'CORRUPT',
  'NOTFOUND',
  'FULL',
  'CANTOPEN',
  'PROTOCOL',
  'EMPTY',
  'SCHEMA',
  'TOOBIG',
  'CONSTRAINT',
  'MISMATCH',
  'MISUSE',
  'NOLFS',
  'AUTH',
  'FORMAT',
  'RANGE',
  'NOTADB',
] as const

const SHORT_READ = 522

/** Another connection is in the way: the same statement may succeed a moment later. PROTOCOL is a lost race for the WAL's locks. */
const BUSY: ReadonlySet<string> = new Set(['BUSY', 'LOCKED', 'PROTOCOL'])

/** The file system, not the content, is what is wrong. */
const UNWRITABLE: ReadonlySet<string> = new Set(['FULL', 'READONLY', 'CANTOPEN', 'IOERR', 'PERM', 'AUTH', 'NOMEM', 'NOLFS', 'TOOBIG'])

/** The primary SQLite code of an error, such as `BUSY`; null when it is no SQLite error. A short read means a truncated file: CORRUPT. */
export function sqliteCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('errcode' in error && typeof error.errcode === 'number') {
    return error.errcode === SHORT_READ ? 'CORRUPT' : (CODES[error.errcode & 0xff] ?? 'ERROR')
  }
  if (!('code' in error) || typeof error.code !== 'string' || !error.code.startsWith('SQLITE_')) return null
  return error.code === 'SQLITE_IOERR_SHORT_READ' ? 'CORRUPT' : (error.code.split('_')[1] ?? 'ERROR')
}

export function isBusy(error: unknown): boolean {
  return BUSY.has(sqliteCode(error) ?? '')
}

/** The disk or its permissions were in the way, or another connection. */
export function isUnwritable(error: unknown): boolean {
  const code = sqliteCode(error) ?? ''
  return UNWRITABLE.has(code) || BUSY.has(code)
}

/**
 * What SQLite or the file system reported, as a ControllerError that names the file.
 * JOURNAL_UNWRITABLE for the disk, JOURNAL_CORRUPT for the content; anything else is a bug and INTERNAL.
 */
export function journalFailure(error: unknown, file: string): ControllerError {
  if (error instanceof ControllerError) return error
  const cause = error instanceof Error ? error.message : String(error)
  const code = sqliteCode(error)
  if (code !== null && BUSY.has(code)) {
    const hint = 'End the process that holds it, or wait for it; `fuser` on the file names it.'
    const message = unwritable(file, 'another process keeps it locked', code)
    return new ControllerError('JOURNAL_UNWRITABLE', message, { hint, retryable: true, cause: error })
  }
  if (code !== null && UNWRITABLE.has(code)) return new ControllerError('JOURNAL_UNWRITABLE', unwritable(file, cause, code), { cause: error })
  if (code !== null || isUnreadableNumber(error)) return corrupt(`The journal ${file} is damaged: ${cause}.`, { file, problem: cause }, error)
  if (isSystemError(error)) return new ControllerError('JOURNAL_UNWRITABLE', unwritable(file, cause, error.code), { cause: error })
  return new ControllerError('INTERNAL', `The journal ${file} failed: ${cause}`, { cause: error })
}

function unwritable(file: string, cause: string, code: string): string {
  return `The journal ${file} cannot be written: ${cause} (${code}).`
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

/** node:sqlite refuses integers beyond 2^53, which only a damaged file holds. */
function isUnreadableNumber(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE'
}
