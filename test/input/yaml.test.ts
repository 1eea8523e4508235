import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/input/yaml.ts'

describe('parseYaml', () => {
  it('locates values, keys, and for what is missing what is around it', async () => {
    const yaml = await parseYaml('a:\n  - b: 1\n  - c:\n      d: 2\n')

    const places = yaml.ok ? [['a'], ['a', 0], ['a', 1, 'c', 'd'], ['a', 1, 'x'], ['y'], []].map((path) => yaml.locate(path)) : []

    expect(places.map(({ line, column }) => `${line}:${column}`)).toEqual(['1:1', '2:5', '4:7', '3:5', '1:1', '1:1'])
  })

  it('refuses deep nesting before the parser sees it, and says where', async () => {
    const nested = [`a: 1\n${'- '.repeat(50_000)}1\n`, `a: 1\nb: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`]

    for (const text of nested)
      expect(await parseYaml(text)).toMatchObject({ ok: false, problems: [{ line: 2, message: expect.stringContaining('nests too deeply') }] })
  })

  it('does not turn yes, no and times into something else', async () => {
    expect(await parseYaml('a: yes\nb: 12:30\nc: 2026-01-01\n')).toMatchObject({ ok: true, value: { a: 'yes', b: '12:30', c: '2026-01-01' } })
  })
})
