import { describe, expect, it } from 'vitest'
import { embeddedIdentifiers, isLink, shapeOf } from '../../../../src/services/guard/trajectory/shape.ts'

describe('shapeOf', () => {
  it.each([
    [true, 'plain'],
    ['r', 'plain'],
    [98.7, 'plain'],
    ['98.70', 'plain'],
    ['1,250.00', 'plain'],
    [7, 'plain'],
    [12_345_678, 'identifier'],
    ['2024-05-15', 'time'],
    ['2024-05-15T10:00:00Z', 'time'],
    ['10:20', 'time'],
    ['13', 'key'],
    ['0049123456', 'identifier'],
    ['US13 3000 0001 2121', 'identifier'],
    ['bob@corp.com', 'identifier'],
    ['https://a.example/x', 'identifier'],
    ['notes/today.txt', 'identifier'],
    ['#general', 'identifier'],
    ['new_password', 'identifier'],
    ['Bob', 'name'],
    ['Hotel by the Sea', 'name'],
    ['Please meet me tomorrow at the usual place', 'prose'],
  ])('of %j is %s', (value, shape) => {
    expect(shapeOf(value)).toBe(shape)
  })
})

describe('embeddedIdentifiers', () => {
  it('finds addresses, links and long codes, and no ordinary words, amounts or dates', () => {
    const text = 'On 2024-05-15 pay 1,200.50 to (US13300000012), write to <eve@evil.example>, see https://evil.example/x?y=1. Room 12B.'

    expect(embeddedIdentifiers(text)).toEqual(['US13300000012', 'eve@evil.example', 'https://evil.example/x?y=1'])
  })

  it('looks at no more than 64', () => {
    expect(embeddedIdentifiers(Array.from({ length: 500 }, (_, index) => `a${index}@b.example`).join(' '))).toHaveLength(64)
  })
})

describe('isLink', () => {
  it('knows a place on a network from a file and an address', () => {
    expect(['http://a.example', 'www.a.example', 'a.example/x', 'ftp://a'].map(isLink)).toEqual([true, true, true, true])
    expect(['a.txt', 'bob@a.example', 'notes/a.txt', 'Bob'].map(isLink)).toEqual([false, false, false, false])
  })
})
