import { describe, expect, it } from 'vitest'
import type { Plan } from '../../../src/model/plan.ts'
import { deliberate, type DeliberationRequest } from '../../../src/services/oracle/committee.ts'
import { catalog, catalogWithoutGit, planOf } from './oracle.fixture.ts'

const review = (plan: Plan, more: Partial<DeliberationRequest> = {}) => deliberate({ plan, catalog, maxSteps: 10, timeoutMs: 300_000, ...more })
const objectors = (plan: Plan, more: Partial<DeliberationRequest> = {}) =>
  review(plan, more)
    .reviews.filter(({ approve }) => !approve)
    .map(({ reviewer }) => reviewer)
const wipe = { capability: 'disk.wipe.v1', args: {} }
const write = { capability: 'file.write.v1', args: { path: 'a' } }

describe('deliberate', () => {
  it('agrees on a plain sensible plan', () => {
    const { kind, score, reviews } = review(
      planOf([{}, { dependsOn: ['s0'] }, { ...write, dependsOn: ['s1'], successCriteria: [{ kind: 'stepSucceeded', step: 's2' }] }]),
    )

    expect({ kind, score }).toEqual({ kind: 'consensus', score: 1 })
    expect(reviews.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1)
  })

  it.each<[string, string, Plan, Partial<DeliberationRequest>]>([
    ['feasibility', 'a capability that is not there', planOf([{ capability: 'no.such.v1' }]), {}],
    ['feasibility', 'a capability that cannot run here', planOf([{ capability: 'git.history.v1', args: {} }]), { catalog: catalogWithoutGit }],
    ['feasibility', 'more steps than the run may take', planOf([{}, {}]), { maxSteps: 1 }],
    ['feasibility', 'more time than the run has', planOf([{ timeoutMs: 400_000 }]), {}],
    ['safety', 'risk that is understated', planOf([{ ...write, risk: 'low' }], { successCriteria: [{ kind: 'stepSucceeded', step: 's0' }] }), {}],
    ['safety', 'danger whose failure is passed over', planOf([{ ...wipe, onFailure: 'skip' }]), {}],
    ['safety', 'danger before a look', planOf([wipe], { evidence: [] }), {}],
    ['safety', 'an external effect that may happen twice', planOf([{}, { ...wipe, dependsOn: ['s0'], retry: { maxRetries: 1 } }]), {}],
    ['verifiability', 'no criteria', planOf([{}], { successCriteria: [] }), {}],
    ['verifiability', 'a change that no criterion looks at', planOf([{}, write], { successCriteria: [{ kind: 'stepSucceeded', step: 's0' }] }), {}],
    ['cost', 'the same read twice', planOf([{ args: { path: 'a' } }, { args: { path: 'a' } }]), {}],
  ])('has %s object to %s', (reviewer, _, plan, more) => {
    expect(objectors(plan, more)).toEqual([reviewer])
  })

  it.each<[string, Plan]>([
    ['danger after a look', planOf([{}, { ...wipe, dependsOn: ['s0'] }], { evidence: [] })],
    [
      'a read that is repeated after a change',
      planOf([{ args: { path: 'a' } }, { ...write, dependsOn: ['s0'] }, { args: { path: 'a' }, dependsOn: ['s1'] }]),
    ],
  ])('lets %s pass', (_, plan) => {
    expect(objectors(plan)).toEqual([])
  })

  it('outvotes one lesser objection, and revises on one of weight or two', () => {
    const noCriteria = planOf([{}], { successCriteria: [] })
    const twice = planOf([{ args: { path: 'a' } }, { args: { path: 'a' } }], { successCriteria: [] })

    expect(review(noCriteria)).toMatchObject({ kind: 'consensus', score: 0.8 })
    expect(review(twice)).toMatchObject({ kind: 'revise', score: 0.6 })
    expect(review(planOf([{ timeoutMs: 400_000 }]))).toMatchObject({ kind: 'revise', score: 0.7 })
  })

  it('vetoes a critical step whose risk is understated', () => {
    expect(review(planOf([{}, { ...wipe, dependsOn: ['s0'], risk: 'high' }])).kind).toBe('veto')
    expect(review(planOf([{}, { ...write, dependsOn: ['s0'], risk: 'low' }])).kind).toBe('revise')
  })

  it('survives plans that nobody validated', () => {
    const broken = planOf([{ dependsOn: ['s1', 'nowhere'] }, { id: 's1', dependsOn: ['s0'] }, { id: 's1', title: 'x\ud800' }])

    expect(review(broken).kind).toBe('revise')
  })

  it('lists at most ten objections of a reviewer', () => {
    const plan = planOf(Array.from({ length: 50 }, () => ({ capability: 'no.such.v1' })))

    expect(review(plan, { maxSteps: 50 }).reviews[0]?.objections).toHaveLength(11)
  })
})
