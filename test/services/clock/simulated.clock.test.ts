import { describe, expect, test } from 'vitest'
import { createSimulatedClock } from '../../../src/services/clock/simulated.clock.ts'

describe('a simulated clock', () => {
  test('begins where it is told to, and moves only when told to', async () => {
    const clock = createSimulatedClock(5_000)

    await clock.advance(250)

    expect(clock.now()).toBe(5_250)
  })

  test('fires each timer at its own time, in order', async () => {
    const clock = createSimulatedClock()
    const fired: [string, number][] = []
    clock.after(30, () => fired.push(['late', clock.now()]))
    clock.after(10, () => fired.push(['early', clock.now()]))
    clock.after(30, () => fired.push(['later', clock.now()]))

    await clock.advance(100)

    expect(fired).toEqual([
      ['early', 10],
      ['late', 30],
      ['later', 30],
    ])
  })

  test('fires what is armed on the way', async () => {
    const clock = createSimulatedClock()
    const fired: number[] = []
    const tick = () => {
      fired.push(clock.now())
      clock.after(10, tick)
    }
    clock.after(10, tick)

    await clock.advance(35)

    expect([fired, clock.armed]).toEqual([[10, 20, 30], 1])
  })

  test('lets promises settle before the next timer', async () => {
    const clock = createSimulatedClock()
    const seen: string[] = []
    clock.after(1, () => void Promise.resolve().then(() => seen.push('promise')))
    clock.after(2, () => seen.push('timer'))

    await clock.advance(2)

    expect(seen).toEqual(['promise', 'timer'])
  })

  test('goes to the next timer, and says when there is none', async () => {
    const clock = createSimulatedClock()
    clock.after(2 ** 40, () => {})

    expect([await clock.next(), clock.now(), await clock.next()]).toEqual([true, 2 ** 40, false])
  })

  test('does not fire what was cleared', async () => {
    const clock = createSimulatedClock()
    let fired = false
    const handle = clock.after(10, () => (fired = true))

    clock.clear(handle)
    await clock.advance(20)

    expect([fired, clock.armed]).toEqual([false, 0])
  })

  test('fires at once what is already due', async () => {
    const clock = createSimulatedClock(100)
    let at = -1
    clock.after(-50, () => (at = clock.now()))

    await clock.advance(0)

    expect(at).toBe(100)
  })

  test('never fires what has no end, and refuses what is no number', async () => {
    const clock = createSimulatedClock()
    clock.after(Infinity, () => {})

    expect([clock.armed, await clock.next()]).toEqual([0, false])
    expect(() => clock.after(Number.NaN, () => {})).toThrow(RangeError)
  })
})
