import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SyntaxName } from '../../../src/services/executor/capabilities/analysis/languages.ts'
import { COMMENT, maskOf, STRING } from '../../../src/services/executor/capabilities/analysis/mask.ts'
import { SYNTAXES } from '../../../src/services/executor/capabilities/analysis/syntax.ts'

/** The text with what is masked as comments replaced by `c`, and strings by `s`. */
function drawn(text: string, syntax: SyntaxName): string {
  const mask = maskOf(text, syntax)
  return [...text].map((char, index) => (char === '\n' ? char : mask[index] === COMMENT ? 'c' : mask[index] === STRING ? 's' : char)).join('')
}

const names: readonly SyntaxName[] = [
  'javascript',
  'c',
  'go',
  'rust',
  'python',
  'shell',
  'yaml',
  'ruby',
  'php',
  'css',
  'html',
  'sql',
  'lua',
  'haskell',
  'csharp',
  'swift',
]

describe('the mask of comments and strings', () => {
  it.each([
    ['a division is no regular expression', 'javascript', 'a / b / c // d', 'a / b / c cccc'],
    ['a regular expression with a class', 'javascript', 'x = /[/"]/g // d', 'x = ssssssg cccc'],
    ['a regular expression after a condition', 'javascript', 'if (a) /"/.test(b) // d', 'if (a) sss.test(b) cccc'],
    ['nested templates', 'javascript', '`a${`b${1}`}c` // d', 'ssssssss1sssss cccc'],
    ['an object in a template', 'javascript', '`${{ a: 1 }}` /* d */', 'sss{ a: 1 }ss ccccccc'],
    ['an open string ends with its line', 'javascript', "'a\n// d", 'ss\ncccc'],
    ['a property called return', 'javascript', 'a.return / 2 // d', 'a.return / 2 cccc'],
    ['nested comments of Rust', 'rust', '/* a /* b */ c */ d', 'ccccccccccccccccc d'],
    ['no nested comments in C', 'c', '/* a /* b */ c', 'cccccccccccc c'],
    ['triple quotes of Python', 'python', '"""a"# b""" # c', 'sssssssssss ccc'],
    ['a hash inside a word of a shell', 'shell', 'a#b ${#c} # d', 'a#b ${#c} ccc'],
    ['doubled quotes of SQL', 'sql', "'a''--b' -- c", 'ssssssss cccc'],
    ['a here-document that is indented', 'shell', 'cat <<-X\n\t# a\n\tX\n# b', 'cat <<-X\nssss\nss\nccc'],
  ] as const)('knows %s', (_, syntax, text, expected) => {
    expect(drawn(text, syntax)).toBe(expected)
  })

  it('covers any text, in any language', () => {
    const text = fc
      .array(
        fc.constantFrom('"', "'", '`', '/', '*', '\\', '\n', '#', '${', '}', '(', ')', '<<A', 'A', ' ', '--', '[[', '"""', 'r#"', '<!--', '🙂'),
        { maxLength: 60 },
      )
      .map((parts) => parts.join(''))

    fc.assert(
      fc.property(text, fc.constantFrom(...names), (given, syntax) => {
        expect(maskOf(given, syntax)).toHaveLength(given.length)
      }),
      { numRuns: 2_000 },
    )
  })

  it('has a table row for every family', () => {
    expect(names.every((name) => name === 'javascript' || name in SYNTAXES)).toBe(true)
  })
})
