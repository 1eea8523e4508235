import { describe, expect, it } from 'vitest'
import { checkRuns } from '../../src/cli/doctor/stored-runs.ts'
import { ControllerError, createMemoryJournal } from '../../src/index.ts'
import { echo, hold, planOf } from '../support/controller-plans.ts'
import { carryOut, GOAL, openRig } from '../support/controller-rig.ts'
import { asFirst, recordingJournal } from '../support/older-run.ts'

/** Three runs that ended, then one that did not, all of them sound. */
async function withRuns() {
  const recording = recordingJournal(createMemoryJournal())
  const rig = await openRig({ journal: recording.journal })
  const ended = []
  for (const name of ['one', 'two', 'three']) ended.push((await carryOut(rig.controller, planOf([echo(name)]))).run.id)
  const open = await rig.controller.start(GOAL, { plan: planOf([hold('four')]) })
  await rig.probe.begun('four')
  await open.interrupt()
  return { rig, ended, open: open.id, copyTo: recording.copyTo }
}

/** A clock that is so much later whenever it is looked at. */
const clockOf = (stepMs: number) => {
  let now = 0
  return () => (now += stepMs)
}

describe('the stored runs', () => {
  it('are well in one line when all of them are', async () => {
    const { rig } = await withRuns()

    await expect(checkRuns(rig.controller)).resolves.toEqual([
      { name: 'stored runs', status: 'ok', detail: '4, 1 unfinished; all would replay, and go on if they have not ended', remedy: null },
    ])
  })

  it('are none in a new store', async () => {
    const { controller } = await openRig()

    await expect(checkRuns(controller)).resolves.toEqual([{ name: 'stored runs', status: 'ok', detail: '0, 0 unfinished', remedy: null }])
  })

  it('are looked at for so long, the unfinished first, and the rest are counted', async () => {
    const { rig, open } = await withRuns()
    const looked: string[] = []
    const runs = {
      list: rig.controller.list,
      check: (runId: string) => {
        looked.push(runId)
        return rig.controller.check(runId)
      },
    }

    const [summary] = await checkRuns(runs, { lookMs: 1_000, now: clockOf(600) })

    expect(looked[0]).toBe(open)
    expect(looked).toHaveLength(2)
    expect(summary).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^4, 1 unfinished; all of the 2 looked at .*; 2 were not looked at for want of time$/),
    })
  })

  it('make a warning when there was no time for all that have not ended', async () => {
    const { rig } = await withRuns()
    await rig.controller.start(GOAL, { plan: planOf([hold('five')]) }).then((run) => run.interrupt())

    const [summary] = await checkRuns(rig.controller, { lookMs: 1_000, now: clockOf(2_000) })

    expect(summary).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('4 were not looked at'),
      remedy: expect.stringContaining('resume --all --dry-run'),
    })
  })

  it('that other statecharts wrote fail when they have not ended, and are a warning when they have', async () => {
    const { rig, open, ended, copyTo } = await withRuns()
    const journal = createMemoryJournal()
    await copyTo(journal, (entries) => entries.map(asFirst))
    const controller = await rig.another({ journal })

    const [summary, ...found] = await checkRuns(controller)

    expect(summary).toMatchObject({ status: 'ok' })
    expect(found[0]).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(new RegExp(`^${open} \\(open\\..*would neither replay nor go on: `)),
    })
    expect(found.slice(1).map(({ status }) => status)).toEqual(ended.map(() => 'warn'))
  })

  it('that are damaged fail, also when they have ended', async () => {
    const journal = createMemoryJournal()
    const rig = await openRig({ journal })
    const { run } = await carryOut(rig.controller, planOf([echo('one')]))
    const damaged = await rig.another({
      journal: {
        ...journal,
        read: () => {
          throw new ControllerError('JOURNAL_CORRUPT', `run ${run.id} is damaged at record 2`)
        },
      },
    })

    const [summary, ...found] = await checkRuns(damaged)

    expect(summary).toMatchObject({ status: 'ok', detail: expect.stringContaining('1, 0 unfinished') })
    expect(found).toEqual([
      {
        name: 'run',
        status: 'fail',
        detail: expect.stringMatching(new RegExp(`^${run.id} .*would not replay: .*record 2`)),
        remedy: expect.any(String),
      },
    ])
  })

  it('that go on at this very moment are well', async () => {
    const { rig, open } = await withRuns()
    const run = await rig.controller.resume(open)

    await expect(checkRuns(rig.controller)).resolves.toMatchObject([{ status: 'ok', detail: expect.stringContaining('all would replay') }])
    await run.interrupt()
  })

  it('that were removed meanwhile are nothing', async () => {
    const { rig } = await withRuns()
    const gone = { list: rig.controller.list, check: () => Promise.reject(new ControllerError('RUN_UNKNOWN', 'gone')) }

    await expect(checkRuns(gone)).resolves.toMatchObject([{ status: 'ok' }])
  })

  it('that cannot be listed fail with what to do', async () => {
    const { rig } = await withRuns()
    const list = () => {
      throw new ControllerError('JOURNAL_CORRUPT', 'the summaries are damaged')
    }

    await expect(checkRuns({ list, check: rig.controller.check })).resolves.toEqual([
      { name: 'stored runs', status: 'fail', detail: 'cannot be listed: the summaries are damaged', remedy: expect.stringContaining('backup') },
    ])
  })
})
