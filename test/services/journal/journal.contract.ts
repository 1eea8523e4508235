import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/model/digest.ts'
import type { EffectRecord, Journal } from '../../../src/services/journal/journal.ts'
import { processOwner } from '../../../src/services/journal/process-owner.ts'
import { claimAgain, claimRun, entries, entry, exitOf, lines, NOW, present, startChild, summary } from './journal.fixture.ts'

const effect = (key: string, change: Partial<EffectRecord> = {}): EffectRecord => ({
  key,
  runId: 'run-1',
  stepId: 's1',
  capability: 'fs.write.v1',
  digest: 'd',
  attempt: 1,
  state: 'open',
  outputRef: null,
  at: NOW,
  ...change,
})

/** What every journal does; each adapter's test runs it. */
export function journalContract(open: () => Promise<Journal>): void {
  let journal: Journal

  beforeEach(async () => {
    journal = await open()
  })

  afterEach(async () => {
    await journal.close()
  })

  describe('records', () => {
    test('are read in the order of their commits, whole or in part', async () => {
      const { runId, token } = claimRun(journal, 'run-1')

      await journal.commit({ runId, token, entries: entries(0, 2) })
      await journal.commit({ runId, token, entries: entries(2, 3) })

      expect(journal.read(runId)).toEqual(entries(0, 5))
      expect(journal.read(runId, 3)).toEqual(entries(3, 2))
      expect(journal.read(runId, 1, 2)).toEqual(entries(1, 2))
      expect(journal.read(runId, 9)).toEqual([])
    })

    test('from the last snapshot on are read by themselves, all of them where there is none', async () => {
      const { runId, token } = claimRun(journal, 'run-1')
      const snapshot = (seq: number) => ({ kind: 'snapshot' as const, seq, at: NOW, runAt: 0, ref: `body ${seq}` })

      await journal.commit({ runId, token, entries: entries(0, 3) })
      expect(journal.tail(runId)).toEqual(entries(0, 3))
      await journal.commit({ runId, token, entries: [snapshot(3), ...entries(4, 2), snapshot(6), ...entries(7, 2)] })
      expect(journal.tail(runId)).toEqual([snapshot(6), ...entries(7, 2)])
      await journal.commit({ runId, token, entries: entries(9, 1_200) })

      expect(journal.tail(runId)).toEqual([snapshot(6), ...entries(7, 1_202)])
      expect(() => journal.tail('run-2')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    })

    test('of an unknown run are refused, those of a reserved one are none', () => {
      claimRun(journal, 'run-1')

      expect(journal.read('run-1')).toEqual([])
      expect(() => journal.read('run-2')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    })

    test('keep every value that JSON can carry', async () => {
      const { runId, token } = claimRun(journal, 'run-1')
      const odd = entry(0, { text: 'a\0b\ud800\u2028"\\é', deep: [{ x: [null, true, -1.5e-9] }], child: undefined })

      await journal.commit({ runId, token, entries: [odd] })

      expect(journal.read(runId)).toEqual([odd])
    })

    test.each([
      ['a number that is not finite', { value: Number.NaN }, 'entry.event.value is NaN'],
      ['an error object', { value: new Error('x') }, 'entry.event.value is an instance of Error'],
      ['a function', { list: [() => 1] }, 'entry.event.list.0 is of type function'],
      ['nothing in a list', { list: [undefined] }, 'entry.event.list.0 is of type undefined'],
      ['a big integer', { value: 1n }, 'entry.event.value is of type bigint'],
    ])('with %s are refused', async (_, data, problem) => {
      const { runId, token } = claimRun(journal, 'run-1')

      const commit = journal.commit({ runId, token, entries: [entry(0, data)] })

      await expect(commit).rejects.toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT', message: expect.stringContaining(problem) }))
      expect(journal.read(runId)).toEqual([])
    })

    test('with a value that holds itself are refused', async () => {
      const { runId, token } = claimRun(journal, 'run-1')
      const loop: Record<string, unknown> = {}
      loop['loop'] = loop

      const commit = journal.commit({ runId, token, entries: [entry(0, loop)] })

      await expect(commit).rejects.toThrow('nested deeper than')
    })

    test('of another shape are refused', async () => {
      const { runId, token } = claimRun(journal, 'run-1')

      const commit = journal.commit({ runId, token, entries: [{ ...entry(0), ...{ extra: 1 } }] })

      await expect(commit).rejects.toThrow('Unrecognized key')
    })

    test.each([
      ['leave a gap', [1]],
      ['repeat one', [0, 0]],
      ['skip one', [0, 2]],
    ])('that %s are refused as a whole', async (_, seqs) => {
      const { runId, token } = claimRun(journal, 'run-1')

      const commit = journal.commit({ runId, token, entries: seqs.map((seq) => entry(seq)), summary: summary(runId) })

      await expect(commit).rejects.toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
      expect(journal.read(runId)).toEqual([])
      expect(journal.summary(runId)).toBeNull()
    })

    test('are what they were when commit was called', async () => {
      const { runId, token } = claimRun(journal, 'run-1')
      const event = { type: 'before' }
      const mutable = { ...entry(0), event }

      const commit = journal.commit({ runId, token, entries: [mutable] })
      event.type = 'after'
      await commit

      expect(journal.read(runId)).toEqual([{ ...entry(0), event: { type: 'before' } }])
    })

    test('cannot be changed through what was read', async () => {
      const { runId, token } = claimRun(journal, 'run-1')
      await journal.commit({ runId, token, entries: entries(0, 1) })

      Object.assign(present(journal.read(runId)[0]), { kind: 'changed' })

      expect(journal.read(runId)).toEqual(entries(0, 1))
    })
  })

  describe('group commit', () => {
    test('stores the commits of one turn in their order', async () => {
      const { runId, token } = claimRun(journal, 'run-1')

      await Promise.all(Array.from({ length: 50 }, (_, seq) => journal.commit({ runId, token, entries: [entry(seq)] })))

      expect(journal.read(runId)).toEqual(entries(0, 50))
    })

    test('a bad commit fails alone', async () => {
      const good = claimRun(journal, 'run-1')
      const gapped = claimRun(journal, 'run-2')
      const stale = claimRun(journal, 'run-3')
      journal.release(stale)

      const outcomes = await Promise.allSettled([
        journal.commit({ ...good, entries: [entry(0)] }),
        journal.commit({ ...gapped, entries: [entry(7)] }),
        journal.commit({ ...stale, entries: [entry(0)] }),
        journal.commit({ runId: 'nobody', token: 1, entries: [entry(0)] }),
        journal.commit({ ...good, entries: [entry(1)] }),
      ])

      expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'stored'))).toEqual([
        'stored',
        'JOURNAL_CORRUPT',
        'LEASE_LOST',
        'RUN_UNKNOWN',
        'stored',
      ])
      expect(journal.read('run-1')).toEqual(entries(0, 2))
      expect(journal.read('run-2')).toEqual([])
      expect(journal.read('run-3')).toEqual([])
    })
  })

  describe('fencing', () => {
    test('the former owner can no longer write anything', async () => {
      const former = claimRun(journal, 'run-1')
      await journal.commit({ ...former, entries: [entry(0)] })
      const inboxId = await journal.send('run-1', { type: 'run.pause' }, NOW)
      const current = present(claimAgain(journal, 'run-1', NOW + 60_000))
      const body = 'secret'

      const late = journal.commit({
        ...former,
        entries: [entry(1)],
        summary: summary('run-1'),
        blobs: new Map([[sha256(body), body]]),
        effects: [effect('e')],
        answers: [{ inboxId, refusal: null }],
      })

      await expect(late).rejects.toThrow(expect.objectContaining({ code: 'LEASE_LOST' }))
      expect(journal.read('run-1')).toEqual(entries(0, 1))
      expect(journal.summary('run-1')).toBeNull()
      expect(journal.blob(sha256(body))).toBeNull()
      expect(journal.effect('e')).toBeNull()
      expect(journal.inbox(inboxId)?.state).toBe('pending')
      await journal.commit({ ...current, entries: [entry(1)] })
      expect(journal.read('run-1')).toHaveLength(2)
    })

    test('an owner whose lease expired may write until somebody else takes over', async () => {
      const lease = claimRun(journal, 'run-1')
      expect(journal.owner('run-1', NOW + 60_000)).toBeNull()

      await journal.commit({ ...lease, entries: [entry(0)] })

      expect(journal.read('run-1')).toHaveLength(1)
      expect(journal.renew(lease, NOW + 60_000, 1_000)).toEqual({ ...lease, expiresAt: NOW + 61_000 })
    })
  })

  describe('blobs', () => {
    test('are found by their digest, stored once, and absent otherwise', async () => {
      const lease = claimRun(journal, 'run-1')
      const bodies = ['', 'a\0b\0', 'é'.repeat(100_000)]
      const blobs = new Map(bodies.map((body) => [sha256(body), body]))

      await journal.commit({ ...lease, entries: [], blobs })
      await journal.commit({ ...lease, entries: [], blobs })

      expect(bodies.map((body) => journal.blob(sha256(body)))).toEqual(bodies)
      expect(journal.blob(sha256('other'))).toBeNull()
    })

    test('under a wrong reference are refused with their commit', async () => {
      const lease = claimRun(journal, 'run-1')

      const commit = journal.commit({ ...lease, entries: [entry(0)], blobs: new Map([[sha256('a'), 'b']]) })

      await expect(commit).rejects.toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }))
      expect(journal.read('run-1')).toEqual([])
      expect(journal.blob(sha256('a'))).toBeNull()
    })
  })

  describe('summaries', () => {
    test('are those of the last commit, newest run first', async () => {
      const runs = ['run-1', 'run-2', 'run-3'].map((runId) => claimRun(journal, runId))
      claimRun(journal, 'run-without-summary')

      for (const [index, lease] of runs.entries()) {
        await journal.commit({ ...lease, entries: [entry(0)], summary: summary(lease.runId, NOW + index) })
      }
      const settled = { ...summary('run-2', NOW + 1), state: 'completed', finished: true, exitReason: 'criteria_met' }
      await journal.commit({ ...present(runs[1]), entries: [entry(1)], summary: settled })

      expect(journal.summary('run-2')).toEqual(settled)
      expect(journal.summary('nobody')).toBeNull()
      expect(journal.list().map((run) => run.runId)).toEqual(['run-3', 'run-2', 'run-1'])
      expect(journal.list({ limit: 1 }).map((run) => run.runId)).toEqual(['run-3'])
    })

    test('of another run are refused', async () => {
      const lease = claimRun(journal, 'run-1')

      await expect(journal.commit({ ...lease, entries: [], summary: summary('run-2') })).rejects.toThrow('something of run run-2')
    })
  })

  describe('effects', () => {
    test('are open until they are done or failed, oldest first', async () => {
      const lease = claimRun(journal, 'run-1')
      await journal.commit({ ...lease, entries: [], effects: [effect('b', { at: NOW + 2 }), effect('c', { at: NOW + 1 }), effect('a')] })

      await journal.commit({ ...lease, entries: [], effects: [effect('c', { state: 'done', outputRef: 'r' })] })

      expect(journal.openEffects('run-1').map((record) => record.key)).toEqual(['a', 'b'])
      expect(journal.openEffects('run-2')).toEqual([])
      expect(journal.effect('c')).toEqual(effect('c', { state: 'done', outputRef: 'r' }))
      expect(journal.effect('z')).toBeNull()
    })

    test('may be tried again after they failed, never after they were done', async () => {
      const lease = claimRun(journal, 'run-1')
      await journal.commit({ ...lease, entries: [], effects: [effect('a', { state: 'failed' })] })
      await journal.commit({ ...lease, entries: [], effects: [effect('a', { attempt: 2 })] })
      await journal.commit({ ...lease, entries: [], effects: [effect('a', { attempt: 2, state: 'done' })] })

      const again = journal.commit({ ...lease, entries: [entry(0)], effects: [effect('a', { attempt: 3 })] })

      await expect(again).rejects.toThrow('is done and cannot become open')
      expect(journal.effect('a')).toMatchObject({ attempt: 2, state: 'done' })
      expect(journal.read('run-1')).toEqual([])
    })

    test('belong to one run', async () => {
      const lease = claimRun(journal, 'run-1')
      const other = claimRun(journal, 'run-2')
      await journal.commit({ ...lease, entries: [], effects: [effect('a')] })

      const theft = journal.commit({ ...other, entries: [], effects: [effect('a', { runId: 'run-2', state: 'done' })] })

      await expect(theft).rejects.toThrow('belongs to run run-1')
      expect(journal.effect('a')?.state).toBe('open')
    })
  })

  describe('inbox', () => {
    test('requests wait in the order they were sent, each for its run', async () => {
      claimRun(journal, 'run-1')
      claimRun(journal, 'run-2')

      const ids = await Promise.all([
        journal.send('run-1', { type: 'run.pause', by: 'me' }, NOW),
        journal.send('run-2', { type: 'run.cancel' }, NOW),
        journal.send('run-1', { type: 'run.resume' }, NOW + 1),
      ])

      expect(journal.pending('run-1').map((row) => row.inboxId)).toEqual([ids[0], ids[2]])
      expect(journal.inbox(present(ids[0]))).toEqual({
        inboxId: ids[0],
        runId: 'run-1',
        event: { type: 'run.pause', by: 'me' },
        at: NOW,
        state: 'pending',
        answer: null,
      })
      expect(journal.inbox(999)).toBeNull()
    })

    test('requests to an unknown run are refused', async () => {
      await expect(journal.send('nobody', { type: 'run.pause' }, NOW)).rejects.toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    })

    test('requests are answered with the commit that applies or refuses them', async () => {
      const lease = claimRun(journal, 'run-1')
      const applied = await journal.send('run-1', { type: 'run.pause' }, NOW)
      const refused = await journal.send('run-1', { type: 'run.resume' }, NOW)

      await journal.commit({
        ...lease,
        entries: [entry(0)],
        answers: [
          { inboxId: applied, refusal: null },
          { inboxId: refused, refusal: 'not paused' },
        ],
      })

      expect(journal.pending('run-1')).toEqual([])
      expect(journal.inbox(applied)).toMatchObject({ state: 'applied', answer: null })
      expect(journal.inbox(refused)).toMatchObject({ state: 'refused', answer: 'not paused' })
    })

    test('a request is answered once, also within one turn', async () => {
      const lease = claimRun(journal, 'run-1')
      const inboxId = await journal.send('run-1', { type: 'run.pause' }, NOW)
      const answers = [{ inboxId, refusal: null }]

      const outcomes = await Promise.allSettled([
        journal.commit({ ...lease, entries: [entry(0)], answers }),
        journal.commit({ ...lease, entries: [entry(1)], answers }),
        journal.commit({ ...lease, entries: [entry(1)], answers: [...answers, ...answers] }),
      ])

      expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'rejected'])
      expect(journal.read('run-1')).toEqual(entries(0, 1))
    })

    test('a request of another run cannot be answered', async () => {
      const lease = claimRun(journal, 'run-1')
      claimRun(journal, 'run-2')
      const inboxId = await journal.send('run-2', { type: 'run.pause' }, NOW)

      const commit = journal.commit({ ...lease, entries: [], answers: [{ inboxId, refusal: null }] })

      await expect(commit).rejects.toThrow(`request ${inboxId}, which is not one of the run`)
      expect(journal.inbox(inboxId)?.state).toBe('pending')
    })
  })

  describe('leases', () => {
    test('an id is reserved once', async () => {
      const lease = claimRun(journal, 'run-1')
      expect(() => claimRun(journal, 'run-1')).toThrow(expect.objectContaining({ code: 'RUN_EXISTS' }))
      await journal.commit({ ...lease, entries: [entry(0)] })
      journal.release(lease)

      expect(() => claimRun(journal, 'run-1')).toThrow(expect.objectContaining({ code: 'RUN_EXISTS' }))
    })

    test('an id whose run never began can be reserved again', () => {
      journal.release(claimRun(journal, 'run-1'))

      expect(claimRun(journal, 'run-1').token).toBe(2)
    })

    test('an unknown run cannot be claimed', () => {
      expect(() => claimAgain(journal, 'nobody')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    })

    test('a live lease is respected, even by the process that holds it', () => {
      const lease = claimRun(journal, 'run-1')

      expect(claimAgain(journal, 'run-1')).toBeNull()
      expect(journal.owner('run-1', NOW)).toEqual(lease)
    })

    test('a released or expired lease is taken over with a higher token', () => {
      const first = claimRun(journal, 'run-1')
      journal.release(first)
      expect(journal.owner('run-1', NOW)).toBeNull()

      const second = present(claimAgain(journal, 'run-1'))
      const third = present(claimAgain(journal, 'run-1', NOW + 60_000))

      expect([first.token, second.token, third.token]).toEqual([1, 2, 3])
      expect(journal.renew(second, NOW, 1_000)).toBeNull()
      journal.release(second)
      expect(journal.owner('run-1', NOW + 60_000)).toEqual(third)
    })

    test('renewing moves the end of a lease', () => {
      const lease = claimRun(journal, 'run-1')

      const renewed = journal.renew(lease, NOW + 50_000, 60_000)

      expect(renewed).toEqual({ ...lease, expiresAt: NOW + 110_000 })
      expect(claimAgain(journal, 'run-1', NOW + 100_000)).toBeNull()
    })

    test('the lease of a killed process is taken over at once', async () => {
      const child = startChild('own.ts', [])
      const [owner] = await first(lines(child))
      claimRun(journal, 'run-1', owner)
      expect(claimAgain(journal, 'run-1')).toBeNull()

      child.kill('SIGKILL')
      await exitOf(child)

      expect(journal.owner('run-1', NOW)).toBeNull()
      expect(claimAgain(journal, 'run-1')).toMatchObject({ token: 2, owner: processOwner() })
    })

    test('a later process with the same pid is not the owner', () => {
      const [host, pid] = processOwner().split(':')
      claimRun(journal, 'run-1', `${host}:${pid}:1`)

      expect(claimAgain(journal, 'run-1')).toMatchObject({ token: 2 })
    })

    test.each(['elsewhere:1:1', 'what is this', ''])('the lease of the foreign owner "%s" ends by time alone', (owner) => {
      claimRun(journal, 'run-1', owner)

      expect(claimAgain(journal, 'run-1', NOW + 59_999)).toBeNull()
      expect(claimAgain(journal, 'run-1', NOW + 60_000)).toMatchObject({ token: 2 })
    })
  })

  describe('workspace lock', () => {
    test('one live run holds a workspace, and may ask again', () => {
      claimRun(journal, 'run-1')
      claimRun(journal, 'run-2')

      expect(journal.lockWorkspace('/w', 'run-1', NOW)).toBe(true)
      expect(journal.lockWorkspace('/w', 'run-2', NOW)).toBe(false)
      expect(journal.lockWorkspace('/w', 'run-1', NOW)).toBe(true)
      expect(journal.lockWorkspace('/other', 'run-2', NOW)).toBe(true)
    })

    test('a workspace is free once its run was released or lost its lease', () => {
      const released = claimRun(journal, 'run-1')
      claimRun(journal, 'run-2')
      journal.lockWorkspace('/w', 'run-1', NOW)

      journal.release(released)

      expect(journal.lockWorkspace('/w', 'run-2', NOW)).toBe(true)
      const later = NOW + 60_000
      claimAgain(journal, 'run-1', later)
      expect(journal.lockWorkspace('/w', 'run-1', later)).toBe(true)
    })

    test('a released run that is claimed again does not get its workspace back by itself', () => {
      const released = claimRun(journal, 'run-1')
      claimRun(journal, 'run-2')
      journal.lockWorkspace('/w', 'run-1', NOW)
      journal.release(released)

      claimAgain(journal, 'run-1')

      expect(journal.lockWorkspace('/w', 'run-2', NOW)).toBe(true)
    })

    test('a run without a live lease cannot lock', () => {
      claimRun(journal, 'run-1')

      expect(() => journal.lockWorkspace('/w', 'run-1', NOW + 60_000)).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }))
    })
  })
}

async function first(source: AsyncIterable<string>): Promise<[string]> {
  for await (const line of source) return [line]
  throw new Error('the child said nothing')
}
