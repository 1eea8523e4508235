import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { Failure } from '../../src/model/failure.ts'

/** An invoked service that has not answered. */
export interface Asked {
  readonly path: string
  readonly childId: string
  readonly src: string
  readonly input: unknown
}

export interface Armed {
  readonly owner: string
  readonly name: string
}

/** A statechart with its children, driven by hand: the same for the engine's fold and for XState's own actors. */
export interface Composite {
  /** Wall ms; begins at 0. */
  now(): number
  /** Run-clock ms: stands still while the run is paused. */
  runNow(): number
  /** Sends an event to the root (`''`) or to a live action. */
  send(path: string, event: EventObject): void
  answer(asked: Asked, output: unknown): void
  fail(asked: Asked, error: Failure): void
  /** What is being waited for, in the order it was asked. */
  asked(): readonly Asked[]
  timers(): readonly Armed[]
  /** When the next timer fires, null when none is armed. */
  nextDue(): number | null
  /** Moves the time on without passing a timer. */
  wait(ms: number): void
  /** Moves the time to the next timer and fires it. */
  fire(): void
  paths(): readonly string[]
  snapshot(path: string): AnyMachineSnapshot | null
  /** Services that were begun since the last call. */
  takeStarted(): readonly Asked[]
  /** Facts that were emitted since the last call. */
  takeFacts(): readonly EventObject[]
}

/** `xstate.after.<delay>.<state>` names its delay. */
export const delayName = (event: EventObject): string => /^xstate\.after\.([^.]+)\./.exec(event.type)?.[1] ?? event.type

/** The context of an actor that lives. @throws when it does not */
export function contextOf<Context>(snapshot: AnyMachineSnapshot | null): Context {
  if (snapshot === null) throw new Error('there is no such actor')
  return snapshot.context as Context
}

/** Wall time and run time: the latter goes on only while `ticking`. */
export function createTwoClocks(): { now(): number; runNow(): number; move(to: number, ticking: boolean): void } {
  let at = 0
  let runAt = 0
  return {
    now: () => at,
    runNow: () => runAt,
    move(to, ticking) {
      if (ticking) runAt += Math.max(0, to - at)
      at = Math.max(at, to)
    },
  }
}
