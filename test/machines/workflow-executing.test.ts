import { describe, expect, test } from 'vitest'
import { failure } from '../../src/errors.ts'
import type { Failure } from '../../src/model/failure.ts'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { FINDINGS, GOOD, HARD, OUTPUT, TRANSIENT, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'

type Steps = Parameters<RunDriver['carriesOut']>[0]

const TWO = [stepOf('s1'), stepOf('s2')]
const CHAIN = [stepOf('s1'), stepOf('s2', { dependsOn: ['s1'] })]
const executing = (state: string) => `open.active.executing.${state}`
const ON_FAILURE = ['replan', 'abort', 'ask', 'skip'] as const

function carrying(steps: Steps, changes: InputChanges = {}): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.carriesOut(steps)
  return run
}

/** A step is allowed and fails for good. */
function fails(run: RunDriver, stepId: string, error: Failure = HARD): void {
  run.allows(stepId)
  run.breaks('execute', error, stepId)
}

const outcomes = (run: RunDriver) => run.context().progress?.letters

describe('dispatching', () => {
  test('fills every slot with ready steps, in the order of the plan', () => {
    const run = carrying([stepOf('s1'), stepOf('s2'), stepOf('s3')])

    expect(run.paths()).toEqual(['', 's1', 's2'])
    expect(run.at()).toBe(executing('watching'))
  })

  test('gives a slot that is free to the next step', () => {
    const run = carrying([stepOf('s1'), stepOf('s2'), stepOf('s3')])

    run.does('s1')

    expect(run.paths()).toEqual(['', 's2', 's3'])
  })

  test('keeps a step back until all it depends on succeeded', () => {
    const run = carrying(CHAIN)
    expect(run.paths()).toEqual(['', 's1'])

    run.does('s1')

    expect(run.paths()).toEqual(['', 's2'])
  })

  test('evaluates when every step is settled', () => {
    const run = carrying(TWO)

    run.does('s2')
    run.does('s1')

    expect(run.at()).toBe('open.active.evaluating')
    expect(run.context().live).toEqual({})
  })

  test('evaluates a plan without steps at once', () => {
    expect(carrying([]).at()).toBe('open.active.evaluating')
  })

  test('lets an action that waits for a person give its slot to another', () => {
    const run = carrying([stepOf('s1'), stepOf('s2')], { limits: { parallel: 1 } })

    run.says('judgeAction', verdictOf('ask'), 's1')

    expect(run.asks('judgeAction').path).toBe('s2')
  })

  test('gives an approved action the next slot, before steps that never began', () => {
    const run = carrying([stepOf('s1'), stepOf('s2'), stepOf('s3')], { limits: { parallel: 1 } })
    run.says('judgeAction', verdictOf('ask'), 's1')
    run.send('', ask.approve('s1'))

    run.does('s2')

    expect(run.asks('judgeAction').path).toBe('s1')
  })

  test('holds when only people or back-offs can move the run', () => {
    const run = carrying(CHAIN)

    run.says('judgeAction', verdictOf('ask'), 's1')

    expect(run.at()).toBe(executing('holding'))
    expect(run.timers().map(({ name }) => name)).toEqual(['runTimeLeft', 'approvalTimeout'])
  })
})

describe('the step limit', () => {
  test('counts actions at their first dispatch, so that a retry passes', () => {
    const run = carrying(CHAIN, { limits: { steps: 1 } })
    run.allows('s1')
    run.breaks('execute', TRANSIENT)

    run.passes('backoffDelay')

    expect(run.at('s1')).toBe('guarding')
    expect(run.context().counts.steps).toBe(1)
  })

  test('puts what it keeps back to a person', () => {
    const run = carrying(CHAIN, { limits: { steps: 1 } })

    run.does('s1')

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.context().stall?.cause).toBe('limit')
  })

  test('ends the run when nobody is there', () => {
    const run = carrying(CHAIN, { limits: { steps: 1 }, person: 'absent' })

    run.does('s1')

    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'step_limit' })
  })

  test('is raised by a person, and the run goes on', () => {
    const run = carrying(CHAIN, { limits: { steps: 1 } })
    run.does('s1')

    run.send('', ask.modify({ maxSteps: 2 }))
    run.says('judgePlan')

    expect(run.paths()).toEqual(['', 's2'])
  })
})

describe('the budget', () => {
  test.each([
    ['tokens', { tokens: 10 }],
    ['dollars', { usd: 0.5 }],
  ])('in %s keeps the next step back once it is used up', (_, limits) => {
    const run = carrying(CHAIN, { limits, person: 'absent' })
    run.allows('s1')

    run.says('execute', { ...OUTPUT, usage: { ...OUTPUT.usage, tokens: 10, usd: 0.5 } })

    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'budget' })
  })
})

describe('the first final failure', () => {
  test('drains: running siblings finish, and then another plan is drafted', () => {
    const run = carrying([stepOf('s1'), stepOf('s2'), stepOf('s3')])
    run.allows('s2')

    fails(run, 's1')
    expect(run.at()).toBe(executing('draining'))
    run.says('execute', undefined, 's2')

    expect(run.at()).toBe('open.active.planning.drafting')
    expect(run.context()).toMatchObject({ plan: null, progress: null, draining: null, failing: null, counts: { replans: 1 } })
    expect(run.asks('draftPlan').input).toMatchObject({ replans: 1, oracle: 0 })
  })

  test('that aborts drains and ends the run', () => {
    const run = carrying([stepOf('s1', { onFailure: 'abort' }), stepOf('s2')])
    run.allows('s2')

    fails(run, 's1')
    run.says('execute', undefined, 's2')

    expect(run.at()).toBe('settling.reporting')
    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'action_aborted', failure: HARD })
  })

  test('that asks goes to a person at once, while siblings go on and nothing is dispatched', () => {
    const run = carrying([stepOf('s1', { onFailure: 'ask' }), stepOf('s2'), stepOf('s3')])
    run.allows('s2')

    fails(run, 's1')
    run.send('s2', ask.heartbeat())
    run.says('execute', undefined, 's2')

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.paths()).toEqual([''])
    expect(outcomes(run)).toBe('fs.')
  })

  test('that is skipped lets the rest of the plan go on, without what depends on it', () => {
    const run = carrying([
      stepOf('s1', { onFailure: 'skip' }),
      stepOf('s2', { dependsOn: ['s1'] }),
      stepOf('s3', { dependsOn: ['s2'] }),
      stepOf('s4'),
    ])

    fails(run, 's1')
    run.does('s4')

    expect(outcomes(run)).toBe('fkks')
    expect(run.at()).toBe('open.active.evaluating')
  })

  test.each(ON_FAILURE)('counts as skipped with continue_on_error, whatever the step says: %s', (onFailure) => {
    const run = carrying([stepOf('s1', { onFailure }), stepOf('s2', { dependsOn: ['s1'] })], { continueOnError: true })

    fails(run, 's1')

    expect(run.at()).toBe('open.active.evaluating')
    expect(outcomes(run)).toBe('fk')
  })

  test.each(ON_FAILURE)('decides, not the one that follows during its drain: %s', (onFailure) => {
    const run = carrying([stepOf('s1', { onFailure: 'replan' }), stepOf('s2', { onFailure })])
    run.allows('s2')

    fails(run, 's1')
    run.breaks('execute', HARD, 's2')

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('is a denial by the guard just as well', () => {
    const run = carrying(TWO)

    run.says('judgeAction', verdictOf('deny'), 's1')

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test.each([
    ['a rejection', (run: RunDriver) => run.send('', ask.reject('s1'))],
    ['a skip', (run: RunDriver) => run.send('', ask.skip('s1'))],
  ])('is not %s by a person: independent work goes on', (_, says) => {
    const run = carrying([...TWO, stepOf('s3', { dependsOn: ['s1'] })])
    run.says('judgeAction', verdictOf('ask'), 's1')

    says(run)
    run.does('s2')

    expect(run.at()).toBe('open.active.evaluating')
    expect(outcomes(run)?.slice(1)).toBe('sk')
  })

  test('is a rejection by a person when the step says so', () => {
    const run = carrying([stepOf('s1', { onFailure: 'abort' }), stepOf('s2')])
    run.says('judgeAction', verdictOf('ask'), 's1')

    run.send('', ask.reject('s1'))

    expect(run.context().draining).toBe('abort')
  })
})

describe('draining', () => {
  const drained = (begin: (run: RunDriver) => void) => {
    const run = carrying(TWO)
    begin(run)
    fails(run, 's1')
    return run
  }

  test('gives back what was only being judged, and cancels it', () => {
    const run = drained(() => {})

    expect(run.paths()).toEqual([''])
    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('cancels what waits for a person', () => {
    const run = drained((its) => its.says('judgeAction', verdictOf('ask'), 's2'))

    expect(run.paths()).toEqual([''])
  })

  test('cancels what begins to wait meanwhile', () => {
    const run = drained((its) => its.allows('s2'))

    run.breaks('execute', TRANSIENT, 's2')

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('stops what takes too long', () => {
    const run = carrying([stepOf('s1'), stepOf('s2', { timeoutMs: 3_000_000 })])
    run.allows('s2')
    fails(run, 's1')

    run.passes('drainTimeout')
    expect(run.at('s2')).toBe('attempting.aborting')
    run.passes('killGrace')

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('begins afresh after a pause', () => {
    const run = drained((its) => its.allows('s2'))
    run.pause()

    run.resume()
    run.says('execute', undefined, 's2')

    expect(run.at()).toBe('open.active.planning.drafting')
  })
})

describe('replanning', () => {
  const failTwice = (replans: number) => {
    const run = carrying([stepOf('s1')], { limits: { replans } })
    fails(run, 's1')
    return run
  }

  test('stops when none is left, and a person is asked', () => {
    const run = failTwice(0)

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.context().stall?.cause).toBe('replans')
  })

  test('offers a person no replan when none is left', () => {
    const run = failTwice(0)

    run.send('', ask.choose('replan'))

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.takeFacts().find(({ type }) => type === 'run.needsPerson')).toMatchObject({ choices: ['continue', 'accept', 'fail'] })
  })

  test('lets a later failure decide again after a person went on with the old plan', () => {
    const run = carrying([stepOf('s1'), stepOf('s2', { onFailure: 'abort' })], { limits: { replans: 0, parallel: 1 } })
    fails(run, 's1')
    run.send('', ask.choose('continue'))

    fails(run, 's2')

    expect(run.context().outcome?.exitReason).toBe('action_aborted')
  })

  test('names its plans apart', () => {
    const run = failTwice(1)
    run.carriesOut(planOf([stepOf('s1')], 'plan-2'))

    run.allows('s1')

    expect(run.asks('execute').input).toMatchObject({ planNumber: 2 })
  })

  test('is done when the criteria are not met, until none is left', () => {
    const run = carrying([])
    run.says('evaluateCriteria', { ...GOOD.evaluateCriteria, verdict: 'unmet' })
    run.carriesOut(planOf([], 'plan-2'))

    run.says('evaluateCriteria', { ...GOOD.evaluateCriteria, verdict: 'unmet' })

    expect(run.context()).toMatchObject({ counts: { replans: 1, plans: 2 }, stall: { cause: 'replans' } })
  })
})

describe('evaluating', () => {
  const evaluating = () => carrying([])

  test('ends the run when the criteria are met', () => {
    const run = evaluating()

    run.says('evaluateCriteria')

    expect(run.context()).toMatchObject({ outcome: { status: 'completed', exitReason: 'criteria_met' }, criteriaRef: 'criteria-1' })
  })

  test.each([
    ['is not known', (run: RunDriver) => run.says('evaluateCriteria', { ...GOOD.evaluateCriteria, verdict: 'unknown' })],
    ['fails', (run: RunDriver) => run.breaks('evaluateCriteria')],
    ['takes too long', (run: RunDriver) => run.passes('oracleTimeout')],
  ])('asks a person when the answer %s', (_, then) => {
    const run = evaluating()

    then(run)

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.context().stall?.cause).toBe('criteria')
  })

  test('takes an amendment first', () => {
    const run = evaluating()

    run.send('', ask.modify({ plan: planOf([stepOf('s9')], 'plan-2') }))
    run.says('judgePlan')

    expect(run.paths()).toEqual(['', 's9'])
  })
})

describe('amending', () => {
  const added = planOf([...TWO, stepOf('s3')], 'plan-2')

  test('carries an accepted plan on, what happened stays true', () => {
    const run = carrying(TWO)
    run.does('s1')

    run.send('', ask.modify({ plan: added }))
    run.says('judgePlan')
    run.does('s3')

    expect(outcomes(run)).toBe('sls')
  })

  test.each([
    ['has findings', (run: RunDriver) => run.says('judgePlan', FINDINGS)],
    ['cannot be judged', (run: RunDriver) => run.breaks('judgePlan')],
    ['takes too long', (run: RunDriver) => run.passes('guardTimeout')],
  ])('keeps the old plan when the new one %s, and says why', (_, then) => {
    const run = carrying([stepOf('s1', { timeoutMs: 3_000_000 }), stepOf('s2', { timeoutMs: 3_000_000 })])
    run.allows('s1')
    run.allows('s2')
    run.send('', ask.modify({ plan: added }))

    then(run)

    expect(run.context()).toMatchObject({ plan: { digest: 'plan-1' }, amendment: null })
    expect(run.takeFacts()).toContainEqual(expect.objectContaining({ type: 'run.amended', accepted: false }))
  })

  test('judges what it then puts in force: nothing can take its place meanwhile', () => {
    const run = carrying(TWO)
    run.send('', ask.modify({ plan: added }))

    run.send('', ask.modify({ plan: planOf([stepOf('evil')], 'plan-3') }))
    run.says('judgePlan')

    expect(run.context().plan?.digest).toBe('plan-2')
  })

  test('is told which steps live, how many may come and what it amends', () => {
    const run = carrying(TWO)

    run.send('', ask.modify({ plan: added, maxSteps: 7 }))

    expect(run.asks('judgePlan').input).toMatchObject({ plan: { digest: 'plan-2' }, live: ['s1', 's2'], maxSteps: 7, amends: { digest: 'plan-1' } })
  })

  test('takes an override for the output of a step that has not begun', () => {
    const run = carrying(CHAIN)

    run.send('', ask.modify({ overrides: { s2: 'instead' } }))
    run.says('judgePlan')
    run.does('s1')

    expect(outcomes(run)).toBe('ss')
    expect(run.takeFacts()).toContainEqual(expect.objectContaining({ type: 'run.amended', accepted: true, overrides: { s2: 'instead' } }))
  })

  test('gives a step that was skipped for another a new chance, not one that a person skipped', () => {
    const run = carrying(
      [stepOf('s1', { onFailure: 'skip' }), stepOf('s2', { dependsOn: ['s1'] }), stepOf('s3'), stepOf('s4', { dependsOn: ['s3'] })],
      { limits: { parallel: 1 } },
    )
    fails(run, 's1')
    run.says('judgeAction', verdictOf('ask'), 's3')
    run.send('', ask.skip('s3'))
    expect(run.at()).toBe('open.active.evaluating')

    run.send('', ask.modify({ overrides: { s1: 'instead' } }))
    run.says('judgePlan')

    expect(run.paths()).toEqual(['', 's2'])
    expect(outcomes(run)).toBe('slkk')
  })

  test('calls for a person when that is asked for, while siblings go on', () => {
    const run = carrying(TWO)
    run.allows('s1')
    run.send('', ask.modify({ escalate: true }))
    run.says('judgePlan')

    run.send('s1', ask.heartbeat())

    expect(run.at()).toBe('open.active.stalled.awaitingPerson')
    expect(run.context().stall?.cause).toBe('escalated')
  })

  test('is refused without a plan in force', () => {
    const run = driveRun(workflowInput())
    run.start()

    run.send('', ask.modify({ maxSteps: 99 }))

    expect(run.context().amendment).toBeNull()
  })

  test('waits for the end of a pause', () => {
    const run = carrying(TWO)
    run.pause()

    run.send('', ask.modify({ plan: added }))
    expect(run.at()).toBe('open.paused')
    run.resume()

    expect(run.at()).toBe(executing('amending'))
  })
})

describe('a crash of the chart of an action', () => {
  test('ends the run as an error of ours, with a report', () => {
    const run = carrying(TWO)

    run.send('', { type: 'xstate.error.actor.s1', actorId: 's1', error: failure('INTERNAL', 'a guard threw') } as never)

    expect(run.at()).toBe('settling.reporting')
    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'internal_error', failure: { message: 'a guard threw' } })
    expect(run.paths()).toEqual([''])
  })
})

describe('the results of actions', () => {
  test('add their usage up', () => {
    const run = carrying(TWO)

    run.does('s1')
    run.does('s2')

    expect(run.context().usage).toMatchObject({ tokens: 20, wallMs: 10 })
  })

  test('are kept for the stall detectors, the last twenty', () => {
    const run = carrying(
      Array.from({ length: 25 }, (_, n) => stepOf(`s${n}`)),
      { limits: { steps: 30 } },
    )

    for (let n = 0; n < 25; n++) run.does(`s${n}`)

    expect(run.context().samples).toHaveLength(20)
    expect(run.context().samples.at(-1)).toEqual({ stepId: 's24', digest: 'digest-s24', ok: true, observed: 'output-1', error: null })
  })
})
