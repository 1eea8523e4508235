import { StateMachine } from 'xstate'
import type { AnyActorRef, AnyStateMachine, EventObject } from 'xstate'

/**
 * Makes a provided machine, and those of its children, write down each event in the order it is processed, with what came of it.
 * `@xstate.event` of the inspector is sent when an event is queued, so it would show differences that are none.
 */
export function logProcessing(machine: AnyStateMachine): string[] {
  const log: string[] = []
  const logged = (one: AnyStateMachine) => {
    const transition = one.transition.bind(one)
    one.transition = (snapshot, event: EventObject, scope) => {
      const next = transition(snapshot, event, scope)
      // XState tells an actor that it is stopped by an event; the engine just forgets it.
      if (event.type === 'xstate.stop') return next
      const self: AnyActorRef = scope.self
      log.push(
        JSON.stringify([
          self._parent === undefined ? '' : self.id,
          Object.entries(event).toSorted(([a], [b]) => a.localeCompare(b)),
          next.value,
          next.context,
          next.status,
        ]),
      )
      return next
    }
  }
  logged(machine)
  for (const logic of Object.values(machine.implementations.actors)) if (logic instanceof StateMachine) logged(logic)
  return log
}
