import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { shippedCli, type Shipped } from '../support/e2e-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

let shipped: Shipped
let folder = ''

beforeAll(async () => {
  shipped = await shippedCli()
  folder = await mkdtemp(join(tmpdir(), 'planner-exec-examples-'))
})
afterAll(async () => {
  await shipped.remove()
  await rm(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs Node in the project's folder; what the script leaves among temporary files goes with the test. */
function node(...words: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder }
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: shipped.folder, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

describe('the examples', () => {
  it('are all run here', async () => {
    const names = await readdir(join(shipped.folder, 'examples'))

    expect(names.toSorted()).toEqual([
      'README.md',
      'add-a-capability.mjs',
      'plain-actors.mjs',
      'run-a-goal.mjs',
      'simple-test-workflow.plan.yaml',
      'test-your-machine.test.mjs',
    ])
  })

  it('run-a-goal analyses a folder and tells what happened', async () => {
    const ran = await node('examples/run-a-goal.mjs')

    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/state\.changed open\.active\.executing\.watching$/m)
    expect(ran.stdout).toMatch(/^ +\d+ action\.settled markers succeeded$/m)
    expect(ran.stdout).toContain('FIXME in a comment (sum.js)')
    expect(ran.stdout).toMatch(/^completed \(criteria_met\): /m)
    expect(ran.stdout).toMatch(/^report: .+report\.md$/m)
  })

  it('run-a-goal ends with 1 for a goal that nothing can plan', async () => {
    const ran = await node('examples/run-a-goal.mjs', folder, 'Bake a cake in zero gravity')

    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/^failed \(unplannable\): /m)
  })

  it('add-a-capability counts words with a capability of its own', async () => {
    const ran = await node('examples/add-a-capability.mjs')

    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toContain('completed: 2 of 2 actions succeeded')
    expect(ran.stdout).toContain('met: words in the output of step count is at least 5. It is 7.')
  })

  it('plain-actors takes both statecharts from their first state to their last', async () => {
    const ran = await node('examples/plain-actors.mjs')

    const lines = ran.stdout.trim().split('\n')
    const statesOf = (actor: string) => lines.filter((line) => line.startsWith(`${actor}: `)).map((line) => line.slice(actor.length + 2))

    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(statesOf('workflow')).toEqual(expect.arrayContaining(['idle', 'open.active.executing.watching', 'settling.reporting', 'completed']))
    expect(statesOf('boil')).toEqual(['ready', 'guarding', 'attempting.running', 'succeeded'])
    expect(statesOf('brew')).toEqual(['ready', 'guarding', 'awaitingApproval', 'ready', 'guarding', 'attempting.running', 'succeeded'])
  })

  it('test-your-machine passes on every path and on hundreds of walks', async () => {
    const ran = await node('--test', '--test-reporter=tap', 'examples/test-your-machine.test.mjs')

    expect(ran.code).toBe(0)
    expect(Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1])).toBeGreaterThan(300)
    expect(ran.stdout).toMatch(/^# fail 0$/m)
  })

  it('the simple test workflow completes with its plan file', async () => {
    const plan = join(shipped.folder, 'examples', 'simple-test-workflow.plan.yaml')

    const ran = await node(shipped.main, 'run', 'Simple test workflow', '--plan', plan, '--workspace', folder, '--json')
    const without = await node(shipped.main, 'run', 'Simple test workflow', '--workspace', folder, '--json')

    expect(JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
    expect(JSON.parse(without.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'failed', exitReason: 'unplannable' })
    expect([ran.code, without.code]).toEqual([0, 2])
  })
})
