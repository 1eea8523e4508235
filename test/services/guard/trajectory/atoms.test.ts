import { describe, expect, it } from 'vitest'
import { argumentOf, atomsOf } from '../../../../src/services/guard/trajectory/atoms.ts'

describe('atomsOf', () => {
  it('names each value by its path', () => {
    expect(atomsOf({ to: ['a', 'b'], card: { number: 7, paid: true, note: null } })).toEqual({
      atoms: [
        { path: 'to.0', value: 'a' },
        { path: 'to.1', value: 'b' },
        { path: 'card.number', value: 7 },
      ],
      complete: true,
    })
  })

  it('takes a key that is no name for a value', () => {
    expect(atomsOf({ for: { 'Ida Berg': true, EVE99990000: true, amount_2: true } }).atoms).toEqual([
      { path: 'for.Ida Berg', value: 'Ida Berg' },
      { path: 'for.EVE99990000', value: 'EVE99990000' },
    ])
  })

  it('says when it did not look at everything', () => {
    const deep = JSON.parse(`${'['.repeat(10_000)}1${']'.repeat(10_000)}`)

    expect(atomsOf({ deep }).complete).toBe(false)
    expect(atomsOf({ many: Array.from({ length: 3_000 }, () => 'x') }).complete).toBe(false)
  })
})

describe('argumentOf', () => {
  it('is the first part of a path', () => {
    expect(['to.0', 'to', 'a.b.c'].map(argumentOf)).toEqual(['to', 'to', 'a'])
  })
})
