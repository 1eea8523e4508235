import { describe, expect, test } from 'vitest'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { GOOD, HARD, OUTPUT, TRANSIENT, WAITS, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'

const TWO = [stepOf('s1', { timeoutMs: 3_000_000 }), stepOf('s2', { effect: 'write', timeoutMs: 3_000_000 })]
const stalled = (state: string) => `open.active.stalled.${state}`
const executing = (state: string) => `open.active.executing.${state}`

function carrying(changes: InputChanges = {}, steps = TWO): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.carriesOut(steps)
  return run
}

function running(changes: InputChanges = {}): RunDriver {
  const run = carrying(changes)
  run.allows('s1')
  run.allows('s2')
  return run
}

function silent(changes: InputChanges = {}): RunDriver {
  const run = running(changes)
  run.passes('stallTimeout')
  return run
}

const recover = (kind: 'restart_action' | 'increase_timeout' | 'replan', stepId: string | null = null) => ({ kind: 'recover', intervention: { interventionId: 'i1', kind, stepId, detail: '' } })

function recovering(kind: Parameters<typeof recover>[0], changes: InputChanges = {}): RunDriver {
  const run = silent(changes)
  run.says('diagnoseStall', recover(kind, 's1'))
  return run
}

/** Nobody can plan: a person is asked, without a plan. */
function withoutPlan(changes: InputChanges = {}): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.start()
  run.says('vetGoal')
  run.breaks('draftPlan')
  run.says('diagnoseStall')
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
      holders: [{ stepId: 's1', repeatable: true }, { stepId: 's2', repeatable: false }],
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

describe('a pause', () => {
  test('lets running actions finish, and then rests', () => {
    const run = running()

    run.pause('finish')
    expect([run.at(), run.at('s1')]).toEqual(['open.pausing', 'attempting.running'])
    run.says('execute', OUTPUT, 's1')
    run.says('execute', OUTPUT, 's2')

    expect(run.at()).toBe('open.paused')
  })

  test('that aborts stops them', () => {
    const run = running()

    run.pause('abort')
    expect(run.at('s1')).toBe('attempting.aborting')
    run.breaks('execute', HARD, 's1')
    run.passes('killGrace')
    run.says('reconcileEffect', { verdict: 'did-not', outputRef: null })

    expect(run.at()).toBe('open.paused')
    expect(run.context().live).toEqual({ s1: 'ready', s2: 'ready' })
  })

  test('becomes one that aborts when it is asked for again', () => {
    const run = running()
    run.pause('finish')

    run.pause('abort')

    expect([run.at(), run.at('s1')]).toEqual(['open.pausing', 'attempting.aborting'])
  })

  test('that aborts does not become one that lets work finish', () => {
    const run = running()
    run.pause('abort')

    run.pause('finish')

    expect(run.context().pauseMode).toBe('abort')
  })

  test('takes actions back that were only being judged', () => {
    const run = carrying()

    run.pause()

    expect([run.at(), run.at('s1')]).toEqual(['open.paused', 'ready'])
  })

  test('takes answers, but nothing starts before it is over', () => {
    const run = carrying({}, [stepOf('s1')])
    run.says('judgeAction', verdictOf('ask'))
    run.pause()

    run.send('', ask.approve('s1'))
    expect([run.at(), run.at('s1')]).toEqual(['open.paused', 'ready'])
    expect(run.asked()).toEqual([])
    run.resume()

    expect([run.at(), run.at('s1')]).toEqual([executing('watching'), 'guarding'])
  })

  test('lets a back-off end, but the retry waits', () => {
    const run = carrying({}, [stepOf('s1')])
    run.allows('s1')
    run.breaks('execute', TRANSIENT)
    run.pause()

    run.passes('backoffDelay')

    expect([run.at(), run.at('s1')]).toEqual(['open.paused', 'ready'])
  })

  test('can be taken back while it is under way', () => {
    const run = running()
    run.pause()

    run.resume()

    expect(run.at()).toBe(executing('watching'))
  })

  test('keeps what failed meanwhile', () => {
    const run = running()
    run.pause()
    run.breaks('execute', HARD, 's1')
    run.says('execute', OUTPUT, 's2')
    expect(run.at()).toBe('open.paused')

    run.resume()

    expect(run.at()).toBe('open.active.planning.drafting')
  })

  const PLACES: readonly (readonly [string, () => RunDriver])[] = [
    ['open.active.initializing', () => begun()],
    ['open.active.planning.clarifying', () => begun((run) => run.says('vetGoal', { ...GOOD.vetGoal, decision: 'ambiguous' }))],
    ['open.active.planning.researching', () => begun((run) => run.says('vetGoal'), { research: true })],
    ['open.active.planning.drafting', () => begun((run) => run.says('vetGoal'))],
    ['open.active.planning.deliberating', () => begun((run) => plans(run, 1))],
    ['open.active.planning.vetting', () => begun((run) => plans(run, 2))],
    ['open.active.planning.signingOff', () => begun((run) => plans(run, 3), { signOff: true })],
    [executing('watching'), () => carrying()],
    [executing('holding'), () => holding()],
    [executing('amending'), () => amending()],
    [executing('draining'), () => draining()],
    ['open.active.evaluating', () => carrying({}, [])],
    [stalled('diagnosing'), () => withoutPlanAt('diagnosing')],
    [stalled('recovering'), () => withoutPlanAt('recovering')],
    [stalled('awaitingPerson'), () => withoutPlan()],
  ]

  function begun(then: (run: RunDriver) => void = () => {}, changes: InputChanges = {}): RunDriver {
    const run = driveRun(workflowInput(changes))
    run.start()
    then(run)
    return run
  }

  function plans(run: RunDriver, far: number): void {
    run.says('vetGoal')
    run.says('draftPlan', { kind: 'plan', plan: planOf(TWO) })
    if (far > 1) run.says('deliberate')
    if (far > 2) run.says('judgePlan')
  }

  function holding(): RunDriver {
    const run = carrying()
    run.says('judgeAction', verdictOf('ask'), 's1')
    run.says('judgeAction', verdictOf('ask'), 's2')
    return run
  }

  function amending(): RunDriver {
    const run = carrying()
    run.send('', ask.modify({ maxSteps: 9 }))
    return run
  }

  function draining(): RunDriver {
    const run = running()
    run.breaks('execute', HARD, 's1')
    return run
  }

  function withoutPlanAt(state: 'diagnosing' | 'recovering'): RunDriver {
    return begun((run) => {
      run.says('vetGoal')
      run.breaks('draftPlan')
      if (state === 'recovering') run.says('diagnoseStall', recover('increase_timeout'))
    })
  }

  /** What the run itself waits for; an action that was being judged has given its slot back. */
  const asked = (run: RunDriver) => run.asked().flatMap(({ path, src }) => (path === '' ? [src] : []))

  test.each(PLACES)('can be made in %s, and the run goes on there', (at, begin) => {
    const run = begin()
    expect(run.at()).toBe(at)
    const before = asked(run)

    run.pause('finish')
    expect(run.at()).toMatch(/^open\.paus/)
    run.resume()

    expect(run.at()).toBe(at)
    expect(asked(run)).toEqual(before)
  })

  test.each(PLACES)('does not keep a run from being cancelled that was in %s', (_, begin) => {
    const run = begin()
    run.pause('finish')

    run.send('', ask.cancel())
    while (run.at() !== 'cancelled') run.fire()

    expect(run.now()).toBeLessThanOrEqual(WAITS.settleGraceMs + WAITS.reportMs)
  })
})

describe('the time limit', () => {
  const limited = () => {
    const run = driveRun(workflowInput({ limits: { timeMs: 5_000 } }))
    run.start()
    return run
  }

  test('ends the run', () => {
    const run = limited()

    run.passes('runTimeLeft')

    expect(run.now()).toBe(5_000)
    expect(run.context().outcome).toMatchObject({ status: 'failed', exitReason: 'time_limit', failure: { code: 'TIMEOUT' } })
  })

  test('does not count pauses: 3 s used, 10 s paused, it ends 2 s after the resume', () => {
    const run = limited()
    run.wait(3_000)
    run.pause()
    run.wait(10_000)

    run.resume()
    run.passes('runTimeLeft')

    expect([run.now(), run.runNow(), run.context().usedMs]).toEqual([15_000, 5_000, 3_000])
    expect(run.context().outcome?.exitReason).toBe('time_limit')
  })

  test('adds up over several pauses', () => {
    const run = limited()
    for (let n = 0; n < 4; n++) {
      run.wait(1_000)
      run.pause()
      run.wait(7_000)
      run.resume()
    }

    run.passes('runTimeLeft')

    expect(run.runNow()).toBe(5_000)
  })

  test('does not stand still while the run is pausing', () => {
    const run = driveRun(workflowInput({ limits: { timeMs: 5_000 } }))
    run.carriesOut(TWO)
    run.allows('s1')
    run.pause()

    run.wait(4_000)

    expect(run.at()).toBe('open.pausing')
    expect(run.runNow()).toBe(4_000)
  })
})

describe('a cancel', () => {
  const settled = (run: RunDriver) => {
    const from = run.now()
    while (!['completed', 'failed', 'cancelled'].includes(run.at())) run.fire()
    return run.now() - from
  }

  test('ends a run that never began', () => {
    const run = driveRun(workflowInput())

    run.send('', ask.cancel())
    run.ends()

    expect(run.snapshot('')?.output).toMatchObject({ status: 'cancelled', exitReason: 'cancelled', summary: 'done' })
  })

  test('waits until the running actions are gone', () => {
    const run = running()

    run.send('', ask.cancel())
    expect([run.at(), run.at('s1')]).toEqual(['settling.stopping', 'attempting.aborting'])
    run.breaks('execute', HARD, 's1')
    run.breaks('execute', HARD, 's2')

    expect(run.at()).toBe('settling.reporting')
  })

  test('asked for twice stops what is left at once, in doubt what cannot be repeated', () => {
    const run = running()
    run.send('', ask.cancel())
    run.takeFacts()

    run.send('', ask.cancel())

    expect([run.at(), run.paths()]).toEqual(['settling.reporting', ['']])
    const results = run.takeFacts().flatMap((fact) => (fact.type === 'action.settled' && 'result' in fact ? [fact.result] : []))
    expect(results).toMatchObject([
      { stepId: 's1', outcome: 'cancelled', inDoubt: false },
      { stepId: 's2', outcome: 'cancelled', inDoubt: true },
    ])
  })

  test('stops what does not go by itself after the settle grace', () => {
    const run = running({ waits: { killGraceMs: 50_000 } })
    run.send('', ask.cancel())

    run.passes('settleGrace')

    expect([run.at(), run.paths()]).toEqual(['settling.reporting', ['']])
  })

  test('comes in time even when nothing answers', () => {
    const run = running({ waits: { killGraceMs: 50_000 } })

    run.send('', ask.cancel())

    expect(settled(run)).toBe(WAITS.settleGraceMs + WAITS.reportMs)
    expect(run.at()).toBe('cancelled')
  })

  test('does not take a result back that was there first', () => {
    const run = running()
    run.send('', ask.cancel())

    run.says('execute', OUTPUT, 's2')

    expect(run.context().progress?.letters).toBe('ls')
  })

  test('does not change an outcome that was there first', () => {
    const run = carrying({}, [])
    run.says('evaluateCriteria')
    expect(run.at()).toBe('settling.reporting')

    run.send('', ask.cancel())
    run.ends()

    expect(run.at()).toBe('completed')
  })

  test('leaves nothing behind', () => {
    const run = running()

    run.send('', ask.cancel())
    settled(run)

    expect([run.asked(), run.timers(), run.paths()]).toEqual([[], [], ['']])
  })
})

describe('the end of a run', () => {
  test('has its outcome, evidence, usage and report', () => {
    const run = carrying({}, [stepOf('s1')])
    run.does('s1')
    run.says('evaluateCriteria')

    run.ends()

    expect([run.at(), run.snapshot('')?.status]).toEqual(['completed', 'done'])
    expect(run.snapshot('')?.output).toEqual({
      status: 'completed',
      exitReason: 'criteria_met',
      failure: null,
      summary: 'done',
      criteriaRef: 'criteria-1',
      usage: OUTPUT.usage,
      reportRef: 'report-1',
      reportPath: null,
    })
  })

  test.each([
    ['fails', (run: RunDriver) => run.breaks('writeReport')],
    ['takes too long', (run: RunDriver) => run.passes('reportTimeout')],
  ])('comes without a report when writing it %s', (_, then) => {
    const run = carrying({}, [])
    run.says('evaluateCriteria')

    then(run)

    expect(run.snapshot('')).toMatchObject({ value: 'completed', output: { status: 'completed', reportRef: null } })
  })
})
