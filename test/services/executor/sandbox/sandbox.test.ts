import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { bubblewrapArgs } from '../../../../src/services/executor/sandbox/bubblewrap.ts'
import { limitsBackend } from '../../../../src/services/executor/sandbox/limits.ts'
import { sampleTree, untilGone } from '../../../../src/services/executor/sandbox/process-tree.ts'
import { probeSandbox } from '../../../../src/services/executor/sandbox/probe.ts'
import { makeFolder } from '../fixtures.ts'

describe('the sandbox probe', () => {
  it('performs the forbidden acts and finds that all of them fail', async () => {
    const report = await probeSandbox()

    expect(report).toMatchObject({ works: true, kind: 'bwrap', problem: null })
    expect(report.checks.length).toBeGreaterThan(10)
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
  })

  it('runs once per process', () => {
    expect(probeSandbox()).toBe(probeSandbox())
  })

  it('names the limits that really work', async () => {
    expect(['cgroup-v2', 'cgroup-v1', 'prlimit', 'sampling']).toContain(await limitsBackend())
  })
})

describe('the arguments of bubblewrap', () => {
  const spec = (workspace: string) => ({
    workspace,
    stateDir: join(workspace, '.planner-exec'),
    cwd: workspace,
    env: {},
    argv: ['true'],
    tmpBytes: 1,
    canDisableUserns: true,
  })

  it.each(['/', '/usr', '/etc', '/proc'])('refuse %s as a writable workspace', (workspace) => {
    expect(() => bubblewrapArgs(spec(workspace))).toThrow(expect.objectContaining({ code: 'WORKSPACE_INVALID' }))
  })

  it('end with the command, which no option can be hidden in', () => {
    const args = bubblewrapArgs({ ...spec(makeFolder()), argv: ['--share-net', '--', '--bind'] })

    expect(args.slice(args.indexOf('--'))).toEqual(['--', '/bin/sh', '-c', expect.any(String), 'sh', '--share-net', '--', '--bind'])
    expect(args.slice(0, args.indexOf('--'))).not.toContain('--share-net')
  })

  it.each([
    ['begins when it is told to', (gate: Duplex) => gate.write('go\n'), true],
    ['never begins when whoever should tell it is gone', (gate: Duplex) => gate.end(), false],
  ])('make a command that %s', async (_, answer, begins) => {
    const workspace = makeFolder()
    const args = bubblewrapArgs({ ...spec(workspace), argv: ['touch', 'begun'], tmpBytes: 1024 * 1024, canDisableUserns: false })
    const child = spawn('bwrap', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    const gate = child.stdio[4] as Duplex

    gate.once('data', () => answer(gate))
    await new Promise((resolve) => child.once('exit', resolve))

    expect(existsSync(join(workspace, 'begun'))).toBe(begins)
  })

  it('cover the state folder wherever it is shown', () => {
    const workspace = makeFolder()

    expect(bubblewrapArgs(spec(workspace)).join(' ')).toContain(`--tmpfs ${workspace}/.planner-exec --remount-ro ${workspace}/.planner-exec`)
    expect(bubblewrapArgs({ ...spec(workspace), stateDir: '/srv/state' }).join(' ')).not.toContain('/srv/state')
  })
})

describe('the process tree', () => {
  it('is sampled with its children, and is nothing after it has ended', async () => {
    const child = spawn('sh', ['-c', 'sleep 60 & sleep 60 & echo ready; wait'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const pid = child.pid ?? 0
    await new Promise((resolve) => child.stdout.once('data', resolve))

    expect(sampleTree(pid, 10).processes).toBe(3)
    expect(sampleTree(pid, 10).rssBytes).toBeGreaterThan(100_000)
    expect(sampleTree(pid, 1).processes).toBeLessThanOrEqual(2)
    process.kill(pid, 'SIGKILL')
    await untilGone(pid)
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false)
  })
})
