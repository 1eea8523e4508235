import { StateMachine, fromPromise } from 'xstate'
import type { AnyActorLogic, AnyStateMachine } from 'xstate'

const forever: AnyActorLogic = fromPromise(() => new Promise<never>(() => {}))
const waits = (): AnyActorLogic => forever
const isMachine = (logic: unknown): logic is AnyStateMachine => logic instanceof StateMachine

/** A copy of a machine in which each service waits until a driver ends it. Child machines live, with waiting services of their own. */
export function withWaitingServices(machine: AnyStateMachine): AnyStateMachine {
  const copy = waiting.get(machine) ?? rebuild(machine, waits)
  waiting.set(machine, copy)
  return copy
}

/** Copies are made once: a property test begins thousands of actors. */
const waiting = new WeakMap<AnyStateMachine, AnyStateMachine>()

/**
 * A copy of a machine on its own: each child, whether service or machine, waits until a driver ends it, as if it were a service. Paths through
 * one chart are gone with it, so that a child machine's own course does not multiply them.
 */
export const isolated = (machine: AnyStateMachine): AnyStateMachine => rebuildOne(machine, waits)

/** A copy of a machine and of its child machines that can be changed without touching the original. */
export function rebuild(machine: AnyStateMachine, service: (logic: AnyActorLogic) => AnyActorLogic): AnyStateMachine {
  return rebuildOne(machine, (logic) => (isMachine(logic) ? rebuild(logic, service) : service(logic)))
}

/** A machine and all that are below it. */
export function machinesIn(machine: AnyStateMachine): readonly AnyStateMachine[] {
  return [machine, ...Object.values<unknown>(machine.implementations.actors).flatMap((logic) => (isMachine(logic) ? machinesIn(logic) : []))]
}

function rebuildOne(machine: AnyStateMachine, child: (logic: AnyActorLogic) => AnyActorLogic): AnyStateMachine {
  const inline: Record<string, AnyActorLogic> = {}
  const config = named(machine.config, machine.config.id ?? machine.id, inline)
  const known: Readonly<Record<string, unknown>> = { ...machine.implementations.actors, ...inline }
  const actors = Object.fromEntries(Object.entries(known).map(([name, logic]) => [name, isLogic(logic) ? child(logic) : logic]))
  return new StateMachine(config as never, { ...machine.implementations, actors } as never)
}

type Part = Readonly<Record<string, unknown>>
const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Gives each logic that stands in the chart itself the id of its invoke as a name, because only what has a name can be replaced. */
function named(node: Part, nodeId: string, found: Record<string, AnyActorLogic>): Part {
  const { states, invoke } = node
  const below = isPart(states)
    ? Object.entries(states).map(([key, state]) => [key, isPart(state) ? named(state, stateId(state, nodeId, key), found) : state])
    : []
  return {
    ...node,
    ...(isPart(states) ? { states: Object.fromEntries(below) } : {}),
    ...(invoke === undefined ? {} : { invoke: [invoke].flat().map((one, index) => namedInvoke(one, `${index}.${nodeId}`, found)) }),
  }
}

const stateId = ({ id }: Part, parentId: string, key: string): string => (typeof id === 'string' ? id : `${parentId}.${key}`)

function namedInvoke(invoke: unknown, fallback: string, found: Record<string, AnyActorLogic>): unknown {
  const { id, src } = isPart(invoke) ? invoke : {}
  if (!isLogic(src)) return invoke
  const name = typeof id === 'string' ? id : fallback
  found[name] = src
  return { ...Object(invoke), src: name }
}

const isLogic = (src: unknown): src is AnyActorLogic => typeof src === 'object' && src !== null && 'transition' in src
