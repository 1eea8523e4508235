import { ControllerError } from '../errors.ts'

/** XState's clock, moved by hand: timers fire one at a time, in the order they are due. */
export interface HandClock {
  setTimeout(fire: () => void, ms: number): number
  clearTimeout(handle: number): void
  now(): number
  /** The handle of the timer that fires next, null when none ever will. */
  next(): number | null
  /** When a timer fires; Infinity for one that never will, or that is not armed. */
  due(handle: number): number
  move(to: number): void
  /** Moves the time to a timer and fires it. */
  fire(handle: number): void
}

/** @throws ControllerError MACHINE_INVALID from `setTimeout`, when the delay is not a number */
export function createHandClock(onArmed: (handle: number) => void = () => {}): HandClock {
  const timers = new Map<number, { readonly due: number; readonly fire: () => void }>()
  let time = 0
  let count = 0
  const due = (handle: number) => timers.get(handle)?.due ?? Infinity
  const move = (to: number) => void (time = Math.max(time, to))
  return {
    setTimeout(fire, ms) {
      if (Number.isNaN(ms)) throw new ControllerError('MACHINE_INVALID', 'a delay gave NaN, not a number of milliseconds')
      count += 1
      timers.set(count, { due: time + Math.max(0, ms), fire })
      onArmed(count)
      return count
    },
    clearTimeout: (handle) => void timers.delete(handle),
    now: () => time,
    next() {
      const [first] = [...timers.keys()].toSorted((a, b) => due(a) - due(b) || a - b)
      return first === undefined || due(first) === Infinity ? null : first
    },
    due,
    move,
    fire(handle) {
      const timer = timers.get(handle)
      if (timer === undefined) return
      move(timer.due)
      timers.delete(handle)
      timer.fire()
    },
  }
}
