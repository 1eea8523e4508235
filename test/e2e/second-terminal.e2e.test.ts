import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { processesWith, recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { atDesk as atDeskOf, type Desk, type Ended, type Invocation } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 90_000 })

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

const write = (id: string, more: object = {}) => ({
  id,
  title: `Write ${id}`,
  capability: 'fs.write.v1',
  args: { path: `${id}.md`, content: 'hello' },
  ...more,
})
/** Goes on until somebody makes the file `go`; `token` makes it findable among the processes of this machine. */
const keeper = (token: string, more: object = {}) => ({
  id: 'keep',
  title: 'Keep running',
  capability: 'shell.exec.v1',
  args: { argv: ['sh', 'keep.sh', token] },
  ...more,
})
const POLICY = "version: 1\ndefaults: { shell.exec: allow, fs.write: ask, '*': deny }\n"
const KEEP = 'touch running; while [ ! -e go ]; do sleep 0.05; done\n'

/** Puts a plan, the policy and the keeper's script there; returns the words that run the plan. */
async function prepare(desk: Desk, steps: readonly { readonly id: string }[]): Promise<string[]> {
  const criterion = steps.find(({ id }) => id !== 'keep')?.id ?? 'keep'
  await desk.write('plan.json', { version: 1, steps, successCriteria: [{ kind: 'stepSucceeded', step: criterion }] })
  await desk.write('policy.yaml', POLICY)
  await desk.write('keep.sh', KEEP)
  return ['run', 'Two notes', '--plan', 'plan.json', '--policy', 'policy.yaml']
}

/** Until the keeper is at its work, and no longer being put into its sandbox. */
const atWork = (desk: Desk) => vi.waitUntil(() => existsSync(join(desk.folder, 'running')), { timeout: 20_000 })
const go = (desk: Desk) => writeFile(join(desk.folder, 'go'), '')
const written = (desk: Desk, ...ids: string[]) => ids.map((id) => existsSync(join(desk.folder, `${id}.md`)))
const typesOf = (records: readonly Record<string, unknown>[], type: string) => records.filter((record) => record['type'] === type)
const eventsOf = async (desk: Desk) => recordsOf(await desk.run('events', 'last', '--json'))
/** How often each action did something. */
function times(records: readonly Record<string, unknown>[], type: string): Record<string, number> {
  const ids = typesOf(records, type).map(({ actionId }) => String(actionId))
  return Object.fromEntries(ids.map((id) => [id, ids.filter((other) => other === id).length]))
}

async function waiting(run: Invocation, ...ids: string[]): Promise<void> {
  for (const id of ids) await run.until(new RegExp(`${id} waits for a person`))
}

describe('two writes that wait while the run goes on', () => {
  it('one approved and one rejected elsewhere: one runs, the other is reported, the run ends', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [write('notes'), write('other'), keeper('a1')]))
      await waiting(run, 'notes', 'other')

      const [approved, rejected] = await Promise.all([
        desk.run('approve', 'last', 'notes'),
        desk.run('reject', 'last', 'other', '--reason', 'not wanted'),
      ])
      await run.until(/notes succeeded/)
      await go(desk)
      const ended = await run.ended
      const report = await desk.run('report', 'last')

      expect([approved, rejected]).toMatchObject([
        { code: 0, stderr: '' },
        { code: 0, stderr: '' },
      ])
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(written(desk, 'notes', 'other')).toEqual([true, false])
      expect(report.stdout).toMatch(/other[^]*not wanted/)
      expect(times(await eventsOf(desk), 'action.settled')).toEqual({ notes: 1, other: 1, keep: 1 })
    })
  })

  it('an approval from two terminals at once lets it run once', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [write('notes'), keeper('a2')]))
      await waiting(run, 'notes')

      const answers = await Promise.all([desk.run('approve', 'last', 'notes'), desk.run('approve', 'last', 'notes')])
      await go(desk)
      const ended = await run.ended

      expect(answers.map(({ code }) => code).toSorted()).toEqual([0, 1])
      expect(answers.find(({ code }) => code === 1)?.stderr).toMatch(/^error\[(EVENT_REFUSED|APPROVAL_STALE)\]: /)
      expect(ended.code).toBe(0)
      expect(times(await eventsOf(desk), 'action.started')).toEqual({ notes: 1, keep: 1 })
    })
  })
})

describe('a run that is parked with two writes waiting', () => {
  it('takes the answers of other processes when it is resumed, each once', async () => {
    await atDesk(async (desk) => {
      const words = await prepare(desk, [write('notes'), write('other')])

      const parked = await desk.run(...words)
      const approved = await desk.run('approve', 'last', 'notes')
      const rejected = await desk.run('reject', 'last', 'other', '--reason', 'not wanted')
      const before = written(desk, 'notes', 'other')
      const resumed = await desk.run('resume', 'last')

      expect([parked.code, approved.code, rejected.code, resumed.code]).toEqual([3, 0, 0, 0])
      expect(before).toEqual([false, false])
      expect(written(desk, 'notes', 'other')).toEqual([true, false])
      expect(times(await eventsOf(desk), 'action.settled')).toEqual({ notes: 1, other: 1 })
    })
  })

  it('is held by `pause`: what is approved meanwhile begins after `continue`', async () => {
    await atDesk(async (desk) => {
      await desk.run(...(await prepare(desk, [write('notes')])))

      const asked = [await desk.run('pause', 'last'), await desk.run('approve', 'last', 'notes')]
      const held = await desk.run('resume', 'last')
      const whileHeld = written(desk, 'notes')
      const continued = await desk.run('continue', 'last')
      const resumed = await desk.run('resume', 'last')

      expect(asked.map(({ code }) => code)).toEqual([0, 0])
      expect([held.code, whileHeld]).toEqual([3, [false]])
      expect([continued.code, resumed.code]).toEqual([0, 0])
      expect(written(desk, 'notes')).toEqual([true])
    })
  })
})

describe('a run that is paused while it waits', () => {
  it('starts nothing that is approved until it is continued', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [write('notes'), write('other'), keeper('b1')]))
      await waiting(run, 'notes', 'other')

      const paused = await desk.run('pause', 'last')
      await go(desk)
      await run.until(/state open\.paused/)
      const approved = await desk.run('approve', 'last', 'notes')
      const shown = await desk.run('show', 'last')
      const whilePaused = written(desk, 'notes')
      const continued = await desk.run('continue', 'last')
      const parked = await run.ended
      const rejected = await desk.run('reject', 'last', 'other')
      const ended = await desk.run('resume', 'last')

      expect([paused, approved, continued, rejected].map(({ code }) => code)).toEqual([0, 0, 0, 0])
      expect(parked.stdout).toMatch(/^notes succeeded/m)
      expect(shown.stdout).toMatch(/state +open\.paused/)
      expect(whilePaused).toEqual([false])
      expect(ended.code).toBe(0)
      expect(written(desk, 'notes', 'other')).toEqual([true, false])
      expect(startedWhilePaused(await eventsOf(desk))).toEqual([])
    })
  })
})

/** Actions that were dispatched or started by a record that leaves the run paused. A record tells its change of state last. */
function startedWhilePaused(records: readonly Record<string, unknown>[]): unknown[] {
  const stateAfter = (seq: number) => records.findLast((record) => record['type'] === 'state.changed' && Number(record['seq']) <= seq)?.['state']
  return records.filter(
    ({ type, seq }) => ['action.dispatched', 'action.started'].includes(String(type)) && stateAfter(Number(seq)) === 'open.paused',
  )
}

describe('a run under way', () => {
  it('is cancelled from a second terminal: its process tree is gone and nothing else begins', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [keeper('c1-keeper'), write('notes', { dependsOn: ['keep'] })]))
      await atWork(desk)

      const cancelled = await desk.run('cancel', 'last', '--reason', 'changed my mind')
      const ended = await run.ended
      const report = await desk.run('report', 'last')

      expect(cancelled).toMatchObject({ code: 0, stderr: '' })
      expect(ended.code).toBe(1)
      expect(ended.stdout).toMatch(/^cancelled \(cancelled\): /m)
      expect(await processesWith('c1-keeper')).toEqual([])
      expect(written(desk, 'notes')).toEqual([false])
      expect(report.code).toBe(0)
      expect(times(await eventsOf(desk), 'action.started')).toEqual({ keep: 1 })
    })
  })

  it('refuses what is said to it after its end', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [keeper('c2')]))
      await run.until(/keep started/)
      await go(desk)
      await run.ended

      const late = await Promise.all([
        desk.run('pause', 'last'),
        desk.run('cancel', 'last'),
        desk.run('approve', 'last', 'keep'),
        desk.run('resume', 'last'),
      ])

      expect(late.map(({ code }) => code)).toEqual([2, 2, 2, 2])
      for (const { stderr } of late) expect(stderr).toMatch(/^error\[RUN_FINISHED\]: .*has ended\nhint: /)
    })
  })
})

describe('one run, two processes that resume it', () => {
  it('one gets it, the other says who owns it, and nothing is done twice', async () => {
    await atDesk(async (desk) => {
      await desk.run(...(await prepare(desk, [write('notes'), keeper('d1', { dependsOn: ['notes'] }), write('after', { dependsOn: ['keep'] })])))
      await desk.run('approve', 'last', 'notes')

      const both = [desk.start(['resume', 'last']), desk.start(['resume', 'last'])]
      const loser = await Promise.race(both.map(async (one) => ({ one, ended: await one.ended })))
      const winner = both.find((one) => one !== loser.one)
      await winner?.until(/keep started/)
      const third = await desk.run('resume', 'last')
      await go(desk)
      await winner?.until(/after waits for a person/)
      const ended = await winner?.ended

      for (const refused of [loser.ended, third]) {
        expect([1, 2]).toContain(refused.code)
        expect(refused.stderr).toMatch(/^error\[RUN_OWNED\]: .*belongs to a process/)
        expect(refused.stderr).toContain(String(winner?.process.pid))
        expect(showsStack(refused.stderr)).toBe(false)
      }
      expect(ended?.code).toBe(3)
      const events = await eventsOf(desk)
      expect(typesOf(events, 'run.adopted').length).toBe(1)
      expect(times(events, 'action.started')).toEqual({ notes: 1, keep: 1 })
      expect(times(events, 'action.settled')).toEqual({ notes: 1, keep: 1 })
    })
  })

  it('a run that its first process still has cannot be resumed', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [keeper('d2')]))
      await run.until(/keep started/)

      const refused = await desk.run('resume', 'last', '--json')
      await go(desk)
      const ended = await run.ended

      expect([1, 2]).toContain(refused.code)
      expect(recordsOf(refused).at(-1)).toMatchObject({ type: 'error', code: 'RUN_OWNED' })
      expect(ended.code).toBe(0)
    })
  })

  it('the run of a process that was killed is taken over at once', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [write('notes'), keeper('d3-keeper')]))
      await waiting(run, 'notes')
      await atWork(desk)
      run.process.kill('SIGKILL')
      await run.ended

      const startedAt = performance.now()
      const resumed = await desk.run('resume', 'last')

      // What the keeper did nobody saw the end of: a person says.
      expect(resumed).toMatchObject({ code: 3, stderr: '' })
      expect(performance.now() - startedAt).toBeLessThan(12_000)
      expect(await processesWith('d3-keeper')).toEqual([])
    })
  })
})

describe('two runs in one workspace', () => {
  it('do not write at the same time: the second says which run it waits for', async () => {
    await atDesk(async (desk) => {
      const first = desk.start(await prepare(desk, [keeper('e1')]))
      await first.until(/keep started/)

      const second: Ended = await desk.run('run', 'Two notes', '--plan', 'plan.json', '--policy', 'policy.yaml')
      await go(desk)
      const ended = await first.ended

      expect(second.code).toBeGreaterThan(0)
      expect(second.stdout + second.stderr).toContain('WORKSPACE_BUSY')
      expect(ended.code).toBe(0)
    })
  })

  it('with stores of their own do not know of each other', async () => {
    await atDesk(async (desk) => {
      const words = await prepare(desk, [write('notes')])
      await mkdir(join(desk.folder, 'elsewhere'))

      const here = await desk.run(...words)
      const elsewhere = await desk.run('list', '--state', 'elsewhere', '--json')

      expect(here.code).toBe(3)
      expect(recordsOf(elsewhere)).toEqual([])
    })
  })
})
