import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compacted, expanded } from '../../../src/services/journal/answer-text.ts'
import { packBody, unpackBody } from '../../../src/services/journal/blob-body.ts'
import { decodeEntry, encodeEntry } from '../../../src/services/journal/entry-text.ts'
import type { JournalEntry } from '../../../src/model/journal-entry.ts'

const PLACE = { kind: 'event', seq: 3, at: 10, runAt: 10, path: 's1' } as const
const eventEntry = (event: { readonly type: string; readonly [key: string]: unknown }, cause: object = {}): JournalEntry => ({
  ...PLACE,
  event,
  ...cause,
})

describe('an answer of a service', () => {
  it.each(['done', 'error'])('that is %s names the service once in what is stored, and is read as it was', (how) => {
    const payload = how === 'done' ? { output: { a: null } } : { error: { code: 'X' } }
    const entry = eventEntry({ type: `xstate.${how}.actor.service:execute`, ...payload, actorId: 'service:execute' }, { child: 'service:execute' })

    const text = encodeEntry('run', entry)

    expect(text.split('service:execute')).toHaveLength(2)
    expect(decodeEntry('run', 3, text)).toEqual(entry)
  })

  const anyEvent = fc.record(
    {
      type: fc.constantFrom('xstate.done.actor.a', 'xstate.error.actor.a', 'xstate.done.actor.b', 'action.heartbeat'),
      actorId: fc.constantFrom('a', 'b'),
      output: fc.jsonValue(),
      error: fc.jsonValue(),
      more: fc.jsonValue(),
    },
    { requiredKeys: ['type'] },
  )
  const anyCause = fc.record(
    { child: fc.constantFrom('a', 'b'), inbox: fc.nat(), timer: fc.constant<readonly [string, string]>(['', 't']) },
    { requiredKeys: [] },
  )

  it('or any other event is read as it was written', () => {
    fc.assert(
      fc.property(anyEvent, anyCause, (event, cause) => {
        const entry: unknown = JSON.parse(JSON.stringify(eventEntry(event, cause)))
        const stored: unknown = JSON.parse(JSON.stringify(compacted(entry as JournalEntry)))

        expect(expanded(stored)).toEqual(entry)
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})

describe('a stored body', () => {
  it('is the text that was given, however long and whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 200 }), (text, times) => {
        const body = text.repeat(times)

        expect(unpackBody(packBody(body))).toBe(body)
      }),
      { seed: 8, numRuns: 300 },
    )
    expect(unpackBody(packBody(`a\0b${'c'.repeat(600)}`))).toBe(`a\0b${'c'.repeat(600)}`)
  })

  it('takes less room when it is long and repeats itself, and none more', () => {
    const report = JSON.stringify(Array.from({ length: 200 }, (_, n) => ({ stepId: `s${n}`, outcome: 'succeeded' })))

    expect(packBody(report).length).toBeLessThan(report.length / 5)
    expect(packBody('short')).toBe('short')
    expect(packBody('\u001f\u008b'.repeat(10))).toBe('\u001f\u008b'.repeat(10))
  })

  it('that is damaged, or would grow beyond bounds, is none', () => {
    const packed = Buffer.from(packBody('x'.repeat(5_000)))

    expect(unpackBody(packed.subarray(0, packed.length - 9))).toBeNull()
    expect(unpackBody(null)).toBeNull()
    expect(unpackBody(bomb())).toBeNull()
  })
})

/** A gigabyte of zeros in a megabyte: gzip members of 64 MiB, one after the other. */
function bomb(): Buffer {
  const member = Buffer.from(packBody('0'.repeat(64 * 2 ** 20)))
  return Buffer.concat(Array.from({ length: 16 }, () => member))
}
