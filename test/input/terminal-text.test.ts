import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oneLine, printable } from '../../src/input/terminal-text.ts'

describe('printable text', () => {
  it.each([
    ['a colour', '\x1b[31mred\x1b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['a title change', '\x1b]0;owned\x07', '\\u{1b}]0;owned\\u{7}'],
    ['a carriage return', 'good\rbad', 'good\\u{d}bad'],
    ['an 8-bit control sequence', '\u009b2J', '\\u{9b}2J'],
    ['reversed direction', 'a\u202etxt.exe', 'a\\u{202e}txt.exe'],
    ['an invisible space', 'a\u200bb\ufeffc', 'a\\u{200b}b\\u{feff}c'],
    ['hidden tags', '\u{e0041}', '\\u{e0041}'],
    ['line separators', 'a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
    ['a private character', '\ue000', '\\u{e000}'],
    ['half a surrogate pair', 'a\ud83d', 'a\\u{d83d}'],
  ])('shows %s', (_, given, shown) => {
    expect(printable(given)).toBe(shown)
  })

  it('keeps newlines, tabs, and every script', () => {
    const text = 'a\tb\nгород 城市 🙂 é'

    expect(printable(text)).toBe(text)
  })

  it('has nothing left that could steer a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u)
      }),
    )
  })
})

describe('one line', () => {
  it('folds white space and keeps what fits', () => {
    expect(oneLine('  a\n\n b\tc\r\n')).toBe('a b c')
  })

  it('cuts by characters, not by halves of them', () => {
    expect(oneLine('🙂🙂🙂🙂', 3)).toBe('🙂🙂…')
    expect(oneLine('🙂🙂🙂', 3)).toBe('🙂🙂🙂')
  })

  it('is quick with a huge text', () => {
    expect(oneLine('x'.repeat(50_000_000), 5)).toBe('xxxx…')
  })
})
