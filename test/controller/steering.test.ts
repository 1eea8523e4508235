import { describe, expect, it } from 'vitest'
import { Plan, type Run } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { endOf, eventOf, eventsOf, GOAL, inState, only, openRig, outcomes, present, waitingFor } from '../support/controller-rig.ts'
import { append, broken, echo, flaky, hold, planOf, scriptedOracle } from '../support/controller-plans.ts'

const HERE = { person: 'here', signOff: true } as const
const awaitsPerson = (run: Run) => inState(run, 'open.active.stalled.awaitingPerson')

describe('a plan that needs a signature', () => {
  it('runs once it is approved, and not before', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]), ...HERE })
    const { digest } = await eventOf(run, 'plan.awaitsSignOff')

    expect(controller.show(run.id)).toMatchObject({
      state: 'open.active.planning.signingOff',
      planDigest: digest,
      needsPerson: 'the plan waits for a signature',
      actions: [{ state: 'pending' }],
    })
    expect(probe.count('echo "one"')).toBe(0)
    await expect(run.request({ type: 'plan.approve', digest: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await run.request({ type: 'plan.approve', digest })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('that is edited is judged again, and signed as it then is', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]), ...HERE })
    const { digest } = await eventOf(run, 'plan.awaitsSignOff')

    await run.request({ type: 'plan.edit', plan: Plan.parse(planOf([echo('edited')])) })
    await eventOf(run, 'plan.awaitsSignOff', (event) => event.digest !== digest)
    await expect(run.request({ type: 'plan.approve', digest })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await run.request({ type: 'plan.approve' })
    const { report } = await endOf(run)

    expect(report).toMatchObject({ status: 'completed', planSource: 'person:person', actions: [{ stepId: 'edited' }] })
    expect(probe.count('echo "one"')).toBe(0)
  })

  it('that is edited into a bad one comes back with the findings, and cannot be approved', async () => {
    const { controller } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]), ...HERE })
    const { digest } = await eventOf(run, 'plan.awaitsSignOff')

    await run.request({ type: 'plan.edit', plan: Plan.parse(planOf([echo('one', { dependsOn: ['absent'] })])) })
    await eventOf(run, 'plan.awaitsSignOff', (event) => event.digest !== digest)

    expect(only(controller.events(run.id), 'plan.refused')).toMatchObject([{ reason: expect.stringContaining('E_UNKNOWN_DEP') }])
    expect(controller.show(run.id).accepts).not.toContain('plan.approve')
    await expect(run.request({ type: 'plan.approve' })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('plan.edit'),
    })
    await run.request({ type: 'plan.edit', plan: Plan.parse(planOf([echo('one')])) })
    await eventOf(run, 'plan.awaitsSignOff', (event) => event.digest === digest)
    await run.request({ type: 'plan.approve', digest })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('that is rejected is drafted again, until the repairs are used up', async () => {
    const oracle = scriptedOracle({ drafts: ['a', 'b', 'c', 'd'].map((id) => planOf([echo(id)])) })
    const { controller } = await openRig({ oracles: [oracle], limits: { maxRepairs: 1 } })
    const run = await controller.start(GOAL, HERE)
    const first = await eventOf(run, 'plan.awaitsSignOff')

    await run.request({ type: 'plan.reject', reason: 'not like this' })
    await eventOf(run, 'plan.awaitsSignOff', ({ digest }) => digest !== first.digest)
    await run.request({ type: 'plan.reject' })

    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'plan_rejected' })
    expect(oracle.requests).toHaveLength(2)
  })

  it('parks when nobody is there now, and can be signed from elsewhere', async () => {
    const { controller, another } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]), signOff: true })
    await expect(run.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    const terminal = await another()

    await expect(terminal.request(run.id, { type: 'plan.approve' })).resolves.toBe('queued')

    await expect((await terminal.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('ends at once when nobody will ever be there', async () => {
    const { controller } = await openRig()

    const run = await controller.start(GOAL, { plan: planOf([echo('one')]), signOff: true, person: 'absent' })

    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'nobody_there' })
  })

  it('shows no result of an earlier plan for a step of the same name', async () => {
    const oracle = scriptedOracle({
      drafts: [planOf([echo('same'), broken('bad', { dependsOn: ['same'] })]), planOf([echo('same', { args: { value: 'other' } })])],
    })
    const { controller } = await openRig({ oracles: [oracle] })
    const run = await controller.start(GOAL, HERE)
    const { digest } = await eventOf(run, 'plan.awaitsSignOff')
    await run.request({ type: 'plan.approve' })
    await eventOf(run, 'plan.awaitsSignOff', (event) => event.digest !== digest)

    expect(controller.show(run.id).actions).toMatchObject([{ actionId: 'same', state: 'pending', result: null, attempts: 0 }])
  })
})

describe('an ambiguous goal', () => {
  const question = { question: 'Which one?', choices: ['this', 'that'] }

  it('is a question, and the answer reaches the oracle', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])], question })
    const { controller } = await openRig({ oracles: [oracle] })
    const run = await controller.start(GOAL, { person: 'here' })
    await expect(eventOf(run, 'goal.needsAnswer')).resolves.toMatchObject(question)
    expect(controller.show(run.id)).toMatchObject({
      question: 'Which one?',
      needsPerson: 'Which one?',
      accepts: expect.arrayContaining(['goal.answer']),
    })

    await run.request({ type: 'goal.answer', text: 'that' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(oracle.requests).toMatchObject([{ assumption: 'that' }])
  })

  it('is read as its first meaning when nobody will ever be there', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])], question })
    const { controller } = await openRig({ oracles: [oracle] })

    const run = await controller.start(GOAL, { person: 'absent' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(oracle.requests).toMatchObject([{ assumption: 'this' }])
  })

  it('is no question any more once it was answered', async () => {
    const oracle = scriptedOracle({ drafts: [new Error('no connection')], question })
    const { controller } = await openRig({ oracles: [oracle] })
    const run = await controller.start(GOAL, { person: 'here' })
    await eventOf(run, 'goal.needsAnswer')
    await run.request({ type: 'goal.answer', text: 'that' })
    await awaitsPerson(run)

    expect(controller.show(run.id)).toMatchObject({ question: null, needsPerson: 'no connection' })
  })
})

describe('a run that is modified under way', () => {
  const begin = async (steps = [hold('one'), echo('two', { dependsOn: ['one'] })], params = {}) => {
    const rig = await openRig()
    const run = await rig.controller.start({ ...GOAL, ...params }, { plan: planOf(steps), person: 'here' })
    await rig.probe.begun('one')
    return { ...rig, run }
  }

  it('carries out a step that was added, and reports it as one of its own', async () => {
    const { run, probe } = await begin()

    await run.request({ type: 'run.modify', amendment: { addSteps: [{ title: 'step three', ...echo('three', { dependsOn: ['two'] }) }] } })
    probe.release('one')
    const { report } = await endOf(run)

    expect(only(await eventsOf(run), 'run.amended')).toMatchObject([{ accepted: true }])
    expect(report.actions).toMatchObject([
      { stepId: 'one' },
      { stepId: 'two' },
      { stepId: 'three', title: 'step three', capability: 'test.echo.v1', result: { outcome: 'succeeded' } },
    ])
  })

  it('does without a step that was removed', async () => {
    const { run, probe } = await begin()

    await run.request({ type: 'run.modify', amendment: { removeSteps: ['two'] } })
    probe.release('one')
    const { report } = await endOf(run)

    expect(report).toMatchObject({ status: 'completed', actions: [{ stepId: 'one' }] })
    expect(probe.count('echo "two"')).toBe(0)
  })

  it('keeps a step that is under way, and says that it cannot be removed', async () => {
    const { run, probe } = await begin()

    await run.request({ type: 'run.modify', amendment: { removeSteps: ['one'], addSteps: [] } })
    const amended = eventOf(run, 'run.amended')
    probe.release('one')

    await expect(amended).resolves.toMatchObject({ accepted: false, reason: expect.stringMatching(/E_LIVE_STEP_REMOVED|E_UNKNOWN_DEP/) })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('takes an output in place of a step that has not begun', async () => {
    const { run, probe } = await begin([
      hold('one'),
      echo('two', { dependsOn: ['one'] }),
      echo('three', { args: { value: '${steps.two.output.value}' }, dependsOn: ['two'] }),
    ])

    await run.request({ type: 'run.modify', amendment: { overrides: { two: { value: 'by hand' } } } })
    probe.release('one')
    const { report } = await endOf(run)

    expect(probe.count('echo "two"')).toBe(0)
    expect(probe.count('echo "by hand"')).toBe(1)
    expect(report.actions[1]).toMatchObject({ stepId: 'two', result: { outcome: 'succeeded', provenance: 'person' } })
  })

  it.each([
    ['a step that the plan does not have', { absent: { value: 1 } }, 'no step absent'],
    ['a step that has begun', { one: { value: 1 } }, 'one is live'],
  ])('takes no output in place of %s', async (_, overrides, message) => {
    const { run, probe } = await begin()

    await expect(run.request({ type: 'run.modify', amendment: { overrides } })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining(message),
    })

    probe.release('one')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('may take more steps when max_steps is raised, up to the ceiling of the operator', async () => {
    const { run, probe, controller } = await begin([hold('one')], { max_steps: 1 })
    const added = ['two', 'three'].map((id) => ({ title: id, ...echo(id) }))

    await expect(run.request({ type: 'run.modify', amendment: { maxSteps: 1001 } })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('1000'),
    })
    await run.request({ type: 'run.modify', amendment: { maxSteps: 3, addSteps: added } })
    probe.release('one')

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(controller.show(run.id).limits.steps).toEqual([3, 3])
  })

  it('refuses an amendment with findings, and goes on as it was', async () => {
    const { run, probe } = await begin()

    await run.request({ type: 'run.modify', amendment: { addSteps: [{ title: 'x', id: 'bad', capability: 'test.ecko.v1' }] } })
    const refused = eventOf(run, 'run.amended')
    probe.release('one')

    await expect(refused).resolves.toMatchObject({ accepted: false, reason: expect.stringContaining('E_UNKNOWN_CAPABILITY') })
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('refuses at once what is no amendment', async () => {
    const { run, probe } = await begin()

    await expect(run.request({ type: 'run.modify', amendment: { addSteps: [{ id: 'No Id' }] } })).rejects.toMatchObject({ code: 'PLAN_INVALID' })
    await expect(run.request({ type: 'run.modify', amendment: { removeSteps: ['absent'] } })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('absent'),
    })
    await expect(run.request({ type: 'run.modify', amendment: { colour: 'red' } } as never)).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      details: [expect.objectContaining({ path: 'amendment.colour' })],
    })
    probe.release('one')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('takes one amendment at a time: a second one would silently replace the first', async () => {
    const { run, probe } = await begin([hold('one'), echo('two', { dependsOn: ['one'] }), echo('three', { dependsOn: ['one'] })])
    await run.request({ type: 'run.pause' })
    probe.release('one')
    await inState(run, 'open.paused')

    await run.request({ type: 'run.modify', amendment: { removeSteps: ['two'] } })
    await expect(run.request({ type: 'run.modify', amendment: { removeSteps: ['three'] } })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('waiting to be judged'),
    })
    await run.request({ type: 'run.resume' })
    await run.result()

    expect([probe.count('echo "two"'), probe.count('echo "three"')]).toEqual([0, 1])
  })

  it('asks for a person when that is wanted', async () => {
    const { run, probe } = await begin()

    await run.request({ type: 'run.modify', amendment: { escalate: true } })

    await expect(eventOf(run, 'run.needsPerson')).resolves.toMatchObject({ cause: 'escalated' })
    await awaitsPerson(run)
    await run.request({ type: 'intervention.choose', option: 'continue' })
    probe.release('one')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('takes an amendment while it is paused, and acts on it when it goes on', async () => {
    const { run, probe } = await begin()
    await run.request({ type: 'run.pause' })
    probe.release('one')
    await inState(run, 'open.paused')

    await run.request({ type: 'run.modify', amendment: { removeSteps: ['two'] } })
    await run.request({ type: 'run.resume' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('echo "two"')).toBe(0)
  })
})

describe('a run that asks what to do', () => {
  /** With one slot, `later` has not begun when `one` fails. */
  const waitsForOne = planOf([broken('one', { onFailure: 'ask' }), echo('later')], { successCriteria: [{ kind: 'stepSucceeded', step: 'later' }] })
  const asking = async (
    drafts = [planOf([flaky('one', 1, { transient: false, onFailure: 'ask' }), echo('apart', { dependsOn: ['one'] })]), planOf([echo('other')])],
  ) => {
    const rig = await openRig({ oracles: [scriptedOracle({ drafts })] })
    const run = await rig.controller.start({ ...GOAL, resource_limits: { max_parallel_executions: 1 } }, { person: 'here' })
    await awaitsPerson(run)
    return { ...rig, run }
  }

  it('offers exactly what it takes', async () => {
    const { run, controller } = await asking()

    await expect(eventOf(run, 'run.needsPerson')).resolves.toMatchObject({ cause: 'failure', choices: ['continue', 'replan', 'accept', 'fail'] })
    expect(controller.show(run.id).needsPerson).toContain('step one failed: one failed the 1th time')
    await run.request({ type: 'intervention.choose', option: 'fail' })
    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'action_failed' })
  })

  it('drafts another plan when told to replan', async () => {
    const { run } = await asking()

    await run.request({ type: 'intervention.choose', option: 'replan' })

    const { report } = await endOf(run)
    expect(report).toMatchObject({ status: 'completed' })
    expect(report.actions.find(({ stepId }) => stepId === 'other')?.result?.outcome).toBe('succeeded')
  })

  it('ends as completed when the result is accepted', async () => {
    const { run } = await asking()

    await run.request({ type: 'intervention.choose', option: 'accept' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed', exitReason: 'accepted' })
  })

  it('goes on with what is left when told to continue', async () => {
    const { run, probe } = await asking([waitsForOne])

    expect(probe.count('echo "later"')).toBe(0)
    await run.request({ type: 'intervention.choose', option: 'continue' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
  })

  it('goes on waiting for the answer when a sibling ends meanwhile, and starts nothing', async () => {
    const { controller, probe } = await openRig()
    const plan = planOf([broken('one', { onFailure: 'ask' }), hold('two'), echo('after', { dependsOn: ['two'] })], {
      successCriteria: [{ kind: 'stepSucceeded', step: 'after' }],
    })
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await awaitsPerson(run)

    probe.release('two')
    await eventOf(run, 'action.settled', ({ actionId }) => actionId === 'two')
    expect(controller.show(run.id).state).toBe('open.active.stalled.awaitingPerson')
    expect(probe.count('echo "after"')).toBe(0)
    await run.request({ type: 'intervention.choose', option: 'continue' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('does not offer to accept while something is under way, nor a replan when none is left', async () => {
    const { controller, probe } = await openRig({ limits: { maxReplans: 0 } })
    const run = await controller.start(GOAL, { plan: planOf([broken('one', { onFailure: 'ask' }), hold('two')]), person: 'here' })
    await awaitsPerson(run)

    await expect(eventOf(run, 'run.needsPerson')).resolves.toMatchObject({ choices: ['continue', 'fail'] })
    await expect(run.request({ type: 'intervention.choose', option: 'accept' })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await expect(run.request({ type: 'intervention.choose', option: 'replan' })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await run.request({ type: 'intervention.choose', option: 'fail' })
    await probe.aborted('two')
    await expect(run.result()).resolves.toMatchObject({ status: 'failed', exitReason: 'action_failed' })
  })

  it.each([
    ['fail', { status: 'failed', exitReason: 'intervention_timeout' }],
    ['continue', { status: 'completed', exitReason: 'criteria_met' }],
  ] as const)('takes the default %s when nobody answers in time', async (onInterventionTimeout, expected) => {
    const clock = createSimulatedClock()
    const { controller } = await openRig({ clock, onInterventionTimeout })
    const run = await controller.start({ ...GOAL, resource_limits: { max_parallel_executions: 1 } }, { plan: waitsForOne, person: 'here' })
    await awaitsPerson(run)

    await clock.advance(60_000)

    await expect(run.result()).resolves.toMatchObject(expected)
  })
})

describe('criteria after a replan', () => {
  it('are not met by what a step of the same name did under an earlier plan', async () => {
    const first = planOf([echo('same'), broken('bad', { dependsOn: ['same'] })])
    const second = planOf(
      [
        broken('worse', { onFailure: 'skip', args: { name: 'worse', failures: 9, transient: false } }),
        echo('same', { args: { value: 'other' }, dependsOn: ['worse'] }),
      ],
      {
        successCriteria: [{ kind: 'stepSucceeded', step: 'same' }],
      },
    )
    const { controller, probe } = await openRig({ oracles: [scriptedOracle({ drafts: [first, second] })], limits: { maxReplans: 1 }, ask: 'deny' })

    const { result, report } = await endOf(await controller.start(GOAL))

    expect(probe.count('echo "other"')).toBe(0)
    expect(result).toMatchObject({ status: 'failed', criteria: [{ verdict: 'unmet' }] })
    expect(report.actions.find(({ stepId }) => stepId === 'same')?.result).toMatchObject({
      outcome: 'skipped',
      failure: { code: 'DEPENDENCY_FAILED' },
    })
  })
})

describe('a person and one action', () => {
  it('may restart it while it runs', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await run.request({ type: 'action.restart', actionId: 'one' })
    await probe.begun('one', 2)
    probe.release('one')

    const { report } = await endOf(run)
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', attempts: 2 })
  })

  it('may give its output while it runs', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await run.request({ type: 'action.override', actionId: 'one', output: { name: 'by hand', times: 0 } })
    await probe.aborted('one')

    const { report } = await endOf(run)
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', provenance: 'person' })
  })

  it('may do without it while it backs off', async () => {
    const clock = createSimulatedClock()
    const { controller } = await openRig({ clock })
    const run = await controller.start(GOAL, {
      plan: planOf([flaky('one', 9, { retry: { maxRetries: 3, backoff: 'fixed', baseDelayMs: 60_000, maxDelayMs: 60_000 } }), echo('apart')], {
        successCriteria: [{ kind: 'stepSucceeded', step: 'apart' }],
      }),
    })
    await waitingFor(run, 'one')

    await run.request({ type: 'action.skip', actionId: 'one' })

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(outcomes(await eventsOf(run))).toMatchObject({ one: 'skipped' })
  })

  it('that cancels the run stops everything, and the report says so', async () => {
    const { controller, probe } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(GOAL, {
      plan: planOf([hold('held'), append('asked'), echo('later', { dependsOn: ['held'] })]),
      person: 'here',
    })
    await waitingFor(run, 'asked')
    await probe.begun('held')

    await run.request({ type: 'run.cancel', reason: 'enough' })
    const { result, report } = await endOf(run)

    expect(result).toMatchObject({ status: 'cancelled', exitReason: 'cancelled' })
    expect(outcomes(await eventsOf(run))).toEqual({ held: 'cancelled', asked: 'cancelled' })
    expect(present(report.actions.find(({ stepId }) => stepId === 'later')).result?.outcome).toBe('skipped')
  })
})
