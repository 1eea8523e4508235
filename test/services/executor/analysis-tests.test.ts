import { describe, expect, it } from 'vitest'
import { analyse, makeWorkspace, placesOf } from './analysis.fixture.ts'

const code = (imports = '') => `${imports}${Array.from({ length: 20 }, (_, at) => `export const x${at} = ${at}\n`).join('')}`

describe('modules that no test leads to', () => {
  it('are told, those behind tested ones are not', async () => {
    const output = await analyse(
      'tests',
      makeWorkspace({
        'test/a.test.ts': "import { x0 } from '../src/a.js'\nx0\n",
        'src/a.ts': code("import './b.ts'\n"),
        'src/b.ts': code("const c = import('./c')\n"),
        'src/c.ts': code(),
        'src/untested.ts': code(),
        'src/small.ts': 'export const x = 1\n',
        'src/types.ts': code(),
      }),
    )

    expect(placesOf(output)).toEqual(['tests.unreached src/types.ts', 'tests.unreached src/untested.ts'])
    expect(output).toMatchObject({ tests: 1, modules: 5, reached: 3 })
    expect(output.findings.every(({ confidence }) => confidence === 'heuristic')).toBe(true)
  })

  it('are none without code: types need no test', async () => {
    const types = Array.from({ length: 20 }, (_, at) => `export interface X${at} { a: number }\n`).join('')
    const output = await analyse(
      'tests',
      makeWorkspace({
        'test/a.test.ts': "import { x0 } from '../src/a'\nx0\n",
        'src/a.ts': code(),
        'src/types.ts': `${types}export type { X0 as Y } from './a'\n`,
      }),
    )

    expect(output).toMatchObject({ modules: 1, findings: [] })
  })

  it.each([
    ['by the folder', "import '..'\n", { 'index.ts': "import './src/lone'\n" }],
    ['by the own folder', "import './'\n", { 'test/index.ts': "import '../src/lone'\n" }],
    ['by the name of the package', "import { x0 } from 'p'\nx0\n", { 'package.json': JSON.stringify({ name: 'p', exports: './dist/lone.js' }) }],
    ['by a path of tsconfig', "import { x0 } from '@/lone'\n", { 'tsconfig.json': '{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}' }],
    ['by a computed import', "for (const name of ['lone']) await import(`../src/${name}.ts`)\n", {}],
    ['by require', "const { x0 } = require('../src/lone')\n", {}],
    ['by its name in a call', "run('src/lone.ts')\n", {}],
  ])('are not those that a test gets at %s', async (_, text, files) => {
    const output = await analyse(
      'tests',
      makeWorkspace({ 'test/a.test.ts': text, 'test/b.test.ts': "import '../src/b'\n", 'src/b.ts': code(), 'src/lone.ts': code(), ...files }),
    )

    expect(output.findings).toEqual([])
  })

  it.each([
    ['there are no tests', { 'src/a.ts': code() }, 'there are no test files in TypeScript or JavaScript'],
    [
      'the tests get at the code in another way',
      { 'src/a.ts': code(), 'test/a.test.ts': "import { spawn } from 'node:child_process'\n" },
      'imports lead from the tests to 0 % of them only',
    ],
    [
      'a file cannot be read',
      { 'src/a.ts': code(), 'src/b.ts': code(), 'test/a.test.ts': `import '../src/b'\n${'[\n'.repeat(100_000)}` },
      'not every file could be read',
    ],
  ])('are not known when %s', async (_, files, reason) => {
    const output = await analyse('tests', makeWorkspace(files))

    expect(output.findings).toEqual([])
    expect(output.notExamined.join('\n')).toContain(reason)
  })
})
