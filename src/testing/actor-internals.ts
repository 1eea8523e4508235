import { StateMachine } from 'xstate'
import type { AnyActorRef, EventObject } from 'xstate'

/** The undocumented parts of XState 5.33.3's actors that a driver needs; the drivers' tests fail when one of them changes. */

interface Scheduled {
  readonly id: string
  readonly source: AnyActorRef
  readonly event: EventObject
}

/** What ends a promise's actor: XState's own promise logic sends it when its promise settles. */
export const settledBy = (how: 'resolve' | 'reject', data: unknown): EventObject & { readonly data: unknown } => ({
  type: `xstate.promise.${how}`,
  data,
})

/** The delayed events of a whole actor system, in the order they were scheduled. */
export const scheduledIn = (actor: AnyActorRef): readonly Scheduled[] => Object.values(actor.system.getSnapshot()._scheduledEvents)

export const isActor = (ref: object): ref is AnyActorRef => 'getSnapshot' in ref
export const isMachineRef = (ref: object): boolean => 'logic' in ref && ref.logic instanceof StateMachine
export const parentOf = (ref: AnyActorRef): AnyActorRef | undefined => ref._parent

/** Where an actor stands below the root of its system: `''`, `a`, `a/b`. */
export function pathOf(ref: AnyActorRef): string {
  const parent = parentOf(ref)
  if (parent === undefined) return ''
  const path = pathOf(parent)
  return path === '' ? ref.id : `${path}/${ref.id}`
}

/** The name by which an actor's logic was referred to. */
export const srcOf = (ref: AnyActorRef): string => (typeof ref.src === 'string' ? ref.src : '(inline)')

/** Whether an actor goes on. */
export const isOpen = (ref: AnyActorRef): boolean => fieldOf(ref.getSnapshot(), 'status') === 'active'

/** What a service's actor was given. */
export const inputOf = (ref: AnyActorRef): unknown => fieldOf(ref.getSnapshot(), 'input')

const fieldOf = (snapshot: unknown, field: string): unknown =>
  typeof snapshot === 'object' && snapshot !== null ? Reflect.get(snapshot, field) : undefined
