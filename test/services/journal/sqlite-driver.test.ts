import { describe, expect, test } from 'vitest'
import { ControllerError } from '../../../src/errors.ts'
import { loadDriver } from '../../../src/services/journal/sqlite-driver.ts'

describe('the SQLite driver', () => {
  test('is that of Node where there is one, else better-sqlite3', async () => {
    const open = await loadDriver()

    const driver = open(':memory:')

    expect(driver.name).toBe(process.getBuiltinModule('node:sqlite') === undefined ? 'better-sqlite3' : 'node:sqlite')
    driver.close()
  })

  test('gives back what was stored', async () => {
    const driver = (await loadDriver())(':memory:')
    driver.exec('CREATE TABLE things (a TEXT, b INTEGER, c BLOB, d TEXT)')

    driver.prepare('INSERT INTO things VALUES (?, ?, ?, ?)').run('é', 1_700_000_000_000, Buffer.from([0, 255]), null)

    const rows = driver.prepare('SELECT * FROM things').all()
    expect(rows.map((row) => [row['a'], row['b'], [...Buffer.from(bytes(row['c']))], row['d']])).toEqual([['é', 1_700_000_000_000, [0, 255], null]])
    expect(driver.prepare('SELECT * FROM things WHERE b = 0').get()).toBeNull()
    driver.close()
  })

  test('loads without a warning that it is experimental, and lets others through', async () => {
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)

    await loadDriver()
    process.emitWarning('another one', 'ExperimentalWarning')
    await new Promise((resolve) => {
      process.once('warning', resolve)
    })

    expect(warnings).toEqual(['another one'])
    process.off('warning', listen)
  })

  test.each([
    ['cannot be found', async () => Promise.reject(new Error("Cannot find package 'better-sqlite3'"))],
    ['was not compiled', async () => throwing('Could not locate the bindings file. Tried:\n → /a\n → /b')],
    ['is something else', async () => Promise.resolve({})],
  ])('is refused with the remedy when better-sqlite3 %s', async (_, addon) => {
    const refusal = await loadDriver({ builtin: () => undefined, addon }).catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(ControllerError)
    expect(refusal).toMatchObject({
      code: 'JOURNAL_UNSUPPORTED',
      message: expect.stringMatching(/^No SQLite can be loaded: Node [\d.]+ has none built in, and better-sqlite3 failed \([^\n]+\)\.$/),
      hint: expect.stringMatching(/Node 22.*npm rebuild better-sqlite3.*npm install-scripts approve better-sqlite3/),
    })
  })
})

/** A class that fails as an addon without its compiled part does: when it is first used. */
function throwing(message: string): unknown {
  return function Database() {
    throw new Error(message)
  }
}

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError('no bytes')
}
