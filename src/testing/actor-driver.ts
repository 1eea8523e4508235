import { createActor } from 'xstate'
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { ControllerError } from '../errors.ts'
import { inputOf, isActor, isMachineRef, isOpen, parentOf, pathOf, scheduledIn, settledBy, srcOf } from './actor-internals.ts'
import { createNotes, delayName } from './chart-driver.ts'
import type { ArmedDelay, AskedService, ChartDriver } from './chart-driver.ts'
import { errorData } from './error-data.ts'
import { assertNothingDue, notArmed } from './fold-driver.ts'
import { createHandClock } from './hand-clock.ts'
import { observed } from './observe.ts'
import type { Observers } from './observe.ts'
import { withWaitingServices } from './rebuild.ts'
import { createTwoClocks } from './two-clocks.ts'

export interface ActorDriverOptions extends Observers {
  /** What the machine gets as its input; absent for one that takes none. */
  readonly input?: unknown
}

export interface ActorDriver extends ChartDriver {
  /** Why the root ended in an error, if it did. */
  readonly failures: readonly unknown[]
}

/**
 * A machine as a plain XState actor with real child actors. Its services are replaced: each waits, and ends at once by the event that XState's
 * own promise logic would get. Other actions of the machine do run. XState has one clock: nothing stands still while the root has the tag
 * `clockStopped`, `runNow` apart. Logic that an action spawns must have a name in the machine, or it would really run.
 * @throws ControllerError MACHINE_INVALID, from whatever leads there, for a delay that is no number, which XState would fire at once
 */
export function createActorDriver(machine: AnyStateMachine, { input, ...observers }: ActorDriverOptions = {}): ActorDriver {
  const clocks = createTwoClocks()
  const failures: unknown[] = []
  const started = createNotes<AskedService>()
  const facts = createNotes<EventObject>()
  /** The clock's timer of each event that XState has scheduled. */
  const handles = new WeakMap<object, number>()
  let firing: EventObject | null = null
  let mistyped: EventObject | null = null

  const clock = createHandClock((handle) => {
    const scheduled = scheduledIn(actor).find((one) => !handles.has(one))
    if (scheduled) handles.set(scheduled, handle)
  })

  const actor: AnyActorRef = createActor(observed(withWaitingServices(machine), observers), {
    input: input as never,
    clock: { setTimeout: clock.setTimeout, clearTimeout: (handle: number) => clock.clearTimeout(handle) },
    inspect(event) {
      const ref = event.actorRef
      if (event.type === '@xstate.microstep' && event.event.type.startsWith('xstate.after.') && event.event !== firing) mistyped ??= event.event
      if (event.type === '@xstate.actor' && isActor(ref) && isMachineRef(ref)) ref.on('*', facts.add)
      if (event.type === '@xstate.event' && event.event.type === 'xstate.init' && isActor(ref) && !isMachineRef(ref)) started.add(askedOf(ref))
    },
  })

  const askedOf = (ref: AnyActorRef): AskedService => ({
    path: pathOf(parentOf(ref) ?? actor),
    childId: ref.id,
    src: srcOf(ref),
    input: inputOf(ref),
  })

  const rootSnapshot = (): AnyMachineSnapshot => actor.getSnapshot()
  const childrenOf = (ref: AnyActorRef): readonly AnyActorRef[] => Object.values<AnyActorRef>(ref.getSnapshot().children)
  const below = (ref: AnyActorRef): readonly AnyActorRef[] => [
    ref,
    ...childrenOf(ref)
      .filter((child) => isMachineRef(child) && isOpen(child))
      .flatMap(below),
  ]
  const refOf = (path: string) => below(actor).find((ref) => pathOf(ref) === path)
  const servicesOf = (ref: AnyActorRef): readonly AnyActorRef[] => childrenOf(ref).filter((child) => isOpen(child) && !isMachineRef(child))
  const ticking = () => !rootSnapshot().hasTag('clockStopped')

  const armed = () => scheduledIn(actor).map((scheduled) => ({ ...toArmed(scheduled), event: scheduled.event, handle: handles.get(scheduled) ?? -1 }))
  const toArmed = ({ source, event, id }: { source: AnyActorRef; event: EventObject; id: string }): ArmedDelay => ({
    owner: pathOf(source),
    name: delayName(event),
    timerId: id,
  })
  const next = () => armed().find(({ handle }) => handle === clock.next()) ?? null
  const nextDue = () => {
    const handle = clock.next()
    return handle === null ? null : Math.max(clock.due(handle), clock.now())
  }

  function move(to: number): void {
    clocks.move(to, ticking())
    clock.move(to)
  }

  /** XState fires a delay that is no number at once; nothing that follows is worth looking at. */
  function sane(act: () => void): void {
    act()
    if (mistyped === null) return
    throw new ControllerError(
      'MACHINE_INVALID',
      `the delay ${delayName(mistyped)} of ${machine.id} is no number of milliseconds: XState fired it at once`,
    )
  }

  function settle({ path, childId }: AskedService, event: EventObject): void {
    const parent = refOf(path)
    const child = parent && servicesOf(parent).find((ref) => ref.id === childId)
    if (child) sane(() => child.send(event))
  }

  actor.subscribe({ error: (error) => void failures.push(error) })
  sane(() => actor.start())

  return {
    failures,
    now: clocks.now,
    runNow: clocks.runNow,
    send(path, event) {
      const ref = refOf(path)
      if (ref && isOpen(ref)) sane(() => ref.send(event))
    },
    answer: (asked, output) => settle(asked, settledBy('resolve', output)),
    fail: (asked, error) => settle(asked, settledBy('reject', errorData(error))),
    asked: () => below(actor).flatMap((ref) => servicesOf(ref).map(askedOf)),
    timers: () =>
      armed()
        .filter(({ handle }) => clock.due(handle) < Infinity)
        .map(({ owner, name, timerId }) => ({ owner, name, timerId })),
    nextTimer() {
      const found = next()
      return found && { owner: found.owner, name: found.name, timerId: found.timerId }
    },
    nextDue,
    wait(ms) {
      assertNothingDue(clock.now() + ms, nextDue(), next())
      move(clock.now() + ms)
    },
    fire(given) {
      const found = given === undefined ? next() : armed().find(({ owner, timerId }) => owner === given.owner && timerId === given.timerId)
      if (found === undefined) throw notArmed(given)
      if (found === null || clock.due(found.handle) === Infinity) return
      firing = found.event
      move(clock.due(found.handle))
      sane(() => clock.fire(found.handle))
      firing = null
    },
    paths: () => below(actor).map(pathOf),
    snapshot: (path) => refOf(path)?.getSnapshot() ?? null,
    takeStarted: started.take,
    takeFacts: facts.take,
  }
}
