import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indexEntries } from '../../../src/services/guard/candidates.ts'
import type { Entry } from '../../../src/services/guard/entry.ts'
import { matchTarget, type CheckedTarget } from '../../../src/services/guard/match-target.ts'
import { compileSpecifier } from '../../../src/services/guard/specifier.ts'

// Folded, the home folder is longer than it is written.
const PLACES = { workspace: '/ws/Src', workspaceAlias: '/ws/Src', stateDir: '/ws/Src/.planner-exec', home: '/hom/İİab' }

function entriesOf(specifiers: readonly string[]): readonly Entry[] {
  return specifiers.flatMap((text, index) => {
    const compiled = compileSpecifier(text)
    if (typeof compiled === 'string') return []
    return [{ ...compiled, decision: 'deny' as const, ruleId: `test:rules[${index}].deny`, reason: null, when: null, unless: null, narrows: false }]
  })
}

const joined = (pieces: readonly string[], separator: string, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength }).map((parts) => parts.join(separator))

const NAMES = ['src', 'SRC', 'a.ts', 'A.Ts', 'a', 'b.tar.gz', 'é.ts', 'e\u0301.ts', 'K', 'k', 'Σ', 'ς.ts', '.env', 'x y', 'ws', 'hom', 'bc', 'ab']
const PARTS = [
  ...NAMES,
  '*',
  '**',
  '*.ts',
  '*.TS',
  '?.ts',
  '[ab].ts',
  '{src,a}',
  '(a|b.tar).gz',
  '*.{ts,gz}',
  'a*',
  '*.tar.*',
  '\\a.ts',
  '***',
  '{a/b,src}',
]
const HOSTS = ['a.example', 'A.example', 'b.a.example', '127.0.0.1', '[::1]', 'example', 'xn--e1afmkfd.example', 'a..example']
const WORDS = ['git', 'GIT', '/usr/bin/git', 'push', '--force', '-f', 'env', 'sh', '-c', 'git push', 'r"m"', 'origin/main', '*']

const pathPattern = fc
  .tuple(fc.constantFrom('', '/', '${workspace}/', '${home}/', '/ws/'), joined(PARTS, '/', 2))
  .map(([base, glob]) => `x.y(${base}${glob})`)
const hostPattern = fc.constantFrom(...HOSTS, '*', '*.a.example', '*.example', '*.0.0.1', 'a.example:443').map((host) => `x.y({${host}})`)
const commandPattern = joined(WORDS, ' ', 3).map((words) => `x.y(${words})`)
const specifiers = fc.array(fc.oneof(pathPattern, hostPattern, commandPattern, fc.constant('x.y')), { maxLength: 12 })

const name = fc
  .tuple(fc.constantFrom('/ws/Src', '/ws/src', '/hom/İİab', '/hom/i̇i̇ab', '/hom/i̇i̇abc', ''), joined(NAMES, '/', 2))
  .map(([folder, rest]) => `${folder}/${rest}`)
const path = fc.array(name, { minLength: 1, maxLength: 2 }).map((names): CheckedTarget => ({ kind: 'path', access: 'read', names }))
const url = fc.constantFrom(...HOSTS).map((host): CheckedTarget => {
  const isAddress = /[0-9\]]$/.test(host)
  return { kind: 'url', scheme: 'https', host: host.toLowerCase(), port: '443', path: '/', hasQuery: false, isAddress, isPublic: true }
})
const command = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((argv): CheckedTarget => ({ kind: 'command', argv }))

describe('the entries that are held against a target', () => {
  it('are all that match it, in their order', () => {
    let matched = 0
    let spared = 0
    fc.assert(
      fc.property(specifiers, fc.oneof(path, url, command), (texts, checked) => {
        const entries = entriesOf(texts).filter(({ kinds }) => kinds.includes(checked.kind))
        const target = matchTarget(checked, PLACES)

        const candidates = indexEntries(entries, checked.kind).of(target)

        for (const matches of [(entry: Entry) => entry.reaches(target), (entry: Entry) => entry.grants(target)])
          expect(candidates.filter(matches).map(({ ruleId }) => ruleId)).toEqual(entries.filter(matches).map(({ ruleId }) => ruleId))
        expect(candidates.map(({ ruleId }) => ruleId)).toEqual(entries.filter((entry) => candidates.includes(entry)).map(({ ruleId }) => ruleId))
        matched += entries.filter((entry) => entry.reaches(target)).length
        spared += entries.length - candidates.length
      }),
      { seed: 7, numRuns: 6000 },
    )

    expect(matched).toBeGreaterThan(1000)
    expect(spared).toBeGreaterThan(3000)
  })

  it.each<readonly [CheckedTarget, string, (n: number) => string]>([
    [{ kind: 'path', access: 'read', names: ['/ws/Src/src/a.ts'] }, 'src/**', (n) => (n % 2 === 0 ? `**/*.secret${n}` : `area-${n}/*.{ts,js}`)],
    [{ kind: 'command', argv: ['git', 'push'] }, 'git push *', (n) => (n % 2 === 0 ? `tool-${n} *` : `git sub-${n} *`)],
    [
      {
        ...{ kind: 'url', scheme: 'https', host: 'v1.api.example', port: '443', path: '/', hasQuery: false },
        ...{ isAddress: false, isPublic: true },
      },
      '{*.api.example}',
      (n) => (n % 2 === 0 ? `{host-${n}.api.example}` : `{*.tracker-${n}.example}`),
    ],
  ])('do not grow with the rules about other things: %s', (checked, specifier, other) => {
    const entries = entriesOf([...Array.from({ length: 500 }, (_, n) => `x.y(${other(n)})`), `x.y(${specifier})`])

    const held = indexEntries(entries, checked.kind).of(matchTarget(checked, PLACES))

    expect(held.map(({ text }) => text)).toEqual([`x.y(${specifier})`])
  })

  it.each([
    ['*.TS', '/ws/Src/a.ts'],
    ['*.ts', '/ws/Src/a.Ts'],
    ['SRC/*', '/ws/Src/src/a'],
    ['e\u0301.ts', '/ws/Src/é.ts'],
    ['é.ts', '/ws/Src/E\u0301.TS'],
    ['k', '/ws/Src/\u212A'],
    ['\u212A', '/ws/Src/k'],
    ['*.\u212A', '/ws/Src/a.k'],
    ['{SRC,src/b}/*.{TS,md}', '/ws/Src/src/a.ts'],
    ['[k]/x?', '/ws/Src/\u212A/XY'],
    ['${home}/bc', '/hom/i̇i̇abc'],
  ])('are those that are spelt otherwise, too: %s of %s', (pattern, name) => {
    const entries = entriesOf([`x.y(${pattern})`, 'x.y(other)'])
    const target = matchTarget({ kind: 'path', access: 'read', names: [name] }, PLACES)
    const held = indexEntries(entries, 'path').of(target)

    expect(held.filter((entry) => entry.reaches(target))).toEqual(entries.filter((entry) => entry.reaches(target)))
  })

  it('are all of them for a command that a shell may read otherwise', () => {
    const entries = entriesOf(['x.y(rm *)', 'x.y(git *)'])

    expect(indexEntries(entries, 'command').of(matchTarget({ kind: 'command', argv: ['sh', '-c', 'r"m" x'] }, PLACES))).toEqual(entries)
  })
})
