import { describe, expect, it } from 'vitest'
import { analyse, makeWorkspace, placesOf, shown } from './analysis.fixture.ts'

const body = (lines: number, indent = '  ') => Array.from({ length: lines }, (_, at) => `${indent}use(${at})\n`).join('')
const others = Array.from({ length: 80 }, (_, at) => `export const other${at} = ${at}\n`).join('')

describe('long functions', () => {
  it('are told with their name, place and length', async () => {
    const workspace = makeWorkspace({
      'src/a.ts': `${others}export function long(): void {\n${body(99)}}\n\nexport function fits(): void {\n${body(98)}}\n`,
    })

    const output = await analyse('functions', workspace)

    expect(placesOf(output)).toEqual(['size.long-function src/a.ts:81'])
    expect(output.findings[0]).toMatchObject({ severity: 'low', confidence: 'verified', evidence: 'long: 101 lines (81-181); 100 is the threshold' })
    expect(shown(workspace, output.findings[0]).split('\n')).toHaveLength(101)
    expect(output['longest']).toEqual([
      { file: 'src/a.ts', name: 'long', line: 81, lines: 101 },
      { file: 'src/a.ts', name: 'fits', line: 183, lines: 100 },
    ])
  })

  it.each([
    ['a variable', `export const named = () => {\n${body(101)}}\n`],
    ['a method', `export class A {\n  named() {\n${body(101, '    ')}  }\n}\n${others}`],
    ['a property', `export const a = {\n  named: function () {\n${body(101, '    ')}  },\n}\n${others}`],
    ['an assignment', `exports.named = function () {\n${body(101)}}\n`],
    ['a constant with a wrapper', `export const named = wrap(() => {\n${body(101)}})\n`],
  ])('have the name that %s gives them', async (_, text) => {
    const output = await analyse('functions', makeWorkspace({ 'a.ts': `${text}${others}` }))

    expect(output.findings.map(({ evidence }) => evidence.split(':')[0])).toEqual(['named'])
  })

  it('do not count the lines of long functions inside them', async () => {
    const inner = `  function inner() {\n${body(60, '    ')}  }\n`
    const output = await analyse(
      'functions',
      makeWorkspace({ 'a.ts': `export function outer() {\n${inner}${inner.replace('inner', 'second')}${body(20)}}\n${others}` }),
    )

    expect(output.findings).toEqual([])
    expect(output['longest']).toMatchObject([
      { name: 'inner', lines: 62 },
      { name: 'second', lines: 62 },
      { name: 'outer', lines: 22 },
    ])
  })

  it.each([
    ['in a test', 'src/a.test.ts', `export function long() {\n${body(200)}}\n${others}`],
    ['that wrap their whole file', 'src/a.js', `(function () {\n${body(200)}})()\n`],
    ['in a fixture', 'test/fixtures/a.ts', `export function long() {\n${body(200)}}\n${others}`],
    ['in what is generated', 'src/a.ts', `// @generated\nexport function long() {\n${body(200)}}\n${others}`],
  ])('are left out %s', async (_, path, text) => {
    expect((await analyse('functions', makeWorkspace({ [path]: text }))).findings).toEqual([])
  })

  it('are guesses where the lines do not look like what the parser says', async () => {
    const output = await analyse('functions', makeWorkspace({ 'a.ts': `export function long() {\n${body(101)}    }\n${others}` }))

    expect(output.findings).toMatchObject([{ confidence: 'heuristic' }])
  })
})
