import { describe, expect, test } from 'vitest'
import { assign, createMachine, emit, fromPromise, raise, sendTo, setup, spawnChild } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { ControllerError } from '../../src/errors.ts'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { orderMachine } from './order.machine.ts'
import { INPUT } from './order.rules.ts'

const DRIVERS = [
  ['the fold', createFoldDriver],
  ['plain actors', createActorDriver],
] as const

const refuses = fromPromise(() => Promise.reject(new Error('a real service must not run')))

describe.each(DRIVERS)('a driver of %s', (_, createDriver) => {
  const ordered = () => {
    const driver = createDriver(orderMachine, { input: INPUT })
    driver.send('', { type: 'order.place' })
    return driver
  }
  const answer = (driver: ReturnType<typeof ordered>, src: string, output: unknown) => {
    const asked = driver.asked().find((one) => one.src === src)
    if (asked === undefined) throw new Error(`${src} is not asked`)
    driver.answer(asked, output)
  }
  const shipped = () => {
    const driver = ordered()
    answer(driver, 'checkStock', { inStock: true })
    driver.send('', { type: 'order.approve', orderId: 'o1' })
    answer(driver, 'charge', { receipt: 'r1' })
    return driver
  }

  test('says what is asked, with its input, until it is answered', () => {
    const driver = ordered()
    answer(driver, 'checkStock', { inStock: true })
    driver.send('', { type: 'order.approve', orderId: 'o1' })

    expect(driver.asked()).toEqual([{ path: '', childId: 'charge', src: 'charge', input: { orderId: 'o1', attempt: 1 } }])
    expect(driver.takeStarted().map(({ src }) => src)).toEqual(['checkStock', 'charge'])
    expect(driver.takeStarted()).toEqual([])
  })

  test('runs child machines, with their services and timers, below the root', () => {
    const driver = shipped()

    expect(driver.paths()).toEqual(['', 'courier'])
    expect(driver.asked()).toMatchObject([{ path: 'courier', src: 'findDriver' }])
    expect(
      driver
        .timers()
        .map(({ owner, name }) => `${owner} ${name}`)
        .toSorted(),
    ).toEqual([' deliveryTimeout', 'courier callTimeout'])
  })

  test('forgets a child that has ended, after its parent heard of it', () => {
    const driver = shipped()
    answer(driver, 'findDriver', 'ann')

    driver.fire()

    expect([driver.snapshot('')?.value, driver.snapshot('courier'), driver.paths(), driver.timers(), driver.now()]).toEqual([
      'delivered',
      null,
      [''],
      [],
      9_000,
    ])
  })

  test('runs children of children', () => {
    const leaf = createMachine({ id: 'leaf', invoke: { id: 'w', src: refuses }, on: { hi: { actions: emit({ type: 'said' }) } } })
    const trunk = setup({ actors: { leaf } }).createMachine({ id: 'trunk', invoke: { id: 'b', src: 'leaf' } })
    const root = setup({ actors: { trunk } }).createMachine({ id: 'root', entry: spawnChild('trunk', { id: 'a' }) })
    const driver = createDriver(root)

    driver.send('a/b', { type: 'hi' })

    expect(driver.paths()).toEqual(['', 'a', 'a/b'])
    expect(driver.asked().map(({ path, childId }) => [path, childId])).toEqual([['a/b', 'w']])
    expect(driver.takeFacts()).toEqual([{ type: 'said' }])
  })

  test('collects what is emitted', () => {
    const driver = shipped()

    expect([driver.takeFacts(), driver.takeFacts()]).toEqual([[{ type: 'order.paid' }], []])
  })

  test('ignores answers of a service that is no longer asked', () => {
    const driver = ordered()
    const [asked] = driver.asked()
    if (asked) driver.answer(asked, { inStock: true })

    if (asked) driver.fail(asked, new Error('late'))

    expect(driver.snapshot('')?.value).toEqual({ open: 'awaitingApproval' })
  })

  test.each([
    ['an Error', new TypeError('declined'), { name: 'TypeError', message: 'declined' }],
    ['a failure of ours', new ControllerError('TIMEOUT', 'late'), expect.objectContaining({ code: 'TIMEOUT', message: 'late', retryable: true })],
    ['anything else', { code: 7 }, { code: 7 }],
  ])('tells a chart of %s as data', (_name, error, heard) => {
    const asking = setup({ actors: { ask: refuses }, types: {} as { context: { error: unknown } } }).createMachine({
      id: 'asking',
      context: { error: null },
      invoke: { id: 'ask', src: 'ask', onError: { actions: assign({ error: ({ event }) => event.error }) } },
    })
    const driver = createDriver(asking)

    driver.asked().forEach((asked) => driver.fail(asked, error))

    expect(driver.snapshot('')?.context).toEqual({ error: heard })
  })

  describe('with timers', () => {
    const timed = (after: object, more: object = {}) =>
      createMachine({ id: 'timed', initial: 'on', states: { on: { after, on: { leave: 'off' } }, off: {} }, ...more } as never) as AnyStateMachine
    const say = (type: string) => ({ actions: emit({ type }) })

    test('fires them in the order they are due, each at its time', () => {
      const driver = createDriver(timed({ 300: say('late'), 100: say('soon'), 200: say('then') }))
      const times: unknown[] = []

      for (let due = driver.nextDue(); due !== null; due = driver.nextDue()) {
        driver.fire()
        times.push([due, driver.now(), driver.takeFacts()[0]?.type])
      }

      expect(times).toEqual([
        [100, 100, 'soon'],
        [200, 200, 'then'],
        [300, 300, 'late'],
      ])
    })

    test('counts one that was armed by another from when that fired', () => {
      const chained = createMachine({ id: 'chained', initial: 'a', states: { a: { after: { 50: 'b' } }, b: { after: { 50: 'c' } }, c: {} } })
      const driver = createDriver(chained)

      driver.fire()
      driver.fire()

      expect([driver.now(), driver.snapshot('')?.value]).toEqual([100, 'c'])
    })

    test('does not wait beyond one', () => {
      const driver = createDriver(timed({ 100: say('soon') }))
      driver.wait(100)

      expect(() => driver.wait(1)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('passes 100, which is due at 100 ms') }),
      )
      expect(driver.now()).toBe(100)
    })

    test('fires a given one in place of the next, which is late then', () => {
      const driver = createDriver(timed({ 100: say('soon'), 300: say('late') }))

      driver.fire(driver.timers().find(({ name }) => name === '300'))

      expect([driver.now(), driver.nextDue(), driver.takeFacts()]).toEqual([300, 300, [{ type: 'late' }]])
      expect(() => driver.fire({ owner: '', name: '300', timerId: 'gone' })).toThrow(expect.objectContaining({ code: 'USAGE' }))
    })

    test('forgets those of a state that is left', () => {
      const driver = createDriver(timed({ 100: say('soon') }))

      driver.send('', { type: 'leave' })

      expect([driver.timers(), driver.nextTimer(), driver.nextDue()]).toEqual([[], null, null])
      driver.fire()
      expect(driver.now()).toBe(0)
    })

    test('never fires one whose delay is Infinity', () => {
      const driver = createDriver(
        setup({ delays: { never: Infinity } }).createMachine({ id: 'm', initial: 'a', states: { a: { after: { never: 'b' } }, b: {} } }),
      )

      expect([driver.timers(), driver.nextDue(), driver.snapshot('')?.value]).toEqual([[], null, 'a'])
    })

    test('knows delayed events as well', () => {
      const target = createMachine({ id: 'target', on: { ring: { actions: emit({ type: 'rang' }) } } })
      const machine = setup({ actors: { target } }).createMachine({
        id: 'm',
        entry: [spawnChild('target', { id: 't' }), sendTo('t', { type: 'ring' }, { delay: 20 }), raise({ type: 'own' }, { delay: 10, id: 'mine' })],
      })
      const driver = createDriver(machine)

      expect(driver.timers().map(({ name }) => name)).toEqual(['ring', 'own'])
      driver.fire()
      driver.fire()
      expect([driver.now(), driver.takeFacts()]).toEqual([20, [{ type: 'rang' }]])
    })

    test.each([
      ['mistyped', {}],
      ['NaN', { mistyped: NaN }],
    ])('refuses a delay that is %s', (_name, delays) => {
      const machine = setup({ delays } as never).createMachine({ id: 'm', initial: 'a', states: { a: { after: { mistyped: 'b' } }, b: {} } } as never)

      const begin = () => {
        const driver = createDriver(machine as never)
        if (driver.snapshot('')?.status === 'error') throw driver.snapshot('')?.error
      }

      expect(begin).toThrow(expect.objectContaining({ code: 'MACHINE_INVALID' }))
    })
  })

  test('lets the run clock stand still under the tag clockStopped', () => {
    const driver = createDriver(orderMachine, { input: INPUT })
    driver.send('', { type: 'order.place' })
    answer(driver, 'checkStock', { inStock: true })
    driver.wait(1_000)
    driver.send('', { type: 'order.hold' })
    driver.wait(5_000)
    driver.send('', { type: 'order.release' })
    driver.wait(10)

    expect([driver.now(), driver.runNow()]).toEqual([6_010, 1_010])
  })

  test('tells the transitions that are taken', () => {
    const taken: string[] = []
    const driver = createDriver(orderMachine, {
      input: INPUT,
      onMicrostep: (transitions) => transitions.forEach(({ eventType }) => taken.push(eventType)),
    })
    taken.length = 0

    driver.send('', { type: 'order.place' })
    answer(driver, 'checkStock', { inStock: true })

    expect(taken).toEqual(['order.place', 'xstate.done.actor.checkStock', ''])
  })

  test('tells events when they have been processed, of children as well', () => {
    const processed: unknown[] = []
    const driver = createDriver(orderMachine, { input: { ...INPUT, total: 1 }, onProcessed: (path, { type }) => processed.push([path, type]) })
    driver.send('', { type: 'order.place' })
    answer(driver, 'checkStock', { inStock: true })
    answer(driver, 'charge', { receipt: 'r1' })

    answer(driver, 'findDriver', 'ann')

    expect(processed.slice(-2)).toEqual([
      ['courier', 'xstate.done.actor.0.courier.calling'],
      ['', 'courier.assigned'],
    ])
  })
})

describe('a driver of the fold', () => {
  const machine = setup({ delays: { spent: 100, backoff: 250 } }).createMachine({
    id: 'm',
    initial: 'on',
    after: { spent: '.over', backoff: '.late' },
    states: { on: { on: { pause: 'off' } }, off: { tags: 'clockStopped', on: { go: 'on' } }, over: {}, late: {} },
  })

  test('counts a delay on the clock that is named for it', () => {
    const driver = createFoldDriver(machine, { clocks: { spent: 'run' } })
    driver.wait(40)
    driver.send('', { type: 'pause' })
    driver.wait(120)
    expect([driver.nextTimer()?.name, driver.nextDue()]).toEqual(['backoff', 250])

    driver.send('', { type: 'go' })

    expect([driver.nextTimer()?.name, driver.nextDue()]).toEqual(['spent', 220])
  })

  test('does not fire one whose clock stands still', () => {
    const driver = createFoldDriver(machine, { clocks: { spent: 'run', backoff: 'run' } })
    driver.send('', { type: 'pause' })

    driver.fire()

    expect([driver.now(), driver.nextDue(), driver.snapshot('')?.value]).toEqual([0, null, 'off'])
  })

  test('keeps the records as a journal would, and folds them again to the same image', () => {
    const driver = createFoldDriver(orderMachine, { input: INPUT })
    driver.send('', { type: 'order.place', at: new Date(0), note: undefined })
    driver.asked().forEach((asked) => driver.answer(asked, { inStock: false }))
    const again = driver.again()

    for (const record of driver.records) again.receive(record)

    expect(driver.records.map(({ event }) => event)).toEqual([
      { type: 'order.place', at: '1970-01-01T00:00:00.000Z' },
      { type: 'xstate.done.actor.checkStock', actorId: 'checkStock', output: { inStock: false } },
    ])
    expect(again.snapshot('')?.value).toBe('failed')
  })
})
