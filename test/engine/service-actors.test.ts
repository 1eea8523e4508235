import { describe, expect, it } from 'vitest'
import { assign, fromObservable, fromPromise, setup } from 'xstate'
import { createFold, foldEntry } from '../../src/engine/fold.ts'
import { beginTestRun, resumeTestRun } from '../../src/testing/test-run.ts'

/** XState hears of a promise that ends only later; logic that throws as it begins ends at once. */
const throwsAtFirst = (times: { count: number }) =>
  fromPromise(() => {
    times.count += 1
    if (times.count === 1) throw new Error('not yet')
    return new Promise<string>(() => {})
  })

describe('a service', () => {
  it('that ends as it begins can be begun again by its own end', async () => {
    const times = { count: 0 }
    const machine = setup({ actors: { work: throwsAtFirst(times) } }).createMachine({
      id: 'again',
      initial: 'trying',
      states: { trying: { invoke: { id: 'work', src: 'work', onError: { target: 'trying', reenter: true } } } },
    })

    const life = beginTestRun({ machine, external: [] })
    await life.run.flush()

    expect([times.count, life.run.running().length, life.run.fold.services().length]).toEqual([2, 1, 1])
    life.run.stop()
    expect(life.run.running()).toEqual([])
  })

  it('that ends as it begins after a crash may end its sibling, which is not begun then', async () => {
    const begun: string[] = []
    let isFirstLife = true
    const machine = setup({
      actors: {
        first: fromPromise(() => {
          begun.push('first')
          if (!isFirstLife) throw new Error('gone')
          return new Promise(() => {})
        }),
        second: fromPromise(() => {
          begun.push('second')
          return new Promise(() => {})
        }),
      },
    }).createMachine({
      id: 'pair',
      initial: 'both',
      states: {
        both: {
          invoke: [
            { id: 'first', src: 'first', onError: 'over' },
            { id: 'second', src: 'second' },
          ],
        },
        over: {},
      },
    })
    const life = beginTestRun({ machine, external: [] })
    await life.run.flush()
    life.run.stop()
    isFirstLife = false

    const next = resumeTestRun({ machine, journal: life.journal, clock: life.clock, external: [] })

    expect(next.snapshot()?.value).toBe('over')
    expect(begun).toEqual(['first', 'second', 'first'])
  })

  it('that runs looks to the chart as it does on replay, whatever it has put out', async () => {
    const machine = setup({
      types: {} as { context: { seen: unknown }; events: { type: 'look' } },
      actors: { ticks: fromObservable(() => ({ subscribe: (observer) => (tell(observer), { unsubscribe: () => {} }) })) },
    }).createMachine({
      id: 'looks',
      context: { seen: 'nothing' },
      invoke: { id: 'ticks', src: 'ticks' },
      on: { look: { actions: assign({ seen: ({ self }) => contextOf(self.getSnapshot().children['ticks']) }) } },
    })
    const life = beginTestRun({ machine, external: [] })
    await life.send({ type: 'look' })

    const replayed = createFold(machine, {})
    for (const entry of life.journal.read('run')) foldEntry(replayed, entry)

    expect(life.snapshot()?.context).toEqual(replayed.snapshot('')?.context)
    life.run.stop()
  })
})

/** An observable that has something to tell at once. */
function tell(observer: unknown): void {
  if (typeof observer === 'object' && observer !== null && 'next' in observer && typeof observer.next === 'function') observer.next(5)
}

/** What an actor's snapshot holds; JSON has no undefined. */
function contextOf(ref: unknown): unknown {
  const snapshot: unknown =
    typeof ref === 'object' && ref !== null && 'getSnapshot' in ref && typeof ref.getSnapshot === 'function' ? ref.getSnapshot() : null
  return typeof snapshot === 'object' && snapshot !== null && 'context' in snapshot ? (snapshot.context ?? null) : null
}
