import { describe, expect, test } from 'vitest'
import { ResourceLimits } from '../../src/model/goal.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { attemptsAccountedFor, doubledRequests, lostEntries, lostEvents, lostRequests } from '../../src/testing/crash-checks.ts'
import { createCrashInjector } from '../../src/testing/crash-injector.ts'
import type { CrashLife } from '../../src/testing/crash-injector.ts'
import { machineScenario } from '../../src/testing/crash-machine.ts'
import type { MachineCrashOptions } from '../../src/testing/crash-machine.ts'
import { everyBoundary, explainDifference, playCrashes } from '../../src/testing/crash-scenario.ts'
import { fakeCapability, fakeExecutor } from '../../src/testing/fake-executor.ts'
import { scriptedGuard } from '../../src/testing/scripted-guard.ts'
import { provideShop } from './shop.machine.ts'

const commit = (token: number, seq: number) =>
  ({ runId: 'run', token, entries: [{ kind: 'parked', seq, at: 0, runAt: 0, owner: 'test', reason: 'test' }] }) as const

/** A journal, and what a first process did with it until it died at a boundary. */
function open(at: number | readonly number[] = []) {
  const inner = createMemoryJournal()
  const injector = createCrashInjector({ at })
  const life = injector.life()
  const journal = life.journal(inner)
  const lease = journal.acquire('run', { owner: 'test', ttlMs: 1_000, now: 0, create: true })
  if (lease === null) throw new Error('the run is owned')
  return { inner, injector, life, journal, lease }
}

/** Whether a promise is still open after everything else has been done. */
async function hangs(promise: Promise<unknown>, life: CrashLife): Promise<boolean> {
  let open = true
  promise.then(
    () => (open = false),
    () => (open = false),
  )
  await life.settled()
  return open
}

describe('a process that dies', () => {
  test('just before a commit is durable leaves nothing of it behind, and never hears of it', async () => {
    const { inner, life, journal, lease } = open(3)
    await journal.commit(commit(lease.token, 0))

    const second = journal.commit(commit(lease.token, 1))

    expect(await hangs(second, life)).toBe(true)
    expect(await life.died).toEqual({ position: 3, kind: 'commit', when: 'before', what: 'parked' })
    expect([inner.read('run').length, life.told.entries.length]).toEqual([1, 1])
  })

  test('just after a commit is durable leaves it behind, and nobody hears of it', async () => {
    const { inner, life, journal, lease } = open(2)

    const first = journal.commit(commit(lease.token, 0))

    expect(await hangs(first, life)).toBe(true)
    expect([inner.read('run').length, life.told.entries.length, life.isDead]).toEqual([1, 0, true])
  })

  test('writes nothing more: commits hang, writes that are done at once throw', async () => {
    const { inner, life, journal, lease } = open(1)
    const first = journal.commit(commit(lease.token, 0))

    expect(await hangs(journal.commit(commit(lease.token, 0)), life)).toBe(true)
    expect(() => journal.renew(lease, 0, 5_000)).toThrow('the process died here')
    expect(() => journal.release(lease)).toThrow('the process died here')
    expect(await hangs(first, life)).toBe(true)
    expect(inner.read('run')).toEqual([])
  })

  test('frees its leases for the next one, or leaves them to expire', async () => {
    const freed = open(1)
    void freed.journal.commit(commit(freed.lease.token, 0))
    await freed.life.died
    const injector = createCrashInjector({ at: 1, leases: 'left' })
    const left = createMemoryJournal()
    const journal = injector.life().journal(left)
    const lease = journal.acquire('run', { owner: 'test', ttlMs: 1_000, now: 0, create: true })
    void journal.commit(commit(lease?.token ?? 0, 0))
    await new Promise((resolve) => setImmediate(resolve))

    expect([freed.inner.owner('run', 0), left.owner('run', 0)?.owner, left.owner('run', 2_000)]).toEqual([null, 'test', null])
  })

  test('has no more timers', async () => {
    const { life, journal, lease } = open(1)
    const clock = createSimulatedClock()
    const own = life.clock(clock)
    const fired: string[] = []
    clock.after(10, () => fired.push('the world'))
    own.after(5, () => fired.push('the process'))

    void journal.commit(commit(lease.token, 0))
    await life.died
    own.after(7, () => fired.push('the dead'))
    await own.advance(100)

    expect([fired, own.now(), own.armed]).toEqual([['the world'], 100, 0])
  })

  test('just before an effect does not do it, just after it does not hear of it', async () => {
    const done: number[] = []
    for (const at of [1, 2]) {
      const life = createCrashInjector({ at }).life()
      const act = life.effect('act', async () => void done.push(at))

      expect(await hangs(act(), life)).toBe(true)
    }

    expect(done).toEqual([2])
  })

  test('takes the actions that are under way with it: their effects do not happen any more', async () => {
    const { life, journal, lease } = open(2)
    const clock = createSimulatedClock()
    const fake = fakeExecutor({
      capabilities: [fakeCapability('shop.buy.v1', 'external')],
      clock,
      respond: () => ({ afterMs: 500, heartbeatMs: 100 }),
    })
    const guard = scriptedGuard({ catalog: fake.catalog })
    const admitted = await guard.admit({ runId: 'run', stepId: 's1', capability: 'shop.buy.v1', args: {} }, { runId: 'run', allowedCapabilities: [] })
    const limits = ResourceLimits.parse({})
    let beats = 0
    const executed = life.executor(fake).execute(admitted, {
      runId: 'run',
      stepId: 's1',
      workspace: '/nowhere',
      stateDir: '/nowhere',
      signal: new AbortController().signal,
      idempotencyKey: 'key',
      heartbeat: () => void beats++,
      meter: fake.createMeter(limits),
      limits,
    })
    await clock.advance(200)

    void journal.commit(commit(lease.token, 0))
    await life.died
    await clock.advance(1_000)

    expect([await hangs(executed, life), fake.world.count('key'), fake.world.calls[0]?.end, beats]).toEqual([true, 0, 'died', 2])
  })

  test('asks its other ports nothing more, and hears no answer', async () => {
    const { life, journal, lease } = open(1)
    let asked = 0
    let answer: (value: string) => void = () => {}
    const oracle = life.port({ name: 'oracle', ask: () => (asked++, new Promise<string>((resolve) => (answer = resolve))) })
    const before = oracle.ask()
    void journal.commit(commit(lease.token, 0))
    await life.died

    answer('too late')

    expect([await hangs(before, life), await hangs(oracle.ask(), life)]).toEqual([true, true])
    expect([asked, oracle.name]).toEqual([1, 'oracle'])
  })

  test('is heard of again when it is buried', async () => {
    const { injector, life, journal, lease } = open(1)
    const first = journal.commit(commit(lease.token, 0))
    await life.died
    let buried = false
    life.onBurial(() => void (buried = true))

    await Promise.all([injector.bury(), expect(first).rejects.toMatchObject({ code: 'LEASE_LOST' })])

    expect([buried, journal.renew(lease, 0, 5_000)]).toEqual([true, null])
  })
})

describe('boundaries', () => {
  test('are numbered over all lives, two for each commit, request and effect', async () => {
    const { inner, injector, life, journal, lease } = open(2)
    void journal.commit(commit(lease.token, 0))
    await life.died
    const next = injector.life()
    await next.effect('act', () => Promise.resolve())()
    await next.journal(inner).send('run', { type: 'run.pause' }, 0)

    expect(injector.boundaries.map(({ position, kind, when }) => `${position} ${when} ${kind}`)).toEqual([
      '1 before commit',
      '2 after commit',
      '3 before effect',
      '4 after effect',
      '5 before send',
      '6 after send',
    ])
    expect([life.number, next.number]).toEqual([1, 2])
  })

  test('let what a commit set off go on before the next one is durable', async () => {
    const { injector, life, journal, lease } = open()
    const act = life.effect('act', () => Promise.resolve())

    // However many promises lie between a commit and what it sets off.
    const first = journal
      .commit(commit(lease.token, 0))
      .then(() => Promise.all([]))
      .then(() => Promise.all([]))
      .then(act)
    await Promise.all([first, journal.commit(commit(lease.token, 1))])

    expect(injector.boundaries.map(({ kind, when }) => `${when} ${kind}`)).toEqual([
      'before commit',
      'after commit',
      'before effect',
      'after effect',
      'before commit',
      'after commit',
    ])
  })
})

describe('a machine of one’s own', () => {
  const shop =
    (careful: boolean, changes: Partial<MachineCrashOptions> = {}) =>
    () =>
      machineScenario({
        machine: (stage) => provideShop(stage, { careful }),
        input: { orderId: 'o1' },
        person: (run, ask) => {
          if (run.snapshot()?.matches('awaitingAddress')) ask('address', { type: 'address', text: 'here' }, 60_000)
        },
        ...changes,
      })

  test('ends the same way crashed at every boundary, when its services look whether they have acted before', async () => {
    const { whole, tried, differences } = await everyBoundary(shop(true))

    expect(differences.map((difference) => explainDifference(difference, whole))).toEqual([])
    expect(tried).toBe(whole.boundaries.length)
    expect(whole).toMatchObject({
      lives: 1,
      end: {
        status: 'done',
        value: 'done',
        output: { receipt: 'receipt for o1' },
        effects: ['o1/charge', 'o1/reserve', 'o1/ship'],
        lost: [],
        repeated: [],
      },
    })
  })

  test('is found to act twice when its services do not', async () => {
    const { whole, differences } = await everyBoundary(shop(false))

    const explained = differences.map((difference) => explainDifference(difference, whole))
    expect(explained).toHaveLength(6)
    expect(explained[0]).toMatch(/^crash at \d+ \(after effect reserve\): .*repeated is \["o1\/reserve: 2 times"\], without a crash \[\]$/)
  })

  test('survives several crashes in one run', async () => {
    const whole = await playCrashes(shop(true))

    const played = await playCrashes(shop(true), { at: [2, 5, 8, 12, 20] })

    expect([played.lives, played.end]).toEqual([6, whole.end])
  })

  test('that never ends is told of, not waited for', async () => {
    await expect(playCrashes(shop(true, { person: () => {}, clocks: { addressTimeout: 'run' } }))).resolves.toMatchObject({
      end: { value: 'failed' },
    })
    await expect(
      playCrashes(shop(true, { machine: (stage) => provideShop({ ...stage, clock: createSimulatedClock() }, { careful: true }) })),
    ).rejects.toThrow('the run neither ends nor waits for anything')
  })
})

describe('the check of a journal', () => {
  const time = { at: 0, runAt: 0 }
  const event = (seq: number, path: string, type: string, rest: { readonly inbox?: number } = {}): JournalEntry => ({
    kind: 'event',
    seq,
    ...time,
    path,
    event: { type },
    ...rest,
  })
  const adopted = (seq: number): JournalEntry => ({ kind: 'adopted', seq, ...time, owner: 'test', reason: 'resume' })
  const judged = (seq: number) => event(seq, 's1', 'xstate.done.actor.service:judgeAction')

  test('finds what was told and is not kept, or otherwise, or in another place', () => {
    expect(lostEvents(['a', 'b', 'c'], ['a', 'b'])).toEqual([])
    expect(lostEvents(['a', 'c'], ['a', 'b', 'c'])).toEqual(['event 1: told b, kept c', 'event 2: told c, kept nothing'])
    expect(lostEntries([adopted(0), adopted(1)], [adopted(1)])).toEqual([])
    expect(lostEntries([adopted(0), judged(1)], [adopted(1), adopted(2)])).toHaveLength(2)
  })

  test('finds requests that were taken more often than they are kept, and those that were applied twice', () => {
    const entries = [event(0, '', 'run.pause', { inbox: 1 }), event(1, '', 'run.resume', { inbox: 2 }), event(2, '', 'run.pause', { inbox: 1 })]

    expect(lostRequests(entries, ['run.pause', 'run.pause', 'run.resume'])).toEqual([])
    expect(lostRequests(entries, ['run.resume', 'run.resume', 'run.cancel'])).toEqual([
      'request run.resume: taken 2 times, kept 1',
      'request run.cancel: taken 1 times, kept 0',
    ])
    expect(doubledRequests(entries)).toEqual(['request 1 of the inbox'])
  })

  test('accounts for an attempt by each verdict, and by each takeover after the first', () => {
    expect(attemptsAccountedFor([adopted(0)], 's1')).toBe(0)
    expect(attemptsAccountedFor([adopted(0), judged(1), adopted(2), judged(3)], 's1')).toBe(3)
    expect(attemptsAccountedFor([judged(0)], 's2')).toBe(0)
  })
})
