import { describe, expect, test } from 'vitest'
import { TWO, carrying, executing, recover, running, stalled, withoutPlan } from '../support/carried-run.ts'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { GOOD, HARD, OUTPUT, TRANSIENT, WAITS, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'

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
