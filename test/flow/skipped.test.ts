import { describe, expect, it } from 'vitest'
import { withSkippedDependants } from '../../src/flow/skipped.ts'
import { Plan } from '../../src/index.ts'
import { NO_USAGE, type ActionResult, type Outcome } from '../../src/model/result.ts'
import { echo, planOf } from '../support/controller-plans.ts'

const diamond = Plan.parse(
  planOf([echo('a'), echo('b', { dependsOn: ['a'] }), echo('c', { dependsOn: ['a'] }), echo('d', { dependsOn: ['b', 'c'] })]),
)

const ended = (stepId: string, outcome: Outcome): [string, ActionResult] => [
  stepId,
  {
    stepId,
    outcome,
    inDoubt: false,
    provenance: 'capability',
    outputRef: null,
    failure: null,
    digest: null,
    ruleId: null,
    attempts: 1,
    usage: NO_USAGE,
  },
]

const outcomesOf = (results: ReadonlyMap<string, ActionResult>) => Object.fromEntries([...results].map(([stepId, { outcome }]) => [stepId, outcome]))

describe('the results of a plan', () => {
  it.each(['failed', 'denied', 'skipped', 'cancelled'] as const)('have all that depends on a %s step as skipped', (outcome) => {
    const results = withSkippedDependants(diamond, new Map([ended('a', outcome)]))

    expect(outcomesOf(results)).toEqual({ a: outcome, b: 'skipped', c: 'skipped', d: 'skipped' })
    expect(results.get('b')?.failure).toMatchObject({
      code: 'DEPENDENCY_FAILED',
      message: `step b was skipped: step a, which it depends on, was ${outcome}`,
    })
  })

  it('leave steps alone that only have not begun', () => {
    expect(outcomesOf(withSkippedDependants(diamond, new Map([ended('a', 'succeeded')])))).toEqual({ a: 'succeeded' })
    expect(outcomesOf(withSkippedDependants(diamond, new Map()))).toEqual({})
  })

  it('keep what really happened', () => {
    const results = withSkippedDependants(diamond, new Map([ended('a', 'succeeded'), ended('b', 'failed'), ended('c', 'succeeded')]))

    expect(outcomesOf(results)).toEqual({ a: 'succeeded', b: 'failed', c: 'succeeded', d: 'skipped' })
  })

  it('do not change the map they were made of', () => {
    const given = new Map([ended('a', 'failed')])

    withSkippedDependants(diamond, given)

    expect(given.size).toBe(1)
  })
})
