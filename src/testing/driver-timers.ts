import type { ArmedDelay } from './chart-driver.ts'
import { misuse } from './misuse.ts'

/** A wait must not jump over a timer. @throws ControllerError USAGE when it would */
export function assertNothingDue(until: number, due: number | null, timer: ArmedDelay | null): void {
  if (due === null || until <= due) return
  throw misuse(`the wait to ${until} ms passes ${timer?.name ?? 'a timer'}, which is due at ${due} ms`, 'Fire the timer first, or wait for less.')
}

/** Why a timer that was named cannot fire. */
export function notArmed(timer: ArmedDelay | undefined): Error {
  return misuse(
    `no timer ${timer?.timerId ?? ''} of ${timer?.owner || 'the root'} is armed`,
    'Take the timer from `timers()` just before it is fired.',
  )
}
