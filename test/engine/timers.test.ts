import { describe, expect, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { beginLife, nextLife } from '../support/engine.ts'
import type { Life } from '../support/engine.ts'
import { TRANSIENT, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'
import { createScriptedServices } from '../support/scripted-services.ts'

const CLOCKS = { wallWait: 'wall', runWait: 'run', serviceWait: 'service' } as const
const DAY_MS = 86_400_000

/** One state for each clock, and one in which the run clock stands still. */
function waiting(ms: { readonly wallWait?: number; readonly runWait?: number; readonly serviceWait?: number }) {
  return setup({
    types: {} as { tags: 'clockStopped' },
    actors: { work: fromPromise(() => new Promise(() => {})) },
    delays: { wallWait: ms.wallWait ?? 1_000, runWait: ms.runWait ?? 1_000, serviceWait: ms.serviceWait ?? 1_000 },
  }).createMachine({
    id: 'waiting',
    type: 'parallel',
    states: {
      wall: { initial: 'off', states: { off: { on: { wall: 'on' } }, on: { after: { wallWait: 'late' } }, late: {} } },
      run: { initial: 'off', states: { off: { on: { run: 'on' } }, on: { after: { runWait: 'late' } }, late: {} } },
      service: {
        initial: 'off',
        states: { off: { on: { service: 'on' } }, on: { invoke: { id: 'work', src: 'work' }, after: { serviceWait: 'late' } }, late: {} },
      },
      clock: { initial: 'ticking', states: { ticking: { on: { stop: 'stopped' } }, stopped: { tags: 'clockStopped', on: { go: 'ticking' } } } },
    },
  })
}

type Which = 'wall' | 'run' | 'service'

async function armed(which: Which, ms: Parameters<typeof waiting>[0] = {}) {
  const machine = waiting(ms)
  const life = beginLife({ machine, clocks: CLOCKS, external: [], input: {} })
  await life.send({ type: which })
  return { life, machine }
}

const isLate = (life: Life, which: Which) => life.run.fold.snapshot('')?.matches({ [which]: 'late' }) === true
const again = (machine: ReturnType<typeof waiting>, { journal, clock }: Life) => nextLife({ machine, clocks: CLOCKS, external: [], journal, clock })

/** How long it takes from now until the timer fired. */
async function timeUntilLate(life: Life, which: Which): Promise<number> {
  const from = life.clock.now()
  while (!isLate(life, which) && (await life.clock.next()));
  return life.clock.now() - from
}

describe('a timer', () => {
  test.each(['wall', 'run', 'service'] as const)('of the %s clock fires when it is due', async (which) => {
    const { life } = await armed(which)

    await life.clock.advance(999)
    expect(isLate(life, which)).toBe(false)
    await life.clock.advance(1)

    expect(isLate(life, which)).toBe(true)
  })

  test('of thirty days fires after thirty days', async () => {
    const { life } = await armed('wall', { wallWait: 30 * DAY_MS })

    expect(await timeUntilLate(life, 'wall')).toBe(30 * DAY_MS)
  })

  test('without end never fires', async () => {
    const { life } = await armed('wall', { wallWait: Infinity })

    expect([life.clock.armed, await life.clock.next()]).toEqual([0, false])
  })

  test('of a negative time fires at once', async () => {
    const { life } = await armed('wall', { wallWait: -5 })

    expect(await timeUntilLate(life, 'wall')).toBe(0)
  })

  test('fires once, whatever happens to the process afterwards', async () => {
    const { life, machine } = await armed('wall')
    await life.clock.advance(1_000)
    life.run.stop()
    const before = life.journal.entries.length

    const next = again(machine, life)
    await next.clock.advance(10_000)

    expect(next.journal.entries.slice(before).map(({ kind }) => kind)).toEqual(['adopted'])
  })
})

describe('a paused run', () => {
  const paused = async (which: Which) => {
    const { life, machine } = await armed(which)
    await life.clock.advance(400)
    await life.send({ type: 'stop' })
    await life.clock.advance(5_000)
    return { life, machine }
  }

  test.each(['run', 'service'] as const)('stops the timers of the %s clock', async (which) => {
    const { life } = await paused(which)
    expect([isLate(life, which), life.clock.armed, life.run.runNow()]).toEqual([false, 0, 400])

    await life.send({ type: 'go' })

    expect(await timeUntilLate(life, which)).toBe(600)
  })

  test('does not stop those of the wall clock', async () => {
    const { life } = await paused('wall')

    expect(isLate(life, 'wall')).toBe(true)
  })

  test('is still paused in its next life', async () => {
    const { life, machine } = await paused('run')
    life.run.stop()

    const next = again(machine, life)
    await next.clock.advance(5_000)
    expect([isLate(next, 'run'), next.run.runNow()]).toEqual([false, 400])
    await next.send({ type: 'go' })

    expect(await timeUntilLate(next, 'run')).toBe(600)
  })
})

describe('a run that nobody owns', () => {
  const left = async (which: Which, how: 'parked' | 'crashed') => {
    const { life, machine } = await armed(which)
    await life.clock.advance(400)
    await life.send({ type: 'note' })
    if (how === 'parked') await life.run.park('test', 'interrupted')
    else life.run.stop()
    return { life, machine }
  }

  test.each(['parked', 'crashed'] as const)('stops the run clock: what is left of a timer is left to the next life when it %s', async (how) => {
    const { life, machine } = await left('run', how)
    await life.clock.advance(50_000)

    const next = again(machine, life)

    expect(next.run.runNow()).toBe(400)
    expect(await timeUntilLate(next, 'run')).toBe(600)
  })

  test('gives a service that is begun again its own timeout afresh', async () => {
    const { life, machine } = await left('service', 'crashed')

    const next = again(machine, life)

    expect(await timeUntilLate(next, 'service')).toBe(1_000)
  })

  test('gives it afresh in every life, also once the records are folded again', async () => {
    const { life, machine } = await left('service', 'crashed')
    const second = again(machine, life)
    await second.clock.advance(900)
    await second.send({ type: 'note' })
    second.run.stop()

    const third = again(machine, second)

    expect(await timeUntilLate(third, 'service')).toBe(1_000)
  })

  test.each(['parked', 'crashed'] as const)('does not stop the wall clock when it %s: what is left counts from when it was armed', async (how) => {
    const { life, machine } = await left('wall', how)
    await life.clock.advance(500)

    const next = again(machine, life)

    expect(await timeUntilLate(next, 'wall')).toBe(100)
  })

  test('fires what is late at once', async () => {
    const { life, machine } = await left('wall', 'parked')
    await life.clock.advance(DAY_MS)

    const next = again(machine, life)

    expect(isLate(next, 'wall')).toBe(true)
    await next.clock.advance(0)
    expect(next.journal.entries.at(-1)).toMatchObject({ kind: 'event', at: DAY_MS + 400, runAt: 400 })
  })

  test('never counts time twice over many lives', async () => {
    const { life, machine } = await armed('run', { runWait: 10_000 })
    let current = life
    for (let n = 0; n < 9; n++) {
      await current.clock.advance(1_000)
      await current.run.park('test', 'interrupted')
      await current.clock.advance(7_000)
      current = again(machine, current)
    }

    expect(current.run.runNow()).toBe(9_000)
    expect(await timeUntilLate(current, 'run')).toBe(1_000)
  })

  test('does not let a clock that was set back count backwards', async () => {
    const { life, machine } = await left('run', 'crashed')

    const next = nextLife({ machine, clocks: CLOCKS, external: [], journal: life.journal })

    await next.run.flush()
    expect(next.clock.now()).toBe(0)
    expect(next.journal.entries.map(({ at }) => at)).toEqual([0, 0, 400, 400])
  })
})

describe('a whole run', () => {
  function services(steps: readonly ReturnType<typeof stepOf>[]) {
    const scripted = createScriptedServices()
    for (const src of ['vetGoal', 'deliberate', 'judgePlan', 'evaluateCriteria', 'writeReport'] as const) scripted.always(src, () => undefined)
    scripted.always('draftPlan', () => ({ kind: 'plan', plan: planOf(steps) }))
    return scripted
  }

  async function running(changes: InputChanges, steps = [stepOf('s1')]) {
    const scripted = services(steps)
    const life = beginLife({ machine: scripted.machine, input: workflowInput(changes) })
    await life.send((at) => ask.start(at))
    await life.clock.advance(0)
    return { life, scripted }
  }

  test('left overnight goes on in the morning, and does not time out', async () => {
    const { life, scripted } = await running({ limits: { timeMs: 300_000 } })
    scripted.last('judgeAction').answer()
    await life.clock.advance(10_000)
    await life.run.park('test', 'interrupted')
    await life.clock.advance(DAY_MS)

    const next = nextLife({ machine: scripted.machine, journal: life.journal, clock: life.clock })
    await next.clock.advance(15_000)
    scripted.last('execute').answer()
    await next.clock.advance(0)

    expect(next.run.fold.snapshot('')?.output).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
    expect(next.run.runNow()).toBe(25_000)
  })

  test('left overnight still has what was left of its time limit', async () => {
    const { life, scripted } = await running({ limits: { timeMs: 300_000 } })
    scripted.last('judgeAction').answer(verdictOf('ask'))
    await life.clock.advance(200_000)
    await life.run.park('test', 'needs-person')
    await life.clock.advance(DAY_MS)

    const next = nextLife({ machine: scripted.machine, journal: life.journal, clock: life.clock })
    await next.clock.advance(99_999)
    expect(next.run.fold.snapshot('')?.matches('open')).toBe(true)
    await next.clock.advance(1)

    expect(next.run.fold.snapshot('')?.context).toMatchObject({ outcome: { exitReason: 'time_limit' } })
  })

  test('with 5 s, 3 s used and 10 s paused ends 2 s after it goes on', async () => {
    const { life } = await running({ limits: { timeMs: 5_000 } })
    await life.clock.advance(3_000)
    await life.send((at) => ask.pause('finish', at))
    await life.clock.advance(10_000)

    await life.send((at) => ask.resume(at))
    await life.clock.advance(1_999)
    expect(life.run.fold.snapshot('')?.matches('open')).toBe(true)
    await life.clock.advance(1)

    expect(life.run.fold.snapshot('')?.context).toMatchObject({ outcome: { exitReason: 'time_limit' } })
  })

  test('that was left denies in the morning what nobody approved in time', async () => {
    const { life, scripted } = await running({ waits: { approvalMs: 3_600_000 } })
    scripted.last('judgeAction').answer(verdictOf('ask'))
    await life.clock.advance(1_000)
    await life.run.park('test', 'needs-person')
    await life.clock.advance(DAY_MS)

    const next = nextLife({ machine: scripted.machine, journal: life.journal, clock: life.clock })

    expect(next.facts.findLast(({ type }) => type === 'action.settled')).toMatchObject({ result: { failure: { code: 'APPROVAL_TIMEOUT' } } })
    next.run.stop()
  })

  test('that crashed in a back-off retries when that is over', async () => {
    const { life, scripted } = await running({})
    scripted.last('judgeAction').answer()
    await life.clock.advance(0)
    scripted.last('execute').fail(TRANSIENT)
    await life.clock.advance(1_500)
    life.run.stop()

    const next = nextLife({ machine: scripted.machine, journal: life.journal, clock: life.clock })
    await next.clock.advance(502)
    expect(next.run.fold.snapshot('s1')?.value).toBe('backingOff')
    await next.clock.advance(1)

    expect(next.run.fold.snapshot('s1')?.value).toBe('guarding')
    next.run.stop()
  })
})
