import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Guard } from '../../src/index.ts'
import {
  carryOut,
  endOf,
  eventOf,
  eventsOf,
  failureOf,
  GOAL,
  inState,
  linesOf,
  only,
  openRig,
  outcomes,
  present,
  waitingFor,
} from '../support/controller-rig.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { append, echo, flaky, hold, planOf } from '../support/controller-plans.ts'

const ASKS = { asks: ['test.append'], durable: true }
const twoAppends = planOf([append('one'), append('two')], { successCriteria: [{ kind: 'stepSucceeded', step: 'one' }] })

describe('two actions that wait for approval, answered from a second terminal', () => {
  it.each([
    ['the approval comes first', ['approve', 'reject'] as const],
    ['the rejection comes first', ['reject', 'approve'] as const],
  ])('runs the approved one, reports the other and ends, when %s', async (_, order) => {
    const { controller, another, workspace } = await openRig(ASKS)
    const terminal = await another()
    const run = await controller.start(GOAL, { plan: twoAppends, person: 'here' })
    await waitingFor(run, 'one', 'two')

    for (const answer of order) {
      const actionId = answer === 'approve' ? 'one' : 'two'
      await expect(terminal.request(run.id, { type: `action.${answer}`, actionId, by: 'second terminal', reason: 'I looked' })).resolves.toBe(
        'applied',
      )
    }
    const { result, report } = await endOf(run)

    expect(result).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['one'])
    expect(outcomes(await eventsOf(run))).toEqual({ one: 'succeeded', two: 'denied' })
    expect(report.actions.find(({ stepId }) => stepId === 'two')?.result).toMatchObject({
      outcome: 'denied',
      failure: { code: 'PERSON_REJECTED', message: 'second terminal rejected the action: I looked' },
    })
  })
})

describe('an approval', () => {
  it('is for the digest that was looked at; another one is refused as stale', async () => {
    const { controller } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')

    const stale = run.request({ type: 'action.approve', actionId: 'one', digest: 'f'.repeat(64) })

    await expect(stale).rejects.toMatchObject({ code: 'APPROVAL_STALE' })
    await expect(
      controller.request(run.id, { type: 'action.approve', actionId: 'one', digest: present(controller.show(run.id).actions[0]?.digest) }),
    ).resolves.toBe('applied')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('of edited arguments is asked for again: what runs is what was approved last', async () => {
    const { controller, workspace } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')
    const before = present(controller.show(run.id).actions[0]?.digest)

    await run.request({ type: 'action.edit', actionId: 'one', args: { name: 'edited' } })
    await eventOf(run, 'action.waiting', ({ digest }) => digest !== before)
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual([])
    await expect(run.request({ type: 'action.approve', actionId: 'one', digest: before })).rejects.toMatchObject({ code: 'APPROVAL_STALE' })
    await run.request({ type: 'action.approve', actionId: 'one' })
    const { result } = await endOf(run)

    expect(result.status).toBe('completed')
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['edited'])
    expect(only(await eventsOf(run), 'action.judged').map(({ decision }) => decision)).toEqual(['ask', 'ask'])
  })

  it('of arguments that were edited into what the policy forbids never comes to be', async () => {
    const { controller } = await openRig({ asks: ['fs.write'] })
    const run = await controller.start(GOAL, {
      plan: planOf([{ id: 'one', capability: 'fs.write.v1', args: { path: 'a.txt', content: 'x' } }]),
      person: 'here',
    })
    await waitingFor(run, 'one')

    await run.request({ type: 'action.edit', actionId: 'one', args: { path: '../outside.txt', content: 'x' } })
    await endOf(run)

    expect(failureOf(await eventsOf(run), 'one')?.code).toBe('GUARD_DENIED')
  })

  it('while the run is paused starts nothing until the run goes on', async () => {
    const { controller, another, probe } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'run.pause' })
    await inState(run, 'open.paused')

    const terminal = await another()
    await expect(terminal.request(run.id, { type: 'action.approve', actionId: 'one' })).resolves.toBe('applied')

    expect(controller.show(run.id)).toMatchObject({ state: 'open.paused', actions: [{ state: 'ready' }] })
    expect(probe.count('one')).toBe(0)
    await terminal.request(run.id, { type: 'run.resume' })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('one')).toBe(1)
  })
})

describe('instead of an approval', () => {
  it("a response stands in for the output, and is marked as a person's", async () => {
    const { controller, probe } = await openRig(ASKS)
    const plan = planOf([append('one'), echo('two', { args: { value: '${steps.one.output.times}' }, dependsOn: ['one'] })], {
      successCriteria: [{ kind: 'outputEquals', step: 'two', path: 'value', value: 7 }],
    })
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'one')

    await run.request({ type: 'action.respond', actionId: 'one', output: { name: 'by hand', times: 7 } })
    const { result, report } = await endOf(run)

    expect(result.exitReason).toBe('criteria_met')
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', provenance: 'person' })
    expect(probe.count('one')).toBe(0)
  })

  it('a skip leaves the action and its dependants out', async () => {
    const { controller, probe } = await openRig(ASKS)
    const plan = planOf([append('one'), echo('after', { dependsOn: ['one'] }), echo('apart')], {
      successCriteria: [{ kind: 'stepSucceeded', step: 'apart' }],
    })
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'one')

    await run.request({ type: 'action.skip', actionId: 'one' })
    const { result } = await endOf(run)

    expect(result.status).toBe('completed')
    expect(controller.show(run.id).actions.map(({ actionId, state }) => [actionId, state])).toEqual([
      ['one', 'skipped'],
      ['after', 'skipped'],
      ['apart', 'succeeded'],
    ])
    expect(probe.count('one')).toBe(0)
  })
})

describe('a run that nobody attends', () => {
  it('parks when only people can move it, and a resume applies what was answered meanwhile, in order, once', async () => {
    const { controller, another, workspace } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: twoAppends })

    await expect(run.outcome()).resolves.toEqual({ kind: 'parked', reason: 'needs-person', runId: run.id })
    await expect(run.result()).rejects.toMatchObject({ code: 'APPROVAL_MISSING', hint: expect.stringContaining('resume') })
    const terminal = await another()
    await expect(terminal.request(run.id, { type: 'action.edit', actionId: 'one', args: { name: 'uno' } })).resolves.toBe('queued')
    await expect(terminal.request(run.id, { type: 'action.reject', actionId: 'two' })).resolves.toBe('queued')
    const again = await terminal.resume(run.id)
    await expect(again.outcome()).resolves.toMatchObject({ kind: 'parked' })
    await terminal.request(run.id, { type: 'action.approve', actionId: 'one' })
    const { result } = await endOf(await terminal.resume(run.id))

    expect(result.status).toBe('completed')
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['uno'])
    expect(outcomes(controller.events(run.id))).toEqual({ one: 'succeeded', two: 'denied' })
  })

  it('goes on with independent work before it parks', async () => {
    const { controller } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: planOf([append('asked'), echo('free')]) })

    await run.outcome()

    expect(controller.show(run.id)).toMatchObject({
      state: 'open.active.executing.holding',
      needsPerson: 'asked (step asked) waits for an answer',
      owner: null,
      actions: [{ state: 'awaitingApproval' }, { state: 'succeeded' }],
    })
  })

  it('parks again after a resume whose only request was refused', async () => {
    const { controller, another } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: twoAppends })
    await run.outcome()
    await controller.request(run.id, { type: 'action.approve', actionId: 'one' })
    await controller.request(run.id, { type: 'action.approve', actionId: 'one' })
    const terminal = await another()

    const again = await terminal.resume(run.id)

    await expect(again.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    expect(outcomes(controller.events(run.id))).toEqual({ one: 'succeeded' })
  })

  it('ends without asking under `ask: deny`, and says why', async () => {
    const { controller } = await openRig({ ...ASKS, ask: 'deny' })

    const { events, result } = await carryOut(controller, planOf([append('one')]))

    expect(failureOf(events, 'one')).toMatchObject({ code: 'APPROVAL_MISSING' })
    expect(result).toMatchObject({ status: 'failed', exitReason: 'action_failed' })
  })

  it('that is resumed by somebody who says nobody is there parks rather than waits for ever', async () => {
    const { controller } = await openRig(ASKS)
    const run = await controller.start(GOAL, { plan: twoAppends })
    await run.outcome()

    const again = await controller.resume(run.id, { person: 'absent' })

    await expect(again.outcome()).resolves.toMatchObject({ kind: 'parked' })
  })
})

describe('an approval with a limit', () => {
  it('runs out by the clock on the wall, also while nobody owns the run', async () => {
    const clock = createSimulatedClock()
    const { controller } = await openRig({ ...ASKS, durable: false, clock, timeouts: { approvalMs: 60_000 } })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })
    await expect(run.outcome()).resolves.toMatchObject({ kind: 'parked' })

    await clock.advance(60_001)
    const again = await controller.resume(run.id, { person: 'here' })
    await clock.advance(0)

    await expect(again.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'action_failed', failure: { code: 'APPROVAL_TIMEOUT' } })
  })
})

describe('a run that is paused', () => {
  it('waits for actions that are under way, and starts no further ones', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), echo('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')

    await run.request({ type: 'run.pause' })
    probe.release('one')
    await inState(run, 'open.paused')

    expect(probe.count('echo "two"')).toBe(0)
    await run.request({ type: 'run.resume' })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('stops them at once when told to abort, and begins them again afterwards', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await run.request({ type: 'run.pause', mode: 'abort' })
    await probe.aborted('one')
    await inState(run, 'open.paused')
    await run.request({ type: 'run.resume' })
    await probe.begun('one', 2)
    probe.release('one')

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('refuses what it does not take, and says what it does', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await expect(run.request({ type: 'run.resume' })).rejects.toMatchObject({ code: 'EVENT_REFUSED', message: expect.stringContaining('run.pause') })
    await expect(run.request({ type: 'action.approve', actionId: 'one' })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('attempting.running'),
    })
    await expect(run.request({ type: 'action.approve', actionId: 'absent' })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('not under way'),
    })
    await run.request({ type: 'run.cancel' })
    await expect(run.result()).resolves.toMatchObject({ status: 'cancelled' })
  })
})

describe('the criteria of a plan', () => {
  it('learn nothing of files that the policy or the state folder keeps from actions', async () => {
    const { controller, workspace } = await openRig({ denies: ['fs.read(**/.env)'], durable: true })
    await writeFile(join(workspace, '.env'), 'KEY=abc')
    await writeFile(join(workspace, 'notes.txt'), 'KEY=abc')
    const matches = (path: string) => ({ kind: 'fileMatches' as const, path, pattern: 'KEY=a' })

    const { result } = await carryOut(
      controller,
      planOf([echo('one')], { successCriteria: [matches('notes.txt'), matches('.env'), { kind: 'fileExists', path: '.planner-exec/.gitignore' }] }),
    )

    expect(result.criteria.map(({ verdict }) => verdict)).toEqual(['met', 'unmet', 'unmet'])
  })
})

describe('an action that the guard changed', () => {
  it('is the changed one in every judgement after, also after a retry', async () => {
    const { controller: other } = await openRig()
    let judged = 0
    const guard: Guard = {
      ...other.guard,
      async judge(action, scope) {
        judged += 1
        const verdict = await other.guard.judge(action, scope)
        return { ...verdict, decision: judged === 1 ? 'modify' : verdict.decision }
      },
    }
    const { controller } = await openRig({ guard })

    const { result } = await carryOut(controller, planOf([flaky('one', 1)]))

    expect([result.status, judged]).toEqual(['completed', 3])
  })
})
