import { describe, expect, it } from 'vitest'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { Log } from '../../src/index.ts'
import { carryOut, endOf, eventOf, eventsOf, failureOf, GOAL, inState, only, openRig, outcomes, waitingFor } from '../support/controller-rig.ts'
import { append, broken, echo, hold, planOf, scriptedOracle } from '../support/controller-plans.ts'

const twoEchoes = planOf([echo('one'), echo('two')])

describe('every parameter has an effect', () => {
  it('workflow_id names the run, and is refused when it was used before', async () => {
    const { controller, another } = await openRig()

    const { run } = await carryOut(controller, twoEchoes, { workflow_id: 'my-run_1' })

    expect(run.id).toBe('my-run_1')
    await expect((await another()).start({ ...GOAL, workflow_id: 'my-run_1' }, { plan: twoEchoes })).rejects.toMatchObject({ code: 'RUN_EXISTS' })
    expect(controller.list().map(({ runId }) => runId)).toEqual(['my-run_1'])
  })

  it('goal and workflow_type are what the oracle, the list and the report see', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])] })
    const { controller } = await openRig({ oracles: [oracle] })

    const run = await controller.start({ goal: '  Find it  ', workflow_type: 'research_and_planning' })
    const { report } = await endOf(run)

    expect(oracle.requests[0]).toMatchObject({ goal: 'Find it', workflowType: 'research_and_planning', maxSteps: 50 })
    expect(report).toMatchObject({ goal: 'Find it', workflowType: 'research_and_planning' })
    expect(controller.list()[0]).toMatchObject({ goal: 'Find it', workflowType: 'research_and_planning' })
  })

  it('max_steps refuses a longer plan before anything of it runs', async () => {
    const { controller, probe } = await openRig()

    const { result } = await carryOut(controller, twoEchoes, { max_steps: 1 })

    expect(result).toMatchObject({ status: 'failed', exitReason: 'plan_invalid', failure: { message: expect.stringContaining('E_TOO_MANY_STEPS') } })
    expect(probe.count('echo "one"')).toBe(0)
  })

  it('max_steps beyond the ceiling of the operator is refused', async () => {
    const { controller } = await openRig({ limits: { maxStepsCeiling: 5 } })

    const starting = controller.start({ ...GOAL, max_steps: 6 }, { plan: twoEchoes })

    await expect(starting).rejects.toMatchObject({ code: 'PARAMS_INVALID', message: expect.stringContaining('at most 5') })
    expect(controller.list()).toEqual([])
  })

  it('timeout_ms ends a run that takes longer, its action stopped', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, timeout_ms: 5_000 }, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await clock.advance(4_999)
    expect(controller.show(run.id).limits.ms[1]).toBe(5_000)
    await clock.advance(1)
    await probe.aborted('one')
    await clock.advance(10_000)

    await expect(run.result()).resolves.toMatchObject({
      status: 'failed',
      exitReason: 'time_limit',
      failure: { code: 'TIMEOUT', hint: expect.stringContaining('timeout_ms') },
    })
  })

  it('context reaches the oracle as it was given', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])] })
    const { controller } = await openRig({ oracles: [oracle] })
    const context = { ticket: 17, hints: ['a', { b: null }] }

    await (await controller.start({ ...GOAL, context })).result()

    expect(oracle.requests[0]?.context).toEqual(context)
  })

  it('allowed_capabilities denies every other capability, whatever the policy allows', async () => {
    const { controller } = await openRig()
    const plan = planOf([echo('one')])

    const denied = await carryOut(controller, plan, { allowed_capabilities: ['fs.read.v1'] })
    const allowed = await carryOut(controller, plan, { allowed_capabilities: ['test.echo.v1'] })

    expect(denied.result).toMatchObject({ exitReason: 'plan_invalid', failure: { message: expect.stringContaining('E_CAPABILITY_DENIED') } })
    expect(allowed.result.status).toBe('completed')
  })

  it('allowed_capabilities widens nothing that the policy denies', async () => {
    const { controller } = await openRig({ denies: ['test.echo'] })

    const { result } = await carryOut(controller, planOf([echo('one')]), { allowed_capabilities: ['test.echo.v1'] })

    expect(result.exitReason).toBe('plan_invalid')
  })

  it('max_fs_operations stops the action that would pass it', async () => {
    const { controller } = await openRig()
    const stat = (id: string, dependsOn: readonly string[] = []) => ({ id, capability: 'fs.stat.v1', args: { path: id }, dependsOn: [...dependsOn] })

    const { events } = await carryOut(controller, planOf([stat('one'), stat('two', ['one']), stat('three', ['two'])]), {
      resource_limits: { max_fs_operations: 2 },
    })

    expect(outcomes(events)).toEqual({ one: 'succeeded', two: 'succeeded', three: 'failed' })
    expect(failureOf(events, 'three')).toMatchObject({ code: 'RESOURCE_LIMIT', hint: expect.stringContaining('max_fs_operations') })
  })

  it('max_network_requests stops the action that would pass it', async () => {
    const { controller } = await openRig()
    const step = { id: 'one', capability: 'test.network.v1', args: { requests: 3 } }

    const over = await carryOut(controller, planOf([step]), { resource_limits: { max_network_requests: 2 } })
    const within = await carryOut(controller, planOf([step]), { resource_limits: { max_network_requests: 3 } })

    expect(failureOf(over.events, 'one')?.code).toBe('RESOURCE_LIMIT')
    expect(within.result.usage.networkRequests).toBe(3)
  })

  it.each([1, 2, 3])('max_parallel_executions %i lets exactly as many independent actions overlap', async (parallel) => {
    const { controller, probe } = await openRig()
    const ids = ['a', 'b', 'c', 'd']
    const run = await controller.start(
      { ...GOAL, resource_limits: { max_parallel_executions: parallel } },
      { plan: planOf(ids.map((id) => hold(id))) },
    )

    await Promise.all(ids.slice(0, parallel).map((id) => probe.begun(id)))
    expect(probe.peak()).toBe(parallel)
    for (const id of ids) probe.release(id)
    await run.result()

    expect(probe.peak()).toBe(parallel)
  })

  it('max_memory_mb and max_cpu_seconds reach every action', async () => {
    const { controller, probe } = await openRig()

    await carryOut(controller, planOf([echo('one')]), { resource_limits: { max_memory_mb: 64, max_cpu_seconds: 7 } })

    expect(probe.contexts[0]?.limits).toMatchObject({ max_memory_mb: 64, max_cpu_seconds: 7 })
  })

  it.each([
    ['quiet', { told: [], whispered: [] }],
    ['normal', { told: ['run.settled'], whispered: ['state.changed'] }],
    ['verbose', { told: ['run.settled', 'state.changed'], whispered: [] }],
    ['debug', { told: ['run.settled', 'state.changed'], whispered: [] }],
  ] as const)('verbosity %s decides how much of the run is logged', async (verbosity, expected) => {
    const lines = { info: new Set<string>(), debug: new Set<string>() }
    const note = (level: 'info' | 'debug') => (_: object, message: string) => void lines[level].add(message)
    const log: Log = { debug: note('debug'), info: note('info'), warn: () => {}, error: () => {} }
    const { controller } = await openRig({ log })

    await carryOut(controller, planOf([echo('one')]), { preferences: { verbosity } })

    const among = (messages: ReadonlySet<string>) => ['run.settled', 'state.changed'].filter((message) => messages.has(message))
    expect({ told: among(lines.info), whispered: among(lines.debug) }).toEqual(expected)
  })

  it('interactive waits for the person at the terminal; otherwise the run parks', async () => {
    const { controller } = await openRig({ asks: ['test.append'] })
    const plan = planOf([append('one')])

    const attended = await controller.start({ ...GOAL, preferences: { interactive: true } }, { plan })
    await waitingFor(attended, 'one')
    await attended.request({ type: 'action.approve', actionId: 'one' })
    await expect(attended.result()).resolves.toMatchObject({ status: 'completed' })

    const alone = await controller.start({ ...GOAL, preferences: { interactive: false } }, { plan })
    await expect(alone.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
  })

  it('continue_on_error goes on with what does not depend on the failure', async () => {
    const plan = planOf([broken('bad'), echo('after', { dependsOn: ['bad'] }), hold('slow'), echo('late', { dependsOn: ['slow'] })], {
      successCriteria: [{ kind: 'stepSucceeded', step: 'late' }],
    })
    const outcomeWith = async (continueOnError: boolean) => {
      const { controller, probe } = await openRig()
      const run = await controller.start({ ...GOAL, preferences: { continue_on_error: continueOnError } }, { plan })
      await eventOf(run, 'action.settled', ({ actionId }) => actionId === 'bad')
      probe.release('slow')
      const { result } = await endOf(run)
      return { result, outcomes: outcomes(await eventsOf(run)) }
    }

    const stopped = await outcomeWith(false)
    const continued = await outcomeWith(true)

    expect(stopped).toMatchObject({ result: { status: 'failed', exitReason: 'action_failed' }, outcomes: { bad: 'failed', slow: 'succeeded' } })
    expect(stopped.outcomes).not.toHaveProperty('late')
    expect(continued).toMatchObject({ result: { status: 'completed' }, outcomes: { bad: 'failed', slow: 'succeeded', late: 'succeeded' } })
  })

  it('stall_detection_ms is the silence after which a stall is found; heartbeats break the silence', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, preferences: { stall_detection_ms: 5_000 } }, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    for (const _ of [1, 2, 3]) {
      await clock.advance(4_999)
      probe.beat('one')
    }
    await clock.advance(4_999)
    expect(only(controller.events(run.id), 'run.stalled')).toEqual([])
    await clock.advance(1)

    await expect(eventOf(run, 'run.stalled')).resolves.toMatchObject({ cause: 'silence' })
    probe.release('one')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it.each([
    [true, 'stalled.awaitingPerson'],
    [false, 'stalled'],
  ] as const)('auto_escalation %s decides whether a stall that nothing helps goes to a person', async (autoEscalation, found) => {
    const oracle = scriptedOracle({ drafts: [new Error('no connection')] })
    const { controller } = await openRig({ oracles: [oracle] })

    const run = await controller.start({ ...GOAL, preferences: { auto_escalation: autoEscalation } }, { person: 'here' })

    if (autoEscalation) {
      await inState(run, `open.active.${found}`)
      await run.request({ type: 'intervention.choose', option: 'fail' })
    }
    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'unplannable' })
    expect(only(await eventsOf(run), 'run.stalled')).toMatchObject([{ cause: 'oracle', detail: 'no connection' }])
  })

  it('user_intervention_timeout_s bounds the wait for a person', async () => {
    const clock = createSimulatedClock()
    const oracle = scriptedOracle({ drafts: [new Error('no connection')] })
    const { controller } = await openRig({ clock, oracles: [oracle] })
    const run = await controller.start({ ...GOAL, preferences: { user_intervention_timeout_s: 7 } }, { person: 'here' })
    await inState(run, 'open.active.stalled.awaitingPerson')

    await clock.advance(6_999)
    expect(controller.show(run.id).state).toBe('open.active.stalled.awaitingPerson')
    await clock.advance(1)

    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'intervention_timeout' })
  })
})

describe('bad parameters', () => {
  it('start nothing, and tell every problem with its path, what was given and what is allowed', async () => {
    const { controller } = await openRig()

    const starting = controller.start({ goal: '', max_steps: 2000, preferences: { verbosity: 'loud' } } as never)

    await expect(starting).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
      details: expect.arrayContaining([
        expect.objectContaining({ path: 'goal', given: '""', problem: 'must not be empty' }),
        expect.objectContaining({ path: 'max_steps', given: '2000' }),
        expect.objectContaining({ path: 'preferences.verbosity', given: '"loud"' }),
      ]),
    })
    expect(controller.list()).toEqual([])
  })

  it('are told before a bad plan is', async () => {
    const { controller } = await openRig()

    await expect(controller.start({ goal: 'g' }, { plan: { version: 1, steps: 'none' } })).rejects.toMatchObject({ code: 'PLAN_INVALID' })
    await expect(controller.start({ goal: '' }, { plan: { version: 1, steps: 'none' } })).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
    expect(controller.list()).toEqual([])
  })

  it('a goal in another script, of 10 000 characters, comes through whole', async () => {
    const { controller } = await openRig()
    const goal = '分析这个代码库'.repeat(1_500).slice(0, 10_000)

    const { report } = await carryOut(controller, twoEchoes, { goal })

    expect(report.goal).toBe(goal)
    expect(controller.list()[0]?.goal).toBe(goal)
  })
})
