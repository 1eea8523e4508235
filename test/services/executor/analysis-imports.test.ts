import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { componentsOf, longestChain, shortestCycle } from '../../../src/services/executor/capabilities/analysis/imports/components.ts'
import { analyse, makeWorkspace, placesOf, shown, type Analysis } from './analysis.fixture.ts'

const manifest = (fields: object) => JSON.stringify({ private: true, ...fields })
/** Where each import of a file leads is seen by what is on a cycle with it. */
const cyclesOf = (output: Analysis) => output['cycles']
const unresolvedOf = (output: Analysis) => output['unresolved']

describe('import cycles', () => {
  it('are found, with the lines that make them, and only once', async () => {
    const workspace = makeWorkspace({
      'src/a.ts': "// first\nimport { b } from './b'\nexport const a = () => b\n",
      'src/b.ts': "import { c } from './c.js'\nexport const b = c\n",
      'src/c.ts': "import { a } from '../src/a.ts'\nexport const c = a\n",
      'src/d.ts': "import { a } from './a'\nexport const d = a\n",
    })

    const output = await analyse('imports', workspace)

    expect(cyclesOf(output)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts']])
    const cycle = output.findings.find(({ rule }) => rule === 'imports.cycle')
    expect(cycle).toMatchObject({
      severity: 'medium',
      confidence: 'verified',
      title: 'Import cycle of 3 modules',
      file: 'src/a.ts',
      line: 2,
      evidence: 'src/a.ts:2 → src/b.ts:1 → src/c.ts:1 → src/a.ts',
    })
    expect(shown(workspace, cycle)).toBe("import { b } from './b'\nimport { c } from './c.js'\nimport { a } from '../src/a.ts'")
  })

  it.each([
    ['import type', "import type { b } from './b'\nexport type a = b", 'typeCycles'],
    ['names that are types each', "import { type b, type c } from './b'\nexport type a = b | c", 'typeCycles'],
    ['names that only types use', "import { b, c } from './b'\nexport const a = (x: b) => x as c", 'typeCycles'],
    ['names that only a generic argument uses', "import { b } from './b'\nexport const a = new Map<b, b>()", 'typeCycles'],
    ['names that only a class implements', "import { b } from './b'\nexport class a implements b {}", 'typeCycles'],
    ['an import type query', "export type a = import('./b').b", 'typeCycles'],
    ['export type from', "export type { b } from './b'\nexport const a = 1", 'typeCycles'],
    ['one name of two used as a value', "import { b, c } from './b'\nexport const a = (x: b) => c(x)", 'cycles'],
    ['a class that extends', "import { b } from './b'\nexport class a extends b {}", 'cycles'],
    ['a re-export', "export { b } from './b'\nexport const a = 1", 'cycles'],
    ['an export of an imported name', "import { b } from './b'\nexport { b as a }", 'cycles'],
    ['export all', "export * from './b'\nexport const a = 1", 'cycles'],
    ['an import for its effect', "import './b'\nexport const a = 1", 'cycles'],
    ['a value in an object, in short form', "import { b } from './b'\nexport const a = () => ({ b })", 'cycles'],
    ['require', "const { b } = require('./b')\nexports.a = b", 'cycles'],
    ['import equals require', "import b = require('./b')\nexport const a = b", 'cycles'],
    ['a key of the same name only', "import { b } from './b'\nexport const a = { b: 1 }.b", 'typeCycles'],
  ])('tell what is there at load time from what the compiler drops: %s', async (_, text, kind) => {
    const output = await analyse(
      'imports',
      makeWorkspace({ 'src/a.ts': `${text}\n`, 'src/b.ts': "import { a } from './a'\nexport const b = () => a, c = b\n" }),
    )

    const isLoaded = kind === 'cycles'
    expect({ cycles: output['cycles'], typeCycles: output['typeCycles'] }).toEqual({
      cycles: isLoaded ? [['src/a.ts', 'src/b.ts']] : [],
      typeCycles: isLoaded ? [] : [['src/a.ts', 'src/b.ts']],
    })
    expect(output.findings.filter(({ rule }) => /cycle/.test(rule)).map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
      isLoaded ? 'imports.cycle medium' : 'imports.type-cycle info',
    ])
  })

  it('are none through an import that is loaded later', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({ 'src/a.ts': "export const a = () => import('./b')\n", 'src/b.ts': "import { a } from './a'\nexport const b = a\n" }),
    )

    expect(output).toMatchObject({ cycles: [], typeCycles: [], imports: { value: 1, dynamic: 1 } })
  })

  it('keep what JavaScript imports, which no compiler drops', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({
        'src/a.js': "import { b } from './b.js'\nexport const a = 1\n",
        'src/b.js': "import { a } from './a.js'\nexport const b = a\n",
      }),
    )

    expect(cyclesOf(output)).toEqual([['src/a.js', 'src/b.js']])
  })

  it('are one knot when they share modules, told by a shortest way round', async () => {
    const files = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name, at, all) => [
        `src/${name}.ts`,
        `export * from './${all[(at + 1) % 4]}'\n${name === 'c' ? "export * from './b'\n" : ''}`,
      ]),
    )

    const output = await analyse('imports', makeWorkspace(files))

    expect(cyclesOf(output)).toHaveLength(1)
    expect(output.findings[0]).toMatchObject({ title: 'Import cycle of 2 modules, in a knot of 4', evidence: 'src/b.ts:1 → src/c.ts:2 → src/b.ts' })
  })
})

describe('imports lead', () => {
  it.each([
    ['to the index of a folder', { 'src/b/index.ts': "import '../a'\n" }, './b'],
    ['to the own folder', { 'src/index.ts': "import './a'\n" }, '.'],
    ['to the own folder with a slash', { 'src/index.ts': "import './a'\n" }, './'],
    ['to the folder above', { 'index.ts': "import './src/a'\n" }, '..'],
    ['to TypeScript by the name of its output', { 'src/b.ts': "import './a.js'\n" }, './b.js'],
    ['to a module TypeScript by the name of its output', { 'src/b.mts': "import './a.js'\n" }, './b.mjs'],
    ['past a query', { 'src/b.ts': "import './a'\n" }, './b?worker'],
    [
      'by paths of tsconfig',
      { 'tsconfig.json': '{ // a comment\n "compilerOptions": { "paths": { "@/*": ["./src/*"], }, } }', 'src/b.ts': "import '@/a'\n" },
      '@/b',
    ],
    [
      'by paths of a config that it extends',
      {
        'tsconfig.json': '{ "extends": "./base.json" }',
        'base.json': '{ "compilerOptions": { "baseUrl": ".", "paths": { "~/*": ["src/*"] } } }',
        'src/b.ts': "import '~/a'\n",
      },
      '~/b',
    ],
    ['by its own imports', { 'package.json': manifest({ name: 'p', imports: { '#b': './src/b.ts' } }), 'src/b.ts': "import './a'\n" }, '#b'],
    ['to its own package', { 'package.json': manifest({ name: 'p', exports: { './b': './src/b.ts' } }), 'src/b.ts': "import './a'\n" }, 'p/b'],
    [
      'to a package of the workspace by its exports',
      {
        'packages/q/package.json': manifest({ name: '@s/q', exports: { '.': { import: './lib/b.ts' } } }),
        'packages/q/lib/b.ts': "import '../../../src/a'\n",
      },
      '@s/q',
    ],
    [
      'to a package of the workspace by its main',
      { 'packages/q/package.json': manifest({ name: 'q', main: 'lib/b.js' }), 'packages/q/lib/b.js': "import '../../../src/a'\n" },
      'q',
    ],
    [
      'to a file of a package of the workspace',
      { 'packages/q/package.json': manifest({ name: 'q' }), 'packages/q/b.ts': "import '../../src/a'\n" },
      'q/b',
    ],
    [
      'into a component and out of it',
      { 'src/b.vue': "<template><p>import './no'</p></template>\n<script setup lang=\"ts\">\nimport './a'\n</script>\n" },
      './b.vue',
    ],
  ])('%s', async (_, files, specifier) => {
    const output = await analyse('imports', makeWorkspace({ ...files, 'src/a.ts': `import ${JSON.stringify(specifier)}\n` }))

    expect(unresolvedOf(output)).toEqual([])
    expect(cyclesOf(output)).toHaveLength(1)
  })

  it('from a package to what it is built from, when only that is there; such a way makes no cycle', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({
        'package.json': manifest({ workspaces: ['packages/*'] }),
        'packages/p/package.json': manifest({ name: 'p', exports: { '.': './dist/thing.js' } }),
        'packages/p/src/thing.ts': 'export const thing = 1\n',
        'packages/q/package.json': manifest({ name: 'q', main: 'dist/use.js' }),
        'packages/q/src/use.ts': "import { thing } from 'p'\nimport { use as self } from 'q'\nexport const use = [thing, self]\n",
      }),
    )

    expect(output).toMatchObject({ cycles: [], orphans: [], unresolved: [] })
  })

  it('out of the workspace never, whatever links there are', async () => {
    const outside = makeWorkspace({ 'secret.ts': "import './more'\n" })
    const workspace = makeWorkspace({ 'src/a.ts': "import './link/secret'\nimport '../../../etc/passwd'\nimport '/etc/hosts'\n" })
    symlinkSync(outside, join(workspace, 'src/link'))

    const output = await analyse('imports', workspace)

    expect(output).toMatchObject({ modules: 1, unresolvedImports: 2 })
  })
})

describe('modules that nothing imports', () => {
  it('are told as a guess', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({ 'src/index.ts': "import './used'\n", 'src/used.ts': 'export {}\n', 'src/forgotten.ts': 'export const x = 1\n' }),
    )

    expect(placesOf(output)).toEqual(['imports.orphan src/forgotten.ts'])
    expect(output.findings[0]).toMatchObject({ severity: 'low', confidence: 'heuristic' })
  })

  it.each([
    ['a test', { 'src/lone.test.ts': '' }],
    ['what a manifest starts', { 'package.json': manifest({ name: 'p', bin: { p: './src/lone.ts' } }) }],
    ['what a manifest exports as built', { 'package.json': manifest({ name: 'p', exports: { './l': './dist/lone.js' } }) }],
    ['any file of a package that others may reach into', { 'package.json': JSON.stringify({ name: 'p', version: '1.0.0' }) }],
    ['what a page names', { 'index.html': '<script src="/src/lone.ts"></script>' }],
    ['what a script names', { 'package.json': manifest({ scripts: { x: 'node src/lone.ts' } }) }],
    ['what a pattern may reach', { 'src/index.ts': "export const all = import.meta.glob('./*.ts')\n" }],
    ['what a computed import may reach', { 'src/index.ts': 'export const load = (name: string) => import(`./${name}.ts`)\n' }],
    ['what only types use', { 'src/index.ts': "import type { L } from './lone'\nexport type X = L\n" }],
  ])('are not %s', async (_, files) => {
    const output = await analyse('imports', makeWorkspace({ 'src/lone.ts': 'export const x = 1\n', ...files }))

    expect(placesOf(output)).toEqual(_ === 'a test' ? ['imports.orphan src/lone.ts'] : [])
  })
})

describe('imports that lead nowhere', () => {
  it('are told with their line', async () => {
    const workspace = makeWorkspace({ 'index.ts': "\nimport { gone } from './gone'\nexport const x = gone\n" })

    const output = await analyse('imports', workspace)

    expect(placesOf(output)).toEqual(['imports.unresolved index.ts:2'])
    expect(shown(workspace, output.findings[0])).toBe("import { gone } from './gone'")
  })

  it.each([
    ['a style sheet that is there', './x.css', { 'x.css': '' }],
    ['what a build makes', './dist/x.js', {}],
    ['a file of another kind that is there', './x.graphql', { 'x.graphql': '' }],
    ['a package that is not installed', 'left-pad', {}],
    ['a module of Node', 'node:fs', {}],
  ])('are not %s', async (_, specifier, files) => {
    const output = await analyse('imports', makeWorkspace({ 'index.ts': `import '${specifier}'\n`, ...files }))

    expect(output.findings).toEqual([])
  })
})

describe('what the parser cannot cope with', () => {
  it('is told, and nothing else is lost by it', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({
        'src/a.ts': "import { b } from './b'\nexport const a = b\n",
        'src/b.ts': "import { a } from './a'\nexport const b = () => a\n",
        // Deep enough to exhaust a native stack.
        'src/deep.ts': `export const deep = ${'[\n'.repeat(100_000)}${']'.repeat(100_000)}\n`,
        'src/wrong.ts': "import './b'\nconst = = {\n",
      }),
    )

    expect(cyclesOf(output)).toEqual([['src/a.ts', 'src/b.ts']])
    expect(output.notExamined).toEqual(['imports of files that the parser or the resolver could not read: src/deep.ts'])
  })

  it('is not read to its end: a device in the place of a configuration', async () => {
    const workspace = makeWorkspace({ 'tsconfig.json': '{ "extends": "./base.json" }', 'src/index.ts': "import '@/b'\n" })
    symlinkSync('/dev/zero', join(workspace, 'base.json'))

    const output = await analyse('imports', workspace)

    expect(output).toMatchObject({ modules: 1, findings: [] })
  })

  it('is not waited for: a FIFO in the place of a manifest', async () => {
    const workspace = makeWorkspace({
      'src/a.ts': "import './b'\n",
      'src/b.ts': "import './a'\n",
      'other/c.ts': "import './d'\n",
      'other/d.ts': "import './c'\n",
    })
    execFileSync('mkfifo', [join(workspace, 'src/package.json')])

    const output = await analyse('imports', workspace)

    expect(cyclesOf(output)).toEqual([['other/c.ts', 'other/d.ts']])
    expect(output.notExamined).toEqual(['imports of files that the parser or the resolver could not read: src/a.ts, src/b.ts'])
  })
})

describe('components of a graph', () => {
  const graphs = fc
    .array(fc.array(fc.nat(11), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
    .map((targets) => new Map(targets.map((to, from) => [`n${from}`, to.map((target) => `n${target}`)])))

  const reach = (edges: ReadonlyMap<string, readonly string[]>, from: string) => {
    const seen = new Set<string>()
    const open = [...(edges.get(from) ?? [])]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (seen.has(node) || !edges.has(node)) continue
      seen.add(node)
      open.push(...(edges.get(node) ?? []))
    }
    return seen
  }

  it('are the nodes that reach each other, each after those it leads to', () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        const components = componentsOf(edges)
        const at = new Map(components.flatMap((members, index) => members.map((member) => [member, index])))
        expect([...at.keys()].sort()).toEqual([...edges.keys()].sort())
        for (const a of edges.keys()) {
          for (const b of reach(edges, a)) {
            expect(at.get(b)).toBeLessThanOrEqual(at.get(a) ?? -1)
            if (a !== b) expect(at.get(a) === at.get(b)).toBe(reach(edges, b).has(a))
          }
        }
      }),
    )
  })

  it('have shortest cycles that are cycles', () => {
    fc.assert(
      fc.property(graphs, (edges) => {
        for (const members of componentsOf(edges)) {
          const cycle = shortestCycle(edges, members[0] ?? '', new Set(members))
          expect(cycle === null).toBe(!reach(edges, members[0] ?? '').has(members[0] ?? ''))
          for (const [index, node] of (cycle ?? []).entries()) expect(edges.get(node)).toContain(cycle?.[(index + 1) % cycle.length])
        }
      }),
    )
  })

  it('do not exhaust the stack on a long chain, and count its length', () => {
    const edges = new Map(Array.from({ length: 50_000 }, (_, at) => [`n${at}`, at === 49_999 ? [] : [`n${at + 1}`]]))

    expect(componentsOf(edges)).toHaveLength(50_000)
    expect(longestChain(edges)).toHaveLength(50_000)
  })
})

describe('what was taken for more than it is', () => {
  it('is no cycle: declaration files import nothing at run time', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({
        'types/a.d.ts': "import { B } from './b'\nexport class A extends B {}\n",
        'types/b.d.ts': "import { A } from './a'\nexport class B { a: A }\n",
      }),
    )

    expect(output).toMatchObject({ cycles: [], typeCycles: [['types/a.d.ts', 'types/b.d.ts']] })
  })

  it.each([
    ['a call of require in a function', "exports.a = () => require('./b')\n", ['imports.lazy-cycle info']],
    ['a call of require in a method', "class A {\n  a() {\n    return require('./b')\n  }\n}\nexports.A = A\n", ['imports.lazy-cycle info']],
    ['a function that is called on the spot', "exports.a = (() => require('./b'))()\n", ['imports.cycle medium']],
    ['a look where a module is', "exports.a = require.resolve('./b')\n", []],
  ])('is told for what it is: %s', async (_, text, expected) => {
    const output = await analyse('imports', makeWorkspace({ 'src/a.js': text, 'src/b.js': "exports.b = require('./a')\n" }))

    expect(output.findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual(expected)
  })

  it('is no module of its own: what a compiler made of a source that is there', async () => {
    const files = { 'package.json': manifest({ name: 'p' }), 'src/a.ts': "import './b'\n", 'src/b.ts': 'export {}\n' }
    const output = await analyse('imports', makeWorkspace({ ...files, 'a.js': "import './b.js'\n", 'b.js': "import './a.js'\n" }))

    expect(output).toMatchObject({ modules: 2, cycles: [['a.js', 'b.js']], findings: [] })
  })

  it('is told by the lines of the whole statement', async () => {
    const workspace = makeWorkspace({
      'src/a.ts': "import {\n  b,\n} from './b'\nexport const a = b\n",
      'src/b.ts': "import { a } from './a'\nexport const b = () => a\n",
    })

    const output = await analyse('imports', workspace)

    expect(output.findings[0]).toMatchObject({ line: 1, evidence: 'src/a.ts:1 → src/b.ts:1 → src/a.ts' })
    expect(shown(workspace, output.findings[0])).toBe("import {\n  b,\n} from './b'\nimport { a } from './a'")
  })

  it('is a cycle of a package that holds nothing but what was built', async () => {
    const output = await analyse(
      'imports',
      makeWorkspace({ 'package.json': manifest({ name: 'p' }), 'dist/a.js': "import './b.js'\n", 'dist/b.js': "import './a.js'\n" }),
    )

    expect(output).toMatchObject({ modules: 0, cycles: [['dist/a.js', 'dist/b.js']] })
    expect(placesOf(output)).toEqual(['imports.cycle dist/a.js:1'])
  })

  it('is no orphan where most modules look like one', async () => {
    const files = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`src/part${at}.ts`, `export const part${at} = ${at}\n`]))

    const output = await analyse('imports', makeWorkspace(files))

    expect(output.findings).toEqual([])
    expect(output.notExamined).toEqual([expect.stringContaining('which modules nothing imports')])
  })
})
