import { describe, expect, test } from 'vitest'
import { createBodies } from '../../src/engine/bodies.ts'
import { sha256 } from '../../src/model/digest.ts'
import { RUN_ID, createGatedJournal } from '../support/engine.ts'

function bodies() {
  const journal = createGatedJournal()
  return { journal, bodies: createBodies(journal) }
}

describe('a body', () => {
  test('is named by its content', () => {
    expect(bodies().bodies.put({ a: 1 })).toBe(sha256('{"a":1}'))
  })

  test('can be read back at once, as JSON keeps it', () => {
    const { bodies: it } = bodies()
    const given = { at: new Date(0), gone: undefined }

    const ref = it.put(given)

    expect(it.get(ref)).toEqual({ at: '1970-01-01T00:00:00.000Z' })
  })

  test('does not change with what it was made of', () => {
    const { bodies: it } = bodies()
    const given = { list: [1] }
    const ref = it.put(given)

    given.list.push(2)

    expect(it.get(ref)).toEqual({ list: [1] })
  })

  test('goes out once, with the next commit', () => {
    const { bodies: it } = bodies()
    const ref = it.put('x')

    expect([...it.take().blobs]).toEqual([[ref, '"x"']])
    expect(it.take().blobs.size).toBe(0)
  })

  test('is read from the journal when it is no longer at hand', async () => {
    const { journal, bodies: it } = bodies()
    const lease = journal.acquire(RUN_ID, { owner: 'test', ttlMs: 1_000, now: 0, create: true })
    const ref = it.put({ first: true })
    for (let n = 0; n < 100; n++) it.put({ n })
    await journal.commit({ runId: RUN_ID, token: lease?.token ?? 0, entries: [], ...it.take() })

    expect(it.get(ref)).toEqual({ first: true })
  })

  test('that never was is named as missing', () => {
    expect(() => bodies().bodies.get(sha256('nothing'), 'plan')).toThrow(/the body of the plan \w{12} is missing/)
  })
})
