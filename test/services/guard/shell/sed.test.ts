import { describe, expect, it } from 'vitest'
import { sedOnlyReads } from '../../../../src/services/guard/shell/sed.ts'

describe('a script of sed', () => {
  it.each([
    'p',
    '1,3d',
    '/a/I,$ { s/x/y/g; p }',
    String.raw`s/\//|/2`,
    '$!N;P;D',
    'y/ab/cd/',
    '\\,a,d',
    's|[a-z]*||',
    ':x;N;bx',
    '/w/d',
    's/e/w/',
    'a w out',
    '# w out',
    'p # e',
  ])('only reads: %s', (script) => {
    expect(sedOnlyReads(script)).toBe(true)
  })

  it.each([
    'w out',
    '1w out',
    '/a/w out',
    '$!w out',
    'p;w out',
    '{w out',
    '{p;w out\n}',
    's/a/b/w out',
    's/a/b/gw out',
    's/a/b/e',
    's/a/b/Me',
    'e',
    'e id',
    '1!e id',
    'r x',
    'R x',
    'W x',
    's/a/b/;e',
    's,a,b,;w out',
    'sxaxbxw out',
    's/a/b',
    's/a/b/g w out',
    'a\\\ntext',
    'a text\\\nw out',
    'i\\',
    's/a\\\n/b/\nw out',
    ':a;w out',
    'b a;w out',
    'ba\nw out',
    'p\ne',
    '\\xaxw out',
    '1~2e',
    '1,+2w out',
    '0,/a/e',
    'y/a/b/w',
    's/[/]/w out/',
    's/[\\/]/w out/',
    'v 4.2',
    '}',
    '{p',
    'k',
    's\na\nb\n',
    's/a/b/p;}e',
  ])('is in doubt: %j', (script) => {
    expect(sedOnlyReads(script)).toBe(false)
  })
})
