import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createFold } from '../../src/engine/fold.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { beginLife, crashedJournal, nextLife } from '../support/engine.ts'
import type { GatedJournal, Life } from '../support/engine.ts'
import { ask, workflowInput } from '../support/flow.fixture.ts'
import { SEED } from '../support/walk-arbitraries.ts'
import { attend, attended, createWorld, startKey } from '../support/world.ts'

const INPUT = workflowInput()
const eventsOf = (entries: readonly JournalEntry[]) =>
  entries.flatMap((entry) => (entry.kind === 'event' ? [`${entry.path} ${entry.event.type}`] : []))
const typesOf = (entries: readonly JournalEntry[]) => entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event.type] : []))

/** Lets the world's person see what happens from now on. */
function watch(life: Life, seen: readonly string[] = []): Life {
  looks.set(life, attend(attended(life), seen))
  looks.get(life)?.()
  return life
}
const looks = new WeakMap<Life, () => void>()
const onFolded = (life: Life) => queueMicrotask(() => looks.get(life)?.())

async function finish(life: Life): Promise<void> {
  for (let n = 0; n < 400 && life.run.fold.snapshot('')?.status === 'active'; n++) await life.clock.next()
  await life.clock.advance(0)
}

async function uncrashed() {
  const clock = createSimulatedClock()
  const world = createWorld(clock)
  const life = watch(beginLife({ machine: world.machine, clock, input: INPUT, onFolded }))
  await finish(life)
  return { life, world, entries: life.journal.entries }
}

/** Another process, with its own services, takes over at the clock's time and goes on to the end. */
async function carryOn(journal: GatedJournal, clock: SimulatedClock) {
  const world = createWorld(clock)
  const life = watch(nextLife({ machine: world.machine, journal, clock, onFolded }), typesOf(journal.entries))
  await finish(life)
  return { life, world }
}

/** What counts in the end. */
function ending(life: Life) {
  const root = life.run.fold.snapshot('')
  const { progress, counts, usage, live } = life.context()
  const settled = life.facts.flatMap((fact) => (fact.type === 'action.settled' && 'result' in fact ? [JSON.stringify(fact.result)] : []))
  return { value: root?.value, output: root?.output, progress, counts, usage, live, settled: settled.toSorted() }
}

const count = (keys: readonly string[]) => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return Object.fromEntries([...counts].toSorted(([a], [b]) => a.localeCompare(b)))
}

/** The services that had ended by a record. */
function finishedIn(entries: readonly JournalEntry[]): readonly string[] {
  const fold = createFold(createWorld(createSimulatedClock()).machine, DELAY_CLOCKS)
  return entries.flatMap((entry) => {
    if (entry.kind === 'started') fold.init(entry.header.input['workflow'], entry)
    if (entry.kind !== 'event') return []
    const ended = fold.services().find(({ path, childId }) => path === entry.path && childId === entry.child)
    fold.receive(entry)
    return ended ? [startKey(ended.src, ended.input)] : []
  })
}

describe('a run that crashes', () => {
  let whole: Awaited<ReturnType<typeof uncrashed>>
  beforeAll(async () => {
    whole = await uncrashed()
  })

  test('has a reference with a retry, an approval, a pause, a doubt and a second plan', () => {
    expect(ending(whole.life)).toMatchObject({ value: 'completed', progress: { letters: 's' }, counts: { steps: 7, plans: 2, replans: 1 } })
    const types = typesOf(whole.entries)
    for (const type of [
      'run.pause',
      'run.resume',
      'action.approve',
      'xstate.done.actor.service:reconcileEffect',
      'xstate.after.backoffDelay.action.backingOff',
    ]) {
      expect(types).toContain(type)
    }
    expect(whole.entries.length).toBeGreaterThan(30)
  })

  test('after any record ends the same way, with the same events, and begins nothing again that had ended', async () => {
    const expected = { ...ending(whole.life), starts: count(whole.world.starts) }

    for (let records = 1; records <= whole.entries.length; records++) {
      const prefix = whole.entries.slice(0, records)
      const journal = await crashedJournal(whole.entries, records)
      const { life, world } = await carryOn(journal, createSimulatedClock(prefix.at(-1)?.at))

      const starts = count([...finishedIn(prefix), ...world.starts])
      expect({ records, ...ending(life), starts }).toEqual({ records, ...expected })
      expect([records, ...eventsOf(journal.entries).toSorted()]).toEqual([records, ...eventsOf(whole.entries).toSorted()])
      expect([records, life.broken, life.clock.armed]).toEqual([records, [], 0])
    }
  })

  test('and stays down for an hour after any record still ends well', async () => {
    for (let records = 1; records <= whole.entries.length; records++) {
      const journal = await crashedJournal(whole.entries, records)
      const { life } = await carryOn(journal, createSimulatedClock((whole.entries[records - 1]?.at ?? 0) + 3_600_000))

      expect({ records, ...ending(life) }).toEqual({ records, ...ending(whole.life) })
    }
  })

  test('again and again ends the same way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 1_500 }), { minLength: 1, maxLength: 12 }), async (lives) => {
        const clock = createSimulatedClock()
        let life = watch(beginLife({ machine: createWorld(clock).machine, clock, input: INPUT, onFolded }))
        for (const ms of lives) {
          await clock.advance(ms)
          life.run.stop()
          const { journal } = life
          life = watch(nextLife({ machine: createWorld(clock).machine, journal, clock, onFolded }), typesOf(journal.entries))
        }
        await finish(life)

        expect(ending(life)).toEqual(ending(whole.life))
        expect(eventsOf(life.journal.entries).toSorted()).toEqual(eventsOf(whole.entries).toSorted())
      }),
      { seed: SEED, numRuns: 25 },
    )
  })

  test('after a cancel ends cancelled, and executes nothing more', async () => {
    const clock = createSimulatedClock()
    const life = watch(beginLife({ machine: createWorld(clock).machine, clock, input: INPUT, onFolded }))
    await clock.advance(400)
    expect(Object.keys(life.context().live).length).toBeGreaterThan(0)
    await life.send(ask.cancel())
    const cancelledAt = life.journal.entries.length
    await finish(life)
    const { entries } = life.journal
    expect(life.run.fold.snapshot('')?.value).toBe('cancelled')

    for (let records = cancelledAt; records <= entries.length; records++) {
      const next = await carryOn(await crashedJournal(entries, records), createSimulatedClock((entries[records - 1]?.at ?? 0) + 60_000))

      expect([records, next.life.run.fold.snapshot('')?.value]).toEqual([records, 'cancelled'])
      expect(next.world.starts.filter((start) => !start.startsWith('writeReport'))).toEqual([])
    }
  })

  test('is folded to the same state from its journal after every record', () => {
    const fold = createFold(whole.world.machine, DELAY_CLOCKS)
    for (const entry of whole.entries) {
      if (entry.kind === 'started') fold.init(entry.header.input['workflow'], entry)
      if (entry.kind === 'event') fold.receive(entry)
    }

    expect(fold.snapshot('')?.context).toEqual(whole.life.run.fold.snapshot('')?.context)
    expect(fold.snapshot('')?.value).toBe('completed')
  })
})
