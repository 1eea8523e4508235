import type { AnyMachineSnapshot, EventObject } from 'xstate'

/** A service that a chart invoked or spawned and that has not answered. */
export interface AskedService {
  /** The actor that asked: `''` is the root, `a/b` the child `b` of the child `a`. */
  readonly path: string
  /** The id of the invoke or of the spawned child. */
  readonly childId: string
  /** The service's name in the machine; an inline one goes by the id of its invoke. */
  readonly src: string
  readonly input: unknown
}

/** A timer that is armed. */
export interface ArmedDelay {
  /** Path of the actor that armed it. */
  readonly owner: string
  /** The delay's name or ms in an `after`; the event's type for a delayed `raise` or `sendTo`. */
  readonly name: string
  /** Unique among its owner's timers: `xstate.after.<delay>.<state>` for an `after`. */
  readonly timerId: string
}

/**
 * A statechart with its children, driven by hand in simulated time: no service runs, each waits for `answer` or `fail`. The same for the
 * engine's fold and for XState's own actors, so that whatever is said of one can be said of the other.
 */
export interface ChartDriver {
  /** Wall ms since the start. */
  now(): number
  /** Run-clock ms since the start: stands still while the root has the tag `clockStopped`. */
  runNow(): number
  /** Sends an event to a live actor, `''` for the root; an event to one that does not live is dropped. */
  send<Event extends EventObject>(path: string, event: Event): void
  /** The service is done; one that is no longer asked cannot be heard. */
  answer(asked: AskedService, output: unknown): void
  /** The service has failed; an `Error` reaches the chart as data, as a journal would keep it. */
  fail(asked: AskedService, error: unknown): void
  /** What is being waited for, in the order it was asked. */
  asked(): readonly AskedService[]
  /** The timers that are armed, in no particular order. */
  timers(): readonly ArmedDelay[]
  /** The timer that fires next, null when none ever will. */
  nextTimer(): ArmedDelay | null
  /** When it fires, in wall ms; null when none ever will. */
  nextDue(): number | null
  /** Lets time pass without a timer. @throws ControllerError USAGE when one falls due on the way: that is for `fire` */
  wait(ms: number): void
  /**
   * Moves the time to the next timer and fires it; does nothing when there is none. A given timer is fired in its stead, late ones staying
   * behind, as after a process that slept. @throws ControllerError USAGE when the given one is not armed
   */
  fire(timer?: ArmedDelay): void
  /** The live actors that are machines, parents before children; the root is there also when it has ended. */
  paths(): readonly string[]
  /** An actor's snapshot, null when it does not live. */
  snapshot(path: string): AnyMachineSnapshot | null
  /** Services that were begun since the last call. */
  takeStarted(): readonly AskedService[]
  /** Events that were emitted since the last call. */
  takeFacts(): readonly EventObject[]
}

/** What a driver notes until somebody takes it. */
export function createNotes<T>(): { add(item: T): void; take(): readonly T[] } {
  let items: T[] = []
  return {
    add: (item) => void items.push(item),
    take() {
      const taken = items
      items = []
      return taken
    },
  }
}

/** `xstate.after.<delay>.<state>` names its delay; any other event is its own name. */
export const delayName = (event: EventObject): string => /^xstate\.after\.([^.]+)\./.exec(event.type)?.[1] ?? event.type

/** The context of an actor that lives, as its chart types it. @throws when it does not live */
export function contextOf<Context>(snapshot: AnyMachineSnapshot | null): Context {
  if (snapshot === null) throw new Error('there is no such actor')
  return snapshot.context as Context
}
