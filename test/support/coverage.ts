import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** Which transitions of some charts were taken. */
export interface Coverage {
  note(transitions: readonly AnyTransitionDefinition[]): void
  readonly all: readonly string[]
  /** Those never taken, as `state event → target [n]`, where n counts the branches of one event from 0. */
  untaken(): readonly string[]
}

export function createCoverage(machines: readonly AnyStateMachine[]): Coverage {
  const all = machines.flatMap((machine) => nodesOf(machine.root).flatMap((node) => transitionsOf(node).map(nameOf)))
  const taken = new Set<string>()
  return {
    all,
    note: (transitions) => transitions.forEach((transition) => taken.add(nameOf(transition))),
    untaken: () => all.filter((name) => !taken.has(name)),
  }
}

const nodesOf = (node: AnyStateNode): readonly AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]
const branchesOf = (node: AnyStateNode, event: string) => (event === '' ? (node.always ?? []) : (node.transitions.get(event) ?? []))
const transitionsOf = (node: AnyStateNode): readonly AnyTransitionDefinition[] => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]

function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition
  const branches = branchesOf(source, eventType)
  const branch = branches.length > 1 ? ` [${branches.indexOf(transition)}]` : ''
  return `${source.id} ${eventType || 'always'} → ${target?.map(({ id }) => id).join(' ') ?? 'stays'}${branch}`
}
