import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { processesWith, recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { makeRepository } from '../support/e2e-kill.ts'
import { atDesk as atDeskOf, type Desk } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

/** A step that goes on until the file `go` is there, and says in `running` that it has begun. */
async function prepareKeeper(desk: Desk, token: string): Promise<string[]> {
  const step = { id: 'keep', title: 'Keep running', capability: 'shell.exec.v1', args: { argv: ['sh', 'keep.sh', token] } }
  await desk.write('plan.json', { version: 1, steps: [step], successCriteria: [{ kind: 'stepSucceeded', step: 'keep' }] })
  await desk.write('policy.yaml', "version: 1\ndefaults: { shell.exec: allow, '*': deny }\n")
  await desk.write('keep.sh', 'echo x >> running; while [ ! -e go ]; do sleep 0.05; done\n')
  return ['run', 'Keep running', '--plan', 'plan.json', '--policy', 'policy.yaml']
}

const atWork = (desk: Desk) => vi.waitUntil(() => existsSync(join(desk.folder, 'running')), { timeout: 20_000 })

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', (signal) => {
  it('once lets the run go, with 130 and the command that goes on; it completes later', async () => {
    await atDesk(async (desk) => {
      await makeRepository(desk.folder, 30)
      const run = desk.start(['run'])
      await run.until(/inventory started/)

      run.process.kill(signal)
      const ended = await run.ended
      const goesOn = /go on with: \S+ \S+ (resume \S+)/.exec(ended.stdout)?.[1] ?? ''
      const resumed = await desk.run(...goesOn.split(' '), '--json')

      expect(ended.code).toBe(130)
      expect(ended.stderr).toContain('Once more stops at once.')
      expect(goesOn).not.toBe('')
      expect(recordsOf(resumed).at(-1)).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
      expect(showsStack(ended.stdout + ended.stderr)).toBe(false)
    })
  })
})

describe('a command that runs when the person presses Ctrl-C', () => {
  it('may finish, and is not run again', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepareKeeper(desk, 'signals-finish'))
      await atWork(desk)

      run.process.kill('SIGINT')
      await run.until(/Once more stops at once/)
      await writeFile(join(desk.folder, 'go'), '')
      const ended = await run.ended
      const resumed = await desk.run('resume', 'last', '--json')

      expect(ended.code).toBe(130)
      expect(resumed.code).toBe(0)
      expect(await readFile(join(desk.folder, 'running'), 'utf8')).toBe('x\n')
    })
  })

  it('twice ends at once, and leaves the command in doubt, not running', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepareKeeper(desk, 'signals-twice'))
      await atWork(desk)
      const startedAt = performance.now()

      run.process.kill('SIGINT')
      await run.until(/Once more stops at once/)
      run.process.kill('SIGINT')
      const ended = await run.ended
      const tookMs = performance.now() - startedAt
      await vi.waitUntil(async () => (await processesWith('signals-twice')).length === 0, { timeout: 5_000 })
      const resumed = await desk.run('resume', 'last')

      expect(ended.code).toBe(130)
      expect(tookMs).toBeLessThan(4_000)
      expect(resumed.code).toBe(3)
      expect(resumed.stdout).toContain('may or may not have had its effect')
      expect(await readFile(join(desk.folder, 'running'), 'utf8')).toBe('x\n')
    })
  })
})

describe('a reader that goes away', () => {
  it.each([
    ['run', 'run --json'],
    ['a run for people', 'run'],
    ['a list of events', 'events last --json'],
    ['the statechart', 'export statechart'],
  ])('ends %s quietly', async (_, line) => {
    await atDesk(async (desk) => {
      await makeRepository(desk.folder, 5)
      await desk.run('run', '--quiet')
      const script = `"${process.execPath}" "${shipped.main}" ${line} 2>errors.txt | head -1`

      const ended = await runShell(desk, script)
      const errors = await readFile(join(desk.folder, 'errors.txt'), 'utf8')

      expect(ended.stdout.trim().split('\n').length).toBe(1)
      expect(errors).not.toMatch(/EPIPE|error/)
      expect(showsStack(errors)).toBe(false)
    })
  })

  it('leaves a run that can be resumed', async () => {
    await atDesk(async (desk) => {
      const words = await prepareKeeper(desk, 'signals-reader')
      const run = desk.start([...words, '--json'])
      await atWork(desk)

      run.process.stdout.destroy()
      await writeFile(join(desk.folder, 'go'), '')
      const [code] = await once(run.process, 'exit')
      const list = recordsOf(await desk.run('list', '--json'))

      expect([0, 130]).toContain(code)
      expect(list.length).toBe(1)
      const again = await desk.run('resume', 'last', '--json')
      expect([...(code === 0 ? ['RUN_FINISHED'] : []), 'completed']).toContain(recordsOf(again).at(-1)?.[code === 0 ? 'code' : 'status'])
    })
  })
})

describe('a terminal of 40 columns', () => {
  it('gets no line that it would have to wrap while the run goes on', async () => {
    await atDesk(async (desk) => {
      await makeRepository(desk.folder, 5)

      const { code, stdout } = await desk.onTerminal(['run'], { columns: 40, rows: 30 }).ended
      const tree = stripVTControlCharacters(stdout.slice(0, stdout.indexOf('completed (')))
      const lines = tree.split(/\r?\n/)

      expect(code).toBe(0)
      expect(lines.length).toBeGreaterThan(10)
      expect(lines.filter((line) => [...line].length >= 40)).toEqual([])
    })
  })
})

/** Runs a shell line at the desk. */
async function runShell(desk: Desk, script: string): Promise<{ readonly stdout: string }> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile('sh', ['-c', script], { cwd: desk.folder, env: { PATH: process.env['PATH'], HOME: desk.folder } }, (_error, stdout) =>
      resolve({ stdout }),
    )
  })
}
