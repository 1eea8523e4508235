import { describe, expect, test } from 'vitest'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import { driveAction, driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import {
  FINDINGS,
  GOOD,
  HARD,
  IN_DOUBT,
  TRANSIENT,
  WAITS,
  actionInput,
  ask,
  planOf,
  stepOf,
  verdictOf,
  workflowInput,
} from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'
import { waitingMachine } from '../support/waiting-services.ts'

const LONG = { timeoutMs: 3_000_000 }
const S1 = stepOf('s1', LONG)
/** Two independent steps; the second must not be done twice. */
const TWO = [S1, stepOf('s2', { ...LONG, effect: 'write' })]
const DID_NOT = { verdict: 'did-not', outputRef: null }
const RECOVER = { kind: 'recover', intervention: { interventionId: 'i1', kind: 'increase_timeout', stepId: null, detail: '' } }
const ASK = verdictOf('ask')

function run(steps = TWO, changes: InputChanges = {}): RunDriver {
  const driver = driveRun(workflowInput(changes))
  driver.carriesOut(steps)
  return driver
}

function unplanned(changes: InputChanges = {}): RunDriver {
  const driver = driveRun(workflowInput(changes))
  driver.start()
  driver.says('vetGoal')
  return driver
}

function unready(changes: InputChanges = {}): RunDriver {
  const driver = unplanned(changes)
  driver.says('draftPlan', { kind: 'plan', plan: planOf([S1]) })
  return driver
}

const where = (driver: RunDriver, ...paths: readonly string[]) => [driver.at(), ...paths.map((path) => driver.at(path))]
const STOPPED = ['settling.reporting', 'gone']

/**
 * Sequences on which an earlier draft of these charts went wrong, each with what is right. They were found by searching both charts
 * together for a state that breaks a property.
 */
describe('a sequence that once went wrong', () => {
  test('a cancelled run does not execute what is being judged', () => {
    const it = run([S1])

    it.send('', ask.cancel())

    expect(where(it, 's1')).toEqual(STOPPED)
    expect(it.asked().map(({ src }) => src)).toEqual(['writeReport'])
  })

  test.each(['finish', 'abort'] as const)('a run that is pausing (%s) does not execute what is being judged', (mode) => {
    const it = run([S1])

    it.pause(mode)

    expect(where(it, 's1')).toEqual(['open.paused', 'ready'])
    expect(it.asked()).toEqual([])
  })

  test('a run that drains does not execute what is being judged', () => {
    const it = run()
    it.allows('s2')

    it.says('judgeAction', verdictOf('deny'), 's1')

    expect(where(it, 's1', 's2')).toEqual(['open.active.executing.draining', 'gone', 'attempting.running'])
  })

  test('a drain ends although an action waits for a person without limit', () => {
    const it = run()
    it.says('judgeAction', ASK, 's1')

    it.says('judgeAction', verdictOf('deny'), 's2')

    expect(where(it, 's1', 's2')).toEqual(['open.active.planning.drafting', 'gone', 'gone'])
  })

  test('a drain ends although an action begins to doubt meanwhile', () => {
    const it = run()
    it.allows('s2')
    it.says('judgeAction', verdictOf('deny'), 's1')
    it.breaks('execute', IN_DOUBT, 's2')

    it.says('reconcileEffect', { verdict: 'unknown', outputRef: null })

    expect(where(it, 's2')).toEqual(['open.active.planning.drafting', 'gone'])
  })

  test('a loop that was seen is not seen again before something happened', () => {
    const it = run([stepOf('s1', { onFailure: 'skip' }), stepOf('s2', { onFailure: 'skip' }), stepOf('s3', LONG)], { limits: { parallel: 3 } })
    it.says('judgeAction', verdictOf('deny'), 's1')
    it.says('judgeAction', verdictOf('deny'), 's2')
    expect(it.context().stall?.cause).toBe('loop')
    it.says('diagnoseStall', RECOVER)

    it.says('applyIntervention')

    expect(where(it, 's3')).toEqual(['open.active.executing.watching', 'guarding'])
  })

  test('a blocked run does not spin: it is diagnosed', () => {
    const it = run([stepOf('s1', { dependsOn: ['s2'] }), stepOf('s2', { dependsOn: ['s1'] })], { person: 'absent', limits: { rungs: 0 } })

    expect(it.context().outcome).toMatchObject({ exitReason: 'stalled', failure: { message: 'no step can begin and none is under way' } })
  })

  test('a doubt that turns out undone counts as a retry', () => {
    const action = driveAction(actionInput({ step: { effect: 'write' } }))
    for (let n = 0; n < 2; n++) {
      if (n > 0) action.passes('backoffDelay')
      action.tell(ask.dispatch())
      action.says('judgeAction', verdictOf('allow'))
      action.breaks('execute', IN_DOUBT)
      action.says('reconcileEffect', DID_NOT)
    }

    expect(action.result()).toMatchObject({ outcome: 'failed', attempts: 2 })
  })

  test('an approval during a pause is acted upon after it', () => {
    const it = run([S1])
    it.says('judgeAction', ASK)
    it.pause()
    it.send('', ask.approve('s1'))

    it.resume()

    expect(where(it, 's1')).toEqual(['open.active.executing.watching', 'guarding'])
  })

  test('a recovery never drafts over live actions: they are drained first', () => {
    const it = run([S1])
    it.allows('s1')
    it.passes('stallTimeout')
    it.says('diagnoseStall', { ...RECOVER, intervention: { ...RECOVER.intervention, kind: 'replan' } })

    it.says('applyIntervention')

    expect(where(it, 's1')).toEqual(['open.active.executing.draining', 'attempting.running'])
  })

  test('a chart that crashes while the run settles does not take the run with it', () => {
    const it = run([S1])
    it.allows('s1')
    it.send('', ask.cancel())

    it.send('', { type: 'xstate.error.actor.s1', actorId: 's1', error: HARD } as never)

    expect(where(it, 's1')).toEqual(STOPPED)
    expect(it.snapshot('')?.status).toBe('active')
  })

  test('a cancel while an action is being stopped is not lost', () => {
    const it = run([stepOf('s1')])
    it.allows('s1')
    it.passes('actionTimeout')

    it.send('', ask.cancel())
    it.passes('killGrace')

    expect(where(it, 's1')).toEqual(STOPPED)
  })

  test('a retry of an action that was counted starts although the step limit is used up', () => {
    const it = run([stepOf('s1'), stepOf('s2')], { limits: { steps: 1 } })
    it.allows('s1')
    it.breaks('execute', TRANSIENT)

    it.passes('backoffDelay')

    expect(where(it, 's1')).toEqual(['open.active.executing.watching', 'guarding'])
  })

  test('a run that waits for an approval with the step limit used up holds, and is not watched for silence', () => {
    const it = run([S1], { limits: { steps: 1 } })

    it.says('judgeAction', ASK)

    expect(it.at()).toBe('open.active.executing.holding')
  })

  test('a run that comes back from a stall is watched again', () => {
    const it = run([S1])
    it.allows('s1')
    it.passes('stallTimeout')
    it.says('diagnoseStall', RECOVER)

    it.says('applyIntervention')

    expect(it.at()).toBe('open.active.executing.watching')
    expect(it.timers().map(({ name }) => name)).toContain('stallTimeout')
  })

  test('a stall that needs a person ends the run when nobody is there', () => {
    const it = unplanned({ person: 'absent' })
    it.breaks('draftPlan')

    it.says('diagnoseStall')

    expect(it.at()).toBe('settling.reporting')
  })

  test('a plan whose review failed is vetted before anybody signs it', () => {
    const it = unready()

    it.breaks('deliberate')

    expect(it.at()).toBe('open.active.planning.vetting')
  })

  test('to continue without a plan is to draft one', () => {
    const it = unplanned()
    it.breaks('draftPlan')
    it.says('diagnoseStall', RECOVER)

    it.says('applyIntervention')

    expect(it.at()).toBe('open.active.planning.drafting')
  })

  test('an amendment before there is a plan is refused, and the run goes on where it was', () => {
    const it = unplanned()
    it.pause()
    it.send('', ask.modify({ maxSteps: 5 }))

    it.resume()

    expect(it.at()).toBe('open.active.planning.drafting')
  })

  test('a write that is restarted is looked for first', () => {
    const it = run([stepOf('s1', { effect: 'write' })])
    it.allows('s1')
    it.send('', ask.restart('s1'))

    it.passes('killGrace')

    expect(it.at('s1')).toBe('inDoubt.reconciling')
  })

  test('the time limit stands still during a pause in a plain actor, too', () => {
    const plain = createActorDriver(waitingMachine, { input: workflowInput({ limits: { timeMs: 5_000 } }) })
    plain.send('', ask.start(0))
    plain.wait(3_000)
    plain.send('', ask.pause('finish', plain.runNow()))
    plain.wait(10_000)

    plain.send('', ask.resume(plain.runNow()))
    plain.wait(1_999)
    expect(plain.snapshot('')?.matches('open')).toBe(true)
    plain.fire()

    expect([plain.now(), plain.snapshot('')?.value]).toEqual([15_000, { settling: 'reporting' }])
  })

  test('every slot is filled at once', () => {
    expect(run().paths()).toEqual(['', 's1', 's2'])
  })

  test('facts are recorded wherever the run is', () => {
    const it = run()
    it.allows('s1')
    it.allows('s2')
    it.passes('stallTimeout')

    it.says('execute', undefined, 's1')
    it.pause()
    it.says('execute', undefined, 's2')

    expect(it.context().progress?.letters).toBe('ss')
  })

  test('a veto is no revision', () => {
    const it = unready()

    it.says('deliberate', { ...GOOD.deliberate, kind: 'veto' })

    expect(it.context().outcome?.exitReason).toBe('plan_vetoed')
  })

  test('an ambiguous goal is assumed when nobody is there', () => {
    const it = driveRun(workflowInput({ person: 'absent' }))
    it.start()

    it.says('vetGoal', { ...GOOD.vetGoal, decision: 'ambiguous' })

    expect(it.at()).toBe('open.active.planning.drafting')
  })

  test('an approved action runs although the guard would change it again', () => {
    const action = driveAction(actionInput())
    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('modify'))
    action.says('judgeAction', verdictOf('modify'))
    action.tell(ask.approve('s1'))
    action.tell(ask.dispatch())

    action.says('judgeAction', verdictOf('modify'))

    expect(action.where()).toBe('attempting.running')
  })

  test('a retry needs no second approval', () => {
    const action = driveAction(actionInput())
    action.tell(ask.dispatch())
    action.says('judgeAction', ASK)
    action.tell(ask.approve('s1'))
    action.tell(ask.dispatch())
    action.says('judgeAction', ASK)
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')
    action.tell(ask.dispatch())

    action.says('judgeAction', ASK)

    expect(action.where()).toBe('attempting.running')
  })

  test('a pause that lets work finish stops no write', () => {
    const it = run()
    it.allows('s2')
    it.pause('finish')

    it.wait(WAITS.settleGraceMs * 3)

    expect(where(it, 's2')).toEqual(['open.pausing', 'attempting.running'])
    expect(it.nextTimer()?.name).toBe('actionTimeout')
  })

  test('an exhausted ladder goes to the person who is there, without one more diagnosis', () => {
    const it = run([S1], { limits: { rungs: 1 } })
    it.allows('s1')
    it.passes('stallTimeout')
    it.says('diagnoseStall', RECOVER)

    it.breaks('applyIntervention')

    expect(it.at()).toBe('open.active.stalled.awaitingPerson')
  })

  test('what a person wrote is given back, not thrown away', () => {
    const it = unready({ signOff: true })
    it.says('deliberate')
    it.says('judgePlan')
    it.send('', ask.editPlan('plan-1', planOf([S1], 'plan-2')))

    it.says('judgePlan', FINDINGS)

    expect(it.context().draft?.plan.digest).toBe('plan-2')
    expect(it.at()).toBe('open.active.planning.signingOff')
  })

  test('a replan that is not left is not offered, so nothing is cancelled for it', () => {
    const it = run([S1], { limits: { replans: 0, rungs: 0 } })
    it.allows('s1')
    it.passes('stallTimeout')

    it.send('', ask.choose('replan'))

    expect(where(it, 's1')).toEqual(['open.active.stalled.awaitingPerson', 'attempting.running'])
  })

  test.each([
    ['skip', 'open.active.executing.watching'],
    ['ask', 'open.active.stalled.awaitingPerson'],
    ['abort', 'open.active.executing.draining'],
  ] as const)('a failed step that says %s is obeyed', (onFailure, at) => {
    const it = run([stepOf('s1', { onFailure }), stepOf('s2', LONG)])
    it.allows('s2')

    it.says('judgeAction', verdictOf('deny'), 's1')

    expect(it.at()).toBe(at)
  })

  test('a run that never began can be cancelled', () => {
    const it = driveRun(workflowInput())

    it.send('', ask.cancel())
    it.passes('reportTimeout')

    expect([it.at(), it.now()]).toEqual(['cancelled', WAITS.reportMs])
  })

  test('the first cancel of a run that ends otherwise stops what is left', () => {
    const it = run([stepOf('s1', LONG)], { limits: { timeMs: 10_000 } })
    it.allows('s1')
    it.passes('runTimeLeft')
    expect(it.at()).toBe('settling.stopping')

    it.send('', ask.cancel())

    expect(where(it, 's1')).toEqual(STOPPED)
    expect(it.context().outcome?.exitReason).toBe('time_limit')
  })

  test('an end that needs to stop nothing reports at once', () => {
    const it = run([])

    it.says('evaluateCriteria')

    expect(it.at()).toBe('settling.reporting')
  })

  test('only one amendment is judged at a time', () => {
    const it = run([S1])
    it.send('', ask.modify({ plan: planOf([S1, stepOf('s2')], 'plan-2') }))

    it.send('', ask.modify({ plan: planOf([S1, stepOf('s3')], 'plan-3') }))
    it.says('judgePlan')

    expect(it.context().plan?.digest).toBe('plan-2')
  })

  test('what a person was asked does not go away because a sibling goes on', () => {
    const it = run([stepOf('s1', { onFailure: 'ask' }), stepOf('s2', LONG)])
    it.allows('s2')
    it.says('judgeAction', verdictOf('deny'), 's1')

    it.send('s2', ask.heartbeat())

    expect(it.at()).toBe('open.active.stalled.awaitingPerson')
  })

  test('a drain that found no replan left is over', () => {
    const it = run([S1], { limits: { replans: 0 } })

    it.says('judgeAction', verdictOf('deny'))

    expect(it.context()).toMatchObject({ draining: null, failing: null, stall: { cause: 'replans' } })
  })
})
