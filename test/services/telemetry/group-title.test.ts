import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedTitle } from '../../../src/services/telemetry/group-title.ts'

describe('the title of findings of one rule', () => {
  it.each<[string, string, [string, ...string[]], string]>([
    ['all the same', 'imports.cycle', ['Import cycle', 'Import cycle'], 'Import cycle'],
    ['one number differs', 'imports.cycle', ['Import cycle of 2 modules', 'Import cycle of 3 modules'], 'Import cycle of … modules'],
    ['one says more', 'imports.cycle', ['Import cycle of 2 modules', 'Import cycle of 3 modules, in a knot of 51'], 'Import cycle'],
    [
      'one begins another way',
      'imports.type-cycle',
      ['Cycle of type imports: itself', 'Cycle of type imports of 2 modules'],
      'Cycle of type imports',
    ],
    ['one is in the other', 'duplicates.block', ['Duplicated test code', 'Duplicated code'], 'Duplicated code'],
    ['a word in between differs', 'x.y', ['Duplicated test code', 'Duplicated and long code'], 'Duplicated … code'],
    [
      'the first words differ',
      'deps.undeclared',
      ['a is imported, but not declared', 'b is imported, but not declared'],
      '… is imported, but not declared',
    ],
    ['the end differs', 'deps.outdated', ['a is old; the registry has 2', 'b is old; the registry has 3'], '… is old; the registry has …'],
    ['it would end in a little word', 'deps.lock-absent', ['x.json has no entry for a', 'x.json has no entry for b'], 'x.json has no entry'],
    [
      'code spans differ',
      'docs.readme-command',
      ['README.md says `npm run a`, but there is no script `a`', 'README.md says `yarn b`, but there is no script `b`'],
      'README.md says …, but there is no script …',
    ],
    ['nothing is shared', 'size.large-file', ['One thing', 'Another matter of taste'], 'Large file'],
    ['one word is shared', 'deps.licence-unknown', ['Check a: it is so', 'Check b and c: it is not'], 'Licence unknown'],
    ['only little words are shared', 'x.odd-place', ['cats in the dark', 'dogs in the light'], 'Odd place'],
    [
      'a rule of a linter',
      'lint.eslint.no-unused-vars',
      ["Variable 'a' is declared but never used", "Class 'a' is declared"],
      'no-unused-vars (eslint)',
    ],
    ['a rule of a linter with one title', 'lint.oxc.const-comparisons', ['Always false', 'Always false'], 'Always false'],
  ])('is what they share when %s', (_, rule, titles, title) => {
    expect(sharedTitle(rule, titles)).toBe(title)
    const [first, ...others] = titles.toReversed()
    expect(sharedTitle(rule, [first ?? '', ...others])).toBe(title)
  })

  it('has no word that some title lacks', () => {
    const word = fc.constantFrom('cycle', 'of', 'two', 'modules,', '`a b`', 'in', 'a', ':', '`')
    const title = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '))

    fc.assert(
      fc.property(title, fc.array(title, { minLength: 1, maxLength: 4 }), (first, others) => {
        const shared = sharedTitle('r.fall-back', [first, ...others])
        if (shared === 'Fall back') return
        const words = shared.replaceAll(/[…,:]/g, '').split(/\s+/)
        for (const word of words) for (const each of [first, ...others]) expect(each).toContain(word)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes time in proportion to what it reads', () => {
    const long = '`,: '.repeat(50_000)

    expect(sharedTitle('r.fall-back', [long, `${long}x`])).toEqual(expect.any(String))
  })
})
