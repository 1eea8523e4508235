import { describe, expect, it } from 'vitest'
import { makeWorkspace, placesOf, shown } from './analysis.fixture.ts'
import { json, lockOf, look, only } from './analysis-dependencies.fixture.ts'

const base = { name: 'app', version: '1.0.0', license: 'MIT', engines: { node: '>=20' } }

/** A project with this manifest and, unless another is given, a lockfile that is in step with it. */
const project = (manifest: object, packages: Readonly<Record<string, object>> = {}, files: Readonly<Record<string, string>> = {}) =>
  makeWorkspace({ 'package.json': json({ ...base, ...manifest }), 'package-lock.json': lockOf({ ...base, ...manifest }, packages), ...files })

describe('the dependency analysis', () => {
  it('has nothing to say about a sound project, and says what it did not ask', async () => {
    const workspace = project({ dependencies: { zod: '^4.0.0' } }, { zod: { version: '4.1.0', license: 'MIT', engines: { node: '>=18' } } })

    const output = await look(workspace)

    expect(output.findings).toEqual([])
    expect(output.lockfiles).toEqual([{ path: 'package-lock.json', format: 'npm lockfile version 3', packages: 1 }])
    expect(output.notExamined).toContain('outdated dependencies: the registry was not asked')
    expect(output.notExamined).toContain('known vulnerabilities of dependencies: no advisories were asked')
  })

  it('looks at nothing where there is no manifest', async () => {
    const output = await look(makeWorkspace({ 'a.py': 'x\n', 'node_modules/x/package.json': '{}', 'test/fixtures/a/package.json': '{}' }))

    expect(output).toMatchObject({ manifests: [], findings: [], notExamined: ['dependencies: there is no package.json that can be read'] })
  })

  it('says of other ecosystems that it did not look at them', async () => {
    const output = await look(makeWorkspace({ 'Cargo.toml': '[package]\n', 'vendor/x/go.mod': 'module x\n' }))

    expect(output.notExamined).toContain('dependencies of Cargo.toml: only those of JavaScript and TypeScript are looked at')
  })

  it.each(['{', '[]', '"x"', '', '{"dependencies": [1]}', '{"__proto__": {"dependencies": {"a": "*"}}, "dependencies": {"__proto__": 1}}'])(
    'survives the manifest %j',
    async (text) => {
      expect(
        (await look(makeWorkspace({ 'package.json': text, 'package-lock.json': text, 'pnpm-lock.yaml': text, 'yarn.lock': text }))).findings,
      ).toEqual([])
    },
  )

  it('survives absurd versions and ranges', async () => {
    const absurd = [`^${'9'.repeat(400)}`, '>'.repeat(5_000), '1 || '.repeat(5_000), `1.0.0-${'a'.repeat(10_000)}`, '^', '💥', '\n']
    const wanted = Object.fromEntries(absurd.map((range, index) => [`p${index}`, range]))
    const locked = Object.fromEntries(absurd.map((version, index) => [`p${index}`, { version, engines: { node: version }, license: version }]))
    const workspace = project({ dependencies: wanted, engines: { node: '>=20' } }, locked)

    expect(only((await look(workspace)).findings, 'deps.lock-range', 'deps.engines')).toEqual([])
  })

  it('says of a lockfile that is too large that it was not examined', async () => {
    const workspace = makeWorkspace({ 'package.json': json({ dependencies: { a: '1.0.0' } }), 'package-lock.json': ' '.repeat(50 * 1024 * 1024) })

    const output = await look(workspace)

    expect(output.findings).toEqual([])
    expect(output.notExamined).toContain('what package-lock.json pins: it cannot be read, or is larger than 5 MiB')
  })

  it('takes no quadratic time over a manifest with a hundred thousand dependencies', async () => {
    const wanted = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`p${index}`, '^1.0.0']))
    const packages = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`p${index}`, { version: '1.0.0' }]))
    const workspace = makeWorkspace({
      'package.json': json({ ...base, dependencies: wanted }),
      'package-lock.json': JSON.stringify({ lockfileVersion: 1, dependencies: packages }),
      'src/a.ts': "import 'p7'\n",
    })

    expect(only((await look(workspace)).findings, 'deps.lock-absent')).toHaveLength(2_000)
  }, 30_000)

  it('gives the same twice', async () => {
    const workspace = project({ dependencies: { b: '*', a: 'latest', c: 'o/r' } })

    expect(JSON.stringify(await look(workspace))).toBe(JSON.stringify(await look(workspace)))
  })
})

describe('the lockfile', () => {
  it('that pins something outside of the range is found, with the line of the dependency', async () => {
    const workspace = project({ dependencies: { zod: '^4.0.0' } }, { zod: { version: '3.9.0', license: 'MIT' } })

    const { findings } = await look(workspace)

    expect(placesOf({ findings })).toEqual(['deps.lock-range package.json:9'])
    expect(findings[0]).toMatchObject({ confidence: 'verified', evidence: 'zod: ^4.0.0 in package.json; 3.9.0 in package-lock.json' })
    expect(shown(workspace, findings[0])).toBe('"zod": "^4.0.0"')
  })

  it.each([
    ['an alias', { z: 'npm:zod@^3.0.0' }, { z: { name: 'zod', version: '3.9.0' } }],
    ['a tag', { z: 'next' }, { z: { version: '3.9.0' } }],
    ['a pre-release of the range', { z: '^3.0.0-rc.1' }, { z: { version: '3.0.0-rc.2' } }],
    ['any version', { z: '*' }, { z: { version: '3.0.0-rc.2' } }],
  ])('may have %s', async (_, dependencies, packages) => {
    expect(only((await look(project({ dependencies }, packages))).findings, 'deps.lock-range', 'deps.lock-absent')).toEqual([])
  })

  it('leaves to the hygiene analysis what that finds', async () => {
    const workspace = project({ dependencies: { zod: '^4.0.0' } }, {}, { 'package-lock.json': lockOf({}, { zod: { version: '3.0.0' } }) })

    expect((await look(workspace)).findings).toEqual([])
  })

  it('of a monorepo is compared with every member', async () => {
    const workspace = makeWorkspace({
      'package.json': json({ ...base, private: true, workspaces: ['packages/*'] }),
      'packages/a/package.json': json({ name: 'a', dependencies: { b: '^1.0.0', zod: '^4.0.0', stale: '^2.0.0' } }),
      'packages/b/package.json': json({ name: 'b', version: '2.0.0' }),
      'package-lock.json': json({
        lockfileVersion: 3,
        packages: {
          '': base,
          'packages/a': { dependencies: { b: '^1.0.0', zod: '^4.0.0', stale: '^1.0.0' } },
          'packages/b': { version: '2.0.0' },
          'node_modules/b': { resolved: 'packages/b', link: true },
          'node_modules/zod': { version: '4.0.0' },
          'packages/a/node_modules/zod': { version: '3.0.0' },
          'node_modules/stale': { version: '1.0.0' },
        },
      }),
    })

    const { findings } = await look(workspace)

    expect(placesOf({ findings: only(findings, 'deps.lock-range', 'deps.lock-stale') })).toEqual([
      'deps.lock-range packages/a/package.json:5',
      'deps.lock-range packages/a/package.json:6',
    ])
  })

  it('of version 1 is compared by names and versions; its engines are not examined', async () => {
    const workspace = project(
      { dependencies: { a: '^1.0.0', b: '^1.0.0', c: '^1.0.0' } },
      {},
      { 'package-lock.json': json({ lockfileVersion: 1, dependencies: { a: { version: '1.2.0' }, b: { version: '2.0.0' } } }) },
    )

    const output = await look(workspace)

    expect(placesOf(output)).toEqual(['deps.lock-absent package.json:11', 'deps.lock-range package.json:10'])
    expect(output.notExamined.join()).toContain('package.json (the npm lockfile version 1 does not tell engines)')
  })

  it('of pnpm is compared by specifiers and versions', async () => {
    const lock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      fine:
        specifier: ^1.0.0
        version: 1.2.0(peer@3.0.0)
      stale:
        specifier: ^1.0.0
        version: 1.0.0
      off:
        specifier: ^2.0.0
        version: 1.9.0
      '@s/alias':
        specifier: npm:real@^4.0.0
        version: real@4.1.0
packages: {}
`
    const dependencies = { fine: '^1.0.0', stale: '^2.0.0', off: '^2.0.0', gone: '1', '@s/alias': 'npm:real@^4.0.0' }
    const workspace = makeWorkspace({ 'package.json': json({ ...base, dependencies }), 'pnpm-lock.yaml': lock })

    expect(placesOf(await look(workspace))).toEqual([
      'deps.lock-absent package.json:12',
      'deps.lock-range package.json:11',
      'deps.lock-stale package.json:10',
    ])
  })

  it.each([
    ['classic yarn', '# yarn lockfile v1\n\n"fine@^1.0.0", fine@^1.1.0:\n  version "1.2.0"\n\noff@^2.0.0:\n  version "1.9.0"\n'],
    [
      'yarn 2 and later',
      '__metadata:\n  version: 8\n\n"fine@npm:^1.0.0, fine@npm:^1.1.0":\n  version: 1.2.0\n\n"off@npm:^2.0.0":\n  version: 1.9.0\n\n"sibling@workspace:packages/sibling":\n  version: 0.0.0\n',
    ],
  ])('of %s is compared by requests', async (_, lock) => {
    const dependencies = { fine: '^1.0.0', off: '^2.0.0', gone: '^1.0.0' }
    const workspace = makeWorkspace({ 'package.json': json({ ...base, dependencies }), 'yarn.lock': lock })

    expect(placesOf(await look(workspace))).toEqual(['deps.lock-absent package.json:11', 'deps.lock-range package.json:10'])
  })

  it.each([
    ['overrides', { overrides: { zod: '3.9.0' } }],
    ['resolutions', { resolutions: { '**/zod': '3.9.0' } }],
  ])('may differ where %s say so', async (_, changes) => {
    expect((await look(project({ dependencies: { zod: '^4.0.0' }, ...changes }, { zod: { version: '3.9.0', license: 'MIT' } }))).findings).toEqual([])
  })

  it('should be the only one', async () => {
    const workspace = project(
      { dependencies: { zod: '^4.0.0' } },
      { zod: { version: '4.0.0', license: 'MIT' } },
      { 'yarn.lock': '# yarn lockfile v1\n\nzod@^4.0.0:\n  version "4.0.0"\n' },
    )

    const { findings } = await look(workspace)

    expect(placesOf({ findings })).toEqual(['deps.lockfiles-mixed package.json'])
    expect(shown(workspace, findings[0]).split('\n')).toEqual(['package-lock.json', 'yarn.lock'])
  })

  it.each([
    ['many aliases', `lockfileVersion: '9.0'\na: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n`],
    ['many documents', `---\nlockfileVersion: '9.0'\n---\nlockfileVersion: '9.0'\n`],
    ['deep nesting', `lockfileVersion: '9.0'\na: ${'['.repeat(100_000)}\n`],
    ['nonsense', ': : :\n\t- x'],
  ])('of pnpm with %s is not examined', async (_, lock) => {
    const output = await look(makeWorkspace({ 'package.json': json({ dependencies: { a: '^1.0.0' } }), 'pnpm-lock.yaml': lock }))

    expect(output.findings).toEqual([])
    expect(output.notExamined.join('\n')).toContain('what pnpm-lock.yaml pins: it')
  })

  it('of pnpm with a hundred thousand keys takes no quadratic time', async () => {
    const lock = `lockfileVersion: '9.0'\npackages:\n${Array.from({ length: 40_000 }, (_, index) => `  p${index}@1.0.0: {}\n`).join('')}`

    const output = await look(makeWorkspace({ 'package.json': json({ dependencies: { a: '^1.0.0' } }), 'pnpm-lock.yaml': lock }))

    expect(output.lockfiles).toMatchObject([{ packages: 40_000 }])
  }, 20_000)
})

describe('engines', () => {
  it('that exclude a version the project claims to support are found, with both ranges', async () => {
    const workspace = project({ dependencies: { a: '^1.0.0' } }, { a: { version: '1.0.0', license: 'MIT', engines: { node: '>=22' } } })

    const { findings } = await look(workspace)

    expect(findings).toMatchObject([
      {
        rule: 'deps.engines',
        severity: 'medium',
        confidence: 'verified',
        line: 9,
        title: 'a@1.0.0 excludes Node 20.0.0, which package.json claims to support',
        evidence: 'engines.node: >=20 in package.json; >=22 in a@1.0.0',
      },
    ])
  })

  it('of what a dependency brings along are found at that dependency', async () => {
    const workspace = project(
      { dependencies: { a: '^1.0.0' } },
      { a: { version: '1.0.0', license: 'MIT', dependencies: { b: '*' } }, b: { version: '2.0.0', license: 'MIT', engines: { node: '^20 || ^22' } } },
    )

    expect((await look(workspace)).findings).toMatchObject([
      { rule: 'deps.engines', severity: 'low', line: 9, title: expect.stringContaining('b@2.0.0 (through a) excludes Node 21.0.0') },
    ])
  })

  it('of development dependencies do not matter', async () => {
    const workspace = project(
      { devDependencies: { 'a-config': '^1.0.0' } },
      { 'a-config': { version: '1.0.0', dev: true, engines: { node: '>=22' } } },
    )

    expect((await look(workspace)).findings).toEqual([])
  })

  it('are not examined where the project states none', async () => {
    const output = await look(
      project({ engines: undefined, dependencies: { a: '^1.0.0' } }, { a: { version: '1.0.0', license: 'MIT', engines: { node: '>=22' } } }),
    )

    expect(output.findings).toEqual([])
    expect(output.notExamined.join('\n')).toContain('package.json (its engines.node is absent or no range)')
  })
})

describe('licences', () => {
  it('that are copyleft are to be checked in a permissive project', async () => {
    const workspace = project(
      { dependencies: { a: '^1.0.0' }, devDependencies: { 'd-config': '^1.0.0' } },
      {
        a: { version: '1.0.0', license: 'MIT', dependencies: { b: '*', c: '*' } },
        b: { version: '2.0.0', license: 'AGPL-3.0-only' },
        c: { version: '2.0.0', license: '(MIT OR GPL-3.0-only)' },
        'd-config': { version: '1.0.0', dev: true, license: 'GPL-3.0-only' },
      },
    )

    const { findings } = await look(workspace)

    expect(findings).toMatchObject([
      { rule: 'deps.licence-copyleft', severity: 'low', line: 9, title: 'Check b@2.0.0 through a: under a copyleft licence' },
    ])
    expect(shown(workspace, findings[0])).toContain('AGPL-3.0-only')
  })

  it.each([['GPL-3.0-or-later'], ['UNLICENSED'], [undefined]])('that are copyleft are fine in a project under %s', async (license) => {
    const workspace = project({ license, dependencies: { a: '^1.0.0' } }, { a: { version: '1.0.0', license: 'GPL-3.0-only' } })

    expect((await look(workspace)).findings).toEqual([])
  })

  it('that the lockfile does not tell are read from what is installed', async () => {
    const packages = { a: { version: '1.0.0' }, b: { version: '1.0.0' }, c: { version: '1.0.0' }, d: { version: '1.0.0', license: 'MIT' } }
    const workspace = project({ dependencies: { a: '1.0.0', b: '1.0.0', c: '1.0.0', d: '1.0.0' } }, packages, {
      'node_modules/a/package.json': json({ name: 'a', version: '1.0.0' }),
      'node_modules/b/package.json': json({ name: 'b', version: '1.0.0', licenses: [{ type: 'MIT' }, { type: 'Apache 2' }] }),
      'node_modules/c/package.json': json({ name: 'c', version: '9.0.0' }),
    })

    const output = await look(workspace)

    expect(placesOf({ findings: only(output.findings, 'deps.licence-missing', 'deps.licence-unclear') })).toEqual([
      'deps.licence-missing package.json:9',
      'deps.licence-unclear package.json:10',
    ])
    expect(output.notExamined.join('\n')).toContain('the licences of 1 packages: neither lockfile nor installation tells them (c@1.0.0)')
  })
})

describe('declarations', () => {
  it.each([
    ['git+https://example.org/a.git#main', 'medium', 'deps.not-from-registry'],
    ['git@example.org:o/r.git', 'medium', 'deps.not-from-registry'],
    [`github:o/r#${'a'.repeat(40)}`, 'info', 'deps.not-from-registry'],
    ['o/r', 'medium', 'deps.not-from-registry'],
    ['http://example.org/a.tgz', 'medium', 'deps.not-from-registry'],
    ['https://example.org/a.tgz', 'low', 'deps.not-from-registry'],
    ['file:../a', 'medium', 'deps.not-from-registry'],
    ['*', 'medium', 'deps.any-version'],
    ['', 'medium', 'deps.any-version'],
    ['latest', 'medium', 'deps.any-version'],
  ])('from %j are found', async (range, severity, rule) => {
    const { findings } = await look(makeWorkspace({ 'package.json': json({ ...base, dependencies: { a: range } }) }))

    expect(findings).toMatchObject([{ severity, rule, file: 'package.json', line: 9, confidence: 'verified' }])
  })

  it.each(['^1.2.3', '1.x', '>=1 <3', 'workspace:*', 'catalog:', 'npm:b@^1.0.0', 'jsr:^1.0.0'])('with %j are fine', async (range) => {
    expect((await look(makeWorkspace({ 'package.json': json({ ...base, dependencies: { a: range } }) }))).findings).toEqual([])
  })

  it('may ask for any version of a peer, and of a package of the repository', async () => {
    const workspace = makeWorkspace({
      'package.json': json({ ...base, peerDependencies: { react: '*' }, dependencies: { b: '*' } }),
      'packages/b/package.json': json({ name: 'b' }),
    })

    expect((await look(workspace)).findings).toEqual([])
  })

  it('that are there twice are found', async () => {
    const workspace = makeWorkspace({
      'package.json': json({ ...base, dependencies: { a: '^1.0.0' }, devDependencies: { a: '^1.0.0' }, peerDependencies: { a: '1' } }),
    })

    expect(placesOf(await look(workspace))).toEqual(['deps.duplicate package.json:12'])
  })

  it('of one package that differ within a monorepo are found', async () => {
    const workspace = makeWorkspace({
      'package.json': json({ name: 'root', private: true, workspaces: ['packages/*'] }),
      'packages/a/package.json': json({ name: 'a', dependencies: { zod: '^3.0.0', uuid: '^8.1.0', same: '1' } }),
      'packages/b/package.json': json({ name: 'b', dependencies: { zod: '^4.0.0', uuid: '^8.0.0', same: '1' } }),
      'other/package.json': json({ name: 'other', dependencies: { same: '2' } }),
    })

    const { findings } = await look(workspace, { path: '.' })

    expect(only(findings, 'deps.ranges-differ')).toMatchObject([
      {
        severity: 'low',
        file: 'packages/a/package.json',
        line: 4,
        title: 'zod is asked for with 2 different ranges; no version is in both ^3.0.0 and ^4.0.0',
      },
      { severity: 'info', file: 'packages/a/package.json', line: 5 },
    ])
  })

  it('of deprecated packages are found', async () => {
    const workspace = project(
      { dependencies: { a: '^1.0.0', b: '^1.0.0' } },
      {
        a: { version: '1.0.0', license: 'MIT', deprecated: 'Use z.' },
        b: { version: '1.0.0', license: 'MIT', dependencies: { c: '*' } },
        c: { version: '1.0.0', license: 'MIT', deprecated: 'Gone.' },
      },
    )

    expect((await look(workspace)).findings).toMatchObject([
      { rule: 'deps.deprecated', severity: 'medium', line: 9, evidence: 'a@1.0.0: Use z.' },
      { rule: 'deps.deprecated', severity: 'info', line: 10, title: 'b brings along deprecated packages: c@1.0.0' },
    ])
  })
})
