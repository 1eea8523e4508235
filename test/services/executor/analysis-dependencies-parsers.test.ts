import fc from 'fast-check'
import semver from 'semver'
import { describe, expect, it } from 'vitest'
import { excludedVersion } from '../../../src/services/executor/capabilities/analysis/dependencies/engine-checks.ts'
import { memberKey, membersOf } from '../../../src/services/executor/capabilities/analysis/dependencies/json-lines.ts'
import { isCopyleft, isPermissive, parseLicence, type Licence } from '../../../src/services/executor/capabilities/analysis/dependencies/licences.ts'
import { versionIn } from '../../../src/services/executor/capabilities/analysis/dependencies/pnpm-lock.ts'
import { specOf } from '../../../src/services/executor/capabilities/analysis/dependencies/specs.ts'
import { manifestOf } from '../../../src/services/executor/capabilities/analysis/dependencies/manifests.ts'
import { rootOf } from '../../../src/services/executor/capabilities/analysis/dependencies/workspaces.ts'

describe('the members of a JSON text', () => {
  it('are those that JSON.parse sees, on the line where their value begins', () => {
    const group = fc.dictionary(
      fc.string(),
      fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()), fc.dictionary(fc.string(), fc.string())),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(group, fc.string())), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const members = membersOf(text, 2)
        const lines = text.split('\n')
        for (const [key, inner] of Object.entries(value)) {
          for (const [name, leaf] of typeof inner === 'string' ? [] : Object.entries(inner)) {
            if (typeof leaf !== 'string') continue
            const member = members.get(memberKey(key, name))
            expect(member?.text).toBe(leaf)
            expect(lines[(member?.line ?? 0) - 1]).toContain(`${JSON.stringify(name)}:`)
          }
        }
      }),
    )
  })

  it('are the last of those that are there twice, as for JSON.parse', () => {
    const text = '{"a": {"b": "1"},\n"a": {"b": "2",\n"b": "3"}}'

    expect(membersOf(text, 2).get(memberKey('a', 'b'))).toEqual({ line: 3, text: '3' })
  })

  it('are found in time that grows with the text', () => {
    expect(membersOf('{"a":'.repeat(100_000), 2).size).toBe(2)
    expect(membersOf(`{"a": "${'\\"'.repeat(2_000_000)}"}`, 2).size).toBe(1)
  })
})

describe('a licence', () => {
  const id = fc.constantFrom('MIT', 'Apache-2.0', 'GPL-3.0-only', 'AGPL-3.0+', 'LicenseRef-own', 'DocumentRef-a:LicenseRef-b')
  const { tree } = fc.letrec<{ tree: Licence }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.record({ kind: fc.constant('licence' as const), id, exception: fc.constantFrom(null, 'Classpath-exception-2.0') }),
      fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), of: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }) }),
    ),
  }))
  const print = (licence: Licence): string =>
    licence.kind === 'licence'
      ? `${licence.id}${licence.exception === null ? '' : ` WITH ${licence.exception}`}`
      : `(${licence.of.map(print).join(` ${licence.kind.toUpperCase()} `)})`

  it('is parsed into what was printed', () => {
    fc.assert(
      fc.property(tree, (licence) => {
        const text = print(licence)
        fc.pre(text.length <= 1_000)
        expect(parseLicence(text)).toEqual(licence)
      }),
    )
  })

  it('that is any text gives an answer and no error', () => {
    const soup = fc.array(fc.constantFrom('(', ')', 'MIT', 'OR', 'AND', 'WITH', '+', ' ', 'GPL-2.0', '*', 'é')).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(fc.oneof(fc.string(), soup), (text) => {
        const parsed = parseLicence(text)
        expect(parsed === null || typeof isCopyleft(parsed) === 'boolean').toBe(true)
      }),
    )
  })

  it('binds AND closer than OR', () => {
    expect(parseLicence('MIT OR ISC AND Zlib')).toEqual(parseLicence('MIT OR (ISC AND Zlib)'))
  })

  it.each(['', 'UNLICENSED', 'SEE LICENSE IN x', 'Apache 2.0', 'MIT*', 'MIT OR', '(MIT', 'MIT)', 'AND', 'MIT/X11', 'MIT WITH', '('.repeat(5_000)])(
    'is not %j',
    (text) => {
      expect(parseLicence(text)).toBeNull()
    },
  )

  it.each([
    ['GPL-3.0-only', true, false],
    ['MIT', false, true],
    ['MIT OR GPL-3.0-only', false, true],
    ['MIT AND GPL-3.0-only', true, false],
    ['GPL-2.0-only WITH Classpath-exception-2.0', false, false],
    ['LGPL-3.0-only', false, false],
    ['SSPL-1.0', true, false],
    ['AGPL-3.0', true, false],
    ['MIT AND (ISC OR GPL-2.0+)', false, true],
  ])('%s is copyleft: %j, permissive: %j', (text, copyleft, permissive) => {
    const parsed = parseLicence(text)

    expect([parsed !== null && isCopyleft(parsed), parsed !== null && isPermissive(parsed)]).toEqual([copyleft, permissive])
  })
})

describe('the version that one range has and another excludes', () => {
  const version = fc.tuple(fc.nat(30), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'))
  const part = fc.tuple(fc.constantFrom('^', '~', '>=', '<', '<=', '>', ''), version).map((pair) => pair.join(''))
  const range = fc.oneof(
    part,
    fc.tuple(part, part).map((pair) => pair.join(' ')),
    fc.tuple(part, part).map((pair) => pair.join(' || ')),
    fc.constant('*'),
  )

  it('is in the first, not in the second, and is found exactly when the first is no subset', () => {
    fc.assert(
      fc.property(range, range, (own, other) => {
        const found = excludedVersion(own, other, semver)
        if (found === null) return
        expect(semver.satisfies(found.version, own)).toBe(true)
        expect(semver.satisfies(found.version, other)).toBe(false)
        expect(semver.subset(own, other)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['>=20', '>=22', '20.0.0'],
    ['>=18', '^18 || >=20', '19.0.0'],
    ['>=20.19.0', '^20.19.0 || >=22.12.0', '21.0.0'],
    ['>=20', '>=18', undefined],
    ['>=18', '*', undefined],
    ['>=18 <21', '18 || 19 || 20', undefined],
    ['*', '>=0.10', '0.0.0'],
    ['nonsense', '>=18', undefined],
  ])('of %s and %s is %s', (own, other, expected) => {
    expect(excludedVersion(own, other, semver)?.version).toBe(expected)
  })
})

describe('what a manifest asks for', () => {
  it.each([
    ['^1.0.0', 'range'],
    ['npm:a@^1', 'range'],
    ['npm:@s/a', 'range'],
    ['next', 'tag'],
    ['https://github.com/o/r', 'git'],
    ['https://example.org/a.tgz', 'http'],
    ['../a', 'file'],
    ['~/a', 'file'],
    ['link:../a', 'file'],
    ['workspace:^', 'workspace'],
    ['a b !', 'other'],
  ])('with %j is a %s', (text, kind) => {
    expect(specOf(text, semver).kind).toBe(kind)
  })

  it('is something for every text', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof specOf(text, semver).kind === 'string'))
  })
})

describe('a version in a pnpm lockfile', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['1.2.3(react@18.0.0)(@s/x@1.0.0)', '1.2.3'],
    ['1.2.3_react@18.0.0', '1.2.3'],
    ['/name@1.2.3', '1.2.3'],
    ['/@s/name/1.2.3', '1.2.3'],
    ['@s/name@1.2.3-rc.1', '1.2.3-rc.1'],
    ['link:../a', null],
    ['https://codeload.github.com/o/r/tar.gz/abc', null],
    ['file:a-1.2.3.tgz', null],
  ])('%s is %s', (text, expected) => {
    expect(versionIn(text)).toBe(expected)
  })
})

describe('the root of a workspace', () => {
  const at = (folder: string, value: object) => manifestOf(folder === '' ? 'package.json' : `${folder}/package.json`, { ...value }, '{}')

  it.each([
    [['packages/*'], 'packages/a', ''],
    [['packages/*'], 'packages/a/b', 'packages/a/b'],
    [['packages/**'], 'packages/a/b', ''],
    [['packages/*', '!packages/a'], 'packages/a', 'packages/a'],
    [['./packages/a/'], 'packages/a', ''],
    [['pack*es/a*c'], 'packages/abc', ''],
    [['packages/{a,b}'], 'packages/a', ''],
    [['@scope/*'], '@scope/a', ''],
    [{ packages: ['packages/*'] }, 'packages/a', ''],
    [7, 'packages/a', 'packages/a'],
  ])('with %j and the package %s is %j', (workspaces, folder, expected) => {
    const member = at(folder, { name: 'a' })

    expect(rootOf(member, [at('', { workspaces }), member], new Set())).toBe(expected)
  })

  it('is found in time that no pattern can stretch', () => {
    const member = at(Array.from({ length: 60 }, () => 'a').join('/'), {})

    expect(rootOf(member, [at('', { workspaces: [`${'**/'.repeat(60)}b`, `${'a*'.repeat(2_000)}b`] }), member], new Set())).toBe(member.folder)
  })
})
