import { StateMachine, createActor } from 'xstate'
import type { ActorRefFrom, AnyActorRef, AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition, EventObject } from 'xstate'
import { createTwoClocks, delayName } from './composite.ts'
import type { Asked, Composite } from './composite.ts'

/** XState's clock, moved by hand: timers fire one at a time, in the order they are due. */
function createHandClock() {
  const timers = new Map<number, { readonly due: number; readonly fire: () => void }>()
  let time = 0
  let count = 0
  const next = () => [...timers].toSorted(([a, x], [b, y]) => x.due - y.due || a - b)[0]
  return {
    setTimeout(fire: () => void, ms: number) {
      count += 1
      timers.set(count, { due: time + ms, fire })
      return count
    },
    clearTimeout: (id: number) => void timers.delete(id),
    now: () => time,
    nextDue: () => next()?.[1].due ?? null,
    move: (to: number) => void (time = Math.max(time, to)),
    fireNext() {
      const found = next()
      if (found === undefined) return
      timers.delete(found[0])
      found[1].fire()
    },
  }
}

const isMachine = (ref: object): boolean => 'logic' in ref && ref.logic instanceof StateMachine
const isActor = (ref: object): ref is AnyActorRef => 'getSnapshot' in ref

/**
 * The machine as a plain XState actor with real child actors. Its services must never end by themselves: they are ended here, at once,
 * by the event that XState's own promise logic would get.
 */
export function createActorComposite(
  machine: AnyStateMachine,
  input: unknown,
  onMicrostep: (transitions: readonly AnyTransitionDefinition[]) => void = () => {},
): Composite & { readonly actor: ActorRefFrom<AnyStateMachine>; readonly failures: readonly unknown[] } {
  const clock = createHandClock()
  const clocks = createTwoClocks()
  const failures: unknown[] = []
  let started: Asked[] = []
  let facts: EventObject[] = []

  const actor = createActor(machine, {
    id: 'root',
    input,
    clock,
    inspect(event) {
      const ref = event.actorRef
      if (event.type === '@xstate.microstep') onMicrostep(event._transitions)
      if (event.type === '@xstate.actor' && isActor(ref) && isMachine(ref)) ref.on('*', (fact: EventObject) => void facts.push(fact))
      if (event.type === '@xstate.event' && event.event.type === 'xstate.init' && isActor(ref) && !isMachine(ref)) {
        const asked = askedOf(ref)
        if (asked) started.push(asked)
      }
    },
  })

  const pathOf = (ref: AnyActorRef) => (ref.id === actor.id ? '' : ref.id)
  function askedOf(ref: AnyActorRef): Asked | null {
    const snapshot: unknown = ref.getSnapshot()
    const parent = '_parent' in ref ? ref._parent : undefined
    if (parent === undefined || typeof snapshot !== 'object' || snapshot === null || !('input' in snapshot)) return null
    return { path: pathOf(parent), childId: ref.id, src: String('src' in ref ? ref.src : ''), input: snapshot.input }
  }

  const rootSnapshot = (): AnyMachineSnapshot => actor.getSnapshot()
  const childrenOf = (snapshot: AnyMachineSnapshot): readonly AnyActorRef[] => Object.values<AnyActorRef>(snapshot.children)
  const machines = (): readonly AnyActorRef[] => [actor, ...childrenOf(rootSnapshot()).filter((ref) => isMachine(ref))]
  const refOf = (path: string) => machines().find((ref) => pathOf(ref) === path)
  const isOpen = (ref: AnyActorRef) => {
    const snapshot: unknown = ref.getSnapshot()
    return typeof snapshot === 'object' && snapshot !== null && 'status' in snapshot && snapshot.status === 'active'
  }
  const servicesOf = (ref: AnyActorRef): readonly AnyActorRef[] => childrenOf(ref.getSnapshot()).filter((child) => isOpen(child) && !isMachine(child))
  const ticking = () => !rootSnapshot().hasTag('clockStopped')

  function settle({ path, childId }: Asked, event: EventObject): void {
    const parent = refOf(path)
    const child = parent && servicesOf(parent).find((ref) => ref.id === childId)
    child?.send(event)
  }

  function move(to: number): void {
    clocks.move(to, ticking())
    clock.move(to)
  }

  actor.subscribe({ error: (error) => void failures.push(error) })
  actor.start()

  return {
    actor,
    failures,
    now: clocks.now,
    runNow: clocks.runNow,
    send: (path, event) => refOf(path)?.send(event),
    answer: (asked, output) => settle(asked, { type: 'xstate.promise.resolve', data: output } as EventObject),
    fail: (asked, error) => settle(asked, { type: 'xstate.promise.reject', data: error } as EventObject),
    asked: () => machines().flatMap((ref) => servicesOf(ref).flatMap((child) => askedOf(child) ?? [])),
    timers: () =>
      Object.values(actor.system.getSnapshot()._scheduledEvents).map(({ source, event }) => ({ owner: pathOf(source), name: delayName(event) })),
    nextDue: clock.nextDue,
    wait: (ms) => move(clock.now() + ms),
    fire() {
      const due = clock.nextDue()
      if (due === null) return
      move(due)
      clock.fireNext()
    },
    paths: () => machines().map(pathOf),
    snapshot: (path) => refOf(path)?.getSnapshot() ?? null,
    takeStarted() {
      const taken = started
      started = []
      return taken
    },
    takeFacts() {
      const taken = facts
      facts = []
      return taken
    },
  }
}
