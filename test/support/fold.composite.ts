import type { AnyStateMachine, EventObject } from 'xstate'
import { createFold } from '../../src/engine/fold.ts'
import type { ArmedTimer, Effect, FoldRecord } from '../../src/engine/fold.ts'
import { toFailure } from '../../src/errors.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import { createTwoClocks } from './composite.ts'
import type { Asked, Composite } from './composite.ts'

/** The engine's fold, with the records it was given: what a journal would hold. */
export interface FoldComposite extends Composite {
  readonly records: readonly FoldRecord[]
  /** The name of the next timer, with the actor that armed it. */
  nextTimer(): { readonly owner: string; readonly name: string } | null
  /** Every actor's state, for comparison with another fold of the same records. */
  image(): string
}

/** Folds `machine` by hand: no service is ever started, only noted. Time counts from 0. */
export function createFoldComposite(machine: AnyStateMachine, input: unknown): FoldComposite {
  const fold = createFold(machine, DELAY_CLOCKS)
  const clocks = createTwoClocks()
  const records: FoldRecord[] = []
  let started: Asked[] = []
  let facts: EventObject[] = []
  /** The order in which timers were armed decides between those that are due at once. */
  const armed = new WeakMap<ArmedTimer, number>()
  let count = 0

  const ticking = () => fold.snapshot('')?.hasTag('clockStopped') !== true
  const due = (timer: ArmedTimer) => (timer.clock === 'wall' ? timer.due : ticking() ? clocks.now() + timer.due - clocks.runNow() : Infinity)
  const next = () => fold.timers().toSorted((a, b) => due(a) - due(b) || (armed.get(a) ?? 0) - (armed.get(b) ?? 0))[0]

  function note(effects: readonly Effect[]): void {
    const outstanding = new Set(fold.services())
    for (const effect of effects) {
      if (effect.kind === 'start' && outstanding.has(effect.service)) started.push(effect.service)
      if (effect.kind === 'emit') facts.push(effect.event)
      if (effect.kind === 'arm') armed.set(effect.timer, ++count)
    }
  }

  function receive(path: string, event: EventObject, cause: Pick<FoldRecord, 'timer' | 'child'> = {}): void {
    // As the journal keeps it.
    const record: FoldRecord = JSON.parse(JSON.stringify({ at: clocks.now(), runAt: clocks.runNow(), path, event, ...cause }))
    records.push(record)
    note(fold.receive(record))
  }

  note(fold.init(input, { at: 0, runAt: 0 }))

  return {
    records,
    now: clocks.now,
    runNow: clocks.runNow,
    send: (path, event) => receive(path, event),
    answer: ({ path, childId }, output) => receive(path, settledEvent('done', childId, { output }), { child: childId }),
    fail: ({ path, childId }, error) => receive(path, settledEvent('error', childId, { error: toFailure(error) }), { child: childId }),
    asked: () => fold.services(),
    timers: () => fold.timers(),
    nextDue() {
      const timer = next()
      const at = timer && due(timer)
      return at === undefined || at === Infinity ? null : Math.max(at, clocks.now())
    },
    nextTimer: () => next() ?? null,
    wait: (ms) => clocks.move(clocks.now() + ms, ticking()),
    fire() {
      const timer = next()
      if (timer === undefined || due(timer) === Infinity) return
      clocks.move(due(timer), ticking())
      receive(timer.target, timer.event, { timer: [timer.owner, timer.timerId] })
    },
    paths: () => fold.paths(),
    snapshot: (path) => fold.snapshot(path),
    takeStarted() {
      const taken = started
      started = []
      return taken
    },
    takeFacts() {
      const taken = facts
      facts = []
      return taken
    },
    image: () => imageOf(fold),
  }
}

const settledEvent = (how: 'done' | 'error', childId: string, payload: object) => ({
  type: `xstate.${how}.actor.${childId}`,
  actorId: childId,
  ...payload,
})

/** Every live actor's state, its timers and services, as text. */
export function imageOf(fold: Pick<ReturnType<typeof createFold>, 'paths' | 'snapshot' | 'timers' | 'services'>): string {
  const actors = fold.paths().map((path) => {
    const snapshot = fold.snapshot(path)
    return [path, snapshot?.status, snapshot?.value, snapshot?.context, snapshot?.output]
  })
  return JSON.stringify([actors, fold.timers(), fold.services()])
}
