import type { Clock } from './clock.ts'

/** A clock that moves only when told to. */
export interface SimulatedClock extends Clock {
  /** Moves on by `ms`, firing what is due on the way at its own time, timers armed meanwhile included. */
  advance(ms: number): Promise<void>
  /** Moves to the next timer and fires it; false when none is armed. */
  next(): Promise<boolean>
  /** How many timers are armed. */
  readonly armed: number
}

interface Timer {
  readonly due: number
  readonly order: number
  readonly callback: () => void
}

/** A simulated clock that starts at `start` (ms since the epoch, default 0). Between timers it lets promises settle. */
export function createSimulatedClock(start = 0): SimulatedClock {
  const timers = new Set<Timer>()
  let time = start
  let count = 0

  const settle = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  const earliest = (until: number) => [...timers].filter(({ due }) => due <= until).toSorted((a, b) => a.due - b.due || a.order - b.order)[0]

  async function fire(timer: Timer): Promise<void> {
    timers.delete(timer)
    time = Math.max(time, timer.due)
    timer.callback()
    await settle()
  }

  return {
    now: () => time,
    after(ms, callback) {
      if (Number.isNaN(ms)) throw new RangeError('a timer needs a number of milliseconds, not NaN')
      const timer = { due: time + Math.max(0, ms), order: count++, callback }
      if (ms !== Infinity) timers.add(timer)
      return timer
    },
    clear: (handle) => void timers.delete(handle as Timer),
    async advance(ms) {
      const until = time + ms
      await settle()
      for (let timer = earliest(until); timer; timer = earliest(until)) await fire(timer)
      time = until
    },
    async next() {
      await settle()
      const timer = earliest(Infinity)
      if (timer) await fire(timer)
      return timer !== undefined
    },
    get armed() {
      return timers.size
    },
  }
}
