/** Wall time and run time in ms, both from 0: the latter goes on only while `ticking`. */
export interface TwoClocks {
  now(): number
  runNow(): number
  /** Moves the wall clock to `to`; never back. */
  move(to: number, ticking: boolean): void
}

export function createTwoClocks(): TwoClocks {
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
