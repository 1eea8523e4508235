import { describe, expect, it } from 'vitest'
import { makeWorkspace, placesOf, shown } from './analysis.fixture.ts'
import { json, lockOf, look, only } from './analysis-dependencies.fixture.ts'

const RULES = ['deps.undeclared', 'deps.dev-in-production', 'deps.unused']
const base = { name: 'lib', version: '1.0.0', license: 'MIT' }

async function found(manifest: object, files: Readonly<Record<string, string>>): Promise<string[]> {
  const workspace = makeWorkspace({ 'package.json': json({ ...base, ...manifest }), ...files })
  return placesOf({ findings: only((await look(workspace)).findings, ...RULES) })
}

describe('imports', () => {
  it('of what no manifest declares are found, and verified where the package is locked', async () => {
    const manifest = { ...base, dependencies: { a: '1.0.0' } }
    const workspace = makeWorkspace({
      'package.json': json(manifest),
      'package-lock.json': lockOf(manifest, { a: { version: '1.0.0', dependencies: { b: '1' } }, b: { version: '1.0.0' } }),
      'src/index.ts': "import 'a'\nimport { x } from 'b/deep'\nexport const y = await import('@s/c/d')\nexport { x }\n",
    })

    const findings = only((await look(workspace)).findings, ...RULES)

    expect(findings).toMatchObject([
      { rule: 'deps.undeclared', severity: 'medium', confidence: 'verified', file: 'src/index.ts', line: 2 },
      { rule: 'deps.undeclared', severity: 'medium', confidence: 'heuristic', file: 'src/index.ts', line: 3 },
    ])
    expect(shown(workspace, findings[0])).toBe("import { x } from 'b/deep'")
  })

  it.each([
    ['a module of Node', "import 'fs'; import 'node:path'; import 'fs/promises'\n"],
    ['the package itself', "import 'lib'; import 'lib/sub'\n"],
    ['a package of the repository', "import 'sibling'\n"],
    ['a subpath import', "import '#internal'\n"],
    ['an alias without a name', "import '@/x'; import '~/x'; import 'virtual:x'; import 'https://x.org/y.js'\n"],
    ['an alias of TypeScript', "import 'alias/x'\n"],
    ['what the root declares', "import 'fromroot'\n"],
    ['types that @types has', "import type { A } from 'typed'\nimport type { B } from '@s/typed'\n"],
    ['a declared peer', "import 'peer'\n"],
    ['a peer that is declared to be optional', "import 'optional'\n"],
    ['what may be an alias', "import '@internal/x'\n"],
  ])('of %s are fine', async (_, text) => {
    const files = {
      'packages/sibling/package.json': json({ name: 'sibling' }),
      'packages/lib/package.json': json({
        ...base,
        peerDependencies: { peer: '1' },
        peerDependenciesMeta: { optional: { optional: true } },
        devDependencies: { '@types/typed': '1', '@types/s__typed': '1' },
      }),
      'packages/lib/tsconfig.json': json({ compilerOptions: { paths: { 'alias/*': ['./src/*'] } } }),
      'packages/lib/src/x.ts': 'export {}\n',
      'packages/lib/src/index.ts': text,
    }

    expect(await found({ name: 'root', private: true, workspaces: ['packages/*'], dependencies: { fromroot: '1' } }, files)).toEqual([])
  })

  it.each(['test/a.ts', 'src/a.test.ts', 'fixtures/a.ts', 'dist/a.js'])('in %s do not matter', async (path) => {
    expect(await found({}, { [path]: "import 'undeclared'\n" })).toEqual([])
  })

  it.each([
    ['src/a.ts', "import 'd'\n", ['deps.dev-in-production package.json:6']],
    ['src/a.ts', "import type { T } from 'd'\n", []],
    ['src/a.ts', "require('d')\n", ['deps.dev-in-production package.json:6']],
    ['scripts/a.ts', "import 'd'\n", []],
    ['vite.config.ts', "import 'd'\n", []],
    ['src/a.stories.ts', "import 'd'\n", []],
    ['src/a.test.ts', "import 'd'\n", []],
  ])('of a development dependency in %s as %j give %j', async (path, text, expected) => {
    expect(await found({ devDependencies: { d: '1' } }, { [path]: text })).toEqual(expected)
  })

  it('of development dependencies are fine in an application that is bundled', async () => {
    expect(await found({ private: true, devDependencies: { d: '1', vite: '7' } }, { 'src/a.ts': "import 'd'\nimport 'vite'\n" })).toEqual([])
  })

  it('are looked for nowhere when there are no modules, which is said', async () => {
    const output = await look(makeWorkspace({ 'package.json': json({ ...base, dependencies: { a: '1' } }) }))

    expect(output.notExamined).toContain('undeclared and unused dependencies: no module was found')
  })
})

describe('a dependency', () => {
  const locked = (manifest: object, packages: Readonly<Record<string, object>>, files: Readonly<Record<string, string>> = {}) =>
    found(manifest, { 'package-lock.json': lockOf({ ...base, ...manifest }, packages), 'src/a.ts': 'export {}\n', ...files })

  it('that nothing names seems to be unused', async () => {
    expect(await locked({ dependencies: { leftover: '1.0.0' } }, { leftover: { version: '1.0.0' } })).toEqual(['deps.unused package.json:6'])
  })

  it.each([
    ['a test', { 'test/a.test.ts': "import 'leftover'\n" }],
    ['a file of settings', { '.toolrc': 'use leftover\n' }],
    ['a workflow', { '.github/workflows/ci.yml': 'run: npx left-cmd\n' }],
    ['another language', { 'src/a.vue': "<script>import 'leftover'</script>\n" }],
  ])('that %s names may be used', async (_, files) => {
    expect(await locked({ dependencies: { leftover: '1.0.0' } }, { leftover: { version: '1.0.0', bin: { 'left-cmd': 'x' } } }, files)).toEqual([])
  })

  it('whose command a script runs is used', async () => {
    expect(
      await locked({ scripts: { a: 'left-cmd' }, dependencies: { leftover: '1.0.0' } }, { leftover: { version: '1.0.0', bin: { 'left-cmd': 'x' } } }),
    ).toEqual([])
  })

  it('that another one expects beside it is used', async () => {
    const packages = { leftover: { version: '1.0.0' }, a: { version: '1.0.0', peerDependencies: { leftover: '1' } } }

    expect(await locked({ dependencies: { leftover: '1.0.0', a: '1.0.0' } }, packages, { 'src/a.ts': "import 'a'\n" })).toEqual([])
  })

  it('that only has types is used when what it types is', async () => {
    const manifest = { dependencies: { a: '1.0.0' }, devDependencies: { '@types/a': '1.0.0' } }

    expect(await locked(manifest, { a: { version: '1.0.0' }, '@types/a': { version: '1.0.0' } }, { 'src/a.ts': "import 'a'\n" })).toEqual([])
  })

  it('of which no commands are known is not examined', async () => {
    const output = await look(makeWorkspace({ 'package.json': json({ ...base, devDependencies: { tool: '1' } }), 'src/a.ts': 'export {}\n' }))

    expect(only(output.findings, ...RULES)).toEqual([])
    expect(output.notExamined.join('\n')).toContain('whether tool is used')
  })
})
