import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createSqliteJournal, openRuns, type ControllerError, type Journal, type RunReader } from '../../src/index.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { loadDriver, type Driver } from '../../src/services/journal/sqlite-driver.ts'
import { RUN_ID, momentsOf } from '../support/durability-looks.ts'
import {
  changedBytes,
  changedEnds,
  changedNumbers,
  cutColumns,
  mendRow,
  movedRows,
  putRows,
  type Damage,
  type JournalRow,
} from '../support/durability-rows.ts'
import { clear, databaseIn, smallStore, temporaryFolder } from '../support/durability-store.ts'

/** Every byte is changed in any case; `DURABILITY_ROWS=all` does so in three ways each, and reads and folds the sound part every time (some 10 minutes). */
const WHOLE = process.env['DURABILITY_ROWS'] === 'all'
const MASKS = [0x01, 0x80, 0xff]

vi.setConfig({ testTimeout: WHOLE ? 1_800_000 : 120_000, hookTimeout: 60_000 })

let workspace: string
let journal: Journal
let runs: RunReader
let database: Driver
let rows: readonly JournalRow[]
let head: Uint8Array
let entries: readonly JournalEntry[]
let moments: readonly string[]

/** A real run's store, opened three times: as a journal, as the library, and behind the backs of both. */
beforeAll(async () => {
  workspace = await temporaryFolder()
  const file = databaseIn(workspace)
  await mkdir(dirname(file))
  await writeFile(file, (await smallStore('closed')).database)
  journal = await createSqliteJournal({ file })
  runs = await openRuns({ workspace, journal })
  database = (await loadDriver())(file)
  database.exec('PRAGMA synchronous = OFF')
  rows = database.prepare('SELECT record_id, run_id, seq, body, hash FROM journal ORDER BY record_id').all() as unknown as JournalRow[]
  head = database.prepare('SELECT head FROM runs').get()?.['head'] as Uint8Array
  entries = journal.read(RUN_ID)
  moments = momentsOf(runs)
})

afterAll(async () => {
  database.close()
  await journal.close()
  await clear(workspace)
})

function inOneGo(work: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  work()
  database.exec('COMMIT')
}

const mend = (row: JournalRow | undefined) =>
  inOneGo(() => {
    if (row !== undefined) return mendRow(database, row)
    putRows(database, rows)
    const { length } = rows
    database.prepare('UPDATE runs SET run_no = 1, run_id = ?, next_seq = ?, head = ?').run(RUN_ID, length, head)
  })

/** How a damaged run is refused, in words that can be compared. */
function refusal(work: () => unknown): string {
  try {
    work()
    return 'accepted'
  } catch (error) {
    const { name, code, details } = error as ControllerError
    const { runId, seq } = (details ?? {}) as { readonly runId?: string; readonly seq?: number }
    return name === 'ControllerError' ? `${code} ${runId} ${seq}` : String(error)
  }
}

function textOf(work: () => unknown): string {
  try {
    return JSON.stringify(work())
  } catch (error) {
    return String(error)
  }
}

const UNKNOWN = 'RUN_UNKNOWN undefined undefined'

/** What is wrong with how the damage is taken; null when nothing is. */
function flawOf(
  { what, first, unlisted, row, apply }: Damage,
  { reads, folds }: { readonly reads: boolean; readonly folds: boolean },
): string | null {
  inOneGo(() => apply(database))
  try {
    const [expected, sound] = [`JOURNAL_CORRUPT ${RUN_ID} ${first}`, first - 1]
    const said = refusal(() => journal.read(RUN_ID))
    if (said !== expected) return `${what}: ${said}, not ${expected}`
    if (!reads) return null
    const prefix = textOf(() => (sound < 0 ? [] : journal.read(RUN_ID, 0, sound)))
    if (prefix !== JSON.stringify(entries.slice(0, first))) return `${what}: up to ${sound} it reads ${prefix.slice(0, 200)}`
    if (!folds) return null
    const shown = [refusal(() => runs.show(RUN_ID)), refusal(() => runs.stateAt(RUN_ID))]
    if (shown.some((one) => one !== (unlisted ? UNKNOWN : expected))) return `${what}: show and stateAt say ${shown.join(', ')}, not ${expected}`
    const state = sound < 0 ? undefined : textOf(() => runs.stateAt(RUN_ID, sound))
    return state === moments[sound] ? null : `${what}: at ${sound} it is ${state?.slice(0, 200)}`
  } finally {
    mend(row)
  }
}

/** Of so many damages, the sound part is read for one. */
const READ_EACH = 5

/** Applies each damage by itself: all must be refused. For one in `foldEach` the run is folded up to there, too. */
function tryAll(damages: Iterable<Damage>, foldEach: number): { readonly count: number; readonly flaws: readonly string[] } {
  const flaws: string[] = []
  let count = 0
  for (const damage of damages) {
    const flaw = flawOf(damage, { reads: WHOLE || count % READ_EACH === 0, folds: WHOLE || count % foldEach === 0 })
    if (flaw !== null) flaws.push(flaw)
    count += 1
  }
  return { count, flaws: flaws.slice(0, 20) }
}

/** One mask a byte, each in turn, or all. */
function* inTurn(damages: Iterable<Damage>): Generator<Damage> {
  let nth = 0
  for (const damage of damages) {
    if (WHOLE || nth % MASKS.length === Math.floor(nth / MASKS.length) % MASKS.length) yield damage
    nth += 1
  }
}

describe('a journal of a real run', () => {
  test('has records of every kind that a process writes', () => {
    expect([...new Set(entries.map(({ kind }) => kind))]).toEqual(expect.arrayContaining(['started', 'event', 'parked', 'adopted', 'snapshot']))
    expect(entries.filter((entry) => entry.kind === 'event' && entry.inbox !== undefined).length).toBe(1)
  })

  test.each(['body', 'hash', 'run_id'] as const)('with any byte of any %s changed is refused at that record, and opens up to it', (column) => {
    const { count, flaws } = tryAll(inTurn(changedBytes(rows, column, MASKS)), 50)

    console.log(`changed bytes of ${column}: ${count}`)
    expect(flaws).toEqual([])
    expect(count).toBeGreaterThanOrEqual(rows.length * 8)
  })

  test.each(['body', 'hash', 'run_id'] as const)('with any %s cut off anywhere is refused at that record, and opens up to it', (column) => {
    const { count, flaws } = tryAll(cutColumns(rows, column), 50)

    console.log(`cuts of ${column}: ${count}`)
    expect(flaws).toEqual([])
    expect(count).toBeGreaterThanOrEqual(rows.length * 8)
  })

  test.each(['seq', 'record_id'] as const)(
    'with any bit of any %s changed is refused at the first record that is wrong, and opens up to it',
    (column) => {
      const { count, flaws } = tryAll(changedNumbers(rows, column), 20)

      expect(flaws).toEqual([])
      expect(count).toBe(rows.length * 52)
    },
  )

  test('with records deleted, exchanged, doubled or added is refused at the first that is wrong, and opens up to it', () => {
    const { flaws } = tryAll(movedRows(rows), 10)

    expect(flaws).toEqual([])
  })

  test('with another end or another name is refused, and opens up to there', () => {
    const { flaws } = tryAll(changedEnds(rows, head, RUN_ID), 3)

    expect(flaws).toEqual([])
  })

  test('is as it was when the damage is mended', () => {
    expect(journal.read(RUN_ID)).toEqual(entries)
    expect(momentsOf(runs)).toEqual(moments)
  })
})
