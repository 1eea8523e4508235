import { describe, expect, test } from 'vitest'
import { isBusy, journalFailure } from '../../../src/services/journal/sqlite-failure.ts'

const FILE = '/state/planner-exec.db'
const addon = (code: string) => Object.assign(new Error('it broke'), { code })
const builtin = (errcode: number) => Object.assign(new Error('it broke'), { code: 'ERR_SQLITE_ERROR', errcode })
const system = (code: string) => Object.assign(new Error('it broke'), { code, syscall: 'open' })

describe('a failure of SQLite or the file system', () => {
  test.each([
    ['SQLITE_FULL', addon('SQLITE_FULL'), builtin(13)],
    ['SQLITE_READONLY_DIRECTORY', addon('SQLITE_READONLY_DIRECTORY'), builtin(1544)],
    ['SQLITE_CANTOPEN', addon('SQLITE_CANTOPEN'), builtin(14)],
    ['SQLITE_IOERR_WRITE', addon('SQLITE_IOERR_WRITE'), builtin(778)],
    ['EACCES', system('EACCES'), system('EROFS')],
    ['ENOSPC', system('ENOSPC'), system('ENOTDIR')],
  ])('%s means that the journal is unwritable', (_, ...errors) => {
    for (const error of errors) {
      expect(journalFailure(error, FILE)).toMatchObject({
        code: 'JOURNAL_UNWRITABLE',
        message: expect.stringMatching(/^The journal \/state\/planner-exec\.db cannot be written: it broke \([A-Z]+\)\.$/),
        cause: error,
      })
    }
  })

  test.each([
    ['SQLITE_CORRUPT', addon('SQLITE_CORRUPT'), builtin(11)],
    ['SQLITE_NOTADB', addon('SQLITE_NOTADB'), builtin(26)],
    ['SQLITE_IOERR_SHORT_READ', addon('SQLITE_IOERR_SHORT_READ'), builtin(522)],
    ['SQLITE_ERROR', addon('SQLITE_ERROR'), builtin(1)],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', addon('SQLITE_CONSTRAINT_PRIMARYKEY'), builtin(1555)],
  ])('%s means that the journal is damaged', (_, ...errors) => {
    for (const error of errors) {
      expect(journalFailure(error, FILE)).toMatchObject({
        code: 'JOURNAL_CORRUPT',
        message: `The journal ${FILE} is damaged: it broke.`,
        cause: error,
      })
    }
  })

  test('a lock that another process keeps is named as such, and may be gone later', () => {
    expect(journalFailure(builtin(5), FILE)).toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: `The journal ${FILE} cannot be written: another process keeps it locked (BUSY).`,
      retryable: true,
    })
  })

  test('anything else is a bug', () => {
    expect(journalFailure(new TypeError('it broke'), FILE).code).toBe('INTERNAL')
    expect(journalFailure('it broke', FILE)).toMatchObject({ code: 'INTERNAL', message: `The journal ${FILE} failed: it broke` })
  })

  test('is worth waiting for only when another connection is in the way', () => {
    expect([addon('SQLITE_BUSY'), addon('SQLITE_BUSY_RECOVERY'), builtin(261), builtin(6), addon('SQLITE_PROTOCOL')].every(isBusy)).toBe(true)
    expect([addon('SQLITE_FULL'), builtin(11), system('EBUSY'), new Error('x'), null].some(isBusy)).toBe(false)
  })
})
