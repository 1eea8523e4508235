import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMemoryJournal, type Controller } from '../../src/index.ts'
import { append, echo, flaky, hold, planOf } from '../support/controller-plans.ts'
import { endOf, eventOf, eventsOf, GOAL, inState, linesOf, only, openRig, outcomes, present, waitingFor } from '../support/controller-rig.ts'

const holdWrite = (id: string, dependsOn: readonly string[] = []) => ({
  id,
  capability: 'test.holdwrite.v1',
  args: { name: id },
  dependsOn: [...dependsOn],
})
const settledAt = (controller: Controller, runId: string, actionId: string) =>
  present(only(controller.events(runId), 'action.settled').find((event) => event.actionId === actionId)).seq
const startedAt = (controller: Controller, runId: string, actionId: string) =>
  present(only(controller.events(runId), 'action.started').find((event) => event.actionId === actionId)).seq

describe('a fork', () => {
  it('keeps what had ended, does the rest, and leaves the source as it is', async () => {
    const { controller, probe, workspace } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([append('one'), append('two', { dependsOn: ['one'] })]) })
    await run.result()
    const before = controller.events(run.id)

    const forked = await controller.fork(run.id, settledAt(controller, run.id, 'one'))
    const fork = await controller.resume(forked.runId)
    const { result, report } = await endOf(fork)

    expect(result).toMatchObject({ status: 'completed', runId: forked.runId })
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['one', 'two', 'two'])
    expect(probe.count('one')).toBe(1)
    expect(report).toMatchObject({ runId: forked.runId })
    expect(outcomes(await eventsOf(fork))).toEqual({ one: 'succeeded', two: 'succeeded' })
    expect(controller.events(run.id)).toEqual(before)
    expect(new Set(probe.contexts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3)
  })

  it('is parked, with the id, the time and the records of its own', async () => {
    const { controller } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one'), echo('two', { dependsOn: ['one'] })]) })
    await run.result()
    const seq = settledAt(controller, run.id, 'one')

    const forked = await controller.fork(run.id, seq)

    expect(forked).toEqual({ runId: expect.not.stringContaining(run.id), from: { runId: run.id, seq }, repeated: [], inDoubt: [] })
    expect(controller.stateAt(forked.runId)).toMatchObject({ owned: false, lastSeq: seq + 1, lastRecord: { kind: 'parked', what: 'forked' } })
    expect(controller.events(forked.runId).every(({ runId }) => runId === forked.runId)).toBe(true)
    expect(controller.list().map(({ runId, finished }) => [runId, finished])).toContainEqual([forked.runId, false])
  })

  it('begins an attempt again that was under way, when its effect is repeatable', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    const seq = controller.show(run.id).lastSeq

    const forked = await controller.fork(run.id, seq)
    const fork = await controller.resume(forked.runId)
    await probe.begun('one', 2)
    probe.release('one')

    expect(forked).toMatchObject({ repeated: ['one'], inDoubt: [] })
    await expect(fork.result()).resolves.toMatchObject({ status: 'completed' })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('one')).toBe(2)
  })

  it('leaves an effect in doubt that was under way and cannot be repeated, until a person settles it', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([holdWrite('one'), echo('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')
    const seq = controller.show(run.id).lastSeq
    probe.release('one')
    await run.result()

    const forked = await controller.fork(run.id, seq)
    const parked = await controller.resume(forked.runId)
    await expect(parked.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    expect(controller.show(forked.runId).actions[0]).toMatchObject({ state: 'inDoubt.awaitingPerson' })
    await controller.request(forked.runId, { type: 'action.resolve', actionId: 'one', resolution: 'happened' })
    const { result } = await endOf(await controller.resume(forked.runId))

    expect(forked).toMatchObject({ repeated: [], inDoubt: ['one'] })
    expect(result.status).toBe('completed')
    expect(probe.count('one')).toBe(1)
  })

  it('asks again for what was approved for the source, and takes no answer that was meant for it', async () => {
    const { controller, workspace } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')
    const { digest, seq } = present(only(controller.events(run.id), 'action.waiting')[0])
    await run.request({ type: 'action.approve', actionId: 'one' })
    await run.result()

    for (const at of [seq, seq + 1]) {
      const { runId } = await controller.fork(run.id, at)
      await (await controller.resume(runId)).outcome()
      const [action] = controller.show(runId).actions
      expect(action).toMatchObject({ state: 'awaitingApproval' })
      expect(action?.digest).not.toBe(digest)
      await expect(controller.request(runId, { type: 'action.approve', actionId: 'one', digest: digest ?? '' })).rejects.toMatchObject({
        code: 'APPROVAL_STALE',
      })
      await controller.request(runId, { type: 'action.approve', actionId: 'one' })
      await endOf(await controller.resume(runId))
    }

    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['one', 'one', 'one'])
  })

  it('asks again for an approved attempt that was under way', async () => {
    const { controller, probe } = await openRig({ asks: ['test.hold'] })
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]), person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'action.approve', actionId: 'one' })
    await probe.begun('one')

    const { runId, repeated } = await controller.fork(run.id, controller.show(run.id).lastSeq)
    await (await controller.resume(runId)).outcome()

    expect(repeated).toEqual(['one'])
    expect(controller.show(runId).actions[0]).toMatchObject({ state: 'awaitingApproval' })
    expect(probe.count('one')).toBe(1)
  })

  it('stays paused where the source was paused, and does not take its waiting requests along', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await run.request({ type: 'run.pause', mode: 'abort' })
    await inState(run, 'open.paused')
    await run.interrupt()
    await controller.request(run.id, { type: 'run.resume' })

    const { runId } = await controller.fork(run.id, controller.show(run.id).lastSeq)
    await expect((await controller.resume(runId)).outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })

    expect(controller.show(runId).state).toBe('open.paused')
  })

  it('can be made at every record before the end, goes on from there, and replays', async () => {
    const { controller, probe, workspace } = await openRig({ asks: ['test.append'] })
    const plan = planOf([flaky('one', 1), append('two', { dependsOn: ['one'] }), echo('three', { dependsOn: ['two'] })])
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'two')
    await run.request({ type: 'action.approve', actionId: 'two' })
    await run.result()
    const { seq: end } = await eventOf(run, 'run.settled')
    const appended = settledAt(controller, run.id, 'two')
    const begun = startedAt(controller, run.id, 'two')

    for (let seq = 0; seq < end; seq++) {
      const before = (await linesOf(join(workspace, 'log.txt'))).length
      const { runId, inDoubt } = await controller.fork(run.id, seq)
      let outcome = await (await controller.resume(runId)).outcome()
      for (let answers = 0; outcome.kind === 'parked' && answers < 2; answers++) {
        await controller.request(
          runId,
          inDoubt.length > 0 ? { type: 'action.resolve', actionId: 'two', resolution: 'happened' } : { type: 'action.approve', actionId: 'two' },
        )
        outcome = await (await controller.resume(runId)).outcome()
      }
      expect(outcome, `forked at ${seq}`).toMatchObject({ kind: 'settled', result: { status: 'completed' } })
      expect((await linesOf(join(workspace, 'log.txt'))).length - before, `forked at ${seq}`).toBe(seq < begun ? 1 : 0)
      expect(inDoubt).toEqual(seq >= begun && seq < appended ? ['two'] : [])
      expect(controller.stateAt(runId)).toMatchObject({ summary: { finished: true } })
    }
    expect(probe.count('one')).toBeGreaterThan(2)
  }, 60_000)

  it('has what another terminal had asked of the source, not the request itself', async () => {
    const { controller } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one'), echo('two', { dependsOn: ['one'] })]) })
    await run.outcome()
    await controller.request(run.id, { type: 'action.approve', actionId: 'one' })
    await endOf(await controller.resume(run.id))

    const { runId } = await controller.fork(run.id, settledAt(controller, run.id, 'one'))

    expect(controller.stateAt(runId).actions[0]).toMatchObject({ state: 'succeeded' })
    await expect((await controller.resume(runId)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('can be forked again', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), hold('two')]) })
    await Promise.all([probe.begun('one'), probe.begun('two')])
    const first = await controller.fork(run.id, controller.show(run.id).lastSeq)

    const second = await controller.fork(first.runId, controller.stateAt(first.runId).lastSeq)
    probe.release('one')
    probe.release('two')

    await expect((await controller.resume(second.runId)).result()).resolves.toMatchObject({ status: 'completed', runId: second.runId })
  })

  it('is refused at the end of a run, and at a record that is none', async () => {
    const { controller } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]) })
    await run.result()
    const { lastSeq } = controller.show(run.id)

    await expect(controller.fork(run.id, lastSeq)).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await expect(controller.fork(run.id, lastSeq + 1)).rejects.toMatchObject({ code: 'USAGE' })
    await expect(controller.fork('nobody', 0)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    expect(controller.list()).toHaveLength(1)
  })

  it('that cannot be written leaves no run behind', async () => {
    const journal = createMemoryJournal()
    const { controller, another } = await openRig({ journal })
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]) })
    await run.result()
    const full = await another({ journal: { ...journal, commit: () => Promise.reject(new Error('full')) } })

    await expect(full.fork(run.id, 2)).rejects.toThrow('full')

    expect(controller.list().map(({ runId }) => runId)).toEqual([run.id])
  })
})
