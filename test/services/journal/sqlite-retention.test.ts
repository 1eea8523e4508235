import { createHash, randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../src/services/journal/journal.ts'
import { loadDriver } from '../../../src/services/journal/sqlite-driver.ts'
import { createSqliteJournal } from '../../../src/services/journal/sqlite.journal.ts'
import { claimRun, entry, exitOf, lines, newDatabase, NOW, startChild } from './journal.fixture.ts'
import { blobsOf, finished } from './retention.contract.ts'

const ANY_AGE = { now: NOW, endedBy: NOW }
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
const bytesOf = (file: string) => statSync(file).size + statSync(`${file}-wal`).size

/** Runs that ended, each with a body that takes 100 KB on the disk. */
async function fill(journal: Journal, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `run-${index}`)
  for (const runId of ids) {
    const body = randomBytes(100_000).toString('hex')
    const lease = claimRun(journal, runId)
    await journal.commit({ ...lease, entries: [entry(0, { ref: digestOf(body) })], blobs: blobsOf(body), summary: finished(runId) })
    journal.release(lease)
  }
  return ids
}

function freeAfter(journal: Journal): number {
  journal.compact(NOW)
  return journal.space().freeBytes
}

async function change(file: string, ...statements: readonly string[]): Promise<void> {
  const driver = (await loadDriver())(file)
  for (const sql of statements) driver.exec(sql)
  driver.close()
}

describe('a removal in another process', () => {
  test('is not seen by what looks at one moment', async () => {
    const file = newDatabase()
    const [journal, other] = [await createSqliteJournal({ file }), await createSqliteJournal({ file })]
    const [runId = ''] = await fill(journal, 1)

    const seen = journal.atOneMoment(() => {
      const before = journal.read(runId)
      other.remove([runId], ANY_AGE)
      return [before.length, journal.read(runId).length, journal.summary(runId)?.finished]
    })

    expect(seen).toEqual([1, 1, true])
    expect(journal.summary(runId)).toBeNull()
    for (const each of [journal, other]) await each.close()
  })

  test('deletes no body that a run comes to refer to while it looks through the others', async () => {
    const file = newDatabase()
    const [journal, other] = [await createSqliteJournal({ file }), await createSqliteJournal({ file })]
    // So many that the sweep lets others have their turn; it takes them in the order of their digests.
    const bodies = Array.from({ length: 5_000 }, (_, index) => `body ${index}`).toSorted((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1))
    const needed = bodies.at(-1) ?? ''
    const old = claimRun(journal, 'old')
    await journal.commit({ ...old, entries: [entry(0, { refs: bodies.map(digestOf) })], blobs: blobsOf(...bodies), summary: finished('old') })
    journal.release(old)
    const live = claimRun(journal, 'live')
    other.remove(['old'], ANY_AGE)

    const sweeping = other.sweep()
    await journal.commit({ ...live, entries: [entry(0, { ref: digestOf(needed) })], blobs: blobsOf(needed) })
    const isUnderWay = journal.blob(digestOf(bodies.at(-2) ?? '')) !== null

    expect([isUnderWay, await sweeping]).toEqual([true, 4_999])
    expect(journal.blob(digestOf(needed))).toBe(needed)
    for (const each of [journal, other]) await each.close()
  })
})

describe('a file', () => {
  test('becomes smaller when much of it was removed, its log included', async () => {
    const file = newDatabase()
    const journal = await createSqliteJournal({ file })
    const ids = await fill(journal, 50)
    const before = bytesOf(file)
    journal.remove(ids.slice(5), ANY_AGE)
    await journal.sweep()

    journal.compact(NOW)

    expect(before - bytesOf(file)).toBeGreaterThan(4_000_000)
    expect(journal.space()).toEqual({ bytes: bytesOf(file), freeBytes: expect.any(Number) })
    expect(journal.space().freeBytes).toBeLessThan(100_000)
    expect(ids.slice(0, 5).map((runId) => journal.read(runId).length)).toEqual([1, 1, 1, 1, 1])
    await journal.close()
  })

  test('is not copied while a run is live, or when little is free', async () => {
    const file = newDatabase()
    const journal = await createSqliteJournal({ file })
    const ids = await fill(journal, 50)
    journal.remove(ids.slice(0, 3), ANY_AGE)
    await journal.sweep()
    const few = freeAfter(journal)
    const lease = claimRun(journal, 'live')
    journal.remove(ids, ANY_AGE)
    await journal.sweep()
    const live = freeAfter(journal)
    journal.release(lease)

    expect(few).toBeGreaterThan(250_000)
    expect(live).toBeGreaterThan(4_000_000)
    expect(freeAfter(journal)).toBeLessThan(100_000)
    await journal.close()
  })

  test('of an earlier version gets the tables that it lacks, and a table that is not ours is refused', async () => {
    const file = newDatabase()
    await (await createSqliteJournal({ file })).close()
    await change(file, 'DROP TABLE blob_holds', 'DROP TABLE removals')

    const journal = await createSqliteJournal({ file })
    const ids = await fill(journal, 1)
    journal.remove(ids, ANY_AGE)
    expect(journal.removed()).toEqual(ids)
    await journal.close()

    await change(file, 'ALTER TABLE removals ADD COLUMN more TEXT')
    await expect(createSqliteJournal({ file })).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', message: expect.stringContaining('removals') })
  })

  test('whose process was killed while it removed runs has each of them whole or not at all, and goes on', async () => {
    const file = newDatabase()
    const journal = await createSqliteJournal({ file })
    const ids = await fill(journal, 40)
    const child = startChild('remove.ts', [file, String(NOW)])
    let removed = 0
    for await (const line of lines(child)) {
      removed = Number(line)
      if (removed === 10) child.kill('SIGKILL')
    }
    await exitOf(child)

    const kept = journal.list().map(({ runId }) => runId)
    expect(kept.length).toBeLessThanOrEqual(30)
    for (const runId of kept) expect(journal.read(runId)).toHaveLength(1)
    expect([...kept, ...journal.removed()].toSorted()).toEqual(ids.toSorted())
    journal.remove(kept, ANY_AGE)
    expect(await journal.sweep()).toBe(40)
    await journal.close()
  })
})
