import type { Clock } from '../services/clock/clock.ts'
import type { ArmedTimer, Fold } from './fold.ts'

/** The timers of a run on the clock of this process. */
export interface RunTimers {
  arm(timer: ArmedTimer): void
  disarm(owner: string, timerId: string): void
  /** Arms those of the run clock anew, or stops them while it stands still. */
  rearm(): void
  /** What should have happened while nobody owned the run, the earliest first. */
  late(at: number): readonly ArmedTimer[]
  /** Stops them all; none is armed any more. */
  close(): void
}

export interface RunTimersOptions {
  readonly clock: Clock
  readonly fold: Fold
  /** Both clocks now. */
  readonly now: () => { readonly at: number; readonly runAt: number }
  /** Whether the run clock goes on. */
  readonly ticking: () => boolean
  readonly onDue: (timer: ArmedTimer) => void
}

/** Keeps a run's timers: each on its own clock, with what is left of it. */
export function createRunTimers({ clock, fold, now, ticking, onDue }: RunTimersOptions): RunTimers {
  const armed = new Map<string, { readonly timer: ArmedTimer; readonly handle: unknown }>()
  let closed = false
  const key = (owner: string, timerId: string) => `${owner} ${timerId}`

  function arm(timer: ArmedTimer): void {
    disarm(timer.owner, timer.timerId)
    if (closed || (timer.clock === 'run' && !ticking())) return
    const id = key(timer.owner, timer.timerId)
    const { at, runAt } = now()
    const left = timer.due - (timer.clock === 'wall' ? at : runAt)
    const handle = clock.after(Math.max(0, left), () => {
      armed.delete(id)
      onDue(timer)
    })
    armed.set(id, { timer, handle })
  }

  function disarm(owner: string, timerId: string): void {
    const id = key(owner, timerId)
    const found = armed.get(id)
    if (found) clock.clear(found.handle)
    armed.delete(id)
  }

  function clear(which: (timer: ArmedTimer) => boolean): void {
    for (const { timer } of armed.values()) if (which(timer)) disarm(timer.owner, timer.timerId)
  }

  return {
    arm,
    disarm,
    rearm() {
      clear((timer) => timer.clock === 'run')
      if (ticking()) for (const timer of fold.timers()) if (timer.clock === 'run') arm(timer)
    },
    late: (at) =>
      fold
        .timers()
        .filter((timer) => timer.clock === 'wall' && timer.due <= at)
        .toSorted((a, b) => a.due - b.due),
    close() {
      closed = true
      clear(() => true)
    },
  }
}
