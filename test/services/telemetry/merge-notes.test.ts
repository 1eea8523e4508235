import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergedByReason } from '../../../src/services/telemetry/merge-notes.ts'

describe('notes that say the same', () => {
  it.each([
    ['one reason', ['its lint: not allowed', 'other', 'its tests: not allowed'], ['its lint; its tests: not allowed', 'other']],
    ['the same, but for spaces and the last stop', ['a: b c', 'a:  b c.'], ['a: b c']],
    ['names that differ in capitals', ['A.ts', 'a.ts'], ['A.ts', 'a.ts']],
    ['other reasons', ['a: b', 'a: c'], ['a: b', 'a: c']],
    ['a colon in a code span', ['the `x: y`', 'a `x: y`'], ['the `x: y`', 'a `x: y`']],
    ['a colon in brackets', ['one (x: y)', 'two (x: y)'], ['one (x: y)', 'two (x: y)']],
    ['none', [], []],
  ])('merges %s', (_, notes, merged) => {
    expect(mergedByReason(notes)).toEqual(merged)
  })

  it('begins another line before one is too long to be shown', () => {
    const notes = Array.from({ length: 40 }, (_, index) => `the part with the number ${index}: left out`)

    const lines = mergedByReason(notes)

    expect(lines.every((line) => line.length <= 500 && line.endsWith(': left out'))).toBe(true)
    expect(lines.join('; ').match(/number \d+/g)).toHaveLength(40)
  })

  it('loses nothing', () => {
    const part = fc.constantFrom('a', 'b', 'c d', 'e.')
    const note = fc.tuple(part, part).map(([what, reason]) => `${what}: ${reason}`)

    fc.assert(
      fc.property(fc.array(fc.oneof(part, note)), (notes) => {
        const merged = mergedByReason(notes).join('\n')
        for (const each of notes) for (const word of each.split(': ')) expect(merged).toContain(word.replace(/\.$/, ''))
      }),
    )
  })
})
