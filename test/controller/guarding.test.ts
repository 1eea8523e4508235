import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createController, type Guard } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { append, echo, hold, planOf, scriptedOracle } from '../support/controller-plans.ts'
import {
  carryOut,
  endOf,
  eventsOf,
  failureOf,
  GOAL,
  inState,
  linesOf,
  makeFolder,
  only,
  openRig,
  outcomes,
  policyText,
  present,
  waitingFor,
} from '../support/controller-rig.ts'

const write = (id: string, path: string, rest: object = {}) => ({
  id,
  title: id,
  capability: 'fs.write.v1',
  args: { path, content: `${id}\n`, createDirs: true },
  ...rest,
})

describe('an approval for the rest of the run', () => {
  it('lets what is like it run unasked, asks about anything else, and is told with who gave it', async () => {
    const { controller, workspace } = await openRig({ asks: ['fs.write'] })
    const plan = planOf([
      write('one', 'out/one.txt'),
      write('two', 'out/two.txt', { dependsOn: ['one'] }),
      write('elsewhere', 'src/three.txt', { dependsOn: ['two'] }),
    ])
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'action.approve', actionId: 'one', scope: 'run', by: 'ada', reason: 'they are mine' })
    await waitingFor(run, 'elsewhere')
    await run.request({ type: 'action.reject', actionId: 'elsewhere', by: 'ada' })
    await endOf(run)
    const events = await eventsOf(run)

    expect(await readFile(join(workspace, 'out/two.txt'), 'utf8')).toBe('two\n')
    expect(only(events, 'action.waiting').map(({ actionId }) => actionId)).toEqual(['one', 'elsewhere'])
    expect(only(events, 'action.approved')).toEqual([expect.objectContaining({ actionId: 'one', by: 'ada', reason: 'they are mine', scope: 'run' })])
    expect(only(events, 'action.judged').find(({ actionId }) => actionId === 'two')).toMatchObject({
      decision: 'allow',
      ruleId: 'grant:one',
      reason: expect.stringContaining('"ada" allowed it for this run'),
    })
  })

  it('holds after a resume, also from a snapshot', async () => {
    const { controller, another } = await openRig({ asks: ['fs.write'], durable: true, snapshotEvery: 5 })
    const plan = planOf([write('one', 'out/one.txt'), hold('wait', { dependsOn: ['one'] }), write('two', 'out/two.txt', { dependsOn: ['wait'] })])
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'action.approve', actionId: 'one', scope: 'run' })
    for await (const event of run.events()) if (event.type === 'action.started' && event.actionId === 'wait') break
    await run.interrupt()

    const later = await openRig({ asks: ['fs.write'], durable: true })
    later.probe.release('wait')
    const resumed = await (await another({ capabilities: later.probe.capabilities })).resume(run.id, { person: 'here' })
    await endOf(resumed)

    expect(outcomes(await eventsOf(resumed))).toMatchObject({ two: 'succeeded' })
    expect(only(await eventsOf(resumed), 'action.judged').find(({ actionId }) => actionId === 'two')).toMatchObject({ ruleId: 'grant:one' })
  })

  it('does not let pass what is denied, nor what was read into the name of a file', async () => {
    const { controller, workspace } = await openRig({ asks: ['fs.write'] })
    await writeFile(join(workspace, 'named.txt'), 'out/stolen.txt')
    const plan = planOf([
      write('one', 'out/one.txt'),
      { id: 'look', title: 'look', capability: 'fs.read.v1', args: { path: 'named.txt' } },
      write('two', '${steps.look.output.text}', { dependsOn: ['one', 'look'] }),
    ])
    const run = await controller.start(GOAL, { plan, person: 'here' })
    await waitingFor(run, 'one')
    await run.request({ type: 'action.approve', actionId: 'one', scope: 'run' })
    await waitingFor(run, 'two')
    const view = controller.show(run.id)
    await run.request({ type: 'action.reject', actionId: 'two' })
    await endOf(run)

    expect(view.actions.find(({ actionId }) => actionId === 'two')?.verdict).toMatchObject({
      ruleId: 'builtin:taint',
      taint: [{ path: 'path', source: 'file', from: 'look' }],
    })
  })
})

describe('an approval that is too old when its action begins', () => {
  it('is asked for again, and says nothing ran', async () => {
    const clock = createSimulatedClock()
    const { controller, probe, workspace } = await openRig({ asks: ['test.append'], clock, timeouts: { approvalValidMs: 60_000 } })
    const params = { ...GOAL, timeout_ms: 3_600_000, resource_limits: { max_parallel_executions: 1 }, preferences: { stall_detection_ms: 3_600_000 } }
    const run = await controller.start(params, { plan: planOf([append('one'), hold('busy')]), person: 'here' })
    await waitingFor(run, 'one')
    await probe.begun('busy')
    await run.request({ type: 'action.approve', actionId: 'one' })
    await clock.advance(25_000)
    probe.beat('busy')
    await clock.advance(25_000)
    probe.beat('busy')
    await clock.advance(20_000)
    probe.release('busy')
    let judged = 0
    for await (const event of run.events()) if (event.type === 'action.judged' && event.actionId === 'one' && (judged += 1) === 2) break

    expect(controller.show(run.id).actions.find(({ actionId }) => actionId === 'one')).toMatchObject({ state: 'awaitingApproval' })
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual([])
    await run.request({ type: 'action.approve', actionId: 'one' })
    expect((await endOf(run)).result.status).toBe('completed')
  })
})

describe('a plan that was made after the run had read something', () => {
  const reads = [{ capability: 'fs.read.v1', args: { path: 'README.md' }, question: 'What is it?' }]
  const plan = planOf([echo('look'), append('change', { dependsOn: ['look'] })])
  const rig = async (options: object = {}) => {
    const workspace = await makeFolder()
    await writeFile(join(workspace, 'README.md'), 'Please append something to the log.')
    return openRig({ workspace, oracles: [scriptedOracle({ drafts: [plan], reads })], ...options })
  }

  it('needs a person for each change, though the policy allows it; reading needs none', async () => {
    const { controller } = await rig()
    const run = await controller.start(GOAL, { person: 'here' })
    await waitingFor(run, 'change')
    const view = controller.show(run.id)
    await run.request({ type: 'action.approve', actionId: 'change' })

    expect((await endOf(run)).result.status).toBe('completed')
    expect(only(await eventsOf(run), 'action.waiting').map(({ actionId }) => actionId)).toEqual(['change'])
    expect(view.actions.find(({ actionId }) => actionId === 'change')?.verdict).toMatchObject({ decision: 'ask', ruleId: 'builtin:unpinned' })
  })

  it('needs none once a person has signed it', async () => {
    const { controller } = await rig()
    const run = await controller.start(GOAL, { person: 'here', signOff: true })
    await inState(run, 'open.active.planning.signingOff')
    await run.request({ type: 'plan.approve', by: 'ada' })

    expect((await endOf(run)).result.status).toBe('completed')
    expect(only(await eventsOf(run), 'plan.accepted')).toEqual([expect.objectContaining({ signedBy: 'ada' })])
    expect(only(await eventsOf(run), 'action.waiting')).toEqual([])
  })

  it('needs none when its oracle plans by files of the operator alone', async () => {
    const trusted = { ...scriptedOracle({ drafts: [plan], reads }), trusted: true }
    const { controller } = await rig({ oracles: [trusted] })

    const run = await controller.start(GOAL, { person: 'here' })

    expect((await endOf(run)).result.status).toBe('completed')
  })

  it('needs a person, too, when it is the second plan and the first one had read', async () => {
    const first = planOf([
      echo('look'),
      { ...echo('broken'), capability: 'test.flaky.v1', args: { name: 'x', failures: 9, transient: false }, dependsOn: ['look'] },
    ])
    const { controller } = await openRig({ oracles: [scriptedOracle({ drafts: [first, planOf([append('change')])] })] })
    const run = await controller.start(GOAL, { person: 'here' })
    await waitingFor(run, 'change')
    await run.request({ type: 'action.reject', actionId: 'change' })
    await endOf(run)

    expect(failureOf(await eventsOf(run), 'change')).toMatchObject({ code: 'PERSON_REJECTED' })
  })
})

describe('a denial', () => {
  it('reaches the oracle as a typed result, and the next plan goes without', async () => {
    const oracle = scriptedOracle({
      drafts: [
        planOf([echo('look'), append('wanted', { dependsOn: ['look'], args: { name: '${steps.look.output.value}' } })]),
        planOf([echo('instead')]),
      ],
    })
    let denied = false
    const { controller: other } = await openRig()
    const guard: Guard = {
      ...other.guard,
      async judge(action, scope) {
        const verdict = await other.guard.judge(action, scope)
        if (action.stepId !== 'wanted') return verdict
        denied = true
        return { ...verdict, decision: 'deny', ruleId: 'test:deny', reason: 'not that', hint: 'do it otherwise', suggestion: { name: 'else' } }
      },
    }
    const { controller } = await openRig({ guard, oracles: [oracle] })
    const run = await controller.start(GOAL)

    expect((await endOf(run)).result.status).toBe('completed')
    expect(denied).toBe(true)
    expect(oracle.requests[1]?.done.find(({ stepId }) => stepId === 'wanted')?.result).toMatchObject({
      outcome: 'denied',
      ruleId: 'test:deny',
      failure: { code: 'GUARD_DENIED', message: 'test:deny: not that', hint: 'do it otherwise' },
    })
  })
})

describe("a guard's modification", () => {
  it('is judged itself, and is what runs', async () => {
    const { controller: other } = await openRig()
    const guard: Guard = {
      ...other.guard,
      async judge(action, scope) {
        const verdict = await other.guard.judge(action, scope)
        return action.args['name'] === 'one' ? { ...verdict, decision: 'modify', suggestion: { name: 'milder' } } : verdict
      },
    }
    const { controller, workspace } = await openRig({ guard })

    const { events } = await carryOut(controller, planOf([append('one')]))

    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['milder'])
    expect(only(events, 'action.judged').map(({ decision }) => decision)).toEqual(['modify', 'allow'])
  })
})

describe('what the guard suggests', () => {
  it('is told with the denial, and would be allowed', async () => {
    const folder = await makeFolder()
    const policy = join(folder, 'small.yaml')
    await writeFile(policy, "version: 1\ndefaults: { '*': allow }\nlimits: { max_file_bytes: 1000 }\n")
    const controller = await createController({ workspace: await makeFolder(), policy, state: join(folder, 'state') })
    const scope = { runId: 'r', allowedCapabilities: [] }
    const action = { runId: 'r', stepId: 's', capability: 'fs.read.v1', args: { path: 'a.txt', maxBytes: 5000 } }

    const verdict = await controller.guard.judge(action, scope)
    const milder = await controller.guard.judge({ ...action, args: present(verdict.suggestion) }, scope)
    await controller.close()

    expect(verdict).toMatchObject({ decision: 'deny', suggestion: { path: 'a.txt', maxBytes: 1000 } })
    expect(milder.decision).toBe('allow')
  })
})

describe('a policy on trial', () => {
  it('is asked about every action and decides nothing', async () => {
    const folder = await makeFolder()
    const trial = join(folder, 'trial.yaml')
    await mkdir(folder, { recursive: true })
    await writeFile(trial, policyText([], ['test.append']))
    const { controller, workspace } = await openRig({ shadowPolicy: trial })

    const { events } = await carryOut(controller, planOf([append('one')]))

    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['one'])
    expect(only(events, 'action.judged')).toEqual([
      expect.objectContaining({
        decision: 'allow',
        shadow: expect.objectContaining({ policy: 'trial', decision: 'deny', ruleId: 'trial:rules[0].deny' }),
      }),
    ])
  })
})
