/** Time as the engine sees it; the only source of time in a run. */
export interface Clock {
  /** Wall time in ms since the epoch. */
  now(): number
  /** Calls back once after `ms` (0 or more, any size); returns a handle for `clear`. Infinity never fires; NaN throws a RangeError. */
  after(ms: number, callback: () => void): unknown
  clear(handle: unknown): void
}
