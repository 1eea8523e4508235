import type { AnyStateMachine, EventObject } from 'xstate'
import { createFold } from '../engine/fold.ts'
import type { ArmedTimer, DelayClocks, Effect, Fold, FoldRecord } from '../engine/fold.ts'
import { createNotes } from './chart-driver.ts'
import type { AskedService, ChartDriver } from './chart-driver.ts'
import { errorData } from './error-data.ts'
import { assertNothingDue, notArmed } from './driver-timers.ts'
import { observed } from './observe.ts'
import type { Observers } from './observe.ts'
import { createTwoClocks } from './two-clocks.ts'

export interface FoldDriverOptions extends Observers {
  /** What the machine gets as its input; absent for one that takes none. */
  readonly input?: unknown
  /** The clock of each named delay; `wall` for those that are not named, so by default for all. */
  readonly clocks?: DelayClocks
}

/** The durable engine's fold, with the records that a journal would hold. */
export interface FoldDriver extends ChartDriver {
  readonly records: readonly FoldRecord[]
  /** Another fold of the same machine, begun with the same input: for the same records it must come to the same states. */
  again(): Fold
  /** Every live actor's state with its timers and services, as text, for comparison with another fold. */
  image(): string
}

/**
 * Folds a machine by hand: no service and no side effect is ever run, services are only noted. Timers of the run clock stand still while the
 * root has the tag `clockStopped`.
 * @throws ControllerError MACHINE_INVALID, from whatever leads there, for a delay that is no number, as a mistyped one; ENGINE_DIVERGED for
 * a service that does not exist
 */
export function createFoldDriver(machine: AnyStateMachine, { input, clocks: delayClocks = {}, ...observers }: FoldDriverOptions = {}): FoldDriver {
  const folded = observed(machine, observers)
  const fold = createFold(folded, delayClocks)
  const clocks = createTwoClocks()
  const records: FoldRecord[] = []
  const started = createNotes<AskedService>()
  const facts = createNotes<EventObject>()
  /** The order in which timers were armed decides between those that are due at once. */
  const armed = new WeakMap<ArmedTimer, number>()
  let count = 0

  const ticking = () => fold.snapshot('')?.hasTag('clockStopped') !== true
  const due = (timer: ArmedTimer) => (timer.clock === 'wall' ? timer.due : ticking() ? clocks.now() + timer.due - clocks.runNow() : Infinity)
  const next = () => fold.timers().toSorted((a, b) => due(a) - due(b) || (armed.get(a) ?? 0) - (armed.get(b) ?? 0))[0]
  const nextTimer = () => {
    const timer = next()
    return timer === undefined || due(timer) === Infinity ? null : timer
  }
  const nextDue = () => {
    const timer = nextTimer()
    return timer && Math.max(due(timer), clocks.now())
  }

  function note(effects: readonly Effect[]): void {
    const outstanding = new Set(fold.services())
    for (const effect of effects) {
      if (effect.kind === 'start' && outstanding.has(effect.service)) started.add(effect.service)
      if (effect.kind === 'emit') facts.add(effect.event)
      if (effect.kind === 'arm') armed.set(effect.timer, ++count)
    }
  }

  function receive(path: string, event: EventObject, cause: Pick<FoldRecord, 'timer' | 'child'> = {}): void {
    // As the journal keeps it.
    const record: FoldRecord = JSON.parse(JSON.stringify({ at: clocks.now(), runAt: clocks.runNow(), path, event, ...cause }))
    records.push(record)
    note(fold.receive(record))
  }

  function settle({ path, childId }: AskedService, how: 'done' | 'error', payload: object): void {
    if (!fold.services().some((service) => service.path === path && service.childId === childId)) return
    receive(path, { type: `xstate.${how}.actor.${childId}`, ...{ actorId: childId, ...payload } }, { child: childId })
  }

  note(fold.init(input, { at: 0, runAt: 0 }))

  return {
    records,
    now: clocks.now,
    runNow: clocks.runNow,
    send: (path, event) => receive(path, event),
    answer: (asked, output) => settle(asked, 'done', { output }),
    fail: (asked, error) => settle(asked, 'error', { error: errorData(error) }),
    asked: () => fold.services(),
    timers: () => fold.timers(),
    nextTimer,
    nextDue,
    wait(ms) {
      assertNothingDue(clocks.now() + ms, nextDue(), nextTimer())
      clocks.move(clocks.now() + ms, ticking())
    },
    fire(given) {
      const timer = given === undefined ? nextTimer() : fold.timers().find(({ owner, timerId }) => owner === given.owner && timerId === given.timerId)
      if (timer === undefined) throw notArmed(given)
      if (timer === null || due(timer) === Infinity) return
      clocks.move(due(timer), ticking())
      receive(timer.target, timer.event, { timer: [timer.owner, timer.timerId] })
    },
    paths: () => fold.paths(),
    snapshot: (path) => fold.snapshot(path),
    takeStarted: started.take,
    takeFacts: facts.take,
    again() {
      const other = createFold(machine, delayClocks)
      other.init(input, { at: 0, runAt: 0 })
      return other
    },
    image: () => imageOf(fold),
  }
}

/** Every live actor's state, its timers and services, as text. */
export function imageOf(fold: Pick<Fold, 'paths' | 'snapshot' | 'timers' | 'services'>): string {
  const actors = fold.paths().map((path) => {
    const snapshot = fold.snapshot(path)
    return [path, snapshot?.status, snapshot?.value, snapshot?.context, snapshot?.output]
  })
  return JSON.stringify([actors, fold.timers(), fold.services()])
}
