import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readLines, type Line } from '../../../../src/services/guard/replay/lines.ts'

const LIMITS = { maxLineCharacters: 1_000, maxBytes: 1_000_000 }

async function fileOf(content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lines-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'runs.jsonl')
  await writeFile(path, content)
  return path
}

async function linesOf(path: string, limits = LIMITS): Promise<readonly Line[]> {
  const lines: Line[] = []
  for await (const line of readLines(path, limits)) lines.push(line)
  return lines
}

describe('readLines', () => {
  it.each([
    ['plain', Buffer.from('one\nzwölf\n\nlast')],
    ['compressed', gzipSync('one\nzwölf\n\nlast')],
    ['compressed in two parts', Buffer.concat([gzipSync('one\nzw'), gzipSync('ölf\n\nlast')])],
  ])('gives out numbered lines of a %s file', async (_, content) => {
    expect(await linesOf(await fileOf(content))).toEqual([
      { number: 1, text: 'one' },
      { number: 2, text: 'zwölf' },
      { number: 3, text: '' },
      { number: 4, text: 'last' },
    ])
  })

  it('keeps letters whole that fall on the edge of a chunk', async () => {
    const text = 'ä€😀'.repeat(40_000)

    expect(await linesOf(await fileOf(text), { maxLineCharacters: 1_000_000, maxBytes: 1_000_000 })).toEqual([{ number: 1, text }])
  })

  it('skips a line that is too long, and goes on after it', async () => {
    const lines = await linesOf(await fileOf(`one\n${'x'.repeat(200_000)}\nthree\n`))

    expect(lines).toEqual([
      { number: 1, text: 'one' },
      { number: 2, text: null },
      { number: 3, text: 'three' },
    ])
  })

  it('ends at a compressed file that holds too much', async () => {
    const bomb = await fileOf(gzipSync(Buffer.alloc(50_000_000, '\n')))

    await expect(linesOf(bomb)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching('more than 1000000 bytes') })
  })

  it('says which file it cannot read', async () => {
    await expect(linesOf('/nowhere/runs.jsonl')).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching('"/nowhere/runs.jsonl"') })
    await expect(linesOf(await fileOf(gzipSync('one\ntwo\n').subarray(0, 12)))).rejects.toMatchObject({ code: 'USAGE' })
  })
})
