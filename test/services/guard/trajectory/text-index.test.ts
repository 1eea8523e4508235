import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { squeeze } from '../../../../src/services/guard/trajectory/fold.ts'
import { createTextIndex } from '../../../../src/services/guard/trajectory/text-index.ts'

describe('createTextIndex', () => {
  it('finds every value of seven characters or more, wherever it stands', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-f]{20,200}$/), fc.nat(150), fc.integer({ min: 7, max: 40 }), (text, start, length) => {
        const value = text.slice(start, start + length)
        const index = createTextIndex(10_000)
        index.add('something else')
        index.add(text)

        expect(value.length < 7 || index.find(value).some((hit) => hit.text === 1)).toBe(true)
      }),
      { seed: 5, numRuns: 300 },
    )
  })

  it('finds no value that is not there', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-d]{20,100}$/), fc.stringMatching(/^[a-d]{7,12}$/), (text, value) => {
        const index = createTextIndex(10_000)
        index.add(text)

        expect(index.find(value).length > 0).toBe(text.includes(value))
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  it('tells a whole word from a part of one', () => {
    const index = createTextIndex(1_000)
    index.add('Pay to US13-3000-0001 soon')

    expect(index.find('us1330000001')).toEqual([{ text: 0, whole: true }])
    expect(index.find('13300000')).toEqual([{ text: 0, whole: false }])
    expect(index.find('pay')).toEqual([{ text: 0, whole: true }])
    expect(index.find('pa')).toEqual([])
  })

  it('says how much of a value stands together', () => {
    const index = createTextIndex(1_000)
    index.add('the first is ABCDEFGH1234')
    index.add('the second is WXYZ56789')

    expect(index.longestPrefix(squeeze('ABCDEFGH12WXYZ56789'), 0)).toBe(10)
    expect(index.longestPrefix(squeeze('ABCDEFGH12WXYZ56789'), 10)).toBe(9)
    expect(index.longestPrefix('nothere', 0)).toBe(0)
  })

  it('says when a text did not fit', () => {
    const index = createTextIndex(10)

    expect(index.add('abcdef')).toEqual({ text: 0, complete: true })
    expect(index.add('abcdefgh')).toEqual({ text: 1, complete: false })
    expect(index.add('more')).toBeNull()
  })

  it('counts a value as found when a flood of its pieces hides whether it is there', () => {
    const index = createTextIndex(1_000_000)
    index.add('a'.repeat(12_000))
    index.add('b'.repeat(12_000))

    expect(index.find('aaaabbbb')).toEqual([{ text: 0, whole: false }])
    expect(index.find('aaaacccc')).toEqual([])
  })
})
