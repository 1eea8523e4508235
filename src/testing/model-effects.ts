import type { AnyActorRef, EventObject } from 'xstate'
import type { DelayClocks } from '../engine/fold.ts'
import type { ResolvedAction, SpawnParams } from '../engine/xstate-internals.ts'
import { ControllerError } from '../errors.ts'
import { delayName } from './chart-driver.ts'
import type { AskedService } from './chart-driver.ts'

/** A timer of a chart that has no time, only an order in which things happen. */
export interface ModelTimer {
  readonly timerId: string
  readonly name: string
  readonly delayMs: number
  /** After how many steps it was armed. */
  readonly armedAt: number
  /** Null when it is for another actor. */
  readonly event: EventObject | null
}

/** What a chart waits for. */
export interface Outstanding {
  readonly asked: readonly AskedService[]
  readonly timers: readonly ModelTimer[]
}

interface Around {
  readonly self: AnyActorRef
  readonly armedAt: number
  readonly machineId: string
}

/** What is outstanding when the effects of one transition are done, and what the chart sent to itself. */
export function applied(
  before: Outstanding,
  effects: readonly ResolvedAction[],
  { self, armedAt, machineId }: Around,
): Outstanding & { readonly mail: readonly EventObject[] } {
  let { asked, timers } = before
  const mail: EventObject[] = []

  function arm(event: EventObject, id: string | undefined, delay: unknown, mine: boolean): void {
    const name = delayName(event)
    if (typeof delay !== 'number' || Number.isNaN(delay)) {
      throw new ControllerError('MACHINE_INVALID', `the delay ${name} of ${machineId} gave ${String(delay)}, not a number of milliseconds`)
    }
    const timerId = id ?? event.type
    timers = timers.filter((timer) => timer.timerId !== timerId)
    if (delay !== Infinity) timers = [...timers, { timerId, name, delayMs: Math.max(0, delay), armedAt, event: mine ? event : null }]
  }

  for (const { type, params } of effects) {
    if (type === 'xstate.spawnChild') asked = [...asked, toAsked(params as SpawnParams, machineId)]
    if (type === 'xstate.stopChild') {
      const stopped = params as AnyActorRef | undefined
      asked = asked.filter(({ childId }) => childId !== stopped?.id)
    }
    if (type === 'xstate.raise') {
      const { event, id, delay } = params as { event: EventObject; id?: string; delay?: unknown }
      // XState raises an `after` whose delay is no number at once, in the same step; it comes here all the same.
      if (delay !== undefined || delayName(event) !== event.type) arm(event, id, delay, true)
    }
    if (type === 'xstate.cancel') {
      const given = params as string | { sendId: string }
      timers = timers.filter(({ timerId }) => timerId !== (typeof given === 'string' ? given : given.sendId))
    }
    if (type === 'xstate.sendTo') {
      const { to, event, id, delay } = params as { to: AnyActorRef; event: EventObject; id?: string; delay?: unknown }
      if (delay !== undefined) arm(event, id, delay, to === self)
      else if (to === self) mail.push(event)
    }
  }
  return { asked, timers, mail }
}

function toAsked({ actorRef, src, input }: SpawnParams, machineId: string): AskedService {
  if (actorRef === undefined) throw new ControllerError('MACHINE_INVALID', `Machine ${machineId} asks for ${String(src)}, which nothing implements`)
  return { path: '', childId: actorRef.id, src: String(src), input }
}

/**
 * The timers that can fire next. Things may take any time, and a process may sleep: so of two timers either can, unless the one with the
 * longer delay was armed no earlier. Those of a clock that stands still cannot.
 */
export function fireable(timers: readonly ModelTimer[], clocks: DelayClocks, clockStopped: boolean): readonly ModelTimer[] {
  const clockOf = ({ name }: ModelTimer) => ((clocks[name] ?? 'wall') === 'wall' ? 'wall' : 'run')
  const isBefore = (one: ModelTimer, other: ModelTimer) =>
    one.delayMs < other.delayMs || (one.delayMs === other.delayMs && timers.indexOf(one) < timers.indexOf(other))
  return timers.filter(
    (timer) =>
      !(clockStopped && clockOf(timer) === 'run') &&
      !timers.some((other) => clockOf(other) === clockOf(timer) && other.armedAt <= timer.armedAt && isBefore(other, timer)),
  )
}
