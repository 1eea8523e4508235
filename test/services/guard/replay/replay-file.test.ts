import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TrajectorySettings } from '../../../../src/model/trajectory.ts'
import { replayFile, replayLine, type ReplayProblem } from '../../../../src/services/guard/replay/replay-file.ts'

const SETTINGS = TrajectorySettings.parse({})
const line = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({ id: 'a', goal: 'Read it', tools: [{ name: 'read', kind: 'read' }], events: [{ type: 'call', tool: 'read', args: {} }], ...more })

async function replay(
  content: string,
): Promise<{ readonly ids: readonly string[]; readonly problems: readonly ReplayProblem[]; readonly summary: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'runs.jsonl')
  await writeFile(path, content)
  const ids: string[] = []
  const problems: ReplayProblem[] = []
  const summary = await replayFile({
    path,
    settings: SETTINGS,
    onLine: ({ id }) => void ids.push(id),
    onProblem: (problem) => void problems.push(problem),
  })
  return { ids, problems, summary }
}

describe('replayFile', () => {
  it('reports a line that is no run by its number, and replays the others', async () => {
    const { ids, problems, summary } = await replay([line(), '{"id":', '', line({ id: 'b', extra: 1 }), line({ id: 'c', plan: null })].join('\n'))

    expect(ids).toEqual(['a', 'c'])
    expect(problems.map(({ line: number }) => number)).toEqual([2, 4])
    expect(problems[1]?.problem).toMatch('extra')
    expect(summary).toEqual({ runs: 2, pass: 2, interrupt: 0, stop: 0, decisions: 2, problems: 2 })
  })

  it('hands on what its reader throws', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replay-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'runs.jsonl')
    await writeFile(path, line())
    const full = new Error('no space left')

    await expect(replayFile({ path, settings: SETTINGS, onLine: () => Promise.reject(full) })).rejects.toBe(full)
  })
})

describe('replayLine', () => {
  it('answers the same whatever the labels say', () => {
    const plain = replayLine(line(), { settings: SETTINGS })

    expect(replayLine(line({ labels: { kind: 'attacked' } }), { settings: SETTINGS })).toEqual(plain)
    expect(replayLine(line({ labels: 'benign' }), { settings: SETTINGS })).toEqual(plain)
  })

  it.each([
    ['too long', null, /too long/],
    ['too deep', line({ labels: JSON.parse('['.repeat(500) + ']'.repeat(500)) }), /64 deep/],
    ['after a prototype', '{"id":"a","__proto__":{}}', /__proto__/],
    ['of an unknown event', line({ events: [{ type: 'thought', text: '' }] }), /type/],
    ['of an unknown kind of tool', line({ tools: [{ name: 'x', kind: 'free' }] }), /kind/],
  ])('refuses a line that is %s', (_, text, problem) => {
    expect(replayLine(text, { settings: SETTINGS })).toEqual({ problem: expect.stringMatching(problem) })
  })
})
