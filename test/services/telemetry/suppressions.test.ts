import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob } from '../../../src/services/telemetry/path-glob.ts'
import { assembleReport } from '../../../src/services/telemetry/report.ts'
import { parseSuppressions } from '../../../src/services/telemetry/suppressions.ts'
import { finding, input } from './report.fixture.ts'

const ID = 'types.any-46c6ba0b'

/** The report of a run that started on 2026-01-02, with a suppressions file of these entries. */
async function reportWith(entries: string, ...findings: ReturnType<typeof finding>[]) {
  const suppressions = await parseSuppressions(`version: 1\nsuppressions:\n${entries}\n`)
  return assembleReport(input({ look: { findings: findings.length === 0 ? [finding()] : findings } }, { suppressions }))
}

describe('a suppression', () => {
  it.each([
    ['its id', `  - { id: ${ID}, reason: Known. }`],
    ['its rule', '  - { rule: types.any, reason: Known. }'],
    ['its rule and a glob', '  - { rule: types.any, file: "src/**", reason: Known. }'],
    ['a day that is today', '  - { rule: types.any, until: 2026-01-02, reason: Known. }'],
  ])('hides a finding by %s, and says so', async (_, entry) => {
    const report = await reportWith(entry)

    expect(report.findings).toEqual([])
    expect(report.suppressed).toEqual([
      { id: ID, rule: 'types.any', severity: 'low', title: 'Explicit `any`', file: 'src/a.ts', line: 3, reason: 'Known.' },
    ])
    expect(report.summary).toContain('No findings. 1 suppressed (1 low).')
    expect([...report.notes, ...report.recommendations]).toEqual([])
  })

  it.each([
    [
      'has expired',
      '  - { rule: types.any, until: 2026-01-01, reason: Known. }',
      /^The suppression of `types\.any` \(.+, line 3\) expired on 2026-01-01/,
    ],
    [
      'fits nothing',
      '  - { rule: types.any, file: "lib/**", reason: Known. }',
      /^The suppression of `types\.any` in `lib\/\*\*` \(.+, line 3\) fits no finding/,
    ],
    ['has another id', '  - { id: types.any-00000000, reason: Known. }', /fits no finding/],
  ])('that %s hides nothing and is told', async (_, entry, note) => {
    const report = await reportWith(entry)

    expect(report.findings).toHaveLength(1)
    expect(report.notes).toEqual([expect.stringMatching(note)])
  })

  it('hides only what it fits', async () => {
    const report = await reportWith('  - { rule: types.any, file: src/*.ts, reason: Known. }', finding(), finding({ file: 'lib/a.ts' }))

    expect(report.findings).toMatchObject([{ file: 'lib/a.ts' }])
    expect(report.suppressed).toHaveLength(1)
  })
})

describe('a suppressions file that cannot be used', () => {
  it.each([
    ['no YAML', 'version: [', /line 1|line 2/],
    ['an unknown key', 'version: 1\nsuppressions:\n  - rule: a\n    reason: b\n    files: c\n', /line 5: suppressions\.0\.files .*no such field/],
    ['no reason', 'version: 1\nsuppressions:\n  - rule: a\n', /line 3: suppressions\.0\.reason/],
    ['an empty reason', 'version: 1\nsuppressions:\n  - { rule: a, reason: " " }\n', /must say why/],
    ['neither id nor rule', 'version: 1\nsuppressions:\n  - reason: a\n', /either id or rule/],
    ['id and rule', 'version: 1\nsuppressions:\n  - { id: a, rule: b, reason: c }\n', /either id or rule/],
    ['a path that leads outside', 'version: 1\nsuppressions:\n  - { rule: a, file: ../b, reason: c }\n', /must be a glob/],
    ['no such day', 'version: 1\nsuppressions:\n  - { rule: a, reason: c, until: 2026-02-31 }\n', /must be a day/],
    ['another version', 'version: 2\nsuppressions: []\n', /line 1: version/],
    ['aliases', 'version: 1\nsuppressions: &a []\n', /anchors/],
    ['nothing in it', '', /the file/],
  ])('for %s hides nothing, and the report says where and what to do', async (_, text, problem) => {
    const suppressions = await parseSuppressions(text)
    const report = assembleReport(input({ look: { findings: [finding()] } }, { suppressions }))

    expect(report.findings).toHaveLength(1)
    expect(report.notes).toHaveLength(1)
    expect(report.notes[0]).toMatch(problem)
    expect(report.notes[0]).toMatch(/^planner-exec\.suppressions\.yaml was not used, so nothing is suppressed: .*Correct it:/)
  })

  it('never stops a report, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        const { entries, problems } = await parseSuppressions(text)

        expect(entries.length === 0 || problems.length === 0).toBe(true)
      }),
    )
  })
})

describe('a path glob', () => {
  it.each([
    ['src/**', 'src/a/b.ts', true],
    ['src/**', 'src', true],
    ['src/', 'src/a/b.ts', true],
    ['src/**/*.ts', 'src/b.ts', true],
    ['src/**/*.ts', 'src/a/c/b.ts', true],
    ['src/*.ts', 'src/a/b.ts', false],
    ['./src/?.ts', 'src/a.ts', true],
    ['**/*.test.ts', 'a.test.ts', true],
    ['**', 'a/b', true],
    ['pages/[id].tsx', 'pages/[id].tsx', true],
    ['pages/[id].tsx', 'pages/i.tsx', false],
    ['*', '.hidden', true],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'axxbyy', false],
    ['a', 'b', false],
  ])('%s and %s: %s', (glob, path, fits) => {
    expect(compileGlob(glob)?.(path)).toBe(fits)
  })

  it.each(['', '/etc', 'a//b', '../a', 'a/../b', 'a/./b'])('is not %j', (glob) => {
    expect(compileGlob(glob)).toBeNull()
  })

  it('says of a name what a regular expression would', () => {
    const part = fc.constantFrom('a', 'b', '*', '?')

    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (parts, name) => {
        const expected = new RegExp(`^${parts.map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char)).join('')}$`)
        fc.pre(name !== '' && !parts.join('').includes('**'))

        expect(compileGlob(parts.join(''))?.(name)).toBe(expected.test(name))
      }),
    )
  })

  it('takes no time over a pattern made to take forever', () => {
    const matches = compileGlob(`${'*a'.repeat(400)}b`)

    expect(matches?.('a'.repeat(4_000))).toBe(false)
  })
})
