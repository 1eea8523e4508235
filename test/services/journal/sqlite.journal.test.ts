import { setTimeout } from 'node:timers/promises'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/model/digest.ts'
import { loadDriver } from '../../../src/services/journal/sqlite-driver.ts'
import { createSqliteJournal } from '../../../src/services/journal/sqlite.journal.ts'
import { claimRun, entries, entry, exitOf, lines, newDatabase, NOW, startChild, summary } from './journal.fixture.ts'
import { journalContract } from './journal.contract.ts'
import { retentionContract } from './retention.contract.ts'

describe('sqlite journal', () => {
  journalContract(async () => createSqliteJournal({ file: newDatabase() }))
  retentionContract(async () => createSqliteJournal({ file: newDatabase() }))
})

describe('a state folder', () => {
  test('is private and hidden from git', async () => {
    const file = newDatabase()

    const journal = await createSqliteJournal({ file })

    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dirname(file), '.gitignore'), 'utf8')).toBe('*\n')
    await journal.close()
  })

  test('that was there before is not hidden, and its .gitignore stays', async () => {
    const folder = dirname(dirname(newDatabase()))
    const ours = join(folder, '.planner-exec')
    mkdirSync(ours)
    writeFileSync(join(ours, '.gitignore'), 'mine')

    const journals = [
      await createSqliteJournal({ file: join(folder, 'planner-exec.db') }),
      await createSqliteJournal({ file: join(ours, 'planner-exec.db') }),
    ]

    expect(existsSync(join(folder, '.gitignore'))).toBe(false)
    expect(readFileSync(join(ours, '.gitignore'), 'utf8')).toBe('mine')
    for (const journal of journals) await journal.close()
  })
})

describe('a reopened journal', () => {
  test.each(['full', 'normal'] as const)('has everything that was committed (sync %s)', async (sync) => {
    const file = newDatabase()
    const before = await createSqliteJournal({ file, sync })
    const lease = claimRun(before, 'run-1')
    const answered = await before.send('run-1', { type: 'run.pause' }, NOW)
    const waiting = await before.send('run-1', { type: 'run.resume' }, NOW)
    const effect = {
      key: 'e',
      runId: 'run-1',
      stepId: 's1',
      capability: 'fs.write.v1',
      digest: 'd',
      attempt: 1,
      state: 'open' as const,
      outputRef: null,
      at: NOW,
    }
    await before.commit({
      ...lease,
      entries: entries(0, 3),
      summary: summary('run-1'),
      blobs: new Map([[sha256('body'), 'body']]),
      effects: [effect],
      answers: [{ inboxId: answered, refusal: 'no' }],
    })
    await before.close()

    const after = await createSqliteJournal({ file, sync })

    expect(after.read('run-1')).toEqual(entries(0, 3))
    expect(after.list()).toEqual([summary('run-1')])
    expect(after.blob(sha256('body'))).toBe('body')
    expect(after.openEffects('run-1')).toEqual([effect])
    expect(after.pending('run-1').map((row) => row.inboxId)).toEqual([waiting])
    expect(after.inbox(answered)?.answer).toBe('no')
    expect(after.owner('run-1', NOW)).toEqual(lease)
    await after.commit({ ...lease, entries: [entry(3)] })
    expect(after.read('run-1')).toEqual(entries(0, 4))
    await after.close()
  })

  test('has what was committed right before it was closed', async () => {
    const file = newDatabase()
    const before = await createSqliteJournal({ file })
    const lease = claimRun(before, 'run-1')
    const commits = [before.commit({ ...lease, entries: [entry(0)] }), before.commit({ ...lease, entries: [entry(1)] })]

    await before.close()
    await Promise.all(commits)
    const after = await createSqliteJournal({ file })

    expect(after.read('run-1')).toHaveLength(2)
    await after.close()
  })
})

describe('a closed journal', () => {
  test('refuses everything and can be closed again', async () => {
    const journal = await createSqliteJournal({ file: newDatabase() })
    const lease = claimRun(journal, 'run-1')
    await journal.close()
    await journal.close()

    expect(() => journal.read('run-1')).toThrow('is closed')
    await expect(journal.commit({ ...lease, entries: [entry(0)] })).rejects.toThrow('is closed')
  })
})

describe('several processes', () => {
  test('kill -9 loses nothing that was acknowledged', async () => {
    const file = newDatabase()
    const acknowledged: number[] = []
    for (const round of [0, 1, 2, 3]) {
      const child = startChild('commit.ts', [file, `run-${round}`])
      let last = -1
      for await (const line of lines(child)) {
        last = Number(line)
        if (last === 20 + 37 * round) child.kill('SIGKILL')
      }
      acknowledged.push(last)
    }

    const journal = await createSqliteJournal({ file })

    for (const [round, last] of acknowledged.entries()) {
      const stored = journal.read(`run-${round}`)
      expect(last).toBeGreaterThanOrEqual(20)
      expect(stored.length).toBeGreaterThan(last)
      // At most the commit that was in flight is there unacknowledged.
      expect(stored.length).toBeLessThanOrEqual(last + 2)
    }
    await journal.close()
  }, 30_000)

  test('four of them share one store without loss, repetition or locks', async () => {
    const file = newDatabase()
    const rounds = 25
    const setup = await createSqliteJournal({ file })
    setup.release(claimRun(setup, 'shared'))
    await setup.close()
    const names = ['a', 'b', 'c', 'd']

    const children = names.map((name) => startChild('hammer.ts', [file, name, 'shared', String(rounds)]))
    const exits = await Promise.all(children.map(exitOf))

    expect(exits).toEqual([0, 0, 0, 0])
    const journal = await createSqliteJournal({ file })
    const turns = journal.read('shared').map((record) => (record.kind === 'event' ? record.event['by'] : null))
    expect(names.map((name) => turns.filter((by) => by === name).length)).toEqual([rounds, rounds, rounds, rounds])
    expect(names.map((name) => journal.read(name).length)).toEqual(names.map(() => 2 * rounds))
    const requests = Array.from({ length: 4 * rounds }, (_, index) => journal.inbox(index + 1))
    const senders = requests.map((row) => `${String(row?.event['by'])}${String(row?.event['round'])}`)
    expect(new Set(senders).size).toBe(4 * rounds)
    expect(journal.inbox(4 * rounds + 1)).toBeNull()
    await journal.close()
  }, 60_000)

  test('four of them may open a store that does not exist yet', async () => {
    const file = newDatabase()
    const names = ['a', 'b', 'c', 'd']

    const children = names.map((runId) => startChild('commit.ts', [file, runId]))
    const signals = await Promise.all(children.map(async (child) => killAfter(child, 5)))

    expect(signals).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL'])
    const journal = await createSqliteJournal({ file })
    expect(names.every((name) => journal.read(name).length > 5)).toBe(true)
    await journal.close()
  }, 30_000)

  test('a commit outlasts a writer that holds the lock longer than SQLite itself waits', async () => {
    const file = newDatabase()
    const journal = await createSqliteJournal({ file })
    const lease = claimRun(journal, 'run-1')
    const other = (await loadDriver())(file)
    other.exec('BEGIN IMMEDIATE')

    const commit = journal.commit({ ...lease, entries: [entry(0)] })
    // The commit's first attempt blocks this thread for its whole patience; only then can this timer fire.
    await setTimeout(5)
    other.exec('COMMIT')
    await commit

    expect(journal.read('run-1')).toHaveLength(1)
    other.close()
    await journal.close()
  })
})

/** Kills the child when it acknowledged that record; returns the signal that ended it, null when it ended by itself. */
async function killAfter(child: ReturnType<typeof startChild>, seq: number): Promise<string | null> {
  for await (const line of lines(child)) {
    if (Number(line) === seq) child.kill('SIGKILL')
  }
  await exitOf(child)
  return child.signalCode
}
