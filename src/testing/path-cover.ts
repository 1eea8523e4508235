import type { PathGraph } from './path-graph.ts'
import { wayTo } from './path-model.ts'
import type { ModelState, PathStep } from './path-model.ts'

/** How many steps a way may go on beyond the first that was new: longer ones would be fewer, but hard to read when they fail. */
const EXTRA_STEPS = 12

/**
 * Ends of ways that together take every step of a graph. Each begins with the shortest way to a step that was not taken, the farthest first, and
 * goes on with whatever else was not: first what changes nothing, last what ends the chart.
 */
export function waysOverAllSteps(graph: PathGraph): readonly ModelState[] {
  const { model, states, keyOf } = graph
  const left = new Map(states.map((state) => [keyOf(state), stepsOut(graph, state)]))
  const ends: ModelState[] = []

  const take = (key: string, step: PathStep) => {
    const name = JSON.stringify(step)
    left.set(
      key,
      (left.get(key) ?? []).filter((one) => JSON.stringify(one) !== name),
    )
  }
  function goOn(from: ModelState): ModelState {
    let state = from
    for (let extra = 0; extra <= EXTRA_STEPS; extra++) {
      const key = keyOf(state)
      const [step] = left.get(key) ?? []
      if (step === undefined || !isPossible(graph, state, step)) break
      take(key, step)
      state = model.next(state, step)
    }
    return state
  }

  for (const state of states.toReversed()) {
    while ((left.get(keyOf(state)) ?? []).length > 0) {
      for (const { step, state: to } of wayTo(state)) if (to.came !== null) take(keyOf(to.came.from), step)
      ends.push(goOn(state))
    }
  }
  return ends.length === 0 ? [model.first()] : ends
}

/** The steps out of a state, in the order in which they are best taken. */
function stepsOut({ edges, keyOf }: PathGraph, state: ModelState): readonly PathStep[] {
  const key = keyOf(state)
  const rank = (to: ModelState) => (to.status !== 'active' ? 2 : keyOf(to) === key ? 0 : 1)
  return edges(key)
    .map(({ step, to }) => ({ step, rank: rank(to) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ step }) => step)
}

/** A state that looks the same may be offered other payloads. */
const isPossible = ({ model }: PathGraph, state: ModelState, step: PathStep): boolean =>
  model.steps(state).some((one) => JSON.stringify(one) === JSON.stringify(step))
