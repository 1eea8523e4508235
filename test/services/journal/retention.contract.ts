import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/model/digest.ts'
import type { Commit, EffectRecord, Journal, RunSummary } from '../../../src/services/journal/journal.ts'
import { claimRun, entry, NOW, summary } from './journal.fixture.ts'

/** A run that ended an hour before this. */
const LATER = NOW + 3_600_000
const ANY_AGE = { now: LATER, endedBy: LATER }

export const finished = (runId: string, change: Partial<RunSummary> = {}): RunSummary => ({
  ...summary(runId),
  state: 'completed',
  finished: true,
  ...change,
})
export const blobsOf = (...bodies: readonly string[]): ReadonlyMap<string, string> => new Map(bodies.map((body) => [sha256(body), body]))

const effect = (runId: string, change: Partial<EffectRecord> = {}): EffectRecord => ({
  key: `${runId}/e`,
  runId,
  stepId: 's1',
  capability: 'fs.write.v1',
  digest: 'd',
  attempt: 1,
  state: 'done',
  outputRef: null,
  at: NOW,
  ...change,
})

/** What every journal does when runs are removed; each adapter's test runs it. */
export function retentionContract(open: () => Promise<Journal>): void {
  let journal: Journal

  beforeEach(async () => {
    journal = await open()
  })

  afterEach(async () => {
    await journal.close()
  })

  /** A run with one record that names its bodies, let go of. */
  async function store(runId: string, bodies: readonly string[] = [], change: Partial<Commit> = {}): Promise<void> {
    const lease = claimRun(journal, runId)
    const refs = bodies.map(sha256)
    await journal.commit({ ...lease, entries: [entry(0, { refs })], blobs: blobsOf(...bodies), summary: finished(runId), ...change })
    journal.release(lease)
  }

  describe('a run that is removed', () => {
    test('is gone with its records, summary, requests, effects and lease', async () => {
      await store('run-1', ['body'], { effects: [effect('run-1')] })
      const inboxId = await journal.send('run-1', { type: 'run.pause' }, NOW)
      await store('run-2')

      expect(journal.remove(['run-1'], ANY_AGE)).toEqual([{ runId: 'run-1', kept: null }])

      expect(() => journal.read('run-1')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
      expect([journal.summary('run-1'), journal.inbox(inboxId), journal.effect('run-1/e'), journal.owner('run-1', NOW)]).toEqual([
        null,
        null,
        null,
        null,
      ])
      expect(journal.list().map(({ runId }) => runId)).toEqual(['run-2'])
      expect(journal.read('run-2')).toHaveLength(1)
    })

    test('stays taken until what it left elsewhere is cleared, then its id is free', async () => {
      await store('run-1')
      journal.remove(['run-1'], ANY_AGE)
      expect(journal.removed()).toEqual(['run-1'])
      expect(() => claimRun(journal, 'run-1')).toThrow(expect.objectContaining({ code: 'RUN_EXISTS' }))

      journal.clearRemoved(['run-1', 'run-2'], () => false)
      expect(journal.removed()).toEqual(['run-1'])
      const asked: string[] = []
      journal.clearRemoved(['run-1', 'run-2'], (runId) => asked.push(runId) > 0)

      expect([asked, journal.removed()]).toEqual([['run-1'], []])
      expect(claimRun(journal, 'run-1').token).toBe(1)
    })

    test('takes no number of a request with it', async () => {
      await store('run-1')
      const first = await journal.send('run-1', { type: 'run.pause' }, NOW)
      journal.remove(['run-1'], ANY_AGE)
      claimRun(journal, 'run-2')

      expect(await journal.send('run-2', { type: 'run.pause' }, NOW)).toBeGreaterThan(first)
    })

    test('can be written to by nobody, and nothing can be based on it', async () => {
      await store('run-1')
      journal.remove(['run-1'], ANY_AGE)
      const other = claimRun(journal, 'run-2')

      await expect(journal.commit({ runId: 'run-1', token: 1, entries: [entry(1)] })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
      await expect(journal.commit({ ...other, entries: [entry(0)], basedOn: 'run-1' })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
      await expect(journal.send('run-1', { type: 'run.pause' }, NOW)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
      expect(journal.read('run-2')).toEqual([])
    })
  })

  describe('a run is kept', () => {
    test.each<[string, Partial<Commit>]>([
      ['unfinished', { summary: summary('run-1') }],
      ['in-doubt', { effects: [effect('run-1', { state: 'open' })] }],
      ['just-ended', { summary: finished('run-1', { updatedAt: LATER + 1 }) }],
    ])('as %s', async (because, change) => {
      await store('run-1', [], change)

      expect(journal.remove(['run-1'], ANY_AGE)).toEqual([{ runId: 'run-1', kept: because }])

      expect([journal.read('run-1').length, journal.removed()]).toEqual([1, []])
    })

    test('while its lease is live', async () => {
      const lease = claimRun(journal, 'run-1')
      await journal.commit({ ...lease, entries: [entry(0)], summary: finished('run-1') })

      expect(journal.remove(['run-1'], { now: NOW, endedBy: NOW })).toEqual([{ runId: 'run-1', kept: 'owned' }])
      journal.release(lease)
      expect(journal.remove(['run-1'], { now: NOW, endedBy: NOW })).toEqual([{ runId: 'run-1', kept: null }])
    })

    test('before its first record, and one that is not there is gone', () => {
      journal.release(claimRun(journal, 'run-1'))

      expect(journal.remove(['run-1', 'nobody'], ANY_AGE).map(({ kept }) => kept)).toEqual(['unfinished', 'gone'])
    })

    test('in a dry run, which says what would happen', async () => {
      await store('run-1')

      expect(journal.remove(['run-1'], { ...ANY_AGE, dryRun: true })).toEqual([{ runId: 'run-1', kept: null }])

      expect([journal.read('run-1').length, journal.removed()]).toEqual([1, []])
    })
  })

  describe('a sweep', () => {
    test('deletes the bodies that only a removed run referred to, directly or through another body', async () => {
      const [inner, shared] = ['inner', 'shared']
      const outer = JSON.stringify({ ref: sha256(inner) })
      await store('run-1', [outer, shared], { blobs: blobsOf(inner, outer, shared) })
      await store('run-2', [shared])
      expect(await journal.sweep()).toBe(0)

      journal.remove(['run-1'], ANY_AGE)

      expect(await journal.sweep()).toBe(2)
      expect([inner, outer, shared].map((body) => journal.blob(sha256(body)))).toEqual([null, null, shared])
    })

    test('keeps what a kept run names through a body, in an effect, or will only name later', async () => {
      const [inner, output, ahead] = ['inner', 'output', 'ahead\0']
      const outer = JSON.stringify({ ref: sha256(inner) })
      await store('run-1', [inner, outer, output, ahead])
      await store('run-2', [outer], { blobs: blobsOf(outer), effects: [effect('run-2', { outputRef: sha256(output) })] })
      const live = claimRun(journal, 'run-3')
      await journal.commit({ ...live, entries: [], blobs: blobsOf(ahead) })
      journal.remove(['run-1'], ANY_AGE)

      expect(await journal.sweep()).toBe(0)

      expect([inner, outer, output, ahead].map((body) => journal.blob(sha256(body)))).toEqual([inner, outer, output, ahead])
    })

    test('deletes what was stored ahead once the run that did so is removed', async () => {
      await store('run-1', [], { blobs: blobsOf('ahead') })
      expect(await journal.sweep()).toBe(0)

      journal.remove(['run-1'], ANY_AGE)

      expect(await journal.sweep()).toBe(1)
    })

    test('keeps what is stored while it looks', async () => {
      await store('run-1', ['body'])
      journal.remove(['run-1'], ANY_AGE)
      const live = claimRun(journal, 'run-2')

      const sweeping = journal.sweep()
      await journal.commit({ ...live, entries: [entry(0, { ref: sha256('body') })], blobs: blobsOf('body') })
      await sweeping

      expect(journal.blob(sha256('body'))).toBe('body')
    })
  })

  test('what is read at one moment may be read in several steps', async () => {
    await store('run-1', ['body'])

    const read = journal.atOneMoment(() => [journal.read('run-1').length, journal.atOneMoment(() => journal.blob(sha256('body')))])

    expect(read).toEqual([1, 'body'])
    expect(() => journal.atOneMoment(() => journal.read('nobody'))).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    await store('run-2')
    expect(journal.list()).toHaveLength(2)
  })
}
