import type { SimulatedClock } from '../services/clock/simulated.clock.ts'
import type { Journal } from '../services/journal/journal.ts'
import type { CrashLife } from './crash-injector.ts'

export interface TimePassing {
  isOver(): boolean
  /** What does not wait for the simulated clock is under way: time stands still until it is done. */
  isBusy?(): boolean
  /** What to say when nothing is left that could happen. */
  readonly stuck: string
}

/** Lets time pass, timer by timer, until it is over; never returns to the dead, who do not see time pass. @throws Error when it is stuck */
export async function passTime(clock: SimulatedClock, life: CrashLife, { isOver, isBusy = () => false, stuck }: TimePassing): Promise<void> {
  for (;;) {
    await life.settled()
    if (life.isDead) return new Promise(() => {})
    if (isOver()) return
    if (isBusy() || (await clock.next())) continue
    await life.settled()
    if (!isOver() && !isBusy() && !life.isDead && clock.armed === 0) throw new Error(stuck)
  }
}

/** Nobody takes over from a dead process whose lease was left before that has expired. */
export async function whileOwned(runId: string, journal: Journal, clock: SimulatedClock): Promise<void> {
  for (let lease = journal.owner(runId, clock.now()); lease !== null; lease = journal.owner(runId, clock.now()))
    await clock.advance(Math.max(1, lease.expiresAt - clock.now()))
}
