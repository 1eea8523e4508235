import type { Clock } from './clock.ts'

/** Node fires longer timers after 1 ms; they are chained instead. */
const LONGEST_MS = 2 ** 31 - 1

/** The machine's own clock. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    after(ms, callback) {
      if (typeof ms !== 'number' || Number.isNaN(ms)) throw new RangeError(`a timer needs a number of milliseconds, not ${String(ms)}`)
      const handle: { timer: NodeJS.Timeout | null } = { timer: null }
      const arm = (left: number) => {
        handle.timer = setTimeout(() => (left > LONGEST_MS ? arm(left - LONGEST_MS) : callback()), Math.min(Math.max(0, left), LONGEST_MS))
      }
      if (ms !== Infinity) arm(ms)
      return handle
    },
    clear(handle) {
      if (typeof handle === 'object' && handle !== null && 'timer' in handle) clearTimeout(handle.timer as NodeJS.Timeout)
    },
  }
}
