import { describe, expect, it } from 'vitest'
import { readPrintedLiteral } from '../../../../src/services/guard/trajectory/printed-literal.ts'

describe('readPrintedLiteral', () => {
  it.each([
    [String.raw`[{'by': 'Ann', 'text': 'It\'s "fine"\nreally'}]`, [{ by: 'Ann', text: 'It\'s "fine"\nreally' }]],
    [`{'a': None, 'b': (1, 2.5), "c": True,}`, { a: 'None', b: ['1', '2.5'], c: 'True' }],
    [`[datetime.datetime(2024, 5, 1, 10, 0)]`, ['datetime.datetime(2024, 5, 1, 10, 0)']],
    ['[]', []],
  ])('reads %s', (printed, value) => {
    expect(readPrintedLiteral(printed)).toEqual(value)
  })

  it.each([`['a'] and more`, `['a', 'b'`, `{'a' 'b'}`, `['it's']`, '{[}', '', '('.repeat(100_000)])('does not guess at %j', (printed) => {
    expect(readPrintedLiteral(printed)).toBeUndefined()
  })

  it('does not touch prototypes', () => {
    const value = readPrintedLiteral(`{'__proto__': {'x': 'y'}}`)

    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect({}).not.toHaveProperty('x')
  })
})
