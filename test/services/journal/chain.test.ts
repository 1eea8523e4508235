import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/model/digest.ts'
import { extendChain, genesisHash, verifyChain, type ChainRecord } from '../../../src/services/journal/chain.ts'

const start = { nextSeq: 0, hash: genesisHash('run-1') }
const END = Number.MAX_SAFE_INTEGER

function headOf(records: readonly ChainRecord[]) {
  return { nextSeq: records.length, hash: records.at(-1)?.hash ?? start.hash }
}

describe('the hash chain', () => {
  test('starts at the digest of the run id and takes in every body', () => {
    const records = extendChain(start, ['a', 'b'])

    const first = sha256(`${sha256('run-1')}\na`)
    expect(records).toEqual([
      { seq: 0, body: 'a', hash: first },
      { seq: 1, body: 'b', hash: sha256(`${first}\nb`) },
    ])
  })

  test('is the same whether it grew at once or in parts', () => {
    const whole = extendChain(start, ['a', 'b', 'c'])
    const part = extendChain(start, ['a'])

    const rest = extendChain(headOf(part), ['b', 'c'])

    expect([...part, ...rest]).toEqual(whole)
  })

  test('holds up to any record', () => {
    const records = extendChain(start, ['a', 'b', 'c'])

    for (const toSeq of [-1, 0, 1, 2, 3, END]) {
      expect(() => verifyChain('run-1', records.slice(0, toSeq + 1), headOf(records), toSeq)).not.toThrow()
    }
  })

  test('of one run does not hold for another', () => {
    const records = extendChain(start, ['a'])

    expect(() => verifyChain('run-2', records, headOf(records), END)).toThrow('Run run-2 is damaged at record 0')
  })

  test('does not hold after any record was changed, dropped, doubled or swapped', () => {
    const bodies = fc.array(fc.string({ maxLength: 5 }), { minLength: 2, maxLength: 8 })
    const damage = fc.constantFrom<(records: ChainRecord[], at: number) => void>(
      (records, at) => void records.splice(at, 1),
      (records, at) => void records.splice(at, 1, ...records.slice(at, at + 1).map((record) => ({ ...record, body: `${record.body}x` }))),
      (records, at) => void records.splice(at, 0, ...records.slice(at, at + 1)),
      (records, at) => void records.push(...records.splice(at, 1)),
    )

    fc.assert(
      fc.property(bodies, fc.nat(), damage, (texts, place, harm) => {
        const sound = extendChain(start, texts)
        const damaged = [...sound]
        // The last record cannot be moved behind itself.
        harm(damaged, place % (texts.length - 1))

        expect(() => verifyChain('run-1', damaged, headOf(sound), END)).toThrow('Run run-1 is damaged at record')
      }),
    )
  })
})
