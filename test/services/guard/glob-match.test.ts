import fc from 'fast-check'
import picomatch from 'picomatch'
import { describe, expect, it } from 'vitest'
import { compileGlob } from '../../../src/services/guard/glob-match.ts'

const SEED = 20_261_122

function matches(glob: string, path: string, anyCase = false): boolean | string {
  const compiled = compileGlob(glob, anyCase)
  return typeof compiled === 'string' ? compiled : compiled.matches(path.split('/').filter((part) => part !== ''))
}

const part = fc
  .array(fc.constantFrom('a', 'b', 'B', '.', '*', '?', '[ab]', '[^a]', '{a,bb}', '-'), { minLength: 1, maxLength: 5 })
  .map((chars) => chars.join(''))
const plain = (text: string): boolean => text !== '' && !/^\.{1,2}$/.test(text)
const glob = fc
  .array(fc.oneof({ weight: 3, arbitrary: part.filter(plain) }, { weight: 1, arbitrary: fc.constant('**') }), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
const name = fc
  .array(fc.constantFrom('a', 'b', 'B', '.', '-'), { minLength: 1, maxLength: 5 })
  .map((chars) => chars.join(''))
  .filter(plain)
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))

describe('compileGlob', () => {
  it('agrees with picomatch, which turns globs into regular expressions', () => {
    fc.assert(
      fc.property(glob, path, (pattern, given) => {
        // Three stars in a row, and a group that makes a part `.` or empty, mean something of their own there.
        fc.pre(!/\*{3}|(?:^|\/)\*\*[^/]|[^/]\*\*(?:\/|$)/.test(pattern))
        const isMatch = picomatch(pattern, { dot: true, nonegate: true, noextglob: true, strictBrackets: true, debug: true })
        expect(matches(pattern, given)).toBe(isMatch(given))
      }),
      { seed: SEED, numRuns: 5000 },
    )
  })

  it('takes every spelling of what it matches, when letters count in any case', () => {
    fc.assert(
      fc.property(glob, path, (pattern, given) => {
        fc.pre(matches(pattern, given) === true)
        expect(matches(pattern, given.toLowerCase(), true)).toBe(true)
        expect(matches(pattern, given, true) === true || matches(pattern, given.toLowerCase(), true) === true).toBe(true)
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it.each([
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['(a|b)/c', 'b/c', true],
    ['{a,{b,c}d}/e', 'cd/e', true],
    ['{a}', '{a}', true],
    ['[!a]x', 'bx', true],
    ['x[/]y', 'x/y', 'has a [ that is not closed'],
    ['a/**/**/b', 'a/b', true],
    ['*ab*b', 'ab', false],
    ['*ab*b', 'abb', true],
    ['**', '', true],
    ['*', '', false],
    ['𐐀*', '𐐀x', true],
  ])('%s on %s: %s', (pattern, given, expected) => {
    expect(matches(pattern, given)).toBe(expected)
  })

  it.each([
    ['{a', 'not closed'],
    ['a}', 'nothing opens'],
    ['{1..3}', 'write every choice out'],
    ['(a}', 'nothing opens'],
    [`${'{a,b}'.repeat(9)}`, 'more than 256 alternatives'],
    ['a'.repeat(1001), 'more than 1000 characters'],
  ])('refuses %s', (pattern, problem) => {
    expect(matches(pattern, 'a')).toContain(problem)
  })

  it('looks at each character of a long name few times, whatever the stars', () => {
    let looks = 0
    const text = new Proxy(Object('a'.repeat(4000)), {
      get: (target, key) => {
        if (typeof key === 'string' && /^[0-9]+$/.test(key)) looks += 1
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    }) as string
    const compiled = compileGlob(`${'*[a]?'.repeat(20)}b`, false)

    const matched = typeof compiled !== 'string' && compiled.matches([text])

    expect(matched).toBe(false)
    expect(looks).toBeLessThan(4000 * 20)
  })
})
