import { describe, expect, test } from 'vitest'
import { assign, createMachine, fromPromise, sendParent, setup } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import { createCoverage } from '../../src/testing/coverage.ts'
import type { Coverage } from '../../src/testing/coverage.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { shortestPaths, transitionPaths } from '../../src/testing/paths.ts'
import { isolated } from '../../src/testing/rebuild.ts'
import { runPath } from '../../src/testing/run-path.ts'
import { underParent } from '../../src/testing/under-parent.ts'
import { courierMachine, orderMachine, withPart } from './order.machine.ts'
import { CASES, INPUT } from './order.rules.ts'

const OPTIONS = { input: INPUT, cases: CASES }
const DRIVERS = [
  ['the fold', createFoldDriver],
  ['plain actors', createActorDriver],
] as const

describe.each(DRIVERS)('the paths through a machine, gone by %s', (_, createDriver) => {
  const findings = (machine: AnyStateMachine, options = OPTIONS, onMicrostep: Coverage['note'] = () => {}) =>
    transitionPaths(orderMachine, options).flatMap(
      (path) => runPath(createDriver(isolated(machine), { input: options.input, onMicrostep }), path) ?? [],
    )

  test('are where the model is after every step, and take every transition', () => {
    const coverage = createCoverage([orderMachine])
    const cheap = { ...OPTIONS, input: { ...INPUT, total: 50 } }

    expect([...findings(orderMachine, OPTIONS, coverage.note), ...findings(orderMachine, cheap, coverage.note)]).toEqual([])
    expect(coverage.untaken()).toEqual([])
  })

  test.each<[string, AnyStateMachine, RegExp]>([
    [
      'a retry too many',
      orderMachine.provide({ guards: { retriesLeft: ({ context }) => context.retries <= context.maxRetries } }),
      /charge ! .*: it is .*backingOff.*, not .*failed/,
    ],
    [
      'a timeout that was forgotten',
      withPart(orderMachine, ['states', 'open', 'states', 'checking', 'after'], undefined),
      /it is .*"timers":\[\]}, not/,
    ],
    [
      'a service that is not stopped',
      orderMachine.provide({ actions: { dismissCourier: () => {} } }),
      /order\.cancel: it is .*"asked":\["courier","refund"\]/,
    ],
    ['a cancel that is ignored', orderMachine.provide({ guards: { mayCancel: () => false } }), /order\.cancel: it is/],
    ['a context that is not kept', orderMachine.provide({ actions: { noteCharged: () => {} } }), /"charged":false/],
  ])('find %s', (_name, machine, message) => {
    expect(findings(machine)[0]).toMatch(message)
  })

  test('find a mistyped delay', () => {
    const mistyped = withPart(orderMachine, ['states', 'open', 'states', 'checking', 'after'], { stockTimeuot: { target: '#order.failed' } })

    expect(() => findings(mistyped)).toThrow(expect.objectContaining({ code: 'MACHINE_INVALID' }))
  })

  test('go through a child machine under a parent that listens, to what it says in the end', () => {
    const paths = transitionPaths(courierMachine, { cases: { outputs: { findDriver: ['ann'] } } })
    const forgetful = courierMachine.provide({ actions: { keepDriver: assign({ driver: null }) } })
    const go = (machine: AnyStateMachine) => paths.map((path) => runPath(createDriver(underParent(machine, 'c')), path, { at: 'c' }))

    expect(go(courierMachine)).toEqual(paths.map(() => null))
    expect(go(forgetful)).not.toEqual(paths.map(() => null))
  })
})

describe('the search for paths', () => {
  test('gives the shortest way to each state, and none that another begins with', () => {
    const names = shortestPaths(orderMachine, { ...OPTIONS, project: () => null }).map(({ name }) => name)

    expect(names).toContain('order.place · checkStock = {"inStock":false}')
    expect(names).toContain('order.place · checkStock = {"inStock":true} · order.hold')
    expect(names.filter((name) => names.some((other) => other !== name && other.startsWith(`${name} ·`)))).toEqual([])
  })

  test('gives the same paths each time', () => {
    expect(transitionPaths(orderMachine, OPTIONS)).toEqual(transitionPaths(orderMachine, OPTIONS))
  })

  test('says when its limit cut it off', () => {
    const counting = setup({ types: {} as { context: { count: number } } }).createMachine({
      id: 'counting',
      context: { count: 0 },
      on: { more: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
    })

    expect(() => transitionPaths(counting, { limit: 500 })).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining('cut off after 500 steps'),
        hint: expect.stringContaining('`project`'),
      }),
    )
    expect(transitionPaths(counting, { project: () => null })).toHaveLength(1)
  })

  test('says on which way a chart throws', () => {
    const throwing = setup({ actors: { ask: fromPromise<{ n: number }>(() => Promise.reject(new Error())) } }).createMachine({
      id: 'throwing',
      initial: 'asking',
      states: { asking: { invoke: { id: 'ask', src: 'ask', onDone: { guard: ({ event }) => event.output.n > 0, target: 'fine' } } }, fine: {} },
    })

    expect(() => transitionPaths(throwing)).toThrow(/throwing throws after ask = undefined: .*n/)
  })

  test('fires the later of two timers first only where the sooner was armed after it', () => {
    const timed = createMachine({
      id: 'timed',
      initial: 'a',
      after: { 5_000: '.over' },
      states: { a: { after: { 1_000: 'b' } }, b: { after: { 2_000: 'c', 9_000: 'never' } }, c: {}, never: {}, over: { type: 'final' } },
    })

    expect(transitionPaths(timed).map(({ name }) => name)).toEqual(['1000 · 2000 · 5000', '1000 · 5000'])
  })

  test('takes logic that stands in the chart itself for a service, by the id of its invoke', () => {
    const inline = createMachine({
      id: 'inline',
      initial: 'a',
      states: { a: { invoke: { src: fromPromise(() => Promise.reject(new Error())), onDone: 'b', onError: 'c' } }, b: {}, c: {} },
    })
    const paths = transitionPaths(inline, { cases: { outputs: { '0.inline.a': ['fine'] } } })

    expect(paths.map(({ name }) => name)).toEqual(['0.inline.a = "fine"', '0.inline.a ! {"name":"Error","message":"0.inline.a failed"}'])
    expect(paths.map((path) => runPath(createActorDriver(inline), path))).toEqual([null, null])
  })

  test('lets what is sent to a parent go', () => {
    const telling = createMachine({
      id: 'telling',
      initial: 'a',
      states: { a: { on: { go: { target: 'b', actions: sendParent({ type: 'gone' }) } } }, b: {} },
    })

    expect(transitionPaths(telling).map(({ name }) => name)).toEqual(['go'])
  })
})

describe('a path', () => {
  test('that a driver cannot go says which step it was', () => {
    const path = shortestPaths(orderMachine, { ...OPTIONS, project: () => null }).find(({ name }) => name.startsWith('order.place'))
    const unasked = withPart(orderMachine, ['states', 'open', 'states', 'checking', 'invoke'], undefined)
    if (path === undefined) throw new Error('there is no path')

    expect(runPath(createFoldDriver(unasked, { input: INPUT }), path)).toMatch(/^order\.place: it is .*"asked":\[\]/)
  })
})
