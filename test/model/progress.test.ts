import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allStepsSettled, beginNext, carryOver, findStep, nextReady, settleStep, startProgress, stepState } from '../../src/model/progress.ts'
import type { Progress } from '../../src/model/progress.ts'
import type { Outcome } from '../../src/model/result.ts'
import type { PlanSkeleton } from '../../src/model/skeleton.ts'
import { planOf, stepOf } from '../support/flow.fixture.ts'
import { SEED } from '../support/walk-arbitraries.ts'

const OUTCOMES: readonly Outcome[] = ['succeeded', 'failed', 'denied', 'skipped', 'cancelled']

/** The same, written for nothing but clarity: a map of states, worked out anew each time. */
type States = Map<string, 'pending' | 'live' | Outcome>

const naive = {
  start: (plan: PlanSkeleton): States => new Map(plan.steps.map(({ id }) => [id, 'pending'])),
  ready: (plan: PlanSkeleton, states: States) =>
    plan.steps
      .filter(({ id, dependsOn }) => states.get(id) === 'pending' && dependsOn.every((other) => states.get(other) === 'succeeded'))
      .map(({ id }) => id),
  settle(plan: PlanSkeleton, states: States, stepId: string, outcome: Outcome): void {
    const was = states.get(stepId)
    if (was !== 'pending' && was !== 'live') return
    states.set(stepId, outcome)
    this.skip(plan, states)
  },
  /** Whatever depends on something that ended otherwise than well is skipped, until nothing changes any more. */
  skip(plan: PlanSkeleton, states: States): void {
    const doomed = plan.steps.filter(({ id, dependsOn }) => states.get(id) === 'pending' && dependsOn.some((other) => endedBadly(states.get(other))))
    for (const { id } of doomed) states.set(id, 'skipped')
    if (doomed.length > 0) this.skip(plan, states)
  },
  carry(from: PlanSkeleton, states: States, to: PlanSkeleton, overridden: readonly string[]): States {
    const after: States = new Map(
      to.steps.map(({ id }) => {
        const state = states.get(id) ?? 'pending'
        const steps = from.steps.find((step) => step.id === id)
        const byPerson = state === 'skipped' && steps?.dependsOn.every((other) => states.get(other) === 'succeeded')
        return [id, overridden.includes(id) ? 'succeeded' : state === 'skipped' && !byPerson ? 'pending' : state]
      }),
    )
    this.skip(to, after)
    return after
  },
}

const endedBadly = (state: string | undefined) => state !== undefined && !['pending', 'live', 'succeeded'].includes(state)

/** Plans without cycles: a step depends on earlier ones only; the order is then shuffled. */
const anyPlan: fc.Arbitrary<PlanSkeleton> = fc
  .array(fc.tuple(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), fc.nat()), { maxLength: 10 })
  .map((rows) => {
    const steps = rows.map(([earlier, order], n) => ({
      step: stepOf(`s${n}`, { dependsOn: [...new Set(earlier.filter((m) => m < n).map((m) => `s${m}`))] }),
      order,
    }))
    return planOf(steps.toSorted((a, b) => a.order - b.order).map(({ step }) => step))
  })

const anyMoves = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...OUTCOMES, 'succeeded' as const, 'succeeded' as const)), { maxLength: 30 })

/** Both kinds of progress after some moves: begin the next step, or settle a live one. */
function play(plan: PlanSkeleton, moves: readonly (readonly [number, Outcome])[], check: (progress: Progress, states: States) => void = () => {}) {
  const states = naive.start(plan)
  let progress = startProgress(plan)
  check(progress, states)
  for (const [draw, outcome] of moves) {
    const live = plan.steps.filter(({ id }) => states.get(id) === 'live')
    const next = nextReady(plan, progress)
    if (next !== null && (draw % 2 === 0 || live.length === 0)) {
      states.set(next, 'live')
      progress = beginNext(progress)
    } else if (live.length > 0) {
      const stepId = live[draw % live.length]?.id ?? ''
      naive.settle(plan, states, stepId, outcome)
      progress = settleStep(plan, progress, stepId, outcome)
    }
    check(progress, states)
  }
  return { progress, states }
}

function expectSame(plan: PlanSkeleton, progress: Progress, states: States): void {
  expect(plan.steps.map(({ id }) => [id, stepState(plan, progress, id)])).toEqual(plan.steps.map(({ id }) => [id, states.get(id)]))
  expect(progress.ready.map((position) => plan.steps[position]?.id).toSorted()).toEqual(naive.ready(plan, states).toSorted())
  expect(allStepsSettled(progress)).toBe([...states.values()].every((state) => state !== 'pending' && state !== 'live'))
  expect(progress.settled).toBe([...states.values()].filter((state) => state !== 'pending' && state !== 'live').length)
}

describe('the progress of a plan', () => {
  test('is what following every dependency by hand gives', () => {
    fc.assert(
      fc.property(anyPlan, anyMoves, (plan, moves) => void play(plan, moves, (progress, states) => expectSame(plan, progress, states))),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('carried over to another plan is what doing so by hand gives', () => {
    fc.assert(
      fc.property(anyPlan, anyMoves, fc.array(fc.nat({ max: 12 }), { maxLength: 4 }), fc.nat({ max: 3 }), (plan, moves, picks, added) => {
        const { progress, states } = play(plan, moves)
        const removed = new Set(
          picks
            .slice(0, 2)
            .flatMap((n) => plan.steps[n]?.id ?? [])
            .filter((id) => states.get(id) !== 'live'),
        )
        const kept = plan.steps
          .filter(({ id }) => !removed.has(id))
          .map((step) => ({ ...step, dependsOn: step.dependsOn.filter((id) => !removed.has(id)) }))
        const to = planOf([
          ...kept,
          ...Array.from({ length: added }, (_, n) => stepOf(`n${n}`, { dependsOn: kept.slice(n, n + 1).map(({ id }) => id) })),
        ])
        const overridden = picks.slice(2).flatMap((n) => (states.get(`s${n}`) === 'live' ? [] : [`s${n}`]))

        expectSame(to, carryOver(plan, progress, to, overridden), naive.carry(plan, states, to, overridden))
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('ends: beginning and settling whatever is ready settles every step', () => {
    fc.assert(
      fc.property(anyPlan, fc.array(fc.constantFrom(...OUTCOMES), { minLength: 10, maxLength: 10 }), (plan, outcomes) => {
        let progress = startProgress(plan)
        for (let n = 0, next = nextReady(plan, progress); next !== null; n++, next = nextReady(plan, progress)) {
          progress = settleStep(plan, beginNext(progress), next, outcomes[n % 10] ?? 'failed')
        }
        expect(allStepsSettled(progress)).toBe(true)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})

describe('a step', () => {
  const chain = planOf([stepOf('a'), stepOf('b', { dependsOn: ['a'] }), stepOf('c', { dependsOn: ['b'] })])

  test('settles once: what comes later does not change it', () => {
    const failed = settleStep(chain, beginNext(startProgress(chain)), 'a', 'failed')

    expect(settleStep(chain, failed, 'a', 'succeeded')).toBe(failed)
  })

  test('that is not in the plan changes nothing', () => {
    const progress = startProgress(chain)

    expect(settleStep(chain, progress, 'z', 'succeeded')).toBe(progress)
    expect(stepState(chain, progress, 'z')).toBe('pending')
  })

  test('is found by its name', () => {
    expect(findStep(chain, 'b')?.dependsOn).toEqual(['a'])
    expect(findStep(chain, 'z')).toBeUndefined()
  })

  test('cannot begin when none is ready', () => {
    const progress = beginNext(startProgress(chain))

    expect(nextReady(chain, progress)).toBeNull()
    expect(beginNext(progress)).toBe(progress)
  })

  test.each(['constructor', '__proto__', 'tostring'])('may be called %s', (id) => {
    const plan = planOf([stepOf(id), stepOf('next', { dependsOn: [id] })])

    const progress = settleStep(plan, beginNext(startProgress(plan)), id, 'succeeded')

    expect(nextReady(plan, progress)).toBe('next')
  })
})
