import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** A transition as the chart shows it. Names only; what has no name (an inline function) is called `(inline)`. */
export interface ChartEdge {
  /** XState's event descriptor; empty for `always`. */
  readonly event: string
  readonly guard: string | null
  /** Ids of the states it leads to; empty when it stays. */
  readonly targets: readonly string[]
  readonly actions: readonly string[]
  readonly reenter: boolean
  /** The delay's name, or ms, of an `after`. */
  readonly delay: string | number | null
  readonly description: string | null
}

/** A state as the chart shows it. */
export interface ChartNode {
  /** Unique in the machine: `workflow.open.active`. */
  readonly id: string
  /** Keys from the root down; empty for the root. */
  readonly path: readonly string[]
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly history: 'shallow' | 'deep' | null
  /** Id of the child that is entered first, and the actions on the way. */
  readonly initial: { readonly target: string; readonly actions: readonly string[] } | null
  readonly tags: readonly string[]
  readonly description: string | null
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  readonly invokes: readonly { readonly id: string; readonly src: string }[]
  /** In the order XState tries them within one event; `always` last. */
  readonly edges: readonly ChartEdge[]
}

/** Every state node of a machine, parents before children, in the order they are written. */
export function nodesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const below = (node: AnyStateNode): AnyStateNode[] => [node, ...childrenOf(node).flatMap(below)]
  return below(machine.root)
}

/** The child states of a node, in the order they are written. */
export function childrenOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states)
}

/** A machine as data: all that a viewer sees of it. Two machines with equal charts behave alike, given the same implementations and mappers. */
export function readChart(machine: AnyStateMachine): readonly ChartNode[] {
  return nodesOf(machine).map(readNode)
}

/** The name an action, guard or actor is used by: a string, or the `type` of an object. */
export function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference
  if (typeof reference === 'object' && reference !== null && 'type' in reference && typeof reference.type === 'string') return reference.type
  return '(inline)'
}

/** One or many, or none, as a list. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

function readNode(node: AnyStateNode): ChartNode {
  const [first] = node.type === 'compound' ? (node.initial.target ?? []) : []
  return {
    id: node.id,
    path: node.path,
    type: node.type,
    history: node.history === false ? null : node.history,
    initial: first === undefined ? null : { target: first.id, actions: node.initial.actions.map(nameOf) },
    tags: node.tags,
    description: node.description ?? null,
    // The node's own lists also hold the timers that XState adds for `after`; the configuration's do not.
    entry: listOf(node.config.entry).map(nameOf),
    exit: listOf(node.config.exit).map(nameOf),
    invokes: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
    edges: [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map(readEdge),
  }
}

function readEdge(transition: AnyTransitionDefinition): ChartEdge {
  const delay: unknown = 'delay' in transition ? transition.delay : null
  return {
    event: transition.eventType,
    guard: transition.guard === undefined ? null : nameOf(transition.guard),
    targets: (transition.target ?? []).map((target) => target.id),
    actions: transition.actions.map(nameOf),
    reenter: transition.reenter,
    delay: typeof delay === 'string' || typeof delay === 'number' ? delay : null,
    description: transition.description ?? null,
  }
}
