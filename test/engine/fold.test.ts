import { describe, expect, test, vi } from 'vitest'
import { assign, cancel, createMachine, emit, fromPromise, raise, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate'
import type { AnyStateMachine, EventObject } from 'xstate'
import { createFold } from '../../src/engine/fold.ts'
import type { Effect, Fold } from '../../src/engine/fold.ts'

const forever = fromPromise(() => new Promise(() => {}))
const CLOCKS = { wait: 'wall', tick: 'run', limit: 'service' } as const

interface Driven {
  readonly fold: Fold
  /** What the last record wanted done. */
  effects(): readonly Effect[]
  send(event: EventObject | string, path?: string, cause?: { timer?: [string, string]; child?: string }, at?: number): void
}

function begin(machine: AnyStateMachine, input: unknown = {}): Driven {
  const fold = createFold(machine, CLOCKS)
  let last = fold.init(input, { at: 1_000, runAt: 0 })
  return {
    fold,
    effects: () => last,
    send(event, path = '', cause = {}, at = 2_000) {
      last = fold.receive({ at, runAt: at - 1_000, path, event: typeof event === 'string' ? { type: event } : event, ...cause })
    },
  }
}

const kinds = (effects: readonly Effect[]) => effects.map((effect) => effect.kind)
const value = (fold: Fold, path = '') => fold.snapshot(path)?.value
const contextOf = (fold: Fold, path = '') => fold.snapshot(path)?.context as Record<string, unknown>

describe('the timers of a fold', () => {
  const machine = setup({ delays: { wait: 100, tick: 200, limit: 300 }, actors: { forever } }).createMachine({
    id: 'timers',
    initial: 'a',
    states: {
      a: { after: { wait: 'b', tick: 'b' }, on: { next: 'b', work: 'working' } },
      working: { invoke: { id: 'forever', src: 'forever' }, after: { limit: 'b', tick: 'b' } },
      b: {},
    },
  })

  test('are due on their own clocks, from the time of the record', () => {
    const { fold } = begin(machine)

    expect(fold.timers().map(({ name, clock, due }) => [name, clock, due])).toEqual([
      ['wait', 'wall', 1_100],
      ['tick', 'run', 200],
    ])
  })

  test('go with their state', () => {
    const { fold, send, effects } = begin(machine)

    send('next')

    expect(fold.timers()).toEqual([])
    expect(kinds(effects())).toEqual(['disarm', 'disarm'])
  })

  test('go with the record that they caused', () => {
    const { fold, send } = begin(machine)
    const [timer] = fold.timers()

    send(timer?.event ?? '', '', { timer: ['', timer?.timerId ?? ''] }, 1_100)

    expect([value(fold), fold.timers()]).toEqual(['b', []])
  })

  test('of services count afresh for a new process, those of states do not', () => {
    const { fold, send } = begin(machine)
    send('work', '', {}, 1_500)
    expect(fold.timers().map(({ name, due }) => [name, due])).toEqual([
      ['limit', 800],
      ['tick', 700],
    ])

    fold.renew(650)

    expect(fold.timers().map(({ name, due }) => [name, due])).toEqual([
      ['limit', 950],
      ['tick', 700],
    ])
  })

  test('of an actor without an outstanding service do not count afresh', () => {
    const limited = setup({ delays: { limit: 300 } }).createMachine({ id: 'limited', initial: 'a', states: { a: { after: { limit: 'b' } }, b: {} } })
    const { fold } = begin(limited)

    fold.renew(250)

    expect(fold.timers()[0]?.due).toBe(300)
  })

  test('that were sent with a delay fire at their target, and can be cancelled', () => {
    const child = setup({}).createMachine({ id: 'child', initial: 'a', states: { a: { on: { ring: 'b' } }, b: {} } })
    const parent = setup({ actors: { child }, delays: { wait: 50 } }).createMachine({
      id: 'parent',
      entry: [spawnChild('child', { id: 'c' }), sendTo('c', { type: 'ring' }, { id: 'bell', delay: 'wait' })],
      on: { hush: { actions: cancel('bell') } },
    })
    const { fold, send } = begin(parent)
    expect(fold.timers()).toMatchObject([{ owner: '', target: 'c', timerId: 'bell', event: { type: 'ring' } }])

    send('ring', 'c', { timer: ['', 'bell'] })

    expect([value(fold, 'c'), fold.timers()]).toEqual(['b', []])
    const quiet = begin(parent)
    quiet.send('hush')
    expect(quiet.fold.timers()).toEqual([])
  })

  test('that were raised with a delay do not come back once they fired', () => {
    const raising = setup({ types: {} as { context: { rang: number }; events: { type: 'ring' } } }).createMachine({
      id: 'raising',
      context: { rang: 0 },
      entry: raise({ type: 'ring' }, { id: 'bell', delay: 50 }),
      on: { ring: { actions: assign({ rang: ({ context }) => context.rang + 1 }) } },
    })
    const { fold, send } = begin(raising)

    send('ring', '', { timer: ['', 'bell'] })

    expect([contextOf(fold), fold.timers()]).toEqual([{ rang: 1 }, []])
  })
})

describe('the services of a fold', () => {
  const machine = setup({ actors: { work: forever }, types: {} as { context: { n: number } } }).createMachine({
    id: 'services',
    context: { n: 1 },
    initial: 'working',
    states: {
      working: {
        invoke: { id: 'work', src: 'work', input: ({ context }) => ({ n: context.n }), onDone: 'rested' },
        on: { again: { target: 'working', reenter: true, actions: assign({ n: ({ context }) => context.n + 1 }) }, rest: 'rested' },
      },
      rested: {},
    },
  })

  test('are outstanding with their input until they answer', () => {
    const { fold, send } = begin(machine)
    expect(fold.services()).toEqual([{ path: '', childId: 'work', src: 'work', input: { n: 1 } }])

    send({ type: 'xstate.done.actor.work', output: 1 } as EventObject, '', { child: 'work' })

    expect([value(fold), fold.services()]).toEqual(['rested', []])
  })

  test('that answered do not come back, even where the chart stays', () => {
    const staying = setup({ actors: { work: forever } }).createMachine({
      id: 'staying',
      invoke: { id: 'work', src: 'work', onDone: { actions: () => {} } },
    })
    const { fold, send } = begin(staying)

    send({ type: 'xstate.done.actor.work', output: 1 } as EventObject, '', { child: 'work' })

    expect(fold.services()).toEqual([])
  })

  test('are stopped when their state is left', () => {
    const { send, effects } = begin(machine)

    send('rest')

    expect(effects()).toEqual([{ kind: 'stop', path: '', childId: 'work' }])
  })

  test('are stopped and begun again, in this order, when their state is entered again', () => {
    const { fold, send, effects } = begin(machine)

    send('again')

    expect(kinds(effects())).toEqual(['stop', 'start'])
    expect(fold.services()).toMatchObject([{ input: { n: 2 } }])
  })

  test('that the machine does not know end the fold', () => {
    const unknown = createMachine({ id: 'unknown', initial: 'a', states: { a: { invoke: { id: 'lost', src: 'lost' } } } })
    vi.spyOn(console, 'warn').mockReturnValue()

    expect(() => begin(unknown)).toThrow(expect.objectContaining({ code: 'ENGINE_DIVERGED' }))
  })
})

describe('nested machines', () => {
  const leaf = setup({ types: {} as { input: { name: string }; context: { name: string } }, actors: { forever } }).createMachine({
    id: 'leaf',
    context: ({ input }) => ({ name: input.name }),
    initial: 'waiting',
    invoke: { id: 'forever', src: 'forever' },
    output: ({ context }) => `${context.name} is done`,
    states: {
      waiting: { on: { end: 'ended', hail: { actions: sendParent(({ context }) => ({ type: 'hello', from: context.name })) }, fault: 'faulty' } },
      faulty: {
        always: {
          guard: () => {
            throw new Error('the guard threw')
          },
          target: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  })
  const trunk = setup({
    types: {} as { context: { heard: readonly string[] }; events: EventObject & { from?: string; output?: string; error?: Error } },
    actors: { leaf },
    actions: {
      hear: assign({
        heard: ({ context, event }) => [...context.heard, `${event.type} ${event.from ?? event.output ?? event.error?.message ?? ''}`.trim()],
      }),
    },
  }).createMachine({
    id: 'trunk',
    context: { heard: [] },
    entry: [spawnChild('leaf', { id: 'a', input: { name: 'a' } }), spawnChild('leaf', { id: 'b', input: { name: 'b' } })],
    on: {
      hello: { actions: ['hear', sendTo('b', { type: 'end' })] },
      both: { actions: [sendTo('a', { type: 'hail' }), sendTo('a', { type: 'hail' }), 'hear'] },
      prune: { actions: stopChild('a') },
      regrow: { actions: [stopChild('a'), spawnChild('leaf', { id: 'a', input: { name: 'a2' } })] },
      'xstate.done.actor.*': { actions: 'hear' },
      'xstate.error.actor.*': { actions: 'hear' },
    },
  })

  test('are actors of their own', () => {
    const { fold } = begin(trunk)

    expect(fold.paths()).toEqual(['', 'a', 'b'])
    expect(fold.services().map(({ path }) => path)).toEqual(['a', 'b'])
  })

  test('tell their parent and their siblings in one cascade', () => {
    const { fold, send } = begin(trunk)

    send('hail', 'a')

    expect(contextOf(fold)).toEqual({ heard: ['hello a', 'xstate.done.actor.b b is done'] })
    expect(fold.paths()).toEqual(['', 'a'])
  })

  test('get their messages depth first, one after the other, like the mailboxes of actors', () => {
    const { fold, send } = begin(trunk)

    send('both')

    expect(contextOf(fold)['heard']).toEqual(['both', 'hello a', 'hello a', 'xstate.done.actor.b b is done'])
  })

  test('are forgotten with their services when they are done', () => {
    const { fold, send, effects } = begin(trunk)

    send('end', 'a')

    expect([fold.paths(), fold.services().map(({ path }) => path)]).toEqual([['', 'b'], ['b']])
    expect(effects()).toContainEqual({ kind: 'stop', path: 'a', childId: 'forever' })
    expect(contextOf(fold)['heard']).toEqual(['xstate.done.actor.a a is done'])
  })

  test('that throw are an error of theirs, which their parent hears', () => {
    const { fold, send } = begin(trunk)

    send('fault', 'a')

    expect(String((contextOf(fold)['heard'] as readonly string[])[0])).toMatch(/^xstate\.error\.actor\.a .*the guard threw/s)
    expect([fold.paths(), fold.snapshot('')?.status]).toEqual([['', 'b'], 'active'])
  })

  test('that are stopped are gone with all that is theirs', () => {
    const { fold, send } = begin(trunk)

    send('prune')
    send('end', 'a')

    expect([fold.paths(), fold.services().length, contextOf(fold)['heard']]).toEqual([['', 'b'], 1, []])
  })

  test('that take the place of another get its name, not its messages', () => {
    const { fold, send } = begin(trunk)

    send('regrow')

    expect(contextOf(fold, 'a')).toEqual({ name: 'a2' })
    expect(fold.services()).toHaveLength(2)
  })

  test('that are replaced while they are busy leave no message to their successor', () => {
    const busy = setup({}).createMachine({
      id: 'busy',
      initial: 'waiting',
      states: { waiting: { on: { go: { actions: sendParent({ type: 'replace' }) }, end: 'ended' } }, ended: { type: 'final' } },
    })
    const parent = setup({ actors: { busy } }).createMachine({
      id: 'parent',
      entry: spawnChild('busy', { id: 'a' }),
      on: { replace: { actions: [sendTo('a', { type: 'end' }), stopChild('a'), spawnChild('busy', { id: 'a' })] } },
    })
    const { fold, send } = begin(parent)

    send('go', 'a')

    expect([fold.paths(), value(fold, 'a')]).toEqual([['', 'a'], 'waiting'])
  })

  test('end with their parent', () => {
    const ending = setup({ actors: { leaf } }).createMachine({
      id: 'ending',
      initial: 'open',
      states: { open: { entry: spawnChild('leaf', { id: 'a', input: { name: 'a' } }), on: { close: 'closed' } }, closed: { type: 'final' } },
    })
    const { fold, send } = begin(ending)

    send('close')

    expect([fold.paths(), fold.services(), fold.timers(), fold.snapshot('')?.status]).toEqual([[''], [], [], 'done'])
  })
})

describe('a record', () => {
  const machine = setup({ actions: { act: () => {} } }).createMachine({
    id: 'plain',
    initial: 'a',
    states: { a: { on: { go: { target: 'b', actions: [emit({ type: 'went' }), 'act'] } } }, b: { type: 'final' } },
  })

  test('gives what it emitted and what is to be done, in order', () => {
    const { send, effects } = begin(machine)

    send('go')

    expect(effects()).toMatchObject([
      { kind: 'emit', path: '', event: { type: 'went' } },
      { kind: 'act', type: 'act' },
    ])
  })

  test('for an actor that does not live is dropped', () => {
    const { fold, send, effects } = begin(machine)

    send('go', 's9')

    expect([value(fold), effects()]).toEqual(['a', []])
  })

  test('after the end is dropped', () => {
    const { fold, send, effects } = begin(machine)
    send('go')

    send('go')

    expect([value(fold), effects()]).toEqual(['b', []])
  })

  test('whose chart throws at the root ends the run as an error', () => {
    const faulty = setup({}).createMachine({
      id: 'faulty',
      on: {
        go: {
          guard: () => {
            throw new Error('no')
          },
          actions: () => {},
        },
      },
    })
    const { fold, send } = begin(faulty)

    send('go')

    expect([fold.snapshot('')?.status, fold.timers(), fold.services()]).toEqual(['error', [], []])
  })
})
