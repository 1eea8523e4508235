import { toFailure } from '../errors.ts'
import { isDeepStrictEqual } from 'node:util'
import { createCrashInjector } from './crash-injector.ts'
import type { CrashLife, CrashPlan } from './crash-injector.ts'
import type { Boundary } from './crash-mortality.ts'

/** One run that may be carried by several processes. */
export interface CrashScenario<End> {
  /** What one process does: the first begins the run, each later one takes it over from what the journal has. Resolves when the run is over. */
  live(life: CrashLife): Promise<void>
  /** What must come out the same, whenever its processes died: leave out times and numbers of attempts. */
  end(): End | Promise<End>
  close?(): Promise<void> | void
}

/** A run anew: with its own journal, clock and world. */
export type CrashScenarios<End> = () => CrashScenario<End> | Promise<CrashScenario<End>>

export interface Played<End> {
  readonly end: End
  readonly boundaries: readonly Boundary[]
  /** Where its processes died. */
  readonly crashes: readonly Boundary[]
  /** How many processes carried it. */
  readonly lives: number
}

/** A crash after which something came out differently. */
export interface CrashDifference<End> {
  readonly at: readonly number[]
  readonly crashes: readonly Boundary[]
  /** Null when the run did not come to an end. */
  readonly end: End | null
  readonly error: unknown
}

export interface EveryBoundary<End> {
  /** The run that was not crashed. */
  readonly whole: Played<End>
  /** How many crashes were tried. */
  readonly tried: number
  readonly differences: readonly CrashDifference<End>[]
}

export interface EveryBoundaryOptions {
  /** Try each nth boundary only; default 1, all of them. */
  readonly every?: number
  /** The first boundary that is tried; default 1. */
  readonly from?: number
  readonly leases?: CrashPlan['leases']
}

/** A difference in words: where the process died, and what came out otherwise. */
export function explainDifference<End>({ at, crashes, end, error }: CrashDifference<End>, whole: Played<End>): string {
  const where = crashes.map(({ position, kind, when, what }) => `${position} (${when} ${kind} ${what})`).join(', ') || at.join(', ')
  if (error !== null) return `crash at ${where}: ${toFailure(error).message}`
  return `crash at ${where}: ${differingFields(end, whole.end).join('; ')}`
}

function differingFields(end: unknown, expected: unknown): readonly string[] {
  const fields = (value: unknown) => new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [['end', value]])
  const found = fields(end)
  return [...fields(expected)].flatMap(([name, value]) =>
    isDeepStrictEqual(found.get(name), value) ? [] : [`${name} is ${JSON.stringify(found.get(name))}, without a crash ${JSON.stringify(value)}`],
  )
}

/** Plays a run to its end through the crashes of the plan: each kills a process, and another goes on. @throws what a life of it throws */
export async function playCrashes<End>(make: CrashScenarios<End>, plan: CrashPlan = {}): Promise<Played<End>> {
  const injector = createCrashInjector(plan)
  const scenario = await make()
  const crashes: Boundary[] = []
  try {
    for (;;) {
      const life = injector.life()
      const crash = await Promise.race([scenario.live(life).then(() => null), life.died])
      if (crash === null) return { end: await scenario.end(), boundaries: injector.boundaries, crashes, lives: life.number }
      crashes.push(crash)
    }
  } finally {
    await injector.bury()
    await scenario.close?.()
  }
}

/**
 * Plays a run once without a crash, then once for each of its boundaries with a crash there, and compares the ends. The run must not
 * depend on real time or chance: its boundaries are then the same each time, up to the crash.
 */
export async function everyBoundary<End>(make: CrashScenarios<End>, options: EveryBoundaryOptions = {}): Promise<EveryBoundary<End>> {
  const { every = 1, from = 1, leases = 'freed' } = options
  const whole = await playCrashes(make)
  const differences: CrashDifference<End>[] = []
  let tried = 0
  for (let at = from; at <= whole.boundaries.length; at += every) {
    tried += 1
    const difference = await differenceAt(make, { at, leases }, whole)
    if (difference !== null) differences.push(difference)
  }
  return { whole, tried, differences }
}

async function differenceAt<End>(
  make: CrashScenarios<End>,
  plan: CrashPlan & { readonly at: number },
  whole: Played<End>,
): Promise<CrashDifference<End> | null> {
  const at = [plan.at]
  try {
    const { end, crashes, boundaries } = await playCrashes(make, plan)
    const sameWay = isDeepStrictEqual(boundaries.slice(0, plan.at), whole.boundaries.slice(0, plan.at))
    if (!sameWay) return { at, crashes, end, error: new Error(`the run came to boundary ${plan.at} another way than without a crash`) }
    return isDeepStrictEqual(end, whole.end) ? null : { at, crashes, end, error: null }
  } catch (error) {
    return { at, crashes: whole.boundaries.slice(plan.at - 1, plan.at), end: null, error }
  }
}
