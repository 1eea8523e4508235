import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSqliteJournal } from '../../src/services/journal/sqlite.journal.ts'
import { everyBoundary, explainDifference, playCrashes } from '../../src/testing/crash-scenario.ts'
import type { EveryBoundary, EveryBoundaryOptions } from '../../src/testing/crash-scenario.ts'
import type { ControllerCrashOptions, ControllerRunEnd } from '../../src/testing/crash-controller.ts'
import { releaseScenario } from './release.scenario.ts'

/** `CRASH_EVERY=7` tries each seventh boundary only. */
const EVERY = Number(process.env['CRASH_EVERY'] ?? 1)
/** SQLite writes to a disk: fewer there. */
const EVERY_ON_DISK = Number(process.env['CRASH_EVERY_ON_DISK'] ?? 16)

/** So many boundaries after a crash the doubt that it left is settled. */
const TAKEOVER = 12

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'planner-exec-crash-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

const crashed = (options: EveryBoundaryOptions, ports: Partial<ControllerCrashOptions> = {}) =>
  everyBoundary(() => releaseScenario(folder, ports), options)

const explained = ({ whole, differences }: EveryBoundary<ControllerRunEnd>) => differences.map((difference) => explainDifference(difference, whole))

describe('a run of twenty actions', { timeout: 600_000 }, () => {
  test('crashed at every boundary ends the same way, loses nothing it told, and repeats no effect', async () => {
    const result = await crashed({ every: EVERY })

    const { boundaries, end } = result.whole
    const of = (kind: string) => boundaries.filter((boundary) => boundary.kind === kind).length
    console.info(
      `${boundaries.length} boundaries (${of('commit')} of commits, ${of('send')} of requests, ${of('effect')} of effects), ${result.tried} tried`,
    )
    expect(explained(result)).toEqual([])
    expect(result.tried).toBe(Math.ceil(boundaries.length / EVERY))
    expect(end).toMatchObject({ status: 'completed', exitReason: 'criteria_met', plans: 2, lost: [], repeated: [], hasty: [], open: [] })
    expect([end.settled.length, end.effects.length]).toEqual([20, 8])
  })

  test('crashed again at every boundary of the takeover, while the doubt of the first crash is settled, ends the same way', async () => {
    const whole = await playCrashes(() => releaseScenario(folder))
    const positionOf = (what: string) => whole.boundaries.findIndex((boundary) => `${boundary.when} ${boundary.kind} ${boundary.what}` === what) + 1
    // Its intent is kept and nothing happened; it happened, and nobody was told.
    const firsts = ['after commit effect tag#1 open', 'after effect release.send.v1 sign'].map(positionOf)
    const differences: string[] = []

    for (const first of firsts)
      for (let second = first + 1; second <= first + TAKEOVER; second++) {
        const { end, lives } = await playCrashes(() => releaseScenario(folder), { at: [first, second] })
        if (lives !== 3 || !isDeepStrictEqual(end, whole.end)) differences.push(`${first}, ${second}: ${lives} lives, ${JSON.stringify(end)}`)
      }

    expect(Math.min(...firsts)).toBeGreaterThan(0)
    expect(differences).toEqual([])
  })

  test('is kept by a journal on disk as well', async () => {
    let file = 0
    const journal = () => createSqliteJournal({ file: join(folder, `${file++}.db`), sync: 'normal' })

    const result = await crashed({ every: EVERY_ON_DISK, from: 5 }, { journal })

    expect(explained(result)).toEqual([])
    expect(result.tried).toBeGreaterThan(10)
  })

  test('is taken over as well when the lease of its dead process has to expire first', async () => {
    const result = await crashed({ every: EVERY_ON_DISK, from: 11, leases: 'left' })

    expect(explained(result)).toEqual([])
  })
})
