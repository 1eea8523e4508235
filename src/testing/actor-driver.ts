import { createActor } from 'xstate'
import type { AnyActorRef, AnyStateMachine, EventObject } from 'xstate'
import { ControllerError } from '../errors.ts'
import { isActor, isMachineRef, isOpen, pathOf, scheduledIn, settledBy } from './actor-internals.ts'
import { askedOf, createActorTree } from './actor-tree.ts'
import { createNotes, delayName } from './chart-driver.ts'
import type { ArmedDelay, AskedService, ChartDriver } from './chart-driver.ts'
import { errorData } from './error-data.ts'
import { assertNothingDue, notArmed } from './driver-timers.ts'
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

  const tree = createActorTree(actor)
  const ticking = () => !actor.getSnapshot().hasTag('clockStopped')
  const armed = () =>
    scheduledIn(actor).map((one) => ({
      owner: pathOf(one.source),
      name: delayName(one.event),
      timerId: one.id,
      event: one.event,
      handle: handles.get(one) ?? -1,
    }))
  const next = () => armed().find(({ handle }) => handle === clock.next()) ?? null
  /** XState gives a delayed event without an id a random one: then its name must do. */
  const find = ({ owner, timerId, name }: ArmedDelay) => {
    const own = armed().filter((timer) => timer.owner === owner)
    return own.find((timer) => timer.timerId === timerId) ?? own.find((timer) => timer.name === name)
  }
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

  function settle(asked: AskedService, event: EventObject): void {
    const service = tree.service(asked)
    if (service) sane(() => service.send(event))
  }

  actor.subscribe({ error: (error) => void failures.push(error) })
  sane(() => actor.start())

  return {
    failures,
    now: clocks.now,
    runNow: clocks.runNow,
    send(path, event) {
      const ref = tree.machine(path)
      if (ref && isOpen(ref)) sane(() => ref.send(event))
    },
    answer: (asked, output) => settle(asked, settledBy('resolve', output)),
    fail: (asked, error) => settle(asked, settledBy('reject', errorData(error))),
    asked: tree.asked,
    timers: () =>
      armed()
        .filter(({ handle }) => clock.due(handle) < Infinity)
        .map(withoutHandle),
    nextTimer() {
      const found = next()
      return found && withoutHandle(found)
    },
    nextDue,
    wait(ms) {
      assertNothingDue(clock.now() + ms, nextDue(), next())
      move(clock.now() + ms)
    },
    fire(given) {
      const found = given === undefined ? next() : find(given)
      if (found === undefined) throw notArmed(given)
      if (found === null || clock.due(found.handle) === Infinity) return
      firing = found.event
      move(clock.due(found.handle))
      sane(() => clock.fire(found.handle))
      firing = null
    },
    paths: () => tree.machines().map(pathOf),
    snapshot: (path) => tree.machine(path)?.getSnapshot() ?? null,
    takeStarted: started.take,
    takeFacts: facts.take,
  }
}

const withoutHandle = ({ owner, name, timerId }: ArmedDelay): ArmedDelay => ({ owner, name, timerId })
