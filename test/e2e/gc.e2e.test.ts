import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createController, createSystemClock } from '../../src/index.ts'
import { recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { atDesk as atDeskOf, type Desk, type Ended } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 180_000 })

const DAYS = 24 * 3_600_000

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

const PLAN = {
  version: 1,
  steps: [
    { id: 'read', title: 'Read the notes', capability: 'fs.read.v1', args: { path: 'notes.txt' } },
    { id: 'list', title: 'List the folder', capability: 'fs.list.v1', args: { path: '.' }, dependsOn: ['read'] },
  ],
  successCriteria: [{ kind: 'stepSucceeded', step: 'list' }],
}
const WRITE = {
  version: 1,
  steps: [PLAN.steps[0], { id: 'write', title: 'Write', capability: 'fs.write.v1', args: { path: 'out.txt', content: 'x' }, dependsOn: ['read'] }],
  successCriteria: [{ kind: 'stepSucceeded', step: 'write' }],
}

/** A desk with runs that ended two days ago, whose bodies later runs share. */
async function prepare(desk: Desk, count: number): Promise<string[]> {
  await desk.write('notes.txt', 'notes of today')
  await desk.write('plan.json', PLAN)
  await desk.write('write.json', WRITE)
  const controller = await createController({ workspace: desk.folder, clock: { ...createSystemClock(), now: () => Date.now() - 2 * DAYS } })
  const ids: string[] = []
  for (let nth = 0; nth < count; nth += 1) {
    const run = await controller.start({ goal: 'Look at the notes' }, { plan: PLAN })
    await run.outcome()
    ids.push(run.id)
  }
  await controller.close()
  return ids
}

const start = (desk: Desk, plan: string) => desk.run('run', 'Look at the notes', '--plan', plan, '--non-interactive', '--json')
const idOf = (ended: Ended): string => String(recordsOf(ended).find(({ runId }) => runId !== undefined)?.['runId'])
const folders = (desk: Desk) => readdir(join(desk.folder, '.planner-exec', 'runs'))
const listed = async (desk: Desk) => recordsOf(await desk.run('list', '--json', '--limit', '1000')).map(({ runId }) => String(runId))

describe('processes that start, resume, look at and remove runs of one store at once', () => {
  it('lose no run, wait for one another, and say nothing that should not be said', async () => {
    await atDesk(async (desk) => {
      const old = await prepare(desk, 12)
      const parked = await Promise.all([start(desk, 'write.json'), start(desk, 'write.json'), start(desk, 'write.json')])
      expect(parked.map(({ code }) => code)).toEqual([3, 3, 3])
      const waiting = parked.map(idOf)
      for (const id of waiting) expect((await desk.run('approve', id, 'write')).code).toBe(0)

      const gc = () => desk.run('gc', '--older-than', '0ms', '--keep', '0', '--json')
      const rounds = waiting.map(async (id, round) => {
        await setTimeout(300 * round)
        return Promise.all([start(desk, 'plan.json'), desk.run('resume', id, '--json', '--non-interactive'), desk.run('list', '--json'), gc()])
      })
      const done = await Promise.all(rounds)
      const all = done.flat()

      expect(all.map(({ code }) => code)).toEqual(all.map(() => 0))
      const said = all.map(({ stdout, stderr }) => stdout + stderr).join('\n')
      expect([said.includes('locked'), showsStack(said), said.includes('"type":"error"')]).toEqual([false, false, false])
      const started = done.map(([run]) => idOf(run))
      expect((await listed(desk)).toSorted()).toEqual([...waiting, ...started].toSorted())
      expect(
        done
          .flatMap(([, , , collected]) => recordsOf(collected).filter(({ removed, type }) => type === 'run' && removed === true))
          .map(({ runId }) => runId)
          .toSorted(),
      ).toEqual(old.toSorted())
      for (const id of [...waiting, ...started]) {
        const [shown, report] = [await desk.run('show', id, '--json'), await desk.run('report', id, '--json')]
        expect([shown.code, report.code]).toEqual([0, 0])
        expect(recordsOf(shown)[0]).toMatchObject({ result: { status: 'completed' } })
      }
      expect((await folders(desk)).toSorted()).toEqual([...waiting, ...started].toSorted())
    })
  })
})

describe('a collection that is killed', () => {
  it('at any moment leaves runs that are whole, and nothing that the next one does not finish', async () => {
    await atDesk(async (desk) => {
      const old = await prepare(desk, 60)
      const fresh = idOf(await start(desk, 'plan.json'))
      const wholeMs = performance.now()
      await desk.run('gc', '--dry-run')
      const span = performance.now() - wholeMs

      for (const part of [0.6, 0.8, 0.9, 0.95, 1, 1.05]) {
        const collection = desk.start(['gc', '--json'])
        await setTimeout(span * part)
        collection.process.kill('SIGKILL')
        await collection.ended
      }
      const left = await listed(desk)
      for (const id of left.slice(0, 5)) expect((await desk.run('report', id)).code).toBe(0)
      const last = await desk.run('gc', '--json')

      expect([last.code, last.stderr]).toEqual([0, ''])
      expect(left).toContain(fresh)
      expect(left.filter((id) => id !== fresh && !old.includes(id))).toEqual([])
      expect([await listed(desk), await folders(desk)]).toEqual([[fresh], [fresh]])
      expect(recordsOf(await desk.run('report', fresh, '--json'))[0]).toMatchObject({ status: 'completed' })
      expect(await readFile(join(desk.folder, '.planner-exec', 'runs', fresh, 'report.md'), 'utf8')).toContain('notes')
      expect(existsSync(join(desk.folder, '.planner-exec', 'planner-exec.db'))).toBe(true)
    })
  })
})
