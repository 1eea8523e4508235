import { describe, expect, test } from 'vitest'
import { actionMachine } from '../../src/machines/action.machine.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { ActionContext } from '../../src/machines/action.types.ts'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import type { Cases } from '../../src/testing/cases.ts'
import { createCoverage } from '../../src/testing/coverage.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { shortestPaths, transitionPaths } from '../../src/testing/paths.ts'
import type { ChartPath } from '../../src/testing/paths.ts'
import { runPath } from '../../src/testing/run-path.ts'
import { underParent } from '../../src/testing/under-parent.ts'
import { CUT_OFF, HARD, IN_DOUBT, OUTPUT, TRANSIENT, actionInput, ask, verdictOf } from '../support/flow.fixture.ts'
import type { ActionChanges } from '../support/flow.fixture.ts'

/** Each payload that makes a difference. */
const CASES: Cases = {
  outputs: {
    judgeAction: (['allow', 'ask', 'modify', 'deny'] as const).map((decision) => verdictOf(decision)),
    execute: [OUTPUT],
    reconcileEffect: ['happened', 'did-not', 'unknown'].map((verdict) => ({ verdict, outputRef: null })),
  },
  errors: { judgeAction: [HARD], execute: [TRANSIENT, HARD, IN_DOUBT, CUT_OFF], reconcileEffect: [HARD] },
  events: {
    'action.pause': [ask.pauseAction('finish'), ask.pauseAction('abort')],
    'action.approve': [ask.approve('s1'), ask.approve('s1', 'another')],
    'action.edit': [ask.edit('s1', 'args-2')],
    'action.reject': [ask.reject('s1')],
    'action.respond': [ask.respond('s1', 'answer')],
    'action.skip': [ask.skip('s1')],
    'action.restart': [ask.restart('s1')],
    'action.override': [ask.override('s1', 'instead')],
    'action.resolve': (['happened', 'did-not', 'failed'] as const).map((resolution) => ask.resolve('s1', resolution)),
  },
}

/** What decides about the future: attempts that a person begins have no limit and decide nothing, edited arguments are the guard's business. */
const project = ({ retries, modified, approval, abortReason, begunByPerson }: ActionContext) => [
  retries,
  modified,
  approval?.digest ?? null,
  abortReason,
  begunByPerson,
]

const CONFIGURATIONS: readonly (readonly [string, ActionChanges])[] = [
  ['a repeatable action with a person', { waits: { approvalMs: 60_000, interventionMs: 60_000 } }],
  ['a write with a person', { step: { effect: 'write' }, waits: { interventionMs: 60_000 } }],
  ['a write without limits or retries', { step: { effect: 'write', retry: { maxRetries: 0, backoff: 'fixed', baseDelayMs: 1, maxDelayMs: 1 } } }],
  ['an external action with nobody there', { person: 'absent', step: { effect: 'external' } }],
]

const byFold = createCoverage([actionMachine])
const byActors = createCoverage([actionMachine])
const parent = underParent(actionMachine, 's1')

const goneByFold = (input: unknown) => (path: ChartPath) =>
  runPath(createFoldDriver(parent, { input, clocks: DELAY_CLOCKS, onMicrostep: byFold.note }), path, { at: 's1' }) ?? []
const goneByActors = (input: unknown) => (path: ChartPath) =>
  runPath(createActorDriver(parent, { input, onMicrostep: byActors.note }), path, { at: 's1' }) ?? []

describe('the action that is carried out', () => {
  test.each(CONFIGURATIONS)('is where the chart says on every path, in the fold and as a plain actor: %s', (_, changes) => {
    const input = actionInput(changes)
    const paths = transitionPaths(actionMachine, { input, cases: CASES, project })

    const wrong = [...paths.flatMap(goneByFold(input)), ...paths.flatMap(goneByActors(input))]

    expect(wrong).toEqual([])
    expect(paths.length).toBeGreaterThan(100)
  })

  test('takes every transition of the chart on these paths', () => {
    expect([byFold.untaken(), byActors.untaken()]).toEqual([[], []])
  })

  test('can come to each of its states by a path of a few steps', () => {
    const input = actionInput(CONFIGURATIONS[0]?.[1])

    const paths = shortestPaths(actionMachine, { input, cases: CASES, project: () => null })

    expect(new Set(paths.flatMap(({ steps }) => steps.map(({ leadsTo }) => JSON.stringify(leadsTo.value)))).size).toBe(12)
    expect(Math.max(...paths.map(({ steps }) => steps.length))).toBeLessThan(8)
  })
})
