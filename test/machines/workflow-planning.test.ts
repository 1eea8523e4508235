import { describe, expect, test } from 'vitest'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { FINDINGS, GOOD, HARD, ask, planOf, stepOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'

const PLAN = planOf([stepOf('s1')])
const DRAFT = { kind: 'plan', plan: PLAN }
const LIMITED = { waits: { interventionMs: 60_000 } }

function started(changes: InputChanges = {}): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.start()
  return run
}

function drafting(changes: InputChanges = {}): RunDriver {
  const run = started(changes)
  run.says('vetGoal')
  return run
}

function deliberating(changes: InputChanges = {}): RunDriver {
  const run = drafting(changes)
  run.says('draftPlan', DRAFT)
  return run
}

function vetting(changes: InputChanges = {}): RunDriver {
  const run = deliberating(changes)
  run.says('deliberate')
  return run
}

function signing(changes: InputChanges = {}): RunDriver {
  const run = vetting({ signOff: true, ...changes })
  run.says('judgePlan')
  return run
}

function clarifying(changes: InputChanges = {}): RunDriver {
  const run = started(changes)
  run.says('vetGoal', AMBIGUOUS)
  return run
}

const AMBIGUOUS = { decision: 'ambiguous', reason: 'two readings', question: 'which?', choices: ['the first', 'the second'] }

interface Row {
  readonly name: string
  readonly begin: () => RunDriver
  readonly does: (run: RunDriver) => void
  readonly at: string
  readonly exit?: string
}

const row = (name: string, begin: () => RunDriver, does: (run: RunDriver) => void, at: string, exit?: string): Row => ({
  name,
  begin,
  does,
  at,
  ...(exit ? { exit } : {}),
})
const planning = (state: string) => `open.active.planning.${state}`
const REPORTING = 'settling.reporting'
const ends = (name: string, begin: () => RunDriver, does: (run: RunDriver) => void, exit: string) => row(name, begin, does, REPORTING, exit)

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  idle: [
    row(
      'begins with its goal',
      () => driveRun(workflowInput()),
      (run) => run.start(),
      'open.active.initializing',
    ),
    ends(
      'is cancelled',
      () => driveRun(workflowInput()),
      (run) => run.send('', ask.cancel()),
      'cancelled',
    ),
    row(
      'takes no pause',
      () => driveRun(workflowInput()),
      (run) => run.pause(),
      'idle',
    ),
  ],
  initializing: [
    row(
      'drafts a plan when the goal is allowed',
      () => started(),
      (run) => run.says('vetGoal'),
      planning('drafting'),
    ),
    row(
      'researches first when that is wanted',
      () => started({ research: true }),
      (run) => run.says('vetGoal'),
      planning('researching'),
    ),
    row(
      'asks what is meant',
      () => started(),
      (run) => run.says('vetGoal', AMBIGUOUS),
      planning('clarifying'),
    ),
    ends(
      'ends when the goal is denied',
      () => started(),
      (run) => run.says('vetGoal', { ...GOOD.vetGoal, decision: 'deny' }),
      'goal_denied',
    ),
    ends(
      'ends when the goal cannot be judged',
      () => started(),
      (run) => run.breaks('vetGoal'),
      'goal_error',
    ),
    ends(
      'ends when judging the goal takes too long',
      () => started(),
      (run) => run.passes('guardTimeout'),
      'goal_error',
    ),
  ],
  clarifying: [
    row(
      'goes on with the answer',
      () => clarifying(),
      (run) => run.send('', ask.answerGoal('the second')),
      planning('drafting'),
    ),
    row(
      'goes on when nobody is there',
      () => started({ person: 'absent' }),
      (run) => run.says('vetGoal', AMBIGUOUS),
      planning('drafting'),
    ),
    row(
      'goes on when nobody answers in time',
      () => clarifying(LIMITED),
      (run) => run.passes('interventionTimeout'),
      planning('drafting'),
    ),
    row(
      'waits without limit otherwise',
      () => clarifying(),
      (run) => run.passes('interventionTimeout'),
      planning('clarifying'),
    ),
    row(
      'researches with the answer when that is wanted',
      () => clarifying({ research: true }),
      (run) => run.send('', ask.answerGoal('x')),
      planning('researching'),
    ),
  ],
  researching: [
    row(
      'drafts with the evidence',
      () => drafting({ research: true }),
      (run) => run.says('research'),
      planning('drafting'),
    ),
    row(
      'drafts without evidence when research fails',
      () => drafting({ research: true }),
      (run) => run.breaks('research'),
      planning('drafting'),
    ),
    row(
      'drafts without evidence when research takes too long',
      () => drafting({ research: true }),
      (run) => run.passes('researchTimeout'),
      planning('drafting'),
    ),
  ],
  drafting: [
    row(
      'has the plan reviewed',
      () => drafting(),
      (run) => run.says('draftPlan', DRAFT),
      planning('deliberating'),
    ),
    ends(
      'ends when there is no plan',
      () => drafting(),
      (run) => run.says('draftPlan', { kind: 'none', reason: 'no idea', hint: 'try' }),
      'unplannable',
    ),
    row(
      'asks another oracle when one fails',
      () => drafting({ oracles: 2 }),
      (run) => run.breaks('draftPlan'),
      planning('drafting'),
    ),
    row(
      'asks another oracle when one takes too long',
      () => drafting({ oracles: 2 }),
      (run) => run.passes('oracleTimeout'),
      planning('drafting'),
    ),
    row(
      'stalls when the last oracle fails',
      () => drafting(),
      (run) => run.breaks('draftPlan'),
      'open.active.stalled.diagnosing',
    ),
    row(
      'stalls when the last oracle takes too long',
      () => drafting(),
      (run) => run.passes('oracleTimeout'),
      'open.active.stalled.diagnosing',
    ),
  ],
  deliberating: [
    row(
      'has an agreed plan vetted',
      () => deliberating(),
      (run) => run.says('deliberate'),
      planning('vetting'),
    ),
    row(
      'has a plan with objections drafted again',
      () => deliberating(),
      (run) => run.says('deliberate', { ...GOOD.deliberate, kind: 'revise' }),
      planning('drafting'),
    ),
    row(
      'vets a plan with objections when no round is left',
      () => deliberating({ limits: { rounds: 0 } }),
      (run) => run.says('deliberate', { ...GOOD.deliberate, kind: 'revise' }),
      planning('vetting'),
    ),
    row(
      'vets a plan without a quorum',
      () => deliberating(),
      (run) => run.says('deliberate', { ...GOOD.deliberate, kind: 'no-quorum' }),
      planning('vetting'),
    ),
    row(
      'vets a plan whose review failed',
      () => deliberating(),
      (run) => run.breaks('deliberate'),
      planning('vetting'),
    ),
    row(
      'vets a plan whose review took too long',
      () => deliberating(),
      (run) => run.passes('oracleTimeout'),
      planning('vetting'),
    ),
    ends(
      'ends with a veto, rounds left or not',
      () => deliberating(),
      (run) => run.says('deliberate', { ...GOOD.deliberate, kind: 'veto' }),
      'plan_vetoed',
    ),
  ],
  vetting: [
    row(
      'carries a clean plan out',
      () => vetting(),
      (run) => run.says('judgePlan'),
      'open.active.executing.watching',
    ),
    row(
      'has a clean plan signed when that is wanted',
      () => vetting({ signOff: true }),
      (run) => run.says('judgePlan'),
      planning('signingOff'),
    ),
    row(
      'has a plan with findings repaired',
      () => vetting(),
      (run) => run.says('judgePlan', FINDINGS),
      planning('drafting'),
    ),
    ends(
      'ends when no repair is left',
      () => vetting({ limits: { repairs: 0 } }),
      (run) => run.says('judgePlan', FINDINGS),
      'plan_invalid',
    ),
    ends(
      'ends when the plan cannot be judged',
      () => vetting(),
      (run) => run.breaks('judgePlan'),
      'plan_invalid',
    ),
    ends(
      'ends when judging the plan takes too long',
      () => vetting(),
      (run) => run.passes('guardTimeout'),
      'plan_invalid',
    ),
  ],
  signingOff: [
    row(
      'carries the plan out when it is signed',
      () => signing(),
      (run) => run.send('', ask.approvePlan('plan-1')),
      'open.active.executing.watching',
    ),
    row(
      'takes no signature for another plan',
      () => signing(),
      (run) => run.send('', ask.approvePlan('plan-0')),
      planning('signingOff'),
    ),
    row(
      'takes no edit of another plan',
      () => signing(),
      (run) => run.send('', ask.editPlan('plan-0', PLAN)),
      planning('signingOff'),
    ),
    row(
      'takes no rejection of another plan',
      () => signing(),
      (run) => run.send('', ask.rejectPlan('plan-0')),
      planning('signingOff'),
    ),
    row(
      'has an edited plan vetted',
      () => signing(),
      (run) => run.send('', ask.editPlan('plan-1', PLAN)),
      planning('vetting'),
    ),
    row(
      'has a rejected plan drafted again',
      () => signing(),
      (run) => run.send('', ask.rejectPlan('plan-1')),
      planning('drafting'),
    ),
    ends(
      'ends with a rejection when no repair is left',
      () => signing({ limits: { repairs: 0 } }),
      (run) => run.send('', ask.rejectPlan('plan-1')),
      'plan_rejected',
    ),
    ends(
      'ends when nobody is there',
      () => vetting({ signOff: true, person: 'absent' }),
      (run) => run.says('judgePlan'),
      'nobody_there',
    ),
    ends(
      'ends when nobody signs in time',
      () => signing(LIMITED),
      (run) => run.passes('interventionTimeout'),
      'intervention_timeout',
    ),
    row(
      'waits without limit otherwise',
      () => signing(),
      (run) => run.passes('interventionTimeout'),
      planning('signingOff'),
    ),
  ],
}

describe.each(Object.entries(TABLE))('a run that is %s', (_, rows) => {
  test.each(rows)('$name', ({ begin, does, at, exit }) => {
    const run = begin()

    does(run)

    expect(run.at()).toBe(at)
    expect(run.context().outcome?.exitReason).toBe(exit)
  })
})

describe('what planning remembers', () => {
  test('is what a person answered', () => {
    const run = clarifying()

    run.send('', ask.answerGoal('the second'))

    expect(run.asks('draftPlan').input).toMatchObject({ assumption: 'the second' })
  })

  test('is the first reading when nobody answered', () => {
    const run = started({ person: 'absent' })

    run.says('vetGoal', AMBIGUOUS)

    expect(run.asks('draftPlan').input).toMatchObject({ assumption: 'the first' })
  })

  test('is what research found, and what it could not find', () => {
    const found = drafting({ research: true })
    found.says('research', { evidenceRef: 'evidence-7', gaps: ['tests'] })
    const lost = drafting({ research: true })
    lost.breaks('research', HARD)

    expect(found.asks('draftPlan').input).toMatchObject({ evidenceRef: 'evidence-7' })
    expect(found.context().researchGaps).toEqual(['tests'])
    expect(lost.context().researchGaps).toEqual([HARD.message])
  })

  test('are the objections of the committee, for the next draft only', () => {
    const run = deliberating()

    run.says('deliberate', { kind: 'revise', reason: 'too big', objectionsRef: 'objections-1' })

    expect(run.asks('draftPlan').input).toMatchObject({ objectionsRef: 'objections-1' })
    run.says('draftPlan', DRAFT)
    expect(run.asks('deliberate').input).toMatchObject({ objectionsRef: null })
  })

  test('are the findings of the validator', () => {
    const run = vetting()

    run.says('judgePlan', FINDINGS)

    expect(run.asks('draftPlan').input).toMatchObject({ findingsRef: 'findings-1' })
  })

  test('is which oracle is next', () => {
    const run = drafting({ oracles: 2 })

    run.breaks('draftPlan')

    expect(run.asks('draftPlan').input).toMatchObject({ oracle: 1 })
  })
})

describe('the loops of planning', () => {
  test('end: rounds and repairs are counted over the whole run', () => {
    const run = drafting({ limits: { rounds: 2, repairs: 1 } })
    const objected = () => {
      run.says('draftPlan', DRAFT)
      run.says('deliberate', { ...GOOD.deliberate, kind: 'revise' })
    }

    objected()
    objected()
    objected()
    run.says('judgePlan', FINDINGS)
    objected()
    run.says('judgePlan', FINDINGS)

    expect(run.context().counts).toMatchObject({ rounds: 2, repairs: 1 })
    expect(run.context().outcome?.exitReason).toBe('plan_invalid')
  })

  test.each(['revise', 'no-quorum'] as const)('demand a signature after %s without agreement', (kind) => {
    const run = deliberating({ limits: { rounds: 0 } })

    run.says('deliberate', { ...GOOD.deliberate, kind })
    run.says('judgePlan')

    expect(run.at()).toBe(planning('signingOff'))
  })

  test('demand it of the repaired plan as well', () => {
    const run = deliberating()
    run.breaks('deliberate')
    run.says('judgePlan', FINDINGS)

    run.says('draftPlan', DRAFT)
    run.says('deliberate')
    run.says('judgePlan')

    expect(run.at()).toBe(planning('signingOff'))
  })

  test('give a person back what a person wrote when it has findings, without a signature to offer', () => {
    const run = signing()
    const edited = planOf([stepOf('s2')], 'plan-2')
    run.send('', ask.editPlan('plan-1', edited))

    run.says('judgePlan', FINDINGS)
    run.send('', ask.approvePlan('plan-2'))

    expect(run.at()).toBe(planning('signingOff'))
    expect(run.context().draft).toEqual({ plan: edited, edited: true, clean: false })
  })

  test('carry out what a person wrote once it is clean and signed by its own digest', () => {
    const run = signing()
    run.send('', ask.editPlan('plan-1', planOf([stepOf('s2')], 'plan-2')))
    run.says('judgePlan')

    run.send('', ask.approvePlan('plan-1'))
    expect(run.at()).toBe(planning('signingOff'))
    run.send('', ask.approvePlan('plan-2'))

    expect(run.at()).toBe('open.active.executing.watching')
    expect(run.paths()).toEqual(['', 's2'])
  })
})
