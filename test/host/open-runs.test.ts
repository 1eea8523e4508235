import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRuns } from '../../src/index.ts'
import { carryOut, GOAL, makeFolder, openRig, waitingFor } from '../support/controller-rig.ts'
import { append, echo, planOf } from '../support/controller-plans.ts'

const twoSteps = planOf([append('one'), echo('two', { dependsOn: ['one'] })])

describe('the runs of a store, opened to look and to steer', () => {
  it('are what the controller shows, and their requests reach the process that owns them', async () => {
    const { controller, workspace } = await openRig({ asks: ['test.append'], durable: true })
    const run = await controller.start(GOAL, { plan: twoSteps, person: 'here' })
    await waitingFor(run, 'one')
    const runs = await openRuns({ workspace })

    expect(runs.list()).toEqual(controller.list())
    expect(runs.show(run.id)).toEqual(controller.show(run.id))
    expect(runs.events(run.id)).toEqual(controller.events(run.id))
    await expect(runs.request(run.id, { type: 'action.approve', actionId: 'one' })).resolves.toBe('applied')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(runs.report(run.id)).toEqual(controller.report(run.id))
    await runs.close()
  })

  it('of a run that nobody owns take requests for its next resume, and refuse what it would not take', async () => {
    const { controller, workspace } = await openRig({ asks: ['test.append'], durable: true })
    const run = await controller.start(GOAL, { plan: twoSteps })
    await run.outcome()
    const runs = await openRuns({ workspace })

    await expect(runs.request(run.id, { type: 'run.resume' })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await expect(runs.request(run.id, { type: 'action.approve', actionId: 'one', digest: 'f'.repeat(64) })).rejects.toMatchObject({
      code: 'APPROVAL_STALE',
    })
    await expect(runs.request(run.id, { type: 'action.approve', actionId: 'one' })).resolves.toBe('queued')
    await runs.close()

    await expect((await controller.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('that have ended take nothing', async () => {
    const { controller, workspace } = await openRig({ durable: true })
    const { run } = await carryOut(controller, planOf([echo('one')]))
    const runs = await openRuns({ workspace })

    await expect(runs.request(run.id, { type: 'run.cancel' })).rejects.toMatchObject({ code: 'RUN_FINISHED' })
    await runs.close()
  })

  it('are not looked for behind a link in the workspace', async () => {
    const [workspace, elsewhere] = [await makeFolder(), await makeFolder()]
    await symlink(elsewhere, join(workspace, '.planner-exec'))

    await expect(openRuns({ workspace })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE', hint: expect.stringContaining('--state') })

    expect(await readdir(elsewhere)).toEqual([])
  })
})
