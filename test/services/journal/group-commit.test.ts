import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ControllerError } from '../../../src/errors.ts'
import { createGroupCommit } from '../../../src/services/journal/group-commit.ts'

/** Counts transactions; `refuse` makes one fail before anything of it counts. */
function countingGroup(refuse: (work: readonly string[]) => Error | null = () => null) {
  const transactions: string[][] = []
  let current: string[] = []
  const group = createGroupCommit({
    transact: async (work) => {
      current = []
      work()
      const refusal = refuse(current)
      if (refusal !== null) throw refusal
      transactions.push(current)
    },
    explain: (error) => new Error('explained', { cause: error }),
  })
  const write = async (name: string): Promise<string> =>
    group.submit(() => {
      current.push(name)
      return name
    })
  return { group, write, transactions }
}

describe('group commit', () => {
  test('writes of one turn share one transaction', async () => {
    const { write, transactions } = countingGroup()

    const results = await Promise.all([write('a'), Promise.resolve().then(async () => write('b')), write('c')])
    await setImmediate()
    await write('d')

    expect(results).toEqual(['a', 'b', 'c'])
    expect(transactions.map((names) => names.toSorted())).toEqual([['a', 'b', 'c'], ['d']])
  })

  test('callers that go on at once share the next transaction', async () => {
    const { write, transactions } = countingGroup()
    const run = async (name: string): Promise<void> => {
      await write(`${name}0`)
      await Promise.resolve()
      await write(`${name}1`)
    }

    await Promise.all([run('a'), run('b'), run('c')])

    expect(transactions).toEqual([
      ['a0', 'b0', 'c0'],
      ['a1', 'b1', 'c1'],
    ])
  })

  test('nothing is acknowledged before its transaction is through', async () => {
    const events: string[] = []
    const group = createGroupCommit({
      transact: async (work) => {
        work()
        await setImmediate()
        await setImmediate()
        events.push('stored')
      },
      explain: () => new Error('never'),
    })

    await group.submit(() => null)
    events.push('acknowledged')

    expect(events).toEqual(['stored', 'acknowledged'])
  })

  test('a write that refuses itself rejects alone, in the same transaction', async () => {
    const { group, write, transactions } = countingGroup()
    const refusal = new ControllerError('LEASE_LOST', 'gone')

    const outcomes = await Promise.allSettled([
      write('a'),
      group.submit(() => {
        throw refusal
      }),
      write('b'),
    ])

    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: refusal })
    expect(transactions).toEqual([['a', 'b']])
  })

  test('when the database refuses a batch, only the write it refuses alone fails', async () => {
    const { write, transactions } = countingGroup((names) => (names.includes('bad') ? new Error('too big') : null))

    const outcomes = await Promise.allSettled([write('a'), write('bad'), write('b')])

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { message: 'explained' } })
    expect(transactions).toEqual([['a'], ['b']])
  })

  test('a database that stays locked is not tried once more for each write', async () => {
    let attempts = 0
    const { write } = countingGroup(() => {
      attempts += 1
      return Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
    })

    const outcomes = await Promise.allSettled([write('a'), write('b')])

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected'])
    expect(attempts).toBe(1)
  })

  test('draining waits for everything that was queued', async () => {
    const { group, write, transactions } = countingGroup()
    void write('a').then(async () => write('b'))

    await group.drain()

    expect(transactions).toEqual([['a'], ['b']])
  })
})
