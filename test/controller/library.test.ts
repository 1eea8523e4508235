import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ControllerError, createController, type Guard, type RunEvent } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import {
  carryOut,
  endOf,
  eventOf,
  eventsOf,
  failureOf,
  GOAL,
  inState,
  makeFolder,
  only,
  openRig,
  present,
  waitingFor,
} from '../support/controller-rig.ts'
import { append, echo, hold, planOf, scriptedOracle } from '../support/controller-plans.ts'

async function collect(events: AsyncIterable<RunEvent>): Promise<readonly RunEvent[]> {
  const all: RunEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

describe('the events of a run', () => {
  it('are the same for whoever listens from the start, joins late, or reads the store', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    const early = collect(run.events())
    await probe.begun('one')
    const midway = collect(run.events())
    const followed = collect((await another()).follow(run.id))
    probe.release('one')
    await run.result()
    const late = await eventsOf(run)

    expect(await early).toEqual(late)
    expect(await midway).toEqual(late)
    expect(await followed).toEqual(late)
    expect((await another()).events(run.id)).toEqual(late)
    expect(late[0]).toMatchObject({ type: 'run.started', seq: 0 })
    expect(late.at(-1)).toMatchObject({ type: 'run.settled', result: { status: 'completed' } })
  })

  it('are in the order of their records, each with the id of the run and a time', async () => {
    const { controller } = await openRig()

    const { run, events } = await carryOut(controller, planOf([echo('one'), echo('two')]))

    expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b))
    expect(events.every(({ runId, at }) => runId === run.id && at > 0)).toBe(true)
  })

  it('can begin anywhere', async () => {
    const { controller } = await openRig()
    const { run, events } = await carryOut(controller, planOf([echo('one')]))
    const from = present(events.find(({ type }) => type === 'plan.accepted')).seq

    expect(await collect(run.events({ fromSeq: from }))).toEqual(events.filter(({ seq }) => seq >= from))
    expect(controller.events(run.id, { fromSeq: from })).toEqual(events.filter(({ seq }) => seq >= from))
    expect(await collect(controller.follow(run.id, { fromSeq: from }))).toEqual(events.filter(({ seq }) => seq >= from))
    expect(await collect(controller.follow(run.id, { fromSeq: 10_000 }))).toEqual([])
  })

  it('go on after a resume, in one story', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await run.interrupt()
    probe.release('one')
    const again = await (await another()).resume(run.id)
    await again.result()

    const events = await eventsOf(again)

    expect(events.slice(0, (await eventsOf(run)).length)).toEqual(await eventsOf(run))
    expect(only(events, 'run.parked')).toMatchObject([{ reason: 'interrupted' }])
    expect(only(events, 'run.adopted')).toMatchObject([{ reason: 'resume' }])
    expect(controller.events(run.id)).toEqual(events)
  })

  it('that are followed end when the follower does not want them any more', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    const stop = new AbortController()
    const seen: string[] = []

    for await (const event of controller.follow(run.id, { signal: stop.signal })) {
      seen.push(event.type)
      if (event.type === 'action.started') stop.abort()
    }

    expect(seen).toContain('action.started')
    probe.release('one')
    await run.result()
  })

  it('of a run that nobody knows are refused', async () => {
    const { controller } = await openRig()

    expect(() => controller.events('absent')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    expect(() => controller.show('absent')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    expect(() => controller.report('absent')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    await expect(collect(controller.follow('absent'))).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    await expect(controller.request('absent', { type: 'run.cancel' })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
  })
})

describe('the view of a run', () => {
  it('shows where it is, what it takes, whose it is, and each step with its arguments and verdict', async () => {
    const { controller, another } = await openRig({ asks: ['test.append'] })
    const plan = planOf([
      echo('first'),
      append('asked', { args: { name: '${steps.first.output.value}' }, dependsOn: ['first'] }),
      echo('last', { dependsOn: ['asked'] }),
    ])
    const run = await controller.start({ ...GOAL, max_steps: 7 }, { plan, person: 'here' })
    await waitingFor(run, 'asked')

    const view = (await another()).show(run.id)

    expect(view).toMatchObject({
      summary: { runId: run.id, goal: GOAL.goal, finished: false, needsPerson: true },
      state: 'open.active.executing.holding',
      description: expect.stringMatching(/people/i),
      planSource: 'plan-file',
      planDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      question: null,
      needsPerson: 'asked (step asked) waits for an answer',
      owner: expect.any(String),
      limits: { steps: [2, 7], ms: [expect.any(Number), 300_000], replans: [0, 3] },
      result: null,
      actions: [
        { actionId: 'first', state: 'succeeded', attempts: 1, result: { outcome: 'succeeded' } },
        {
          actionId: 'asked',
          state: 'awaitingApproval',
          args: { name: 'first' },
          verdict: {
            decision: 'ask',
            ruleId: 'builtin:taint',
            reason: expect.stringMatching(/"name" comes from a tool's output \("first"\); the test asks/),
            taint: [{ path: 'name', source: 'tool', from: 'first' }],
          },
          digest: expect.stringMatching(/^[0-9a-f]{64}$/),
          result: null,
        },
        { actionId: 'last', state: 'pending', dependsOn: ['asked'], attempts: 0, digest: null, result: null },
      ],
    })
    expect(view.accepts).toEqual(
      expect.arrayContaining([
        'run.pause',
        'run.cancel',
        'run.modify',
        'action.approve',
        'action.reject',
        'action.edit',
        'action.respond',
        'action.skip',
      ]),
    )
    expect(view.accepts).not.toEqual(expect.arrayContaining(['run.resume', 'plan.approve', 'goal.answer', 'intervention.choose']))
    await run.request({ type: 'run.cancel' })
    await run.outcome()
  })

  it('of a finished run shows its result, no owner, and nothing it takes', async () => {
    const { controller } = await openRig()

    const { run, result } = await carryOut(controller, planOf([echo('one')]))

    expect(controller.show(run.id)).toMatchObject({
      state: 'completed',
      result,
      owner: null,
      accepts: [],
      needsPerson: null,
      summary: { finished: true, exitReason: 'criteria_met' },
    })
  })

  it('is the same when nobody owns the run any more', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), echo('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')
    const before = controller.show(run.id)
    await controller.close()

    const after = (await another()).show(run.id)

    expect({ ...after, summary: null, limits: null, owner: null, lastSeq: null }).toEqual({
      ...before,
      summary: null,
      limits: null,
      owner: null,
      lastSeq: null,
    })
    expect([before.owner === null, after.owner]).toEqual([false, null])
    expect(after.lastSeq).toBe(before.lastSeq + 1)
  })
})

describe('a preview', () => {
  it('shows the plan and a verdict for each step, runs nothing and keeps nothing', async () => {
    const { controller, workspace, probe } = await openRig({ asks: ['test.append'], durable: true })
    const before = await readdir(join(workspace, '.planner-exec'))

    const preview = await controller.plan(GOAL, { plan: planOf([echo('one'), append('two')]) })

    expect(preview).toMatchObject({
      source: 'plan-file',
      plan: { steps: [{ id: 'one' }, { id: 'two' }] },
      verdict: {
        clean: true,
        steps: [
          { stepId: 'one', decision: 'allow' },
          { stepId: 'two', decision: 'ask', reason: 'the test asks' },
        ],
      },
    })
    expect([probe.count('echo "one"'), probe.count('two')]).toEqual([0, 0])
    expect(controller.list()).toEqual([])
    expect(await readdir(join(workspace, '.planner-exec'))).toEqual(before)
  })

  it('does its research first', async () => {
    const oracle = scriptedOracle({
      drafts: [planOf([echo('one')])],
      reads: [{ capability: 'fs.read.v1', args: { path: 'notes.txt' }, question: 'What do they say?' }],
    })
    const { controller, workspace } = await openRig({ oracles: [oracle] })
    await writeFile(join(workspace, 'notes.txt'), 'blue')

    await controller.plan(GOAL)

    expect(oracle.requests[0]?.evidence).toMatchObject([{ quote: expect.stringContaining('blue') }])
  })

  it.each([
    ['UNPLANNABLE', 'when nothing can plan it', {}, /no oracle/],
    ['PLAN_INVALID', 'for a plan with findings', { plan: planOf([echo('one', { dependsOn: ['absent'] })]) }, /E_UNKNOWN_DEP/],
    ['PLAN_INVALID', 'for what is no plan', { plan: { steps: 1 } }, /version/],
  ] as const)('is refused with %s %s, and leaves no report behind', async (code, _, options, message) => {
    const { controller, workspace } = await openRig({ durable: true })
    const before = await readdir(join(workspace, '.planner-exec'))

    await expect(controller.plan(GOAL, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })

    expect(await readdir(join(workspace, '.planner-exec'))).toEqual(before)
    expect(controller.list()).toEqual([])
  })

  it('tells the question of an ambiguous goal', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('one')])], question: { question: 'Which one?', choices: ['this', 'that'] } })
    const { controller } = await openRig({ oracles: [oracle] })

    await expect(controller.plan(GOAL)).rejects.toMatchObject({
      code: 'UNPLANNABLE',
      message: 'Which one?',
      hint: expect.stringContaining('this, that'),
    })
  })
})

describe('what a store keeps', () => {
  it('lists runs, newest first, as many as are asked for', async () => {
    const { controller } = await openRig({ durable: true })
    for (const workflow_id of ['a', 'b', 'c']) await carryOut(controller, planOf([echo('one')]), { workflow_id })

    expect(controller.list().map(({ runId, state, finished }) => [runId, state, finished])).toEqual([
      ['c', 'completed', true],
      ['b', 'completed', true],
      ['a', 'completed', true],
    ])
    expect(controller.list({ limit: 2 }).map(({ runId }) => runId)).toEqual(['c', 'b'])
  })

  it('has the report of a finished run, and none of one that goes on', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const { run, report } = await carryOut(controller, planOf([echo('one')]))
    const live = await controller.start(GOAL, { plan: planOf([hold('two')]) })
    await probe.begun('two')

    expect((await another()).report(run.id)).toEqual(report)
    expect(controller.report(live.id)).toBe(null)
    probe.release('two')
    await live.result()
  })

  it('writes the report as report.md and report.json', async () => {
    const { controller, workspace } = await openRig({ durable: true })

    const { run, result, report } = await carryOut(controller, planOf([echo('one')]))

    expect(result.reportPath).toBe(join(workspace, '.planner-exec', 'runs', run.id, 'report.md'))
    const { default: written } = await import(join(workspace, '.planner-exec', 'runs', run.id, 'report.json'), { with: { type: 'json' } })
    expect(written).toEqual(report)
  })
})

describe('several runs at once in one controller', () => {
  it('do not mix', async () => {
    const { controller, probe } = await openRig()
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((id) =>
        controller.start({ ...GOAL, workflow_id: id }, { plan: planOf([hold(id), echo('tail', { args: { value: id }, dependsOn: [id] })]) }),
      ),
    )
    await Promise.all(['a', 'b', 'c'].map((id) => probe.begun(id)))

    for (const id of ['c', 'a', 'b']) probe.release(id)
    const ends = await Promise.all(runs.map(endOf))

    expect(ends.map(({ report }) => [report.runId, report.status, report.actions.map(({ stepId }) => stepId)])).toEqual(
      ['a', 'b', 'c'].map((id) => [id, 'completed', [id, 'tail']]),
    )
  })
})

describe('a controller', () => {
  it('of two starts with one id at once lets one through', async () => {
    const { controller, another } = await openRig({ durable: true })
    const controllers = [controller, await another()]

    const tries = await Promise.allSettled(controllers.map((each) => each.start({ ...GOAL, workflow_id: 'same' }, { plan: planOf([echo('one')]) })))

    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(tries.find((tried) => tried.status === 'rejected')?.reason).toMatchObject({ code: 'RUN_EXISTS' })
    for (const tried of tries) if (tried.status === 'fulfilled') await tried.value.result()
  })

  it('is not misled by a step that is called constructor', async () => {
    const { controller } = await openRig()

    const { result, report } = await carryOut(
      controller,
      planOf([echo('constructor'), echo('after', { args: { value: '${steps.constructor.output.value}!' }, dependsOn: ['constructor'] })]),
    )

    expect(result.status).toBe('completed')
    expect(report.actions.map(({ result: end }) => end?.outcome)).toEqual(['succeeded', 'succeeded'])
  })

  it('refuses a workspace that is none, a policy that is none, and settings that it does not know', async () => {
    const workspace = await makeFolder()
    await writeFile(join(workspace, 'file'), '')

    await expect(createController({ workspace: join(workspace, 'absent') })).rejects.toMatchObject({ code: 'WORKSPACE_INVALID' })
    await expect(createController({ workspace: join(workspace, 'file') })).rejects.toMatchObject({ code: 'WORKSPACE_INVALID' })
    await expect(createController({ workspace, policy: 'lenient' })).rejects.toMatchObject({ code: expect.stringMatching(/^POLICY_/) })
    await expect(createController({ workspace, limits: { maxReplans: -1 } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('limits.maxReplans'),
    })
    await expect(createController({ workspace, timeouts: { actionMS: 5 } } as never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('actionMS'),
    })
  })

  it('says which request it did not understand, in its own words', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await expect(run.request({ type: 'run.stop' } as never)).rejects.toMatchObject({ name: 'ControllerError', code: 'EVENT_REFUSED' })
    await expect(run.request({ type: 'action.approve', actionId: '../x' })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      details: [expect.objectContaining({ path: 'actionId' })],
    })
    await expect(run.request({ type: 'plan.edit', plan: { version: 2 } } as never)).rejects.toMatchObject({ code: 'PLAN_INVALID' })
    probe.release('one')
    await run.result()
  })

  it('tells what is unusual about parameters', async () => {
    const { controller } = await openRig()

    const run = await controller.start({ ...GOAL, max_steps: 20 }, { plan: planOf([echo('one')]) })

    expect(run.warnings).toEqual([expect.stringContaining('max_steps 20')])
    await run.result()
  })

  it('uses the guard that it is given: its word on the goal ends the run before anything is planned', async () => {
    const { controller, another } = await openRig()
    const guard: Guard = { ...controller.guard, vetGoal: () => ({ decision: 'deny', reason: 'the goal is rude', question: null, choices: [] }) }

    const { result, report } = await carryOut(await another({ guard }), planOf([echo('one')]))

    expect(result).toMatchObject({
      status: 'failed',
      exitReason: 'goal_denied',
      failure: { code: 'GOAL_DENIED', message: expect.stringContaining('rude') },
    })
    expect(report.actions).toEqual([])
  })

  it('takes a guard that breaks, or that never answers, as one that denies', async () => {
    const clock = createSimulatedClock()
    const { controller, another, probe } = await openRig({ clock })
    const broken: Guard = { ...controller.guard, judge: () => Promise.reject(new Error('the guard broke')) }
    const silent: Guard = { ...controller.guard, judge: () => new Promise(() => {}) }

    const one = await carryOut(await another({ guard: broken }), planOf([echo('one')]))
    const run = await (await another({ guard: silent })).start(GOAL, { plan: planOf([echo('one')]) })
    await inState(run, 'open.active.executing.watching')
    await clock.advance(10_000)

    expect(failureOf(one.events, 'one')).toMatchObject({ message: 'the guard broke' })
    await endOf(run)
    expect(failureOf(await eventsOf(run), 'one')).toMatchObject({ code: 'GUARD_TIMEOUT' })
    expect(probe.count('echo "one"')).toBe(0)
  })

  it('has a guard admit every action once more at the door: what it judged is not enough', async () => {
    const { controller, another, probe } = await openRig()
    const admit: Guard['admit'] = () => Promise.reject(new ControllerError('GUARD_DENIED', 'the door is closed'))

    const { events } = await carryOut(await another({ guard: { ...controller.guard, admit } }), planOf([echo('one')]))

    expect(failureOf(events, 'one')).toMatchObject({ code: 'GUARD_DENIED', message: 'the door is closed' })
    expect(probe.count('echo "one"')).toBe(0)
  })

  it('asks its oracles in order, until one has a plan', async () => {
    const silent = scriptedOracle({ drafts: [{ kind: 'none', reason: 'not mine', hint: 'Ask another.' }] }, 'silent')
    const able = scriptedOracle({ drafts: [planOf([echo('one')])] }, 'able')
    const { controller } = await openRig({ oracles: [silent, able] })

    const run = await controller.start(GOAL)

    await expect(eventOf(run, 'plan.drafted')).resolves.toMatchObject({ source: 'able', steps: 1 })
    await run.result()
    expect(silent.requests).toHaveLength(1)
  })

  it('takes a plan that is given before any oracle', async () => {
    const oracle = scriptedOracle({ drafts: [planOf([echo('theirs')])] })
    const { controller } = await openRig({ oracles: [oracle] })

    const { report } = await carryOut(controller, planOf([echo('mine')]))

    expect(report.actions.map(({ stepId }) => stepId)).toEqual(['mine'])
    expect(oracle.requests).toEqual([])
  })

  it('tells an oracle that plans again how many steps are left', async () => {
    const oracle = scriptedOracle({
      drafts: [
        planOf([echo('one'), { id: 'two', capability: 'test.flaky.v1', args: { name: 'two', failures: 9, transient: false }, dependsOn: ['one'] }]),
        planOf([echo('three')]),
      ],
    })
    const { controller } = await openRig({ oracles: [oracle] })

    await (await controller.start({ ...GOAL, max_steps: 5 })).result()

    expect(oracle.requests.map(({ maxSteps }) => maxSteps)).toEqual([5, 3])
  })

  it('pauses a run in every state of planning and execution without losing it', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), echo('two', { dependsOn: ['one'] })]), signOff: true, person: 'here' })
    await eventOf(run, 'plan.awaitsSignOff')

    await run.request({ type: 'run.pause' })
    await inState(run, 'open.paused')
    await expect(run.request({ type: 'plan.approve' })).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    await run.request({ type: 'run.resume' })
    await run.request({ type: 'plan.approve' })
    await probe.begun('one')
    probe.release('one')

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })
})
