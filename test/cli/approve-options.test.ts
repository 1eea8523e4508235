import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { answerCommand } from '../../src/cli/commands/answer.ts'
import { perform } from '../../src/cli/perform.ts'
import { createProgram } from '../../src/cli/program.ts'
import type { Guard } from '../../src/index.ts'
import { append, planOf } from '../support/controller-plans.ts'
import { endOf, eventsOf, GOAL, linesOf, only, openRig } from '../support/controller-rig.ts'
import { recordedIo } from './fixtures.ts'

const write = (id: string, path: string, dependsOn: string[] = []) => ({
  id,
  capability: 'fs.write.v1',
  args: { path, content: id, createDirs: true },
  dependsOn,
})

/** What another terminal in the workspace answers. */
async function answer(workspace: string, args: readonly string[], options: Readonly<Record<string, unknown>> = {}) {
  const { io, stdout, stderr } = recordedIo(workspace, [])
  const code = await perform(io, answerCommand, { command: 'approve', args, options }, { settings: [] })
  return { code, stdout: stdout(), stderr: stderr() }
}

describe('approve --for-run', () => {
  const plan = planOf([write('one', 'out/one.txt'), write('two', 'out/two.txt', ['one']), write('other', 'src/three.txt', ['two'])])

  async function parked() {
    const rig = await openRig({ asks: ['fs.write'], durable: true })
    const run = await rig.controller.start(GOAL, { plan })
    await run.outcome()
    return { ...rig, run }
  }

  it('lets what is like it run after the resume, and is asked about the rest', async () => {
    const { controller, run, workspace } = await parked()

    const { code, stdout } = await answer(workspace, [run.id, 'one'], { forRun: true, reason: 'mine' })
    const resumed = await controller.resume(run.id)
    await expect(resumed.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })

    expect([code, stdout]).toEqual([0, expect.stringContaining('action.approve one')])
    expect(only(await eventsOf(resumed), 'action.approved')).toMatchObject([{ actionId: 'one', scope: 'run', reason: 'mine' }])
    expect(controller.show(run.id).actions.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'awaitingApproval'])
  })

  it('is once without it', async () => {
    const { controller, run, workspace } = await parked()

    await answer(workspace, [run.id, 'one'])
    await (await controller.resume(run.id)).outcome()

    expect(controller.show(run.id).actions.map(({ state }) => state)).toEqual(['succeeded', 'awaitingApproval', 'pending'])
  })

  it.each([
    ['--for-run', '--suggested'],
    ['--edit', '{}', '--for-run'],
    ['--edit', '{}', '--suggested'],
  ])('is not mixed with other ways of approving: %s %s %s', async (...words) => {
    const program = createProgram(() => Promise.reject(new Error('no command was expected')))

    await expect(
      program.parseAsync(['approve', 'last', 'one', ...words.filter((word) => word !== undefined)], { from: 'user' }),
    ).rejects.toMatchObject({
      code: 'commander.conflictingOption',
    })
  })
})

describe('approve --suggested', () => {
  const plan = planOf([append('one')])

  it('takes up what the guard suggests, which is judged like any edit', async () => {
    const { controller: other } = await openRig({ asks: ['test.append'] })
    const guard: Guard = {
      ...other.guard,
      async judge(action, scope) {
        const verdict = await other.guard.judge(action, scope)
        return action.args['name'] === 'one' ? { ...verdict, suggestion: { name: 'milder' } } : { ...verdict, decision: 'allow' }
      },
      async admit(action, scope, approval) {
        const { digest, policyHash } = await other.guard.judge(action, scope)
        return other.guard.admit(action, scope, approval ?? { digest, policyHash, by: 'test', reason: null })
      },
    }
    const { controller, workspace } = await openRig({ guard, durable: true })
    const run = await controller.start(GOAL, { plan })
    await run.outcome()

    expect(await answer(workspace, [run.id, 'one'], { suggested: true })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('action.edit one'),
    })
    await endOf(await controller.resume(run.id))

    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['milder'])
  })

  it('says that there is nothing to take up', async () => {
    const { controller, workspace } = await openRig({ asks: ['test.append'], durable: true })
    const run = await controller.start(GOAL, { plan })
    await run.outcome()

    expect(await answer(workspace, [run.id, 'one'], { suggested: true })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('The guard has no suggestion for one.'),
    })
    expect(controller.show(run.id).actions[0]?.state).toBe('awaitingApproval')
  })
})
