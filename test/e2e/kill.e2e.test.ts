import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { RunEvent } from '../../src/model/events.ts'
import type { Report } from '../../src/model/report.ts'
import type { Controller } from '../../src/controller.types.ts'
import { processesWith, recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { makeRepository, momentsIn, randomOf, runAndKill, type Moment } from '../support/e2e-kill.ts'

/** `E2E_KILLS=50` for the long form, `E2E_SEED=n` for other moments. */
const KILLS = Number(process.env['E2E_KILLS'] ?? 10)
const SEED = Number(process.env['E2E_SEED'] ?? 1)
const AT_ONCE = 2

vi.setConfig({ testTimeout: 60_000 + KILLS * 15_000 })

let shipped: Shipped
let folder = ''
let createController: (options: { workspace: string; state: string; policy?: string }) => Promise<Controller>

beforeAll(async () => {
  shipped = await shippedCli()
  folder = await mkdtemp(join(tmpdir(), 'planner-exec-kill-'))
  ;({ createController } = await import(/* @vite-ignore */ join(shipped.folder, 'dist', 'index.js')))
}, 60_000)
afterAll(async () => {
  await shipped.remove()
  await rm(folder, { recursive: true, force: true })
})

const COMPLETED = { code: 0, status: 'completed', reason: 'criteria_met' }
/** Makes the commands of this file's plans findable among the processes of this machine. */
const TOKEN = `kill-e2e-${process.pid}`

/** What a store says of its runs. */
interface Stored {
  readonly runs: readonly { readonly runId: string; readonly finished: boolean }[]
  readonly events: readonly RunEvent[]
  readonly report: Report | null
  /** How many records the last run has, each of them held against those before it. */
  readonly records: number
}

async function look(workspace: string, state: string): Promise<Stored> {
  const controller = await createController({ workspace, state })
  try {
    const runs = controller.list()
    const runId = runs[0]?.runId
    if (runId === undefined) return { runs, events: [], report: null, records: 0 }
    return { runs, events: controller.events(runId), report: controller.report(runId), records: controller.stateAt(runId).lastSeq + 1 }
  } finally {
    await controller.close()
  }
}

/** A report without what differs between two runs of the same: times, and what was used. */
function comparable(report: Report | null): unknown {
  if (report === null) return null
  const { startedAt: _at, durationMs: _ms, usage: _usage, ...rest } = report
  return { ...rest, actions: rest.actions.map(({ result, ...action }) => ({ ...action, result: result && { ...result, usage: null } })) }
}

/** Everything that was done twice, in words; nothing ought to be. */
function repetitions(events: readonly RunEvent[]): string[] {
  const said: string[] = []
  const settled = new Set<string>()
  for (const event of events) {
    if (event.type === 'action.settled' && settled.has(event.actionId)) said.push(`${event.actionId} settled again at ${event.seq}`)
    if ((event.type === 'action.started' || event.type === 'action.dispatched') && settled.has(event.actionId))
      said.push(`${event.actionId} ${event.type} again at ${event.seq}`)
    if (event.type === 'action.settled') settled.add(event.actionId)
  }
  return said
}

/** Runs `work` on each item, a few at a time. */
async function each<Item>(items: readonly Item[], work: (item: Item, index: number) => Promise<void>): Promise<void> {
  const left = [...items.entries()]
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

describe(`the default goal, killed ${KILLS} times`, () => {
  it('resumes to the report of a run that nobody disturbed, and repeats no finished action', async () => {
    const workspace = join(folder, 'repository')
    await makeRepository(workspace, 100)
    // The same id in a store of its own each time: digests are over it, too.
    await writeFile(join(folder, 'params.json'), JSON.stringify({ workflow_id: 'analysis' }))
    const run = (state: string, moment?: Moment) =>
      runAndKill([shipped.main, 'run', '--params', join(folder, 'params.json'), '--json', '--state', state], {
        cwd: workspace,
        ...(moment === undefined ? {} : { moment }),
      })
    const calm = join(folder, 'calm')
    const undisturbed = await run(calm)
    expect(undisturbed).toMatchObject({ code: 0, stderr: '' })
    const expected = comparable((await look(workspace, calm)).report)
    const tally = { killed: 0, beforeTheFirstRecord: 0, underWay: 0, afterTheEnd: 0, resumed: 0, recordsChecked: 0, repeated: 0 }

    await each(momentsIn(undisturbed, KILLS, randomOf(SEED)), async (planned, index) => {
      const state = join(folder, `state-${index}`)
      let moment = planned
      let killed = await run(state, moment)
      // The machine's speed varies; a run that was quicker than its killer does not count.
      while (!killed.wasKilled) {
        moment = { ...moment, ms: moment.ms * 0.8 }
        await rm(state, { recursive: true, force: true })
        killed = await run(state, moment)
      }
      tally.killed += 1
      const left = (await look(workspace, state)).runs[0]
      if (left === undefined) tally.beforeTheFirstRecord += 1
      else if (left.finished) tally.afterTheEnd += 1
      else tally.underWay += 1

      const again =
        left === undefined
          ? await run(state)
          : left.finished
            ? null
            : await runAndKill([shipped.main, 'resume', left.runId, '--json', '--state', state], { cwd: workspace })
      const stored = await look(workspace, state)

      const where = `killed ${Math.round(moment.ms)} ms after ${moment.after}: ${again?.stderr ?? ''}`
      const last = again === null ? null : recordsOf(again).at(-1)
      if (again !== null) expect({ where, code: again.code, status: last?.['status'], reason: last?.['exitReason'] }).toEqual({ where, ...COMPLETED })
      expect({ where, runs: stored.runs.length, report: comparable(stored.report) }).toEqual({ where, runs: 1, report: expected })
      const repeated = repetitions(stored.events)
      if (left !== undefined && again !== null) tally.resumed += 1
      tally.recordsChecked += stored.records
      tally.repeated += repeated.length
      expect({ where, repeated }).toEqual({ where, repeated: [] })
    })

    console.log(`kill -9: ${JSON.stringify({ ...tally, seed: SEED, undisturbedMs: Math.round(undisturbed.wallMs) })}`)
    expect(tally.underWay).toBeGreaterThan(KILLS / 3)
  })
})

describe('a plan whose steps cannot be repeated, killed', () => {
  it('does each of them once: what is in doubt waits for a person', async () => {
    const kills = Math.max(3, Math.round(KILLS / 3))
    const ids = ['one', 'two', 'three', 'four']
    const plan = {
      version: 1,
      steps: ids.map((id, at) => ({
        id,
        title: `Note ${id}`,
        capability: 'shell.exec.v1',
        args: { argv: ['sh', 'note.sh', id, TOKEN] },
        dependsOn: at === 0 ? [] : [ids[at - 1]],
      })),
      successCriteria: [{ kind: 'stepSucceeded', step: 'four' }],
    }
    await writeFile(join(folder, 'plan.json'), JSON.stringify(plan))
    await writeFile(join(folder, 'policy.yaml'), "version: 1\ndefaults: { shell.exec: allow, '*': deny }\n")
    const words = ['run', 'Take notes', '--plan', join(folder, 'plan.json'), '--policy', join(folder, 'policy.yaml'), '--json']
    const workspaceOf = async (name: string) => {
      const workspace = join(folder, name)
      await mkdir(workspace)
      await writeFile(join(workspace, 'note.sh'), 'sleep 0.1; echo "$1" >> log.txt; sleep 0.1\n')
      return workspace
    }
    const calm = await workspaceOf('notes-calm')
    const undisturbed = await runAndKill([shipped.main, ...words], { cwd: calm })
    expect(undisturbed).toMatchObject({ code: 0, stderr: '' })
    const tally = { killed: 0, resumed: 0, inDoubt: 0, filesChecked: 0, repeated: 0 }

    await each(momentsIn(undisturbed, kills, randomOf(SEED + 1)), async (moment, index) => {
      const workspace = await workspaceOf(`notes-${index}`)
      const cli = (...typed: string[]) => runAndKill([shipped.main, ...typed], { cwd: workspace })
      const killed = await runAndKill([shipped.main, ...words], { cwd: workspace, moment })
      if (killed.wasKilled) tally.killed += 1
      // The sandbox of the killed process goes with it; the kernel needs a moment.
      await vi.waitUntil(async () => (await processesWith(TOKEN)).length === 0, { timeout: 20_000 })

      const runId = String(recordsOf({ stdout: killed.stdout.slice(0, killed.stdout.lastIndexOf('\n') + 1) })[0]?.['runId'] ?? 'last')
      let resumed = killed.code === 0 ? killed : await cli('resume', runId, '--json')
      if (killed.code !== 0 && !resumed.stderr.includes('RUN_UNKNOWN')) tally.resumed += 1
      if (resumed.stderr.includes('RUN_UNKNOWN')) resumed = await cli(...words)
      // Killed between its last record and its last line: there is nothing left to go on with.
      const hadEnded = resumed.stderr.includes('RUN_FINISHED')
      if (hadEnded) expect(recordsOf(await cli('show', runId, '--json')).at(-1)).toMatchObject({ result: { status: 'completed' } })
      for (let asked = 0; resumed.code === 3 && asked < ids.length; asked += 1) {
        const waiting = recordsOf(resumed).findLast(({ type }) => type === 'action.waiting')
        const log = await readFile(join(workspace, 'log.txt'), 'utf8').catch(() => '')
        const id = String(waiting?.['actionId'])
        tally.inDoubt += 1
        const answered = await cli('resolve', runId, id, log.split('\n').includes(id) ? 'happened' : 'did-not')
        expect(answered).toMatchObject({ code: 0, stderr: '' })
        resumed = await cli('resume', runId, '--json')
      }

      const where = `killed ${Math.round(moment.ms)} ms after ${moment.after}\n${resumed.stdout.slice(-3_000)}\n${resumed.stderr}`
      const log = await readFile(join(workspace, 'log.txt'), 'utf8')
      const lines = log.trimEnd().split('\n')
      tally.filesChecked += 1
      tally.repeated += lines.length - new Set(lines).size
      expect({ where, code: resumed.code, log }).toEqual({ where, code: hadEnded ? 2 : 0, log: `${ids.join('\n')}\n` })
      expect(showsStack(resumed.stdout + resumed.stderr)).toBe(false)
    })

    console.log(`kill -9 of writes: ${JSON.stringify({ ...tally, of: kills })}`)
    expect(tally.killed).toBeGreaterThan(0)
  })
})
