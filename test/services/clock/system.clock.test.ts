import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSystemClock } from '../../../src/services/clock/system.clock.ts'

const DAY_MS = 86_400_000

describe('the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000 }))
  afterEach(() => void vi.useRealTimers())

  test('tells the time of the machine', () => {
    expect(createSystemClock().now()).toBe(1_000)
  })

  test.each([0, 1, 1_000, 2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 400 * DAY_MS])('fires after %i ms, not before', (ms) => {
    const clock = createSystemClock()
    const fired = vi.fn<() => void>()
    clock.after(ms, fired)

    vi.advanceTimersByTime(Math.max(0, ms - 1))
    expect(fired).toHaveBeenCalledTimes(ms === 0 ? 1 : 0)
    vi.advanceTimersByTime(1)

    expect(fired).toHaveBeenCalledOnce()
  })

  test('fires at once what is already due', () => {
    const fired = vi.fn<() => void>()
    createSystemClock().after(-5, fired)

    vi.advanceTimersByTime(0)

    expect(fired).toHaveBeenCalledOnce()
  })

  test('does not fire what was cleared, long timers in their later parts included', () => {
    const clock = createSystemClock()
    const fired = vi.fn<() => void>()
    const handle = clock.after(60 * DAY_MS, fired)
    vi.advanceTimersByTime(40 * DAY_MS)

    clock.clear(handle)
    vi.advanceTimersByTime(40 * DAY_MS)

    expect(fired).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('never fires what has no end, and can clear it', () => {
    const clock = createSystemClock()
    const handle = clock.after(Infinity, () => {})

    clock.clear(handle)

    expect(vi.getTimerCount()).toBe(0)
  })

  test('refuses what is no number', () => {
    expect(() => createSystemClock().after(Number.NaN, () => {})).toThrow(RangeError)
  })

  test.each([null, undefined, 7, {}])('ignores a handle that is none: %j', (handle) => {
    expect(() => createSystemClock().clear(handle)).not.toThrow()
  })
})
