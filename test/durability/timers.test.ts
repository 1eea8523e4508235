import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { setup } from 'xstate'
import { createFold, foldEntry } from '../../src/engine/fold.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { createSystemClock } from '../../src/services/clock/system.clock.ts'
import { beginLife, nextLife, type Life } from '../support/engine.ts'

/** `DURABILITY_REAL=1` waits in real time, too. */
const REAL = process.env['DURABILITY_REAL'] === '1'
const CLOCKS = { runWait: 'run', wallWait: 'wall' } as const
const DAY_MS = 86_400_000

/** Waits on both clocks at once. */
function waiting(wait: unknown) {
  const state = (name: string) => ({ initial: 'on', states: { on: { after: { [name]: 'late' } }, late: {} } })
  return setup({ delays: { runWait: () => wait as number, wallWait: () => wait as number } }).createMachine({
    id: 'waiting',
    type: 'parallel',
    states: { run: state('runWait'), wall: state('wallWait') },
  })
}

const machine = waiting(1_000)
const isLate = (life: Life, which: 'run' | 'wall') => life.run.fold.snapshot('')?.matches({ [which]: 'late' }) === true
const again = (life: Life) => nextLife({ machine, clocks: CLOCKS, external: [], journal: life.journal, clock: life.clock })

/** Lives of `ownedMs`, with as long a time between them as `leftMs`, until the timer fires: what was owned by then. */
async function ownedUntilLate(ownedMs: number, leftMs: number): Promise<{ readonly owned: number; readonly lives: number }> {
  let life = beginLife({ machine, clocks: CLOCKS, external: [], input: {} })
  let owned = 0
  for (let lives = 1; lives < 100; lives += 1) {
    for (let ms = 0; ms < ownedMs; ms += 1) {
      await life.clock.advance(1)
      owned += 1
      if (isLate(life, 'run')) return { owned, lives }
    }
    await life.run.park('test', 'interrupted')
    await life.clock.advance(leftMs)
    life = again(life)
  }
  throw new Error(`it never fired in ${owned} ms`)
}

describe('a stall of 1 s on the run clock, with a teardown every 100 ms', () => {
  test.each([
    ['at once taken up again', 0],
    ['left alone for 900 ms each time', 900],
    ['left alone for a night each time', DAY_MS / 3],
  ])('and %s fires after 1 s that a process owned', async (_, leftMs) => {
    const { owned, lives } = await ownedUntilLate(100, leftMs)

    expect(owned).toBeGreaterThanOrEqual(950)
    expect(owned).toBeLessThanOrEqual(1_050)
    expect(lives).toBe(10)
  })

  test.runIf(REAL)('fires after 1 s ± 50 ms of the real clock, too', async () => {
    const clock = createSystemClock()
    // The kit's clock is simulated; a real one has no timers to advance.
    const real = Object.assign(createSimulatedClock(), clock)
    let life = beginLife({ machine, clocks: CLOCKS, external: [], input: {}, clock: real })
    let owned = 0
    while (!isLate(life, 'run')) {
      const since = performance.now()
      const late = () => isLate(life, 'run')
      await vi.waitUntil(() => late() || performance.now() - since >= 100, { interval: 1, timeout: 1_000 })
      owned += performance.now() - since
      if (late()) break
      await life.run.park('test', 'interrupted')
      await new Promise((resolve) => setTimeout(resolve, 30))
      life = again(life)
    }
    life.run.stop()

    console.log(`a stall of 1000 ms fired after ${Math.round(owned)} ms of owned time`)
    expect(Math.abs(owned - 1_000)).toBeLessThanOrEqual(50)
  })
})

describe('a stall of 1 s on the wall clock', () => {
  test('that came due while nobody owned the run fires before anything else happens', async () => {
    const life = beginLife({ machine, clocks: CLOCKS, external: [], input: {} })
    await life.clock.advance(100)
    await life.run.park('test', 'interrupted')
    await life.clock.advance(30 * DAY_MS)

    const next = again(life)

    expect([isLate(next, 'wall'), isLate(next, 'run'), next.run.runNow()]).toEqual([true, false, 100])
    await next.clock.advance(0)
    expect(next.journal.entries.slice(-2).map(({ kind }) => kind)).toEqual(['adopted', 'event'])
  })
})

const begin = { kind: 'started', seq: 0, at: 5, runAt: 0, header: { input: { workflow: {} } } } as never

describe('the delay of a timer, in the fold', () => {
  test.each([
    ['thirty days', 30 * DAY_MS, [30 * DAY_MS, 30 * DAY_MS + 5]],
    ['2^31 ms, which Node cannot wait for at once', 2 ** 31, [2 ** 31, 2 ** 31 + 5]],
    ['2^31 - 1 ms', 2 ** 31 - 1, [2 ** 31 - 1, 2 ** 31 + 4]],
    ['nothing', 0, [0, 5]],
    ['a negative time, which is nothing', -7, [0, 5]],
    ['-Infinity, which is nothing', -Infinity, [0, 5]],
    ['Infinity, which is never', Infinity, []],
  ])('of %s is due then, on its own clock', (_, delay, due) => {
    const fold = createFold(waiting(delay), CLOCKS)

    foldEntry(fold, begin)

    expect(fold.timers().map((timer) => timer.due)).toEqual(due)
  })

  test.each([NaN, undefined, null, '1000', {}])('of %s is no delay: the chart is refused, not the timer fired at once', (delay) => {
    const fold = createFold(waiting(delay), CLOCKS)

    expect(() => foldEntry(fold, begin)).toThrow(expect.objectContaining({ code: 'MACHINE_INVALID', message: expect.stringContaining('Wait') }))
  })
})

describe('the delay of a timer, on the clock of the machine', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  test.each([
    ['thirty days', 30 * DAY_MS, 30 * DAY_MS],
    ['2^31 ms', 2 ** 31, 2 ** 31],
    ['2^31 - 1 ms', 2 ** 31 - 1, 2 ** 31 - 1],
    ['2^32 + 1 ms', 2 ** 32 + 1, 2 ** 32 + 1],
    ['a negative time', -7, 0],
    ['-Infinity', -Infinity, 0],
    ['half a ms', 0.5, 1],
  ])('of %s fires when it is over, once', (_, delay, dueMs) => {
    const fired: number[] = []
    createSystemClock().after(delay, () => fired.push(Date.now()))

    vi.advanceTimersByTime(100 * DAY_MS)

    expect(fired.length).toBe(1)
    expect(Math.abs((fired[0] ?? NaN) - dueMs)).toBeLessThanOrEqual(1)
  })

  test('of Infinity never fires, and holds no timer of the process', () => {
    createSystemClock().after(Infinity, () => expect.unreachable())

    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([NaN, undefined])('of %s is refused', (delay) => {
    expect(() => createSystemClock().after(delay as number, () => {})).toThrow(RangeError)
  })
})
