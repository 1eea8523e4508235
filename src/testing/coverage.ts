import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

export interface UntakenOptions {
  /** Why a transition need not be taken, by its name. */
  readonly reasons?: Readonly<Record<string, string>>
}

/** Which transitions of some charts were taken. */
export interface Coverage {
  /** Give it to a driver as `onMicrostep`. */
  note(transitions: readonly AnyTransitionDefinition[]): void
  /** Every transition as `state event → target [n]`, where n counts the branches of one event from 0. */
  readonly all: readonly string[]
  /** Those never taken and not excused; also each reason that excuses nothing, because its transition was taken or does not exist. */
  untaken(options?: UntakenOptions): readonly string[]
}

/** Child machines are charts of their own: give those that count. A copy of a machine, as `provide` makes, counts as the machine. */
export function createCoverage(machines: readonly AnyStateMachine[]): Coverage {
  const all = machines.flatMap((machine) => nodesOf(machine.root).flatMap((node) => transitionsOf(node).map(nameOf)))
  const known = new Set(all)
  const taken = new Set<string>()
  return {
    all,
    note: (transitions) => transitions.forEach((transition) => taken.add(nameOf(transition))),
    untaken: ({ reasons = {} } = {}) => [
      ...all.filter((name) => !taken.has(name) && !Object.hasOwn(reasons, name)),
      ...Object.keys(reasons).flatMap((name) => {
        if (!known.has(name)) return [`${name}: a reason is given, but there is no such transition`]
        return taken.has(name) ? [`${name}: a reason is given, but it was taken`] : []
      }),
    ],
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
