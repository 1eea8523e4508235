/**
 * Steps that all conditions of one decision may take together. A step costs less than 0.1 µs, so that conditions written to be slow end
 * within a tenth of a second, and then count as failed.
 */
export const MAX_STEPS = 300_000

/** Counts the steps of the conditions of one decision. */
export interface Meter {
  left: number
}

/** A meter for one decision. */
export function createMeter(): Meter {
  return { left: MAX_STEPS }
}

/** Takes steps off the meter. @throws Error when none are left */
export function spend(meter: Meter, steps: number): void {
  meter.left -= steps
  if (meter.left < 0) throw new Error(`the conditions of this decision take more than ${MAX_STEPS} steps`)
}
