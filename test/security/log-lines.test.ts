import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { jsonLine } from '../../src/cli/output/ndjson.ts'
import { HOSTILE_TEXTS, WHOLE_TEXTS } from './hostile-text.ts'

const LINES_EACH = 3

describe('a log of hostile text', () => {
  const child = fileURLToPath(new URL('./children/log-child.ts', import.meta.url))
  const { stderr, stdout } = spawnSync(process.execPath, ['--import', 'tsx', child], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  const lines = stderr.split('\n').slice(0, -1)

  it('has one line for each call, and nothing on standard output', () => {
    expect(stdout).toBe('')
    expect(lines).toHaveLength(HOSTILE_TEXTS.length * LINES_EACH)
  })

  it('has JSON on every line, which gives back what was logged', () => {
    const told = new Set(lines.map((line) => JSON.parse(line)).flatMap(({ msg, goal }: { msg: string; goal?: string }) => [msg, goal]))

    expect(WHOLE_TEXTS.filter((text) => !told.has(text))).toEqual([])
  })

  it('has no key of its own that a logged field could not have', () => {
    const forged = lines.map((line) => JSON.parse(line)).filter((entry: object) => ![30, 50].includes(Reflect.get(entry, 'level')))

    expect(forged).toEqual([])
  })
})

describe('a stream of records of hostile text', () => {
  it('has one line for each, however lines are told apart', () => {
    const stream = HOSTILE_TEXTS.map((text) => jsonLine({ [text]: text, type: 'x' })).join('')

    expect(stream.split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/)).toHaveLength(HOSTILE_TEXTS.length + 1)
  })
})
