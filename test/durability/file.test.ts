import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Blow, Outcome } from '../support/durability-blows.ts'
import { sizeOf, spread } from '../support/durability-size.ts'
import { smallStore, type StoredFiles } from '../support/durability-store.ts'
import { strikeAll, type Struck } from '../support/durability-strike.ts'

/** Bytes of each file that are changed, each in three ways: `DURABILITY_FLIPS=all` for every one (12 minutes for the database, an hour for the log). */
const FLIPS = sizeOf('DURABILITY_FLIPS', 250)
/** SQLite reads the log anew for each blow at it, which takes five times as long. */
const FLIPS_BESIDE_LOG = Math.ceil(FLIPS / 5)
/** The lowest and the highest bit, and all of them. */
const MASKS = [0x01, 0x80, 0xff]
const PAGE = 4096

vi.setConfig({ testTimeout: 60_000 + Math.min(FLIPS, 500_000) * 500, hookTimeout: 60_000 })

/** Node has an SQLite of its own from 22.13 on; the same files must be as safe with either. */
const DRIVERS = process.getBuiltinModule('node:sqlite') === undefined ? ['better-sqlite3'] : ['node:sqlite', 'better-sqlite3']

const flipsOf = (file: Blow['file'], length: number, count = FLIPS): readonly Blow[] =>
  spread(length, count).flatMap((at) => MASKS.map((mask) => ({ kind: 'flip', file, at, mask }) as const))

/** At every page, beside it, and in the middle of each. Not to nothing: an empty file is a store that was never written to. */
const cutsOf = (file: Blow['file'], length: number): readonly Blow[] =>
  Array.from({ length: Math.ceil(length / PAGE) }, (_, page) => page * PAGE)
    .flatMap((start) => [start, start + 1, start + PAGE / 2 + 13, start + PAGE - 1])
    .filter((size) => size > 0 && size < length)
    .map((size) => ({ kind: 'cut', file, size }) as const)

/** What came out that must not, the first few with what was said. */
function unexpected({ verdicts }: Struck, allowed: readonly Outcome[]): readonly string[] {
  return verdicts
    .filter(({ outcome }) => !allowed.includes(outcome))
    .slice(0, 20)
    .map(({ blow, outcome, said }) => `${JSON.stringify(blow)}: ${outcome}: ${said.join(' · ').slice(0, 600)}`)
}

function print(what: string, { tally }: Struck): void {
  console.log(`${what}: ${JSON.stringify(tally)}`)
}

describe.each(DRIVERS)('with %s, the database file', (driver) => {
  const addon = driver === 'better-sqlite3'
  let closed: StoredFiles

  beforeAll(async () => void (closed = await smallStore('closed')))

  test('with any byte changed gives the same run or a named refusal', async () => {
    const struck = await strikeAll(closed, flipsOf('database', closed.database.length), { addon })

    print(`bytes of the database, ${driver}`, struck)
    expect(unexpected(struck, ['same', 'refused'])).toEqual([])
    expect(struck.tally.refused).toBeGreaterThan(0)
  })

  test('cut off anywhere gives the same run or a named refusal', async () => {
    const struck = await strikeAll(closed, cutsOf('database', closed.database.length), { addon })

    print(`cuts of the database, ${driver}`, struck)
    expect(unexpected(struck, ['same', 'refused'])).toEqual([])
    expect(struck.tally.refused).toBeGreaterThan(0)
  })
})

describe.each(DRIVERS)('with %s, the write-ahead log of a killed process', (driver) => {
  const addon = driver === 'better-sqlite3'
  let killed: StoredFiles
  const lengthOfLog = () => killed.log?.length ?? 0

  beforeAll(async () => void (killed = await smallStore('killed')))

  test('with any byte changed gives the same run or a named refusal', async () => {
    const struck = await strikeAll(killed, flipsOf('log', lengthOfLog(), FLIPS_BESIDE_LOG), { addon })

    print(`bytes of the log, ${driver}`, struck)
    expect(unexpected(struck, ['same', 'refused'])).toEqual([])
  })

  test('cut off anywhere gives the run as it was after an earlier record', async () => {
    const cuts = cutsOf('log', lengthOfLog())
    const struck = await strikeAll(
      killed,
      spread(cuts.length, FLIPS_BESIDE_LOG).flatMap((at) => cuts[at] ?? []),
      { addon },
    )

    print(`cuts of the log, ${driver}`, struck)
    // A log that ends early is what losing power in the middle of a write leaves: what came before it was whole.
    expect(unexpected(struck, ['same', 'refused', 'earlier'])).toEqual([])
  })

  test('beside a database with any byte changed gives the same run or a named refusal', async () => {
    const struck = await strikeAll(killed, flipsOf('database', killed.database.length, FLIPS_BESIDE_LOG), { addon })

    print(`bytes of the database beside its log, ${driver}`, struck)
    expect(unexpected(struck, ['same', 'refused'])).toEqual([])
  })
})
