import type { Clock } from '../services/clock/clock.ts'
import type { Executor } from '../services/executor/executor.ts'
import type { Journal } from '../services/journal/journal.ts'
import { mortalClock } from './crash-clock.ts'
import { mortalExecutor } from './crash-executor.ts'
import { mortalJournal } from './crash-journal.ts'
import type { Told } from './crash-journal.ts'
import { createMortality } from './crash-mortality.ts'
import type { Boundary } from './crash-mortality.ts'

export interface CrashPlan {
  /** Positions at which the process dies, counted over all lives; none: it counts only. */
  readonly at?: number | readonly number[]
  /** What becomes of the leases of a dead process: `freed` (default), as when its host sees that it is dead, or `left` until they expire. */
  readonly leases?: 'freed' | 'left'
}

/**
 * One process that may die. What is wrapped here dies with it: its calls never return, its timers never fire, its journal takes nothing more.
 */
export interface CrashLife {
  /** 1, 2, … */
  readonly number: number
  /** Every commit through it is a boundary twice. Commits reach the journal one after the other. */
  journal(inner: Journal): Journal
  /** Every execution and reconciliation is a boundary twice; with its process the action under way is stopped. */
  executor(inner: Executor): Executor
  clock<C extends Clock>(inner: C): C
  /** A service that reaches outside, of a machine of one's own: a boundary before and after each call. */
  effect<Args extends readonly unknown[], Result>(name: string, work: (...args: Args) => Promise<Result>): (...args: Args) => Promise<Result>
  /** A port whose methods are no boundaries, such as an oracle: it only stops answering. */
  port<Port extends object>(inner: Port): Port
  /** Resolves when the process has died, and what it wrote before is settled. */
  readonly died: Promise<Boundary>
  readonly isDead: boolean
  /** What this process was told is durable, by its journal. */
  readonly told: Told
  /** Nothing of this life is waiting for anything but its clock. Call it before time is moved on. */
  settled(): Promise<void>
  /** Called, in order, when the dead are buried. */
  onBurial(work: () => Promise<void> | void): void
}

export interface CrashInjector {
  /** The next process. */
  life(): CrashLife
  /** So far. */
  readonly boundaries: readonly Boundary[]
  /**
   * Ends what the dead left hanging, so that the test's own process can end: what waits is refused with LEASE_LOST, then the work given to
   * `onBurial` is done. Call it when everything was looked at.
   */
  bury(): Promise<void>
}

/** Lets the process of a run die at numbered places. The same run has the same places, as long as nothing in it depends on real time. */
export function createCrashInjector({ at = [], leases = 'freed' }: CrashPlan = {}): CrashInjector {
  const deaths = new Set(typeof at === 'number' ? [at] : at)
  const boundaries: Boundary[] = []
  const burials: (() => Promise<void>)[] = []
  let lives = 0

  function life(): CrashLife {
    const mortality = createMortality({
      pass(kind, when, what) {
        const boundary = { position: boundaries.length + 1, kind, when, what }
        boundaries.push(boundary)
        return deaths.has(boundary.position) ? boundary : null
      },
    })
    const told: Told = { entries: [], effects: [] }
    const works: (() => Promise<void> | void)[] = []
    burials.push(async () => {
      mortality.bury()
      for (const work of works) await work()
    })
    return {
      number: ++lives,
      journal: (inner) => mortalJournal(inner, mortality, { told, leases }),
      executor: (inner) => mortalExecutor(inner, mortality),
      clock: (inner) => mortalClock(inner, mortality),
      effect:
        (name, work) =>
        (...args) =>
          mortality.around('effect', name, () => work(...args)),
      port: (inner) => mortality.port(inner),
      died: mortality.died,
      get isDead() {
        return mortality.isDead
      },
      told,
      settled: () => mortality.settled(),
      onBurial: (work) => void works.push(work),
    }
  }

  return {
    life,
    boundaries,
    async bury() {
      for (const burial of burials.splice(0)) await burial()
    },
  }
}
