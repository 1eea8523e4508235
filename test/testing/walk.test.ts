import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { choicesOf } from '../../src/testing/choices.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { createWalk } from '../../src/testing/walk.ts'
import { orderMachine } from './order.machine.ts'
import { CASES, INPUT } from './order.rules.ts'

const begin = () => createFoldDriver(orderMachine, { input: INPUT })
const DRAWS = Array.from({ length: 40 }, (_, n) => (n * 7_919) % 1_009)

describe('a walk', () => {
  test('is the same for the same numbers', () => {
    const [one, other] = [begin(), begin()]
    const [walk, again] = [createWalk(one, { cases: CASES }), createWalk(other, { cases: CASES })]

    for (const draw of DRAWS) expect(walk.step(draw)).toBe(again.step(draw))

    expect(walk.trail).toEqual(again.trail)
    expect(one.image()).toBe(other.image())
    expect(walk.trail.length).toBeGreaterThan(3)
  })

  test('ends with its chart', () => {
    const walk = createWalk(begin(), { choose: () => [] })
    const driver = begin()
    driver.send('', { type: 'order.cancel' })

    expect([walk.step(3), createWalk(driver, { cases: CASES }).step(3)]).toEqual([false, false])
  })

  test('takes choices of one`s own, by their weight', () => {
    const done: string[] = []
    const choice = (does: string, weight: number) => ({ does, weight, act: () => void done.push(does) })
    const walk = createWalk(begin(), { choose: (draw) => [choice('never', 0), choice('often', 3), choice(`with ${draw}`, 1)] })

    for (const draw of [0, 1, 2, 3, 4]) walk.step(draw)

    expect(done).toEqual(['often', 'often', 'often', 'with 3', 'often'])
    expect(walk.trail).toEqual(done)
  })
})

describe('the choices', () => {
  const does = (cases = CASES, draw = 0, prepare: (driver: ReturnType<typeof begin>) => void = () => {}) => {
    const driver = begin()
    prepare(driver)
    return choicesOf(driver, cases, draw).map((choice) => `${choice.weight} ${choice.does}`)
  }

  test('are what the chart would take, time, and one event that it would refuse', () => {
    expect(does()).toEqual(['1 wait 500 ms', '1 {"type":"order.place"}', '1 {"type":"order.cancel"}', '1 {"orderId":"o1","type":"order.approve"}'])
    expect(does(CASES, 97).at(-1)).toBe('1 {"orderId":"another","type":"order.approve"}')
  })

  test('are every answer and error of what is asked, and the next timer', () => {
    const found = does(CASES, 0, (driver) => driver.send('', { type: 'order.place' }))

    expect(found.slice(0, 5)).toEqual([
      '6 checkStock = {"inStock":true}',
      '6 checkStock = {"inStock":false}',
      '1 checkStock ! {"name":"Error","message":"checkStock failed"}',
      '2 stockTimeout',
      '1 wait 500 ms',
    ])
  })

  test('never let a wait pass a timer', () => {
    const found = does(CASES, 0, (driver) => {
      driver.send('', { type: 'order.place' })
      driver.wait(1_990)
    })

    expect(found).toContain('1 wait 9 ms')
    expect(
      does(CASES, 0, (driver) => {
        driver.send('', { type: 'order.place' })
        driver.wait(1_999)
      }).some((choice) => choice.includes('wait')),
    ).toBe(false)
  })

  test('follow the situation where the cases are functions', () => {
    const cases = {
      events: { 'order.place': ({ context }: { context: { orderId: string } }) => [{ id: context.orderId }] },
      outputs: { checkStock: ({ src }: { src: string }) => [`of ${src}`] },
      errors: { checkStock: [] },
    }

    expect(does(cases)).toContain('1 {"id":"o1","type":"order.place"}')
    expect(does(cases, 0, (driver) => driver.send('', { type: 'order.place' }))[0]).toBe('4 checkStock = "of checkStock"')
  })

  test('try every named event that a wildcard takes', () => {
    const machine = createMachine({ id: 'm', on: { 'a.*': { actions: () => {} } } })

    const found = choicesOf(createFoldDriver(machine), { events: { 'a.b': [{ n: 1 }, { n: 2 }], b: [{}] } })

    expect(found.map((choice) => choice.does)).toEqual(['wait 500 ms', '{"n":1,"type":"a.b"}', '{"n":2,"type":"a.b"}', '{"type":"b"}'])
  })
})
