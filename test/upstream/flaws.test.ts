/** The flaws that the upstream loop had (catalogued as 1 to 25; those of this list concern the controller), each shown to be impossible here. */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createRunner, defineCapability, type Oracle } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { deferred } from '../support/controller-deferred.ts'
import {
  carryOut,
  endOf,
  eventOf,
  eventsOf,
  failureOf,
  GOAL,
  inState,
  isOf,
  only,
  openRig,
  outcomes,
  present,
  waitingFor,
} from '../support/controller-rig.ts'
import { append, broken, echo, flaky, hold, planOf, scriptedOracle } from '../support/controller-plans.ts'

const HOUR_MS = 3_600_000
const chain = (count: number) => planOf(Array.from({ length: count }, (_, at) => echo(`s${at}`, at === 0 ? {} : { dependsOn: [`s${at - 1}`] })))

describe('time and progress', () => {
  it('flaw 1: time without progress is a stall, however often the run is looked at meanwhile', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, preferences: { stall_detection_ms: 10_000 } }, { plan: planOf([hold('silent')]) })
    await probe.begun('silent')

    for (const _ of Array.from({ length: 10 })) {
      controller.show(run.id)
      await clock.advance(1_000)
    }

    await expect(eventOf(run, 'run.stalled')).resolves.toMatchObject({ cause: 'silence' })
  })

  it('flaw 2: waiting costs nothing: no record, no step, no loop', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start(
      { ...GOAL, timeout_ms: HOUR_MS, preferences: { stall_detection_ms: HOUR_MS } },
      { plan: planOf([hold('slow', { timeoutMs: HOUR_MS })]) },
    )
    await probe.begun('slow')
    const before = controller.show(run.id)

    await clock.advance(HOUR_MS / 2)
    const after = controller.show(run.id)

    expect(after.lastSeq).toBe(before.lastSeq)
    expect(after.limits.steps).toEqual([1, 10])
    probe.release('slow')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('flaw 3: many quick steps beside a silent one are no stall', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const quick = Array.from({ length: 8 }, (_, at) => echo(`q${at}`))
    const run = await controller.start(GOAL, { plan: planOf([hold('slow'), ...quick]) })
    await eventOf(run, 'action.settled', ({ actionId }) => actionId === 'q7')
    await clock.advance(29_000)

    probe.release('slow')
    const { result } = await endOf(run)

    expect(result.status).toBe('completed')
    expect(only(await eventsOf(run), 'run.stalled')).toEqual([])
  })

  it('flaw 8: a hung process is killed by the timeout of its step, and the run goes on', async () => {
    const started: ReturnType<typeof spawn>[] = []
    const hang = defineCapability({
      name: 'test.hang.v1',
      title: 'Hang',
      description: 'Starts a process that never ends by itself.',
      args: z.strictObject({}),
      output: z.strictObject({}),
      effect: 'read',
      risk: 'low',
      needs: [],
      timeoutMs: 60_000,
      targets: () => [],
      run: async (_, { signal }) => {
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { signal, killSignal: 'SIGKILL', stdio: 'ignore' })
        started.push(child)
        await once(child, 'exit')
        return {}
      },
    })
    const { controller } = await openRig({ capabilities: [hang] })

    const plan = planOf([{ id: 'hangs', capability: 'test.hang.v1', timeoutMs: 200, retry: { maxRetries: 0 }, onFailure: 'skip' }])
    const { events } = await carryOut(controller, plan)

    expect(failureOf(events, 'hangs')).toMatchObject({ code: 'ACTION_TIMEOUT', message: expect.stringContaining('200 ms') })
    expect(started.map(({ signalCode, pid }) => [signalCode, typeof pid])).toEqual([['SIGKILL', 'number']])
  })

  it('flaw 8: an action that does not even listen is given up after the kill grace', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const plan = planOf([{ id: 'deaf', capability: 'test.deaf.v1', args: { name: 'deaf' }, timeoutMs: 2_000, retry: { maxRetries: 0 } }])
    const run = await controller.start(GOAL, { plan })
    await probe.begun('deaf')

    await clock.advance(2_999)
    expect(controller.show(run.id).actions[0]?.state).toBe('attempting.aborting')
    await clock.advance(1)

    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'action_failed', failure: { code: 'ACTION_TIMEOUT' } })
  })
})

describe('criteria and limits', () => {
  it('flaw 4: a run completes exactly when its criteria are met', async () => {
    const { controller } = await openRig()
    const wants = (value: string) => planOf([echo('one')], { successCriteria: [{ kind: 'outputEquals', step: 'one', path: 'value', value }] })

    const met = await carryOut(controller, wants('one'))
    const unmet = await carryOut(controller, wants('two'))

    expect(met.result).toMatchObject({
      status: 'completed',
      exitReason: 'criteria_met',
      criteria: [{ verdict: 'met', evidence: expect.stringContaining('"one"') }],
    })
    expect(unmet.result).toMatchObject({ status: 'failed', exitReason: 'criteria_unmet', criteria: [{ verdict: 'unmet' }] })
  })

  it.each([1, 2, 10])('flaw 5: a plan of %i actions completes with max_steps of just as many', async (count) => {
    const { controller } = await openRig()

    const { run, result } = await carryOut(controller, chain(count), { max_steps: count })

    expect(result.status).toBe('completed')
    expect(controller.show(run.id).limits.steps).toEqual([count, count])
  })

  it('flaw 5: pauses, retries and approvals use up no steps', async () => {
    const { controller } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(
      { ...GOAL, max_steps: 2 },
      { plan: planOf([flaky('retried', 2), append('asked', { dependsOn: ['retried'] })]), person: 'here' },
    )
    await waitingFor(run, 'asked')
    await run.request({ type: 'run.pause' })
    await run.request({ type: 'run.resume' })

    await run.request({ type: 'action.approve', actionId: 'asked' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(controller.show(run.id).limits.steps).toEqual([2, 2])
  })

  it('flaw 6: a run that reaches its end in its last millisecond has ended, not failed', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, max_steps: 1, timeout_ms: 1_000 }, { plan: planOf([hold('last')]) })
    await probe.begun('last')

    await clock.advance(999)
    probe.release('last')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    await clock.advance(HOUR_MS)

    expect(controller.show(run.id)).toMatchObject({ state: 'completed', result: { status: 'completed' } })
  })

  it('flaw 6: a run that has ended takes no further request, and stays as it ended', async () => {
    const { controller } = await openRig()
    const { run } = await carryOut(controller, planOf([broken('bad')]))

    await expect(run.request({ type: 'run.cancel' })).rejects.toMatchObject({ code: 'RUN_FINISHED' })
    await expect(controller.request(run.id, { type: 'run.cancel' })).rejects.toMatchObject({ code: 'RUN_FINISHED' })
    await expect(controller.resume(run.id)).rejects.toMatchObject({ code: 'RUN_FINISHED' })

    expect(controller.show(run.id)).toMatchObject({ state: 'failed', accepts: [] })
  })
})

describe('identity and control', () => {
  it('flaw 7: one id everywhere', async () => {
    const journal = createMemoryJournal()
    const { controller, probe } = await openRig({ journal })

    const { run, events, result, report } = await carryOut(controller, planOf([echo('one')]), { workflow_id: 'the-only-id' })

    const ids = [
      run.id,
      result.runId,
      report.runId,
      controller.show(run.id).summary.runId,
      ...events.map(({ runId }) => runId),
      ...controller.list().map(({ runId }) => runId),
    ]
    expect(new Set(ids)).toEqual(new Set(['the-only-id']))
    expect(probe.contexts[0]?.idempotencyKey).toMatch(/^the-only-id\//)
    expect(result.reportPath).toContain('the-only-id')
    const texts = journal.read('the-only-id').map((entry) => JSON.stringify(entry))
    expect(texts.flatMap((text) => [...text.matchAll(/"runId":"([^"]*)"/g)].map(([, id]) => id)).filter((id) => id !== 'the-only-id')).toEqual([])
  })

  it('flaw 9: pause, continue and cancel arrive from outside while an action runs', async () => {
    const { controller, another, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    const terminal = await another()

    await expect(terminal.request(run.id, { type: 'run.pause', mode: 'abort' })).resolves.toBe('applied')
    await inState(run, 'open.paused')
    await expect(terminal.request(run.id, { type: 'run.resume' })).resolves.toBe('applied')
    await probe.begun('one', 2)
    await expect(terminal.request(run.id, { type: 'run.cancel', reason: 'enough' })).resolves.toBe('applied')

    await expect(run.result()).resolves.toMatchObject({ status: 'cancelled', exitReason: 'cancelled' })
  })

  it('flaw 10: a paused run is quiet for as long as it takes, and its clock stands still', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, timeout_ms: 5_000 }, { plan: planOf([hold('one'), echo('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')
    await clock.advance(1_000)
    await run.request({ type: 'run.pause' })
    probe.release('one')
    await inState(run, 'open.paused')
    const before = controller.show(run.id)

    await clock.advance(24 * HOUR_MS)
    const after = controller.show(run.id)
    await run.request({ type: 'run.resume' })

    expect(after.lastSeq).toBe(before.lastSeq)
    expect(after.limits).toEqual(before.limits)
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(controller.show(run.id).limits.ms[0]).toBe(1_000)
  })

  it('flaw 11: a pause in planning comes back to planning, and asks for nothing twice that was answered', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])], question: { question: 'Which one?', choices: ['this', 'that'] } })
    const { controller } = await openRig({ oracles: [oracle] })
    const run = await controller.start(GOAL, { person: 'here' })
    await inState(run, 'open.active.planning.clarifying')

    await run.request({ type: 'run.pause' })
    await inState(run, 'open.paused')
    await run.request({ type: 'run.resume' })

    expect(controller.show(run.id)).toMatchObject({ state: 'open.active.planning.clarifying', question: 'Which one?' })
    await run.request({ type: 'goal.answer', text: 'that' })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(oracle.requests).toMatchObject([{ assumption: 'that' }])
  })

  it('flaw 11: a pause while a plan is drafted drafts again, with the evidence that was there', async () => {
    const [asked, answered] = [deferred<void>(), deferred<void>()]
    const script = scriptedOracle({ drafts: [planOf([echo('one')])], reads: [{ capability: 'fs.list.v1', args: {}, question: 'What is there?' }] })
    const oracle: Oracle = {
      ...script,
      async draft(request) {
        const draft = script.draft(request)
        asked.resolve()
        await answered.promise
        return draft
      },
    }
    const { controller } = await openRig({ oracles: [oracle] })
    const run = await controller.start(GOAL)
    await asked.promise

    await run.request({ type: 'run.pause' })
    await inState(run, 'open.paused')
    answered.resolve()
    await run.request({ type: 'run.resume' })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })

    const states = only(await eventsOf(run), 'state.changed').map(({ state }) => state)
    const drafting = 'open.active.planning.drafting'
    expect(states.slice(states.indexOf(drafting), states.lastIndexOf(drafting) + 1)).toEqual([drafting, 'open.paused', drafting])
    expect(states.filter((state) => state.endsWith('researching'))).toHaveLength(1)
    expect(script.requests.map(({ evidence }) => evidence.length)).toEqual([1, 1])
  })

  it('flaw 11: a second pause does no harm', async () => {
    const { controller } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'run.pause' })
    await inState(run, 'open.paused')

    await expect(run.request({ type: 'run.pause' })).rejects.toMatchObject({ code: 'EVENT_REFUSED', message: expect.stringContaining('run.resume') })

    expect(controller.show(run.id).state).toBe('open.paused')
  })
})

describe('failures', () => {
  it('flaw 14: what depends on a failed step is skipped, directly or not, and the report says because of what', async () => {
    const { controller, probe } = await openRig()
    const plan = planOf([broken('bad'), echo('child', { dependsOn: ['bad'] }), echo('grandchild', { dependsOn: ['child'] }), echo('apart')], {
      successCriteria: [{ kind: 'stepSucceeded', step: 'apart' }],
    })

    const { run, result, report } = await carryOut(controller, plan, { preferences: { continue_on_error: true } })

    expect(result.status).toBe('completed')
    expect(controller.show(run.id).actions.map(({ actionId, state }) => [actionId, state])).toEqual([
      ['bad', 'failed'],
      ['child', 'skipped'],
      ['grandchild', 'skipped'],
      ['apart', 'succeeded'],
    ])
    expect(report.actions.map(({ result: end }) => end?.failure?.code ?? null)).toEqual([
      'ACTION_FAILED',
      'DEPENDENCY_FAILED',
      'DEPENDENCY_FAILED',
      null,
    ])
    expect(report.notExamined).toContainEqual(expect.stringContaining('step grandchild was skipped: step child'))
    expect([probe.count('echo "child"'), probe.count('echo "grandchild"')]).toEqual([0, 0])
  })

  it('flaw 14: a failure is answered by another plan, as often as the limit says', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([broken('first')]), planOf([broken('second')]), planOf([echo('third')])] })
    const { controller } = await openRig({ oracles: [oracle] })

    const run = await controller.start(GOAL)
    const { result } = await endOf(run)

    expect(result.status).toBe('completed')
    expect(oracle.requests.map(({ replans, done }) => [replans, done.map(({ stepId }) => stepId)])).toEqual([
      [0, []],
      [1, ['first']],
      [2, ['first', 'second']],
    ])
  })

  it('flaw 14: replanning ends with its budget', async () => {
    const oracle = scriptedOracle({ drafts: Array.from({ length: 9 }, (_, at) => planOf([broken(`try${at}`)])) })
    const { controller } = await openRig({ oracles: [oracle], limits: { maxReplans: 2 }, ask: 'deny' })

    const run = await controller.start(GOAL)
    const { result } = await endOf(run)

    expect(result).toMatchObject({ status: 'failed', exitReason: 'action_failed' })
    expect(oracle.requests).toHaveLength(3)
  })

  it('flaw 15: a transient failure is retried with its back-off, counted truly, and forgotten when it succeeds', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const retry = { maxRetries: 3, backoff: 'exponential', baseDelayMs: 100, maxDelayMs: 30_000 } as const
    const run = await controller.start(GOAL, { plan: planOf([flaky('one', 2, { retry })]) })
    await probe.begun('one')

    await clock.advance(99)
    expect(probe.count('one')).toBe(1)
    await clock.advance(1)
    expect(probe.count('one')).toBe(2)
    await clock.advance(199)
    expect(probe.count('one')).toBe(2)
    await clock.advance(1)
    const { result, report } = await endOf(run)

    expect(probe.count('one')).toBe(3)
    expect(result.failure).toBe(null)
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', attempts: 3, failure: null })
    expect(only(await eventsOf(run), 'action.retrying').map(({ delayMs }) => delayMs)).toEqual([100, 200])
  })

  it('flaw 15: retries end with their number, and the cause is kept', async () => {
    const { controller, probe } = await openRig()

    const { events, result } = await carryOut(controller, planOf([flaky('one', 99)]))

    expect(probe.count('one')).toBe(4)
    expect(failureOf(events, 'one')).toMatchObject({ code: 'ACTION_TRANSIENT', message: 'one failed the 4th time' })
    expect(result.failure).toMatchObject({ message: 'one failed the 4th time' })
  })

  it('flaw 15: a permanent failure is not retried', async () => {
    const { controller, probe } = await openRig()

    const { events } = await carryOut(controller, planOf([broken('one')]))

    expect(probe.count('one')).toBe(1)
    expect(only(events, 'action.retrying')).toEqual([])
  })

  it('flaw 16: an oracle that throws while it looks at the goal ends the run as failed, with a report', async () => {
    const oracle = scriptedOracle({ drafts: [], clarify: () => Promise.reject(new Error('the oracle broke')) })
    const { controller } = await openRig({ oracles: [oracle] })

    const { result, report } = await endOf(await controller.start(GOAL))

    expect(result).toMatchObject({ status: 'failed', exitReason: 'goal_error', failure: { message: 'the oracle broke' } })
    expect(report).toMatchObject({ status: 'failed', summary: expect.stringMatching(/the oracle broke/i) })
  })

  it('flaw 16: an oracle that throws while it drafts is followed by the next one; after the last the run fails with a report', async () => {
    const bad = scriptedOracle({ drafts: [new Error('no connection')] }, 'bad')
    const good = scriptedOracle({ drafts: [planOf([echo('one')])] }, 'good')
    const both = await openRig({ oracles: [bad, good], ask: 'deny' })
    const alone = await openRig({ oracles: [bad], ask: 'deny' })

    const helped = await endOf(await both.controller.start(GOAL))
    const failed = await endOf(await alone.controller.start(GOAL))

    expect(helped).toMatchObject({ result: { status: 'completed' }, report: { planSource: 'good' } })
    expect(failed.result).toMatchObject({ status: 'failed', exitReason: 'unplannable' })
    expect(failed.report.summary).toMatch(/no connection/i)
  })

  it('flaw 17: what fails is told as failed, to the runner too', async () => {
    const { probe, workspace } = await openRig()
    const policy = join(workspace, 'policy.yaml')
    await writeFile(policy, `version: 1\ndefaults: { '*': allow }\n`)
    const text = { stdout: '', stderr: '' }

    const result = await createRunner().execute({ workspace, policy, capabilities: probe.capabilities, plan: planOf([broken('bad')]) }, GOAL, {
      stdout: (part) => void (text.stdout += part),
      stderr: (part) => void (text.stderr += part),
    })

    expect(result).toMatchObject({ status: 'error', exitCode: 1 })
    expect(text.stderr).toBe('ACTION_FAILED: bad failed the 1th time\n')
    expect(text.stdout).toContain('"outcome":"failed"')
  })
})

describe('planning', () => {
  it('flaw 18: research comes before planning, its evidence reaches the oracle and the report', async () => {
    const oracle = scriptedOracle({
      drafts: [planOf([echo('one')])],
      reads: [
        { capability: 'fs.read.v1', args: { path: 'notes.txt' }, question: 'What do the notes say?' },
        { capability: 'test.append.v1', args: { name: 'never' }, question: 'Can research write?' },
      ],
    })
    const { controller, workspace, probe } = await openRig({ oracles: [oracle] })
    await writeFile(join(workspace, 'notes.txt'), 'the launch code is blue')

    const run = await controller.start(GOAL)
    const { report } = await endOf(run)

    const states = only(await eventsOf(run), 'state.changed').map(({ state }) => state)
    expect(states.indexOf('open.active.planning.researching')).toBeGreaterThan(-1)
    expect(states.indexOf('open.active.planning.researching')).toBeLessThan(states.indexOf('open.active.planning.drafting'))
    expect(oracle.requests[0]?.evidence).toMatchObject([{ source: 'fs.read.v1 notes.txt', quote: expect.stringContaining('blue') }])
    expect(report.evidence).toHaveLength(1)
    expect(probe.count('never')).toBe(0)
  })

  it('flaw 18: objections change the plan', async () => {
    const twice = planOf([echo('one', { args: { value: 'same' } }), echo('two', { args: { value: 'same' } })])
    const once_ = planOf([echo('one', { args: { value: 'same' } })])
    const oracle = scriptedOracle({ drafts: [twice, once_] })
    const { controller } = await openRig({ oracles: [oracle] })

    const { report } = await endOf(await controller.start(GOAL))

    expect(oracle.requests[1]?.objections).toContainEqual(expect.stringContaining('Step two reads what one reads'))
    expect(report.actions.map(({ stepId }) => stepId)).toEqual(['one'])
  })

  it('flaw 18: findings of the validator change the plan', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([{ id: 'one', capability: 'test.ecko.v1' }]), planOf([echo('one')])] })
    const { controller } = await openRig({ oracles: [oracle] })

    const { result } = await endOf(await controller.start(GOAL))

    expect(result.status).toBe('completed')
    const told = [...(oracle.requests[1]?.objections ?? []), ...(oracle.requests[1]?.findings ?? []).map(({ message }) => message)]
    expect(told).toContainEqual(expect.stringContaining('test.ecko.v1'))
  })

  it('flaw 19: more ready steps than slots wait for a slot; that is no error', async () => {
    const { controller, probe } = await openRig()
    const ids = Array.from({ length: 9 }, (_, at) => `s${at}`)
    const run = await controller.start({ ...GOAL, resource_limits: { max_parallel_executions: 2 } }, { plan: planOf(ids.map((id) => hold(id))) })
    await Promise.all([probe.begun('s0'), probe.begun('s1')])

    for (const id of ids) probe.release(id)
    const { result } = await endOf(run)

    expect(result.status).toBe('completed')
    expect(probe.peak()).toBe(2)
    expect(Object.values(outcomes(await eventsOf(run)))).toEqual(ids.map(() => 'succeeded'))
  })

  it('flaw 20: a run is bounded by its parameters and by the policy together', async () => {
    const { controller, probe } = await openRig({ denies: ['test.network'] })
    const params = { allowed_capabilities: ['test.echo.v1', 'test.network.v1'] }

    const both = await carryOut(controller, planOf([echo('one')]), params)
    const byPolicy = await carryOut(controller, planOf([{ id: 'net', capability: 'test.network.v1', args: { requests: 1 } }]), params)
    const byParams = await carryOut(controller, planOf([hold('held')]), params)

    expect([both, byPolicy, byParams].map(({ result }) => result.exitReason)).toEqual(['criteria_met', 'plan_invalid', 'plan_invalid'])
    expect(probe.count('held')).toBe(0)
  })
})

describe('what is told', () => {
  it('flaw 21: a verdict comes with its rule and its reason, in events, in the journal and in the report', async () => {
    const journal = createMemoryJournal()
    const { controller } = await openRig({ journal, denies: ['fs.read(**/secret.txt)'], asks: ['fs.write'], ask: 'deny' })
    const plan = planOf([
      echo('path', { args: { value: 'secret.txt' } }),
      { id: 'peek', capability: 'fs.read.v1', args: { path: '${steps.path.output.value}' }, dependsOn: ['path'], onFailure: 'skip' },
      { id: 'write', capability: 'fs.write.v1', args: { path: 'a.txt', content: 'x' }, onFailure: 'skip' },
    ])

    const { run, events, report } = await carryOut(controller, plan)

    const judged = Object.fromEntries(
      only(events, 'action.judged').map(({ actionId, decision, ruleId, reason }) => [actionId, { decision, ruleId, reason }]),
    )
    expect(judged).toEqual({
      path: { decision: 'allow', ruleId: expect.stringContaining('default'), reason: expect.any(String) },
      peek: { decision: 'deny', ruleId: expect.stringContaining('rules'), reason: 'the test denies' },
      write: { decision: 'ask', ruleId: expect.stringContaining('rules'), reason: 'the test asks' },
    })
    expect(Object.fromEntries(report.actions.map(({ stepId, verdict }) => [stepId, verdict]))).toEqual(judged)
    expect(failureOf(events, 'peek')).toMatchObject({ code: 'GUARD_DENIED', message: expect.stringContaining('the test denies') })
    const recorded = journal
      .read(run.id)
      .map((entry) => JSON.stringify(entry))
      .join('\n')
    expect(recorded).toContain('the test denies')
    expect(recorded).toContain('the test asks')
  })

  it('flaw 23: the report says what was wanted, what happened, why it ended and how long it took, planning included', async () => {
    const clock = createSimulatedClock(1_000_000)
    const { controller, probe } = await openRig({ clock })
    const plan = planOf([hold('one'), broken('two', { dependsOn: ['one'] })], { assumptions: ['it is Tuesday'] })
    const run = await controller.start({ ...GOAL, workflow_type: 'research_and_planning' }, { plan })
    await probe.begun('one')
    await clock.advance(2_500)
    probe.release('one')

    const { report } = await endOf(run)

    expect(report).toMatchObject({
      version: 1,
      runId: run.id,
      goal: GOAL.goal,
      workflowType: 'research_and_planning',
      status: 'failed',
      exitReason: 'action_failed',
      failure: { code: 'ACTION_FAILED', hint: expect.any(String) },
      summary: expect.stringContaining('1 of 2 actions succeeded'),
      planSource: 'plan-file',
      assumptions: ['it is Tuesday'],
      startedAt: 1_000_000,
      durationMs: 2_500,
      actions: [
        {
          stepId: 'one',
          capability: 'test.hold.v1',
          verdict: { decision: 'allow' },
          result: { outcome: 'succeeded', attempts: 1, digest: expect.any(String) },
        },
        { stepId: 'two', verdict: { decision: 'allow' }, result: { outcome: 'failed', failure: { message: 'two failed the 1th time' } } },
      ],
      recommendations: expect.any(Array),
      usage: { wallMs: expect.any(Number) },
    })
  })

  it('flaw 24: a run that its process let go of goes on in another one, where it was', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const run = await controller.start(GOAL, {
      plan: planOf([echo('one'), hold('two', { dependsOn: ['one'] }), echo('three', { dependsOn: ['two'] })]),
    })
    await probe.begun('two')
    await controller.close()
    const events = await eventsOf(run)
    expect(isOf(present(events.at(-1)), 'run.parked')).toBe(true)

    probe.release('two')
    const { result } = await endOf(await (await another()).resume(run.id))

    expect(result.status).toBe('completed')
    expect(['echo "one"', 'two', 'echo "three"'].map(probe.count)).toEqual([1, 2, 1])
    expect(outcomes(events)).toEqual({ one: 'succeeded' })
  })
})
