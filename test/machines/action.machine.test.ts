import { describe, expect, test } from 'vitest'
import { failure } from '../../src/errors.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { driveAction } from '../support/drive.ts'
import type { ActionDriver } from '../support/drive.ts'
import { CUT_OFF, HARD, IN_DOUBT, OUTPUT, TRANSIENT, actionInput, ask, verdictOf } from '../support/flow.fixture.ts'
import type { ActionChanges } from '../support/flow.fixture.ts'

const WRITE = { step: { effect: 'write' } } as const
const ONCE = { retry: { maxRetries: 0, backoff: 'fixed', baseDelayMs: 1, maxDelayMs: 1 } } as const
const DID_NOT = { verdict: 'did-not', outputRef: null }
const UNKNOWN = { verdict: 'unknown', outputRef: null }

const ready = (changes: ActionChanges = {}) => driveAction(actionInput(changes))

function guarding(changes: ActionChanges = {}): ActionDriver {
  const action = ready(changes)
  action.tell(ask.dispatch())
  return action
}

function judged(verdict: Verdict, changes: ActionChanges = {}): ActionDriver {
  const action = guarding(changes)
  action.says('judgeAction', verdict)
  return action
}

const running = (changes: ActionChanges = {}) => judged(verdictOf('allow'), changes)
const awaiting = (changes: ActionChanges = {}) => judged(verdictOf('ask'), changes)

function again(action: ActionDriver): void {
  action.tell(ask.dispatch())
  action.says('judgeAction', verdictOf('allow'))
}

function aborting(how: ActionHow, changes: ActionChanges = {}): ActionDriver {
  const action = running(changes)
  HOW[how](action)
  return action
}

type ActionHow = 'cancel' | 'pause' | 'restart' | 'override' | 'timeout'
const HOW: Record<ActionHow, (action: ActionDriver) => void> = {
  cancel: (action) => action.tell(ask.cancelAction()),
  pause: (action) => action.tell(ask.pauseAction('abort')),
  restart: (action) => action.tell(ask.restart('s1')),
  override: (action) => action.tell(ask.override('s1', 'instead')),
  timeout: (action) => action.passes('actionTimeout'),
}

function backing(): ActionDriver {
  const action = running()
  action.breaks('execute', TRANSIENT)
  return action
}

function reconciling(changes: ActionChanges = WRITE): ActionDriver {
  const action = running(changes)
  action.breaks('execute', IN_DOUBT)
  return action
}

/** An earlier process was lost in the middle of the attempt. */
function cutOff(changes: ActionChanges): ActionDriver {
  const action = running(changes)
  action.breaks('execute', CUT_OFF)
  return action
}

function doubting(changes: ActionChanges = WRITE): ActionDriver {
  const action = reconciling(changes)
  action.says('reconcileEffect', UNKNOWN)
  return action
}

type Row = readonly [name: string, begin: () => ActionDriver, does: (action: ActionDriver) => void, where: string, code?: string | undefined]

const ready_: readonly Row[] = [
  ['is guarded when it is dispatched', () => ready(), (a) => a.tell(ask.dispatch()), 'guarding'],
  ['is skipped', () => ready(), (a) => a.tell(ask.skip('s1')), 'skipped'],
  ['is cancelled', () => ready(), (a) => a.tell(ask.cancelAction()), 'cancelled'],
  [
    'takes no pause, approval or restart',
    () => ready(),
    (a) => [ask.pauseAction('abort'), ask.approve('s1'), ask.restart('s1')].forEach(a.tell),
    'ready',
  ],
]

const guarding_: readonly Row[] = [
  ['runs when it is allowed', () => guarding(), (a) => a.says('judgeAction', verdictOf('allow')), 'attempting.running'],
  ['waits when a person has to be asked', () => guarding(), (a) => a.says('judgeAction', verdictOf('ask')), 'awaitingApproval'],
  ['is judged again as the guard changed it', () => guarding(), (a) => a.says('judgeAction', verdictOf('modify')), 'guarding'],
  ['is denied when the guard says so', () => guarding(), (a) => a.says('judgeAction', verdictOf('deny')), 'denied', 'GUARD_DENIED'],
  [
    'is denied when the guard fails',
    () => guarding(),
    (a) => a.breaks('judgeAction', failure('GUARD_FAILED', 'the guard broke')),
    'denied',
    'GUARD_FAILED',
  ],
  ['is denied when the guard takes too long', () => guarding(), (a) => a.passes('guardTimeout'), 'denied', 'GUARD_TIMEOUT'],
  ['is ready again after a pause that lets work finish', () => guarding(), (a) => a.tell(ask.pauseAction('finish')), 'ready'],
  ['is ready again after a pause that aborts', () => guarding(), (a) => a.tell(ask.pauseAction('abort')), 'ready'],
  ['is cancelled', () => guarding(), (a) => a.tell(ask.cancelAction()), 'cancelled'],
]

const awaiting_: readonly Row[] = [
  ['is ready after an approval', () => awaiting(), (a) => a.tell(ask.approve('s1')), 'ready'],
  ['is ready after an edit', () => awaiting(), (a) => a.tell(ask.edit('s1', 'args-2')), 'ready'],
  ['is denied after a rejection', () => awaiting(), (a) => a.tell(ask.reject('s1')), 'denied', 'PERSON_REJECTED'],
  ['succeeds with the answer of a person', () => awaiting(), (a) => a.tell(ask.respond('s1', 'answer')), 'succeeded'],
  ['is skipped', () => awaiting(), (a) => a.tell(ask.skip('s1')), 'skipped'],
  ['is not skipped by an answer to something else', () => awaiting(), (a) => a.tell(ask.skip('s1', 'digest-0')), 'awaitingApproval'],
  ['is cancelled', () => awaiting(), (a) => a.tell(ask.cancelAction()), 'cancelled'],
  [
    'is denied when nobody is there',
    () => guarding({ person: 'absent' }),
    (a) => a.says('judgeAction', verdictOf('ask')),
    'denied',
    'APPROVAL_MISSING',
  ],
  [
    'is denied when nobody answers in time',
    () => awaiting({ waits: { approvalMs: 60_000 } }),
    (a) => a.passes('approvalTimeout'),
    'denied',
    'APPROVAL_TIMEOUT',
  ],
  ['goes on waiting when there is no limit', () => awaiting({ person: 'later' }), (a) => a.passes('approvalTimeout'), 'awaitingApproval'],
  ...(['approve', 'reject'] as const).map((type): Row => [
    `refuses to ${type} another digest`,
    () => awaiting(),
    (a) => a.tell(ask[type]('s1', 'digest-0')),
    'awaitingApproval',
  ]),
  ['refuses an edit of another digest', () => awaiting(), (a) => a.tell(ask.edit('s1', 'args-2', 'digest-0')), 'awaitingApproval'],
  ['refuses an answer to another digest', () => awaiting(), (a) => a.tell(ask.respond('s1', 'answer', 'digest-0')), 'awaitingApproval'],
]

const running_: readonly Row[] = [
  ['succeeds', () => running(), (a) => a.says('execute', OUTPUT), 'succeeded'],
  ['fails for good', () => running(), (a) => a.breaks('execute', HARD), 'failed', 'ACTION_FAILED'],
  ['backs off from a failure that may pass', () => running(), (a) => a.breaks('execute', TRANSIENT), 'backingOff'],
  ['fails of one that may pass without retries', () => running({ step: ONCE }), (a) => a.breaks('execute', TRANSIENT), 'failed', 'ACTION_TRANSIENT'],
  ['asks what became of an effect that was left open', () => running(WRITE), (a) => a.breaks('execute', IN_DOUBT), 'inDoubt.reconciling'],
  ['is not stopped by a pause that lets it finish', () => running(), (a) => a.tell(ask.pauseAction('finish')), 'attempting.running'],
  ...(['cancel', 'pause', 'restart', 'override', 'timeout'] as const).map((how): Row => [
    `is stopped by ${how}`,
    () => running(),
    HOW[how],
    'attempting.aborting',
  ]),
  ['is not ended by a heartbeat', () => running(), (a) => a.tell(ask.heartbeat()), 'attempting.running'],
]

const ends = (effect: 'repeatable' | 'write', how: ActionHow, where: string, code?: string): Row => [
  `${effect === 'write' ? 'a write' : 'a repeatable action'} that was stopped by ${how} is ${where}`,
  () => aborting(how, effect === 'write' ? WRITE : {}),
  (a) => a.breaks('execute', HARD),
  where,
  code,
]

const aborting_: readonly Row[] = [
  ends('repeatable', 'cancel', 'cancelled'),
  ends('write', 'cancel', 'cancelled'),
  ends('repeatable', 'override', 'succeeded'),
  ends('write', 'override', 'succeeded'),
  ends('repeatable', 'restart', 'ready'),
  ends('write', 'restart', 'inDoubt.reconciling'),
  ends('repeatable', 'pause', 'ready'),
  ends('write', 'pause', 'inDoubt.reconciling'),
  ends('repeatable', 'timeout', 'backingOff'),
  ends('write', 'timeout', 'inDoubt.reconciling'),
  ['an idempotent action is started again', () => aborting('restart', { step: { effect: 'idempotent' } }), (a) => a.passes('killGrace'), 'ready'],
  [
    'an external action is in doubt',
    () => aborting('restart', { step: { effect: 'external' } }),
    (a) => a.passes('killGrace'),
    'inDoubt.reconciling',
  ],
  ['a timeout without retries fails', () => aborting('timeout', { step: ONCE }), (a) => a.breaks('execute', HARD), 'failed', 'ACTION_TIMEOUT'],
  ['the process tree gets no longer than the kill grace', () => aborting('cancel'), (a) => a.passes('killGrace'), 'cancelled'],
  ['a result that still arrives wins', () => aborting('timeout'), (a) => a.says('execute', OUTPUT), 'succeeded'],
  ['a result that still arrives wins over a cancel', () => aborting('cancel', WRITE), (a) => a.says('execute', OUTPUT), 'succeeded'],
  ...(['pause', 'restart', 'override', 'timeout'] as const).map((how): Row => [
    `a cancel takes the place of ${how}`,
    () => aborting(how),
    (a) => {
      a.tell(ask.cancelAction())
      a.passes('killGrace')
    },
    'cancelled',
  ]),
]

const backingOff_: readonly Row[] = [
  ['is ready after the delay', () => backing(), (a) => a.passes('backoffDelay'), 'ready'],
  ['is skipped', () => backing(), (a) => a.tell(ask.skip('s1')), 'skipped'],
  ['is cancelled', () => backing(), (a) => a.tell(ask.cancelAction()), 'cancelled'],
  ['takes no approval', () => backing(), (a) => a.tell(ask.approve('s1')), 'backingOff'],
]

const reconciling_: readonly Row[] = [
  ['succeeds when it happened', () => reconciling(), (a) => a.says('reconcileEffect'), 'succeeded'],
  ['is tried again when it did not happen', () => reconciling(), (a) => a.says('reconcileEffect', DID_NOT), 'backingOff'],
  [
    'fails when it did not happen and no retry is left',
    () => reconciling({ step: { ...WRITE.step, ...ONCE } }),
    (a) => a.says('reconcileEffect', DID_NOT),
    'failed',
  ],
  [
    'is ready when its process was lost before it happened, whatever the retries',
    () => cutOff({ step: { ...WRITE.step, ...ONCE } }),
    (a) => a.says('reconcileEffect', DID_NOT),
    'ready',
  ],
  ['asks a person when it cannot be known', () => reconciling(), (a) => a.says('reconcileEffect', UNKNOWN), 'inDoubt.awaitingPerson'],
  ['asks a person when looking fails', () => reconciling(), (a) => a.breaks('reconcileEffect'), 'inDoubt.awaitingPerson'],
  ['asks a person when looking takes too long', () => reconciling(), (a) => a.passes('reconcileTimeout'), 'inDoubt.awaitingPerson'],
  ['fails in doubt when it is cancelled', () => reconciling(), (a) => a.tell(ask.cancelAction()), 'failed', 'IN_DOUBT'],
  ...(['pause', 'restart'] as const).map((how): Row => [
    `is ready after ${how} when it did not happen, whatever the retries`,
    () => aborting(how, { step: { effect: 'write', ...ONCE } }),
    (a) => {
      a.passes('killGrace')
      a.says('reconcileEffect', DID_NOT)
    },
    'ready',
  ]),
]

const doubting_: readonly Row[] = [
  ['succeeds when a person says it happened', () => doubting(), (a) => a.tell(ask.resolve('s1', 'happened')), 'succeeded'],
  ['is ready when a person says it did not', () => doubting(), (a) => a.tell(ask.resolve('s1', 'did-not')), 'ready'],
  ['fails when a person says so', () => doubting(), (a) => a.tell(ask.resolve('s1', 'failed')), 'failed', 'IN_DOUBT'],
  ['fails in doubt when it is cancelled', () => doubting(), (a) => a.tell(ask.cancelAction()), 'failed', 'IN_DOUBT'],
  [
    'fails in doubt when nobody is there',
    () => reconciling({ ...WRITE, person: 'absent' }),
    (a) => a.says('reconcileEffect', UNKNOWN),
    'failed',
    'IN_DOUBT',
  ],
  [
    'fails in doubt when nobody answers in time',
    () => doubting({ ...WRITE, waits: { interventionMs: 60_000 } }),
    (a) => a.passes('interventionTimeout'),
    'failed',
    'IN_DOUBT',
  ],
  ['goes on waiting when there is no limit', () => doubting(), (a) => a.passes('interventionTimeout'), 'inDoubt.awaitingPerson'],
]

const TABLE = {
  ready: ready_,
  guarding: guarding_,
  awaitingApproval: awaiting_,
  running: running_,
  aborting: aborting_,
  backingOff: backingOff_,
  'inDoubt.reconciling': reconciling_,
  'inDoubt.awaitingPerson': doubting_,
}

describe.each(Object.entries(TABLE))('an action that is %s', (_, rows) => {
  test.each(rows.map(([name, begin, does, where, code]) => ({ name, begin, does, where, code })))('$name', ({ begin, does, where, code }) => {
    const action = begin()

    does(action)

    expect(action.where()).toBe(where)
    if (code !== undefined) expect(action.result().failure?.code).toBe(code)
  })
})

describe('what the guard is asked', () => {
  test('is the action as the guard changed it, the second time', () => {
    const action = guarding()

    action.says('judgeAction', verdictOf('modify', { actionRef: 'action-2' }))

    expect(action.asks('judgeAction').input).toMatchObject({ modifiedRef: 'action-2' })
  })

  test('changes an action once: a second change is put to a person', () => {
    const action = judged(verdictOf('modify'))

    action.says('judgeAction', verdictOf('modify', { digest: 'digest-2' }))

    expect(action.where()).toBe('awaitingApproval')
  })

  test('is what a person approved, and a change that stays the same is then carried out', () => {
    const action = judged(verdictOf('modify'))
    action.says('judgeAction', verdictOf('modify', { digest: 'digest-2', actionRef: 'action-2' }))
    action.tell(ask.approve('s1', 'digest-2'))

    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('modify', { digest: 'digest-2', actionRef: 'action-2' }))

    expect(action.asks('execute').input).toMatchObject({ digest: 'digest-2', actionRef: 'action-2', approval: { by: 'ann' } })
  })

  test('is what a person put in its place, which it may change once more', () => {
    const action = judged(verdictOf('modify'))
    action.says('judgeAction', verdictOf('ask', { digest: 'digest-2' }))
    action.tell(ask.edit('s1', 'args-2', 'digest-2'))

    action.tell(ask.dispatch())

    expect(action.asks('judgeAction').input).toMatchObject({ editRef: 'args-2', modifiedRef: null })
    action.says('judgeAction', verdictOf('modify'))
    expect(action.where()).toBe('guarding')
  })
})

describe('an approval', () => {
  const approved = () => {
    const action = awaiting()
    action.tell(ask.approve('s1'))
    action.tell(ask.dispatch())
    return action
  }

  test('covers every attempt of the action', () => {
    const action = approved()
    action.says('judgeAction', verdictOf('ask'))
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')

    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('ask'))

    expect(action.where()).toBe('attempting.running')
  })

  test.each([
    ['another digest', verdictOf('ask', { digest: 'digest-2' })],
    ['another policy', verdictOf('ask', { policyHash: 'policy-2' })],
  ])('does not cover %s', (_, verdict) => {
    const action = approved()

    action.says('judgeAction', verdict)

    expect(action.where()).toBe('awaitingApproval')
  })

  test('is used up when the digest changes, even if it changes back', () => {
    const action = approved()
    action.says('judgeAction', verdictOf('allow', { digest: 'digest-2' }))
    expect(action.asks('execute').input).toMatchObject({ digest: 'digest-2', approval: null })
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')

    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('ask'))

    expect(action.where()).toBe('awaitingApproval')
  })

  test('is used up by an edit', () => {
    const action = awaiting()
    action.tell(ask.approve('s1'))
    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('ask', { digest: 'digest-2' }))
    action.tell(ask.edit('s1', 'args-2', 'digest-2'))

    action.tell(ask.dispatch())
    action.says('judgeAction', verdictOf('ask'))

    expect(action.where()).toBe('awaitingApproval')
  })
})

describe('the attempts of an action', () => {
  test.each([0, 1, 3])('are at most one more than its %i retries', (maxRetries) => {
    const action = ready({ step: { retry: { maxRetries, backoff: 'fixed', baseDelayMs: 10, maxDelayMs: 10 } } })

    for (let attempt = 0; attempt <= maxRetries; attempt++) {
      again(action)
      action.breaks('execute', TRANSIENT)
      if (action.where() === 'backingOff') action.passes('backoffDelay')
    }

    expect(action.where()).toBe('failed')
    expect(action.result().attempts).toBe(maxRetries + 1)
  })

  test('that a person began are counted apart', () => {
    const action = running({ step: ONCE })
    action.tell(ask.restart('s1'))
    action.passes('killGrace')

    again(action)

    expect(action.context()).toMatchObject({ attempts: 1, personAttempts: 1, retries: 0, abortReason: null })
  })

  test('are numbered through, with the number in what is executed and in the fact', () => {
    const action = running()
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')
    action.takeFacts()

    again(action)

    expect(action.asks('execute').input).toMatchObject({ attempt: 2, digest: 'digest-1' })
    expect(action.takeFacts()).toContainEqual({ type: 'action.started', actionId: 's1', attempt: 2 })
  })

  test('that found their effect undone count as retries, so that a doubt cannot go round for ever', () => {
    const action = reconciling()
    action.says('reconcileEffect', DID_NOT)
    action.passes('backoffDelay')
    again(action)
    action.breaks('execute', IN_DOUBT)

    action.says('reconcileEffect', DID_NOT)

    expect(action.result()).toMatchObject({ outcome: 'failed', attempts: 2 })
  })

  test('whose process was lost before their effect use up no retry', () => {
    const action = cutOff({ step: { ...WRITE.step, ...ONCE } })
    action.says('reconcileEffect', DID_NOT)
    again(action)
    action.breaks('execute', CUT_OFF)
    action.says('reconcileEffect', DID_NOT)
    again(action)

    action.says('execute')

    expect(action.result()).toMatchObject({ outcome: 'succeeded', attempts: 3 })
  })

  test('that timed out say so when a write turns out undone, whatever an earlier one failed of', () => {
    const action = running(WRITE)
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')
    again(action)
    action.passes('actionTimeout')
    action.passes('killGrace')

    action.says('reconcileEffect', DID_NOT)

    expect(action.result().failure?.code).toBe('ACTION_TIMEOUT')
  })
})

describe('the back-off', () => {
  const delays = (retry: { backoff: 'fixed' | 'linear' | 'exponential' | 'jittered'; maxDelayMs?: number }, runId = 'run') => {
    const action = ready({ runId, step: { retry: { maxRetries: 4, baseDelayMs: 100, maxDelayMs: 60_000, ...retry } } })
    return [1, 2, 3, 4].map(() => {
      again(action)
      action.breaks('execute', TRANSIENT)
      const from = action.now()
      action.passes('backoffDelay')
      return action.now() - from
    })
  }

  test.each([
    ['fixed', [100, 100, 100, 100]],
    ['linear', [100, 200, 300, 400]],
    ['exponential', [100, 200, 400, 800]],
  ] as const)('is %s', (backoff, expected) => {
    expect(delays({ backoff })).toEqual(expected)
  })

  test('never exceeds its maximum', () => {
    expect(delays({ backoff: 'exponential', maxDelayMs: 250 })).toEqual([100, 200, 250, 250])
  })

  test('jitters between half the exponential delay and all of it, the same each time for the same run', () => {
    const first = delays({ backoff: 'jittered' })

    expect(delays({ backoff: 'jittered' })).toEqual(first)
    first.forEach((ms, n) => expect(ms).toBeGreaterThanOrEqual(50 * 2 ** n))
    first.forEach((ms, n) => expect(ms).toBeLessThanOrEqual(100 * 2 ** n))
  })

  test('jitters differently for another run', () => {
    expect(delays({ backoff: 'jittered' }, 'other')).not.toEqual(delays({ backoff: 'jittered' }))
  })
})

describe('the result of an action', () => {
  test('has its output, digest, rule, attempts and usage', () => {
    const action = running()

    action.says('execute', OUTPUT)

    expect(action.result()).toEqual({
      stepId: 's1',
      outcome: 'succeeded',
      inDoubt: false,
      provenance: 'capability',
      outputRef: 'output-1',
      failure: null,
      digest: 'digest-1',
      ruleId: 'workstation:rules[0]',
      attempts: 1,
      usage: OUTPUT.usage,
    })
  })

  test.each([
    ['read', false],
    ['idempotent', false],
    ['write', true],
    ['external', true],
  ] as const)('of a %s action that was cancelled while it ran is in doubt: %s', (effect, inDoubt) => {
    const action = aborting('cancel', { step: { effect } })

    action.passes('killGrace')

    expect(action.result()).toMatchObject({ outcome: 'cancelled', inDoubt })
  })

  test('is in doubt when nobody could settle the doubt', () => {
    const action = doubting()

    action.tell(ask.cancelAction())

    expect(action.result()).toMatchObject({ outcome: 'failed', inDoubt: true })
  })

  test('of a write that was never begun is not in doubt', () => {
    const action = awaiting(WRITE)

    action.tell(ask.cancelAction())

    expect(action.result()).toMatchObject({ outcome: 'cancelled', inDoubt: false, attempts: 0 })
  })

  test.each([
    ['an answer', () => awaiting(), (a: ActionDriver) => a.tell(ask.respond('s1', 'answer')), 'answer'],
    ['an override', () => aborting('override'), (a: ActionDriver) => a.passes('killGrace'), 'instead'],
  ])('names a person for %s', (_, begin, then, outputRef) => {
    const action = begin()

    then(action)

    expect(action.result()).toMatchObject({ outcome: 'succeeded', provenance: 'person', outputRef })
  })

  test('drops the failure of an earlier attempt once it succeeded', () => {
    const action = running()
    action.breaks('execute', TRANSIENT)
    action.passes('backoffDelay')
    again(action)

    action.says('execute', OUTPUT)

    expect(action.result().failure).toBeNull()
  })
})

describe('what the run hears of an action', () => {
  test('a heartbeat is passed on as progress', () => {
    const action = running()

    action.tell(ask.heartbeat())

    expect(action.reports()).toEqual([{ type: 'action.progressed', actionId: 's1' }])
  })

  test.each([
    ['approval', () => awaiting()],
    ['backoff', () => backing()],
    ['doubt', () => doubting()],
  ] as const)('it waits for %s, for this digest', (reason, begin) => {
    const action = begin()

    expect(action.reports().at(-1)).toEqual({ type: 'action.waiting', actionId: 's1', reason, digest: 'digest-1' })
  })

  test.each([
    ['an approval', () => awaiting(), (a: ActionDriver) => a.tell(ask.approve('s1'))],
    ['a pause while it is judged', () => guarding(), (a: ActionDriver) => a.tell(ask.pauseAction('finish'))],
    ['a restart', () => aborting('restart'), (a: ActionDriver) => a.passes('killGrace')],
    ['a doubt that a person settled', () => doubting(), (a: ActionDriver) => a.tell(ask.resolve('s1', 'did-not'))],
  ])('it is ready after %s', (_, begin, then) => {
    const action = begin()

    then(action)

    expect(action.reports().at(-1)).toEqual({ type: 'action.ready', actionId: 's1' })
  })
})
