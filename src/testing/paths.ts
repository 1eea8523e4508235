import type { AnyStateMachine } from 'xstate'
import { explore, wholeContext } from './path-graph.ts'
import type { Expected, PathGraph, PathOptions } from './path-graph.ts'
import { stepName, wayTo } from './path-model.ts'
import type { ModelState, PathStep } from './path-model.ts'
import { waysOverAllSteps } from './path-cover.ts'

/** A way through a chart that any driver can go. */
export interface ChartPath {
  /** Its steps in words. */
  readonly name: string
  readonly begins: Expected
  readonly steps: readonly { readonly does: PathStep; readonly leadsTo: Expected }[]
  readonly project: (context: never) => unknown
}

/**
 * The shortest way to each state of a machine that `project` tells apart; ways that others begin with are left out.
 * @throws ControllerError USAGE when `limit` cut the search off, MACHINE_INVALID when the chart throws on the way
 */
export function shortestPaths(machine: AnyStateMachine, options: PathOptions = {}): readonly ChartPath[] {
  const graph = explore(machine, options)
  const passed = new Set(graph.states.flatMap(({ came }) => (came === null ? [] : [came.from])))
  return graph.states.filter((state) => !passed.has(state)).map((end) => toPath(end, graph, options))
}

/**
 * Ways that take every step which is possible in any of these states, and so every transition that the cases lead to. Also the steps that change
 * nothing: a refused event has to be refused.
 * @throws ControllerError USAGE when `limit` cut the search off, MACHINE_INVALID when the chart throws on the way
 */
export function transitionPaths(machine: AnyStateMachine, options: PathOptions = {}): readonly ChartPath[] {
  const graph = explore(machine, options)
  return waysOverAllSteps(graph).map((end) => toPath(end, graph, options))
}

function toPath(end: ModelState, { model, expect }: PathGraph, { project = wholeContext }: PathOptions): ChartPath {
  const way = wayTo(end)
  return {
    name: way.map(({ step }) => stepName(step)).join(' · '),
    begins: expect(way[0]?.state.came?.from ?? model.first()),
    steps: way.map(({ step, state }) => ({ does: step, leadsTo: expect(state) })),
    project,
  }
}
