import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { ArmedDelay, AskedService, ChartDriver } from './chart-driver.ts'

/** What was done to a chart. */
export type Deed =
  | { readonly kind: 'begin' }
  | { readonly kind: 'event'; readonly path: string; readonly event: EventObject & Readonly<Record<string, unknown>> }
  | { readonly kind: 'answer'; readonly asked: AskedService; readonly output: unknown }
  | { readonly kind: 'error'; readonly asked: AskedService; readonly error: unknown }
  | { readonly kind: 'timer'; readonly timer: ArmedDelay | null }
  | { readonly kind: 'wait'; readonly ms: number }

/** A chart when everything that one deed led to has happened. */
export interface Moment {
  readonly driver: ChartDriver
  readonly root: AnyMachineSnapshot
  readonly deed: Deed
  /** All deeds, this one last: what a rule can judge by without trusting the chart's own records. */
  readonly past: readonly Deed[]
  /** Services that were begun by this deed. */
  readonly started: readonly AskedService[]
  /** Events that were emitted. */
  readonly facts: readonly EventObject[]
}

/** One rule at work on one driver. */
export interface Checks {
  /** Looks at the chart before a deed. */
  before?(deed: Deed): void
  /** Says what does not hold after it; nothing when all is well. */
  after(moment: Moment): readonly string[]
}

/** What must hold on every state that a chart comes to. Begun afresh for each driver, so that it may keep notes. */
export type Rule = (driver: ChartDriver) => Checks

export interface Violations {
  /** What did not hold, in the order it was seen; empty when everything did. */
  violations(): readonly string[]
}

/** Checks every rule when the chart has begun and after whatever is done to it. Use the driver that is returned, not the one given. */
export function watch<Driver extends ChartDriver>(driver: Driver, rules: readonly Rule[]): Driver & Violations {
  const found: string[] = []
  const started: AskedService[] = []
  const facts: EventObject[] = []
  const past: Deed[] = []
  const checks = rules.map((rule) => rule(driver))

  function does(deed: Deed, act: () => void): void {
    for (const check of checks) check.before?.(deed)
    past.push(deed)
    act()
    const begun = driver.takeStarted()
    const told = driver.takeFacts()
    started.push(...begun)
    facts.push(...told)
    const root = driver.snapshot('')
    if (root === null) return
    const moment = { driver, root, deed, past, started: begun, facts: told }
    for (const check of checks) found.push(...check.after(moment))
  }
  does({ kind: 'begin' }, () => {})

  return {
    ...driver,
    send: (path, event) => does({ kind: 'event', path, event: { ...event } }, () => driver.send(path, event)),
    answer: (asked, output) => does({ kind: 'answer', asked, output }, () => driver.answer(asked, output)),
    fail: (asked, error) => does({ kind: 'error', asked, error }, () => driver.fail(asked, error)),
    wait: (ms) => does({ kind: 'wait', ms }, () => driver.wait(ms)),
    fire: (timer) => does({ kind: 'timer', timer: timer ?? driver.nextTimer() }, () => driver.fire(timer)),
    takeStarted: () => started.splice(0),
    takeFacts: () => facts.splice(0),
    violations: () => found,
  }
}

/** A rule that needs no notes: what does not hold, in words. */
export const rule =
  (after: (moment: Moment) => readonly string[]): Rule =>
  () => ({ after })

/** A rule that a predicate says. */
export const holds = (what: string, predicate: (moment: Moment) => boolean): Rule =>
  rule((moment) => (predicate(moment) ? [] : [`${what}: not in ${placeOf(moment.root)}`]))

/** Where an actor is, for messages. */
export const placeOf = (snapshot: AnyMachineSnapshot | null): string => (snapshot === null ? 'no state' : JSON.stringify(snapshot.value))
