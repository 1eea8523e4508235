import { describe, expect, test } from 'vitest'
import { carrying, executing, recover, running, stalled, withoutPlan } from '../support/carried-run.ts'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { GOOD, HARD, OUTPUT, WAITS, ask, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'

function silent(changes: InputChanges = {}): RunDriver {
  const run = running(changes)
  run.passes('stallTimeout')
  return run
}

function recovering(kind: Parameters<typeof recover>[0], changes: InputChanges = {}): RunDriver {
  const run = silent(changes)
  run.says('diagnoseStall', recover(kind, 's1'))
  return run
}

describe('a silence', () => {
  test('is measured from the last thing that was heard', () => {
    const run = running()
    run.wait(WAITS.stallMs - 10)

    run.send('s1', ask.heartbeat())
    run.wait(WAITS.stallMs - 10)

    expect(run.at()).toBe(executing('watching'))
    run.passes('stallTimeout')
    expect(run.now()).toBe(2 * WAITS.stallMs - 10)
    expect(run.at()).toBe(stalled('diagnosing'))
  })

  test('is not measured while only people or back-offs can move the run', () => {
    const run = carrying({}, [stepOf('s1')])

    run.says('judgeAction', verdictOf('ask'))

    expect(run.timers().map(({ name }) => name)).not.toContain('stallTimeout')
  })

  test('is over when a step goes on while it is diagnosed', () => {
    const run = silent()

    run.send('s1', ask.heartbeat())
    run.says('diagnoseStall', recover('replan'))

    expect(run.at()).toBe(executing('watching'))
    expect(run.context().counts.rungs).toBe(0)
  })

  test('is over when a step goes on while a person is asked', () => {
    const run = silent()
    run.says('diagnoseStall')
    expect(run.at()).toBe(stalled('awaitingPerson'))

    run.says('execute', OUTPUT, 's1')

    expect(run.at()).toBe(executing('watching'))
  })

  test('is told with its holders, and what running them again would do', () => {
    const run = silent()

    expect(run.asks('diagnoseStall').input).toMatchObject({
      cause: 'silence',
      rungs: 0,
      holders: [
        { stepId: 's1', repeatable: true },
        { stepId: 's2', repeatable: false },
      ],
      hasPlan: true,
      replansLeft: true,
    })
  })
})

describe('the recovery ladder', () => {
  test.each([
    ['cannot be asked', (run: RunDriver) => run.breaks('diagnoseStall')],
    ['takes too long', (run: RunDriver) => run.passes('guardTimeout')],
    ['knows nothing', (run: RunDriver) => run.says('diagnoseStall')],
  ])('goes to a person when it %s', (_, then) => {
    const run = silent()

    then(run)

    expect(run.at()).toBe(stalled('awaitingPerson'))
  })

  test('counts a rung when it acts', () => {
    const run = recovering('increase_timeout')

    expect(run.at()).toBe(stalled('recovering'))
    expect(run.context().counts.rungs).toBe(1)
  })

  test('gives twice the time', () => {
    const run = recovering('increase_timeout')
    run.says('applyIntervention')
    const from = run.now()

    run.passes('stallTimeout')

    expect(run.now() - from).toBe(2 * WAITS.stallMs)
  })

  test('starts a silent action again', () => {
    const run = recovering('restart_action')

    run.says('applyIntervention')

    expect(run.at()).toBe(executing('watching'))
    expect(run.at('s1')).toBe('attempting.aborting')
  })

  test('drains for another plan', () => {
    const run = recovering('replan')

    run.says('applyIntervention')

    expect(run.at()).toBe(executing('draining'))
    expect(run.context().draining).toBe('replan')
  })

  test.each([
    ['fails', (run: RunDriver) => run.breaks('applyIntervention')],
    ['takes too long', (run: RunDriver) => run.passes('guardTimeout')],
  ])('is asked again when a rung %s', (_, then) => {
    const run = recovering('increase_timeout')

    then(run)

    expect(run.at()).toBe(stalled('diagnosing'))
  })

  test('ends: the person is asked without another diagnosis', () => {
    const run = silent({ limits: { rungs: 0 } })

    expect(run.at()).toBe(stalled('awaitingPerson'))
    expect(run.asked().map(({ src }) => src)).not.toContain('diagnoseStall')
  })

  test('ends the run when nobody is there', () => {
    const run = silent({ limits: { rungs: 0 }, person: 'absent' })

    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'stalled' })
  })

  test('ends the run when people are only asked by themselves', () => {
    const run = silent({ limits: { rungs: 0 }, autoEscalation: false })

    expect(run.context().outcome?.exitReason).toBe('stalled')
  })

  test('leads back to drafting when no plan is in force', () => {
    const run = driveRun(workflowInput())
    run.start()
    run.says('vetGoal')
    run.breaks('draftPlan')
    run.says('diagnoseStall', recover('increase_timeout'))

    run.says('applyIntervention')

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('is climbed for a loop, which is acknowledged by that', () => {
    const run = carrying({}, [stepOf('s1', { onFailure: 'skip' }), stepOf('s2', { onFailure: 'skip' }), stepOf('s3')])
    run.allows('s1')
    run.breaks('execute', HARD, 's1')
    run.allows('s2')
    run.breaks('execute', HARD, 's2')
    expect(run.context().stall?.cause).toBe('loop')

    run.says('diagnoseStall', recover('increase_timeout'))
    run.says('applyIntervention')

    expect(run.at()).toBe(executing('watching'))
  })
})

describe('the choice of a person', () => {
  const choosing = (changes: InputChanges = {}) => {
    const run = silent(changes)
    run.says('diagnoseStall')
    return run
  }

  test.each([
    ['continue', executing('watching')],
    ['replan', executing('draining')],
    ['fail', 'settling.stopping'],
    ['accept', stalled('awaitingPerson')],
  ] as const)('%s leads to %s while steps live', (option, at) => {
    const run = choosing()

    run.send('', ask.choose(option))

    expect(run.at()).toBe(at)
  })

  test('accept completes the run when all is settled', () => {
    const run = carrying({}, [])
    run.says('evaluateCriteria', { ...GOOD.evaluateCriteria, verdict: 'unknown' })

    run.send('', ask.choose('accept'))

    expect(run.context().outcome).toMatchObject({ status: 'completed', exitReason: 'accepted' })
  })

  test.each(['replan', 'accept'] as const)('%s is not offered without a plan', (option) => {
    const run = withoutPlan()

    run.send('', ask.choose(option))

    expect(run.at()).toBe(stalled('awaitingPerson'))
  })

  test('continue drafts when there is no plan', () => {
    const run = withoutPlan()

    run.send('', ask.choose('continue'))

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  test('fail says why the run stood still', () => {
    const run = withoutPlan()

    run.send('', ask.choose('fail'))

    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'unplannable' })
  })
})

describe('a person who does not choose in time', () => {
  const LATE = { waits: { interventionMs: 60_000 } }
  const late = (changes: InputChanges = {}) => {
    const run = silent({ ...LATE, ...changes })
    run.says('diagnoseStall')
    run.passes('interventionTimeout')
    return run
  }

  test('lets the run fail', () => {
    expect(late().context().outcome).toMatchObject({ status: 'failed', exitReason: 'intervention_timeout' })
  })

  test('lets it go on where that is the default, for one rung', () => {
    const run = late({ onInterventionTimeout: 'continue' })

    expect(run.at()).toBe(executing('watching'))
    expect(run.context().counts.rungs).toBe(1)
  })

  test('lets it replan where that is the default, for one rung', () => {
    const run = late({ onInterventionTimeout: 'replan' })

    expect(run.at()).toBe(executing('draining'))
    expect(run.context().counts.rungs).toBe(1)
  })

  test('lets it fail after all when no replan is left', () => {
    const run = late({ onInterventionTimeout: 'replan', limits: { replans: 0 } })

    expect(run.context().outcome?.exitReason).toBe('intervention_timeout')
  })

  test('lets it fail in the end: each default uses up a rung', () => {
    const run = withoutPlan({ ...LATE, onInterventionTimeout: 'continue', limits: { rungs: 2 } })

    for (let n = 0; n < 2; n++) {
      run.passes('interventionTimeout')
      expect(run.at()).toBe('open.active.planning.drafting')
      run.breaks('draftPlan')
      if (n === 0) run.says('diagnoseStall')
    }
    run.passes('interventionTimeout')

    expect(run.context().outcome?.exitReason).toBe('intervention_timeout')
  })

  test('may take for ever when there is no limit', () => {
    const run = silent()
    run.says('diagnoseStall')

    run.passes('interventionTimeout')

    expect(run.at()).toBe(stalled('awaitingPerson'))
  })
})
