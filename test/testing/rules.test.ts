import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, createMachine, setup } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import { cancelEnds } from '../../src/testing/cancel-rule.ts'
import type { ChartDriver } from '../../src/testing/chart-driver.ts'
import { exhaust } from '../../src/testing/exhaust.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { foldsBack } from '../../src/testing/folds-back.ts'
import { sameAsPlainActor } from '../../src/testing/same-as-plain-actor.ts'
import { noLeftovers, neverHangs, withinLimits } from '../../src/testing/state-rules.ts'
import { createWalk } from '../../src/testing/walk.ts'
import { holds, watch } from '../../src/testing/watch.ts'
import { orderMachine, withPart } from './order.machine.ts'
import { CASES, INPUT, ORDER_RULES, waitsForPerson } from './order.rules.ts'

const SEED = 20_260_102
const draws = fc.array(fc.nat(), { maxLength: 40, size: 'max' })

const DRIVERS = [
  ['the fold', createFoldDriver],
  ['plain actors', createActorDriver],
] as const

/** What is found wrong with an order machine in up to 600 walks, each followed by time alone; null when nothing is. */
function foundBy(createDriver: (machine: AnyStateMachine, options: { input: unknown }) => ChartDriver, machine: AnyStateMachine): string | null {
  const wander = (numbers: readonly number[]): void => {
    const driver = watch(createDriver(machine, { input: INPUT }), ORDER_RULES)
    const walk = createWalk(driver, { cases: CASES })
    for (const number of numbers) if (driver.violations().length > 0 || !walk.step(number)) break
    const stuck = driver.violations().length > 0 ? null : exhaust(driver, { waitsForPerson: mayWait })
    const [found = stuck] = driver.violations()
    if (found !== null) throw new Error(`${found} after ${walk.trail.join(' · ')}`)
  }
  const { failed, errorInstance } = fc.check(fc.property(draws, wander), { seed: SEED, numRuns: 600, endOnFailure: true })
  return failed ? String(errorInstance) : null
}

const mayWait = (driver: ChartDriver) => waitsForPerson(driver) || driver.snapshot('')?.matches('cart') === true
const changed = (place: readonly string[], part: unknown) => withPart(orderMachine, place, part)
const inOpen = (state: string, ...rest: readonly string[]) => ['states', 'open', 'states', state, ...rest]

const FLAWS: readonly (readonly [flaw: string, machine: AnyStateMachine, found: RegExp])[] = [
  [
    'a retry too many',
    orderMachine.provide({ guards: { retriesLeft: ({ context }) => context.retries <= context.maxRetries } }),
    /the root has 3 retries of 2/,
  ],
  ['a retry that is not counted', orderMachine.provide({ actions: { countRetry: () => {} } }), /charge started 4 times, more than 3/],
  ['a charge that nobody approved', orderMachine.provide({ guards: { needsApproval: () => false } }), /charge .* without permission/],
  ['an approval of another order', orderMachine.provide({ guards: { isThisOrder: () => true } }), /charge .* without permission/],
  ['a busy state without a timeout', changed(inOpen('checking', 'after'), undefined), /nothing moves the root in .*checking.* any more/],
  ['a busy state with nothing at all', changed(inOpen('backingOff', 'after'), undefined), /busy in .*backingOff.* with nothing that could end it/],
  [
    'a cancel that is ignored',
    orderMachine.provide({ guards: { mayCancel: () => false } }),
    /cancelled in .*(?:it should have ended by|but it ended in "delivered")/,
  ],
  [
    'a cancel that ends as a failure',
    changed(['states', 'cart', 'on', 'order.cancel'], { target: 'failed' }),
    /cancelled in "cart", but it ended in "failed"/,
  ],
  ['a courier that is not dismissed', orderMachine.provide({ actions: { dismissCourier: () => {} } }), /courier lives on|keeps children|lives on/],
  ['a service while the order is held', changed(inOpen('held', 'invoke'), { src: 'refund' }), /started in .*held.*, where nothing may start/],
  ['a goods-only delivery', orderMachine.provide({ actions: { noteCharged: () => {} } }), /delivered without a charge/],
  ['a mistyped delay', changed(inOpen('charging', 'after'), { chargeTimeuot: { target: 'backingOff' } }), /chargeTimeuot/],
  ['an endless loop of time', changed(inOpen('charging', 'after'), { chargeTimeout: { target: 'backingOff' } }), /started 4 times|goes on for ever/],
  [
    'a chart that throws',
    orderMachine.provide({
      guards: {
        retriesLeft: () => {
          throw new Error('no')
        },
      },
    }),
    /the root crashed/,
  ],
]

describe.each(DRIVERS)('the rules, on %s', (_, createDriver) => {
  test('find nothing wrong with a machine that is right', () => {
    expect(foundBy(createDriver, orderMachine)).toBeNull()
  })

  test.each(FLAWS)('find %s', (_flaw, machine, found) => {
    expect(foundBy(createDriver, machine)).toMatch(found)
  })
})

describe('the rules', () => {
  const child = createMachine({ id: 'child', initial: 'a', states: { a: { on: { end: 'b' } }, b: { type: 'final' } } })

  test('find a finished child that its parent keeps', () => {
    const parent = setup({ actors: { child } }).createMachine({
      id: 'parent',
      initial: 'on',
      states: { on: { invoke: { id: 'c', src: 'child', onDone: {} } } },
    })
    const driver = watch(createFoldDriver(parent), [noLeftovers()])

    driver.send('c', { type: 'end' })

    expect(driver.violations()).toEqual(['the root keeps children that have ended: c'])
  })

  test('do not take a limit of the whole for a timeout', () => {
    const busy = createMachine({ id: 'busy', tags: 'busy', after: { 9_000: '.over' }, initial: 'on', states: { on: {}, over: {} } })

    expect(watch(createActorDriver(busy), [neverHangs()]).violations()).toEqual([])
    expect(watch(createActorDriver(busy), [neverHangs({ overallDelays: ['9000'] })]).violations()).toHaveLength(1)
  })

  test('count a child that is busy, and only that, for its parent', () => {
    const parent = (tags: readonly string[]) =>
      setup({ actors: { child: createMachine({ id: 'child', tags: [...tags], after: { 10: {} } }) } }).createMachine({
        id: 'parent',
        tags: 'busy',
        invoke: { id: 'c', src: 'child' },
      })

    expect(watch(createFoldDriver(parent(['busy'])), [neverHangs()]).violations()).toEqual([])
    expect(watch(createFoldDriver(parent([])), [neverHangs()]).violations()).toEqual(['the root is busy in {} with nothing that could end it'])
  })

  test('look at children where they are asked to', () => {
    const counting = setup({ types: {} as { context: { n: number } } }).createMachine({
      id: 'counting',
      context: { n: 0 },
      on: { more: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    })
    const parent = setup({ actors: { counting } }).createMachine({ id: 'parent', invoke: { id: 'c', src: 'counting' } })
    const driver = watch(createActorDriver(parent), [
      withinLimits(
        ({ n }: { n: number }) => ({ ns: [n, 0] }),
        (path) => path === 'c',
      ),
    ])

    driver.send('c', { type: 'more' })

    expect(driver.violations()).toEqual(['c has 1 ns of 0'])
  })

  test('take a number that is none for one too many', () => {
    const odd = setup({ types: {} as { context: { n: number } } }).createMachine({ id: 'odd', context: { n: NaN } })

    expect(watch(createFoldDriver(odd), [withinLimits(({ n }: { n: number }) => ({ ns: [n, 1] }))]).violations()).toHaveLength(1)
  })

  test('begin afresh with each driver', () => {
    const rules = [cancelEnds({ event: 'stop', within: 10, final: 'over' })]
    const machine = createMachine({ id: 'm', initial: 'on', states: { on: { on: { stop: 'over' } }, over: { type: 'final' } } })
    const [one, other] = [watch(createFoldDriver(machine), rules), watch(createFoldDriver(machine), rules)]

    one.send('', { type: 'stop' })
    other.wait(50)

    expect([...one.violations(), ...other.violations()]).toEqual([])
  })

  test('say where a sentence of one`s own does not hold', () => {
    const machine = createMachine({ id: 'm', initial: 'on', states: { on: { on: { stop: 'off' } }, off: {} } })
    const driver = watch(createFoldDriver(machine), [holds('it is on', ({ root }) => root.matches('on'))])

    driver.send('', { type: 'stop' })

    expect(driver.violations()).toEqual(['it is on: not in "off"'])
  })

  test('leave started services and facts to whoever asks the watched driver', () => {
    const driver = watch(createFoldDriver(orderMachine, { input: INPUT }), ORDER_RULES)

    driver.send('', { type: 'order.place' })

    expect(driver.takeStarted().map(({ src }) => src)).toEqual(['checkStock'])
    expect(driver.takeStarted()).toEqual([])
  })
})

describe('a machine that is not a function of what happens to it', () => {
  let calls = 0
  const impure = orderMachine.provide({ actions: { countRetry: assign(({ context }) => ({ retries: context.retries, receipt: (calls += 1) })) } })
  const steer = (driver: ChartDriver) => {
    driver.send('', { type: 'order.place' })
    for (const event of ['checkStock', 'charge']) {
      const asked = driver.asked().find(({ src }) => src === event)
      if (event === 'checkStock' && asked) driver.answer(asked, { inStock: true })
      if (event === 'checkStock') driver.send('', { type: 'order.approve', orderId: 'o1' })
      if (event === 'charge' && asked) driver.fail(asked, new Error('declined'))
    }
  }

  test('does not fold back to the same state', () => {
    const fold = createFoldDriver(impure, { input: INPUT })
    const driver = watch(fold, [foldsBack(fold)])

    steer(driver)

    expect(driver.violations()).toEqual([expect.stringMatching(/^record 4 folds back to .*"receipt":\d+/)])
  })

  test('is not the same in the fold and as a plain actor', () => {
    expect(sameAsPlainActor(impure, { input: INPUT }, steer)).toMatch(/^events processed: the fold has .*receipt/)
  })

  test('is told from one that is', () => {
    const fold = createFoldDriver(orderMachine, { input: INPUT })
    const driver = watch(fold, [foldsBack(fold)])

    steer(driver)

    expect(driver.violations()).toEqual([])
    expect(sameAsPlainActor(orderMachine, { input: INPUT }, steer)).toBeNull()
  })
})

describe('the fold and plain actors', () => {
  test('go the same way on every walk', () => {
    const wander = (numbers: readonly number[]): void => {
      const difference = sameAsPlainActor(orderMachine, { input: INPUT }, (driver) => {
        const walk = createWalk(driver, { cases: CASES })
        for (const number of numbers) if (!walk.step(number)) break
      })
      expect(difference).toBeNull()
    }

    fc.assert(fc.property(draws, wander), { seed: SEED, numRuns: 200 })
  })
})

describe('time alone', () => {
  const asking = createMachine({ id: 'asking', initial: 'on', states: { on: { after: { 5: 'waits' } }, waits: {} } })

  test('may bring a chart to where it waits for a person, if that is allowed', () => {
    expect(exhaust(createFoldDriver(asking))).toBe('nothing moves the root in "waits" any more')
    expect(exhaust(createFoldDriver(asking), { waitsForPerson: (driver) => driver.snapshot('')?.value === 'waits' })).toBeNull()
  })

  test('ends before a timer that lies too far away', () => {
    expect(exhaust(createFoldDriver(asking), { until: 4 })).toBe('nothing moves the root in "on" any more')
  })

  test('is found to go round in circles', () => {
    const circling = createMachine({ id: 'circling', initial: 'a', states: { a: { after: { 1: 'b' } }, b: { after: { 1: 'a' } } } })

    expect(exhaust(createActorDriver(circling), { maxTimers: 50 })).toBe('the root in "a" goes on for ever')
  })

  test('lets services answer when it is told to', () => {
    const driver = createFoldDriver(orderMachine, { input: { ...INPUT, total: 1 } })
    driver.send('', { type: 'order.place' })
    const answers: Readonly<Record<string, unknown>> = { checkStock: { inStock: true }, charge: { receipt: 'r' }, findDriver: 'ann' }

    expect(exhaust(driver, { answer: (asked) => driver.answer(asked, answers[asked.src]) })).toBeNull()
    expect(driver.snapshot('')?.value).toBe('delivered')
  })
})
