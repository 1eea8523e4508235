import { beforeAll, describe, expect, it } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { createFold, foldEntry } from '../../src/engine/fold.ts'
import type { Fold } from '../../src/engine/fold.ts'
import { createImagePacker, unpackImage } from '../../src/engine/fold-image.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { beginLife } from '../support/engine.ts'
import { workflowInput } from '../support/flow.fixture.ts'
import { attend, attended, createWorld } from '../support/world.ts'

/** What a fold has come to, as JSON keeps it. */
const stateOf = (fold: Fold): unknown => JSON.parse(JSON.stringify(fold.image()))

/** Bodies by reference, as a store keeps them. */
function createStore() {
  const bodies: string[] = []
  return {
    put: (body: unknown) => `body-${bodies.push(JSON.stringify(body)) - 1}`,
    get: (ref: string): unknown => JSON.parse(bodies[Number(ref.slice('body-'.length))] ?? 'null'),
    count: () => bodies.length,
  }
}

/** The same fold as another process would have it from what was stored. */
function restored(fold: Fold, machine: Parameters<typeof createFold>[0], store = createStore()): Fold {
  const image = fold.image()
  const packed = image && createImagePacker(store.put).pack(image)
  const loaded = packed && unpackImage(JSON.parse(JSON.stringify(packed)), store.get)
  if (loaded === null) throw new Error('the fold has no image')
  return createFold(machine, DELAY_CLOCKS, loaded)
}

describe('the image of a fold', () => {
  const clock = createSimulatedClock()
  const { machine } = createWorld(clock)
  let entries: readonly JournalEntry[] = []
  beforeAll(async () => {
    const life = beginLife({ machine, clock, input: workflowInput(), onFolded: () => queueMicrotask(() => look()) })
    const look = attend(attended(life))
    look()
    for (let n = 0; n < 400 && (await clock.next()); n++);
    entries = life.journal.entries
  })

  it('taken after any record is the fold, and what follows has the same effects', () => {
    expect(entries.length).toBeGreaterThan(30)
    for (let cut = 1; cut < entries.length; cut++) {
      const whole = createFold(machine, DELAY_CLOCKS)
      for (const entry of entries.slice(0, cut)) foldEntry(whole, entry)
      const again = restored(whole, machine)
      expect([cut, stateOf(again)]).toEqual([cut, stateOf(whole)])

      for (const entry of entries.slice(cut)) {
        const effects = foldEntry(again, entry).map(({ kind }) => kind)
        expect([entry.seq, effects]).toEqual([entry.seq, foldEntry(whole, entry).map(({ kind }) => kind)])
      }

      expect([cut, stateOf(again)]).toEqual([cut, stateOf(whole)])
      expect(again.snapshot('')?.output).toEqual(whole.snapshot('')?.output)
    }
  })

  it('of an image is the same again, whichever of its parents and children wait', () => {
    for (let cut = 1; cut < entries.length; cut += 5) {
      const fold = createFold(machine, DELAY_CLOCKS)
      for (const entry of entries.slice(0, cut)) foldEntry(fold, entry)

      expect(stateOf(restored(restored(fold, machine), machine))).toEqual(stateOf(fold))
    }
  })
})

describe('a chart whose context has long lists', () => {
  const lists = setup({
    types: {} as { context: { list: readonly number[]; other: readonly number[]; odd: unknown } },
    actors: { wait: fromPromise(() => new Promise(() => {})) },
    actions: {
      replace: assign({ other: ({ context }) => [...context.other, 1] }),
      spoil: assign({ odd: () => new Map() }),
      unend: assign({ odd: () => Infinity }),
    },
  }).createMachine({
    id: 'lists',
    context: { list: Array.from({ length: 500 }, (_, n) => n), other: Array.from({ length: 500 }, () => 0), odd: null },
    on: { replace: { actions: 'replace' }, spoil: { actions: 'spoil' }, unend: { actions: 'unend' } },
    initial: 'waiting',
    states: { waiting: { invoke: { id: 'wait', src: 'wait' } } },
  })

  function begun() {
    const fold = createFold(lists, {})
    fold.init(undefined, { at: 0, runAt: 0 })
    return fold
  }
  const send = (fold: Fold, type: string) => fold.receive({ at: 1, runAt: 1, path: '', event: { type } })
  const packWith = (packer: ReturnType<typeof createImagePacker>, fold: Fold) => {
    const image = fold.image()
    return image && packer.pack(image)
  }

  it('has each of them stored again only when it is another', () => {
    const fold = begun()
    const store = createStore()
    const packer = createImagePacker(store.put)

    packWith(packer, fold)
    expect(store.count()).toBe(2)
    packWith(packer, fold)
    expect(store.count()).toBe(2)
    send(fold, 'replace')
    const packed = packWith(packer, fold)

    expect(store.count()).toBe(3)
    expect(JSON.stringify(packed).length).toBeLessThan(1_000)
    expect(stateOf(restored(fold, lists))).toEqual(stateOf(fold))
  })

  it.each(['spoil', 'unend'])('and then something that JSON does not carry has no image (%s)', (type) => {
    const fold = begun()
    send(fold, type)

    expect(packWith(createImagePacker(createStore().put), fold)).toBeNull()
  })

  it('is not restored when one of them is gone', () => {
    const packed = packWith(createImagePacker(createStore().put), begun())

    expect(packed && unpackImage(packed, () => null)).toBeNull()
  })
})
