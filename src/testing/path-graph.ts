import type { ActorLogic, AnyStateMachine, Snapshot, StateValue } from 'xstate'
import { TestModel } from 'xstate/graph'
import { misuse } from './misuse.ts'
import { createPathModel } from './path-model.ts'
import type { ModelOptions, ModelState, PathModel, PathStep } from './path-model.ts'
import { isolated } from './rebuild.ts'

export interface PathOptions extends ModelOptions {
  /**
   * What of the context makes a state another state, as JSON. Default all of it: then a count without a limit, a time or an id makes the graph
   * endless. Leave out what decides nothing.
   */
  readonly project?: (context: never) => unknown
  /** How many steps are looked at before the search is given up. Default 20,000. */
  readonly limit?: number
}

/** Where a chart must be, and what it must be waiting for. */
export interface Expected {
  readonly value: StateValue
  readonly status: ModelState['status']
  readonly output: unknown
  /** What `project` makes of its context. */
  readonly context: unknown
  /** Ids of the services that have not answered. */
  readonly asked: readonly string[]
  /** Names of the delays that are armed. */
  readonly timers: readonly string[]
}

/** Everything that can happen to a chart, as far as `project` tells its states apart. */
export interface PathGraph {
  readonly model: PathModel
  /** The nearest first; each came by the shortest way. */
  readonly states: readonly ModelState[]
  /** Steps out of a state, each with where it leads. */
  readonly edges: (key: string) => readonly { readonly step: PathStep; readonly to: ModelState }[]
  /** What a state is known by. */
  readonly keyOf: (state: ModelState) => string
  readonly expect: (state: ModelState) => Expected
}

/** What `project` is by default. */
export const wholeContext = (context: unknown): unknown => context

/** @throws ControllerError USAGE when `limit` cut the search off, MACHINE_INVALID when the chart throws on the way */
export function explore(machine: AnyStateMachine, options: PathOptions): PathGraph {
  const { limit = 20_000, project = wholeContext } = options
  const model = createPathModel(isolated(machine), options)
  const expect = (state: ModelState) => expected(state, project)
  const keyOf = (state: ModelState) => JSON.stringify([expect(state), historyOf(state)])
  // `createTestModel` refuses machines with invokes and delays; the class itself does not ask.
  const graph = new TestModel<Snapshot<unknown> & ModelState, PathStep, unknown>(logicOf(model), {
    events: (state) => model.steps(state),
    serializeState: keyOf,
    limit,
  })
  const found = new Map(Object.entries(bounded(machine.id, limit, () => graph.getAdjacencyMap()) as Readonly<Record<string, Vertex>>))
  return {
    model,
    states: [...found.values()].map(({ state }) => state),
    edges: (key) => Object.values(found.get(key)?.transitions ?? {}).map(({ event, state }) => ({ step: event, to: state })),
    keyOf,
    expect,
  }
}

interface Vertex {
  readonly state: ModelState
  readonly transitions: Readonly<Record<string, { readonly event: PathStep; readonly state: ModelState }>>
}

function bounded<Found>(machineId: string, limit: number, search: () => Found): unknown {
  try {
    return search()
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'Traversal limit exceeded') throw error
    throw misuse(
      `the search for paths through ${machineId} was cut off after ${limit} steps, with states left to look at`,
      'Let `project` leave out what decides nothing, give fewer cases or lower limits in the input, or raise `limit`.',
      error,
    )
  }
}

const logicOf = (model: PathModel): ActorLogic<Snapshot<unknown> & ModelState, PathStep, unknown> => ({
  getInitialSnapshot: () => asSnapshot(model.first()),
  transition: (state, step) => asSnapshot(model.next(state, step)),
  getPersistedSnapshot: (state) => state,
})
const asSnapshot = (state: ModelState) => state as Snapshot<unknown> & ModelState

const historyOf = ({ machine }: ModelState) => Object.entries(machine.historyValue).map(([node, nodes]) => [node, nodes.map(({ id }) => id)])

function expected({ machine, status, output, asked, timers }: ModelState, project: (context: never) => unknown): Expected {
  return {
    value: machine.value,
    status,
    output,
    context: project(machine.context as never),
    asked: asked.map(({ childId }) => childId).toSorted(),
    timers: timers.map(({ name }) => name).toSorted(),
  }
}
