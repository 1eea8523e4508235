import type { AnyActorLogic, AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition, EventObject } from 'xstate'
import { pathOf } from './actor-internals.ts'
import { machinesIn, rebuild } from './rebuild.ts'

/** Who looks on while a machine is driven; all optional. */
export interface Observers {
  /** Hears the transitions of each microstep, for a `Coverage`; those of the first state maybe twice. */
  readonly onMicrostep?: ((transitions: readonly AnyTransitionDefinition[]) => void) | undefined
  /** Hears each event when an actor has processed it, with what came of it. */
  readonly onProcessed?: ((path: string, event: EventObject, next: AnyMachineSnapshot) => void) | undefined
}

/** A copy of a machine, child machines included, that tells the observers; the machine itself when there are none. */
export function observed(machine: AnyStateMachine, { onMicrostep, onProcessed }: Observers): AnyStateMachine {
  if (onProcessed !== undefined) {
    const copy = tellEvents(rebuild(machine, same), onProcessed)
    return onMicrostep === undefined ? copy : tellMicrosteps(copy, onMicrostep)
  }
  return onMicrostep === undefined ? machine : tellingMicrosteps(machine, onMicrostep)
}

const same = (logic: AnyActorLogic): AnyActorLogic => logic

type OnMicrostep = NonNullable<Observers['onMicrostep']>

/** Made once for each listener: a property test begins thousands of actors. */
function tellingMicrosteps(machine: AnyStateMachine, onMicrostep: OnMicrostep): AnyStateMachine {
  const known = copies.get(machine) ?? new WeakMap<OnMicrostep, AnyStateMachine>()
  const copy = known.get(onMicrostep) ?? tellMicrosteps(rebuild(machine, same), onMicrostep)
  copies.set(machine, known.set(onMicrostep, copy))
  return copy
}

const copies = new WeakMap<AnyStateMachine, WeakMap<OnMicrostep, AnyStateMachine>>()

/** XState tells microsteps to those who inspect an actor system; the first that is heard of a system is that its root begins. */
function tellMicrosteps(machine: AnyStateMachine, onMicrostep: OnMicrostep): AnyStateMachine {
  const begin = machine.getInitialSnapshot.bind(machine)
  const inspected = new WeakSet<object>()
  machine.getInitialSnapshot = (scope, input) => {
    const { system } = scope
    if (!inspected.has(system)) system.inspect((event) => void (event.type === '@xstate.microstep' && onMicrostep(event._transitions)))
    inspected.add(system)
    return begin(scope, input)
  }
  return machine
}

/** `@xstate.event` of the inspector is told when an event is queued, not when it is processed. */
function tellEvents(machine: AnyStateMachine, onProcessed: NonNullable<Observers['onProcessed']>): AnyStateMachine {
  for (const one of machinesIn(machine)) {
    const transition = one.transition.bind(one)
    one.transition = (snapshot, event: EventObject, scope) => {
      const next = transition(snapshot, event, scope)
      // XState tells an actor that it is stopped by an event; the engine just forgets it.
      if (event.type !== 'xstate.stop') onProcessed(pathOf(scope.self), event, next)
      return next
    }
  }
  return machine
}
