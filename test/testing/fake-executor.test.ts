import * as z from 'zod'
import { describe, expect, test } from 'vitest'
import type { Admitted } from '../../src/model/action.ts'
import { ResourceLimits } from '../../src/model/goal.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { ExecutionContext } from '../../src/services/executor/executor.ts'
import { fakeCapability, fakeExecutor } from '../../src/testing/fake-executor.ts'
import type { FakeAnswer, FakeExecutorOptions } from '../../src/testing/fake-executor.ts'
import { createFakeWorld } from '../../src/testing/fake-executor-world.ts'
import { scriptedGuard } from '../../src/testing/scripted-guard.ts'

const LIMITS = ResourceLimits.parse({})
const SCOPE = { runId: 'run', allowedCapabilities: [] }
const look = fakeCapability('shop.look.v1', 'read')
const buy = fakeCapability('shop.buy.v1', 'external')

function open(options: Partial<FakeExecutorOptions> = {}) {
  const clock = createSimulatedClock()
  const executor = fakeExecutor({ capabilities: [look, buy], clock, ...options })
  const guard = scriptedGuard({ catalog: executor.catalog })
  const admit = (capability: string, args: Admitted['args'] = {}) => guard.admit({ runId: 'run', stepId: 's1', capability, args }, SCOPE)
  const context = (changes: Partial<ExecutionContext> = {}): ExecutionContext => ({
    runId: 'run',
    stepId: 's1',
    workspace: '/nowhere',
    stateDir: '/nowhere',
    signal: new AbortController().signal,
    idempotencyKey: 'key',
    heartbeat: () => {},
    meter: executor.createMeter(LIMITS),
    limits: LIMITS,
    ...changes,
  })
  const execute = async (capability: string, changes: Partial<ExecutionContext> = {}) => executor.execute(await admit(capability), context(changes))
  return { clock, executor, admit, context, execute, world: executor.world }
}

const answering = (...answers: readonly FakeAnswer[]) => ({ respond: ({ attempt }: { readonly attempt: number }) => answers[attempt - 1] ?? {} })

/** How a promise stands, once everything that is under way now has come to an end. */
function standOf(promise: Promise<unknown>): Promise<string> {
  const ends = promise.then(
    () => 'done',
    () => 'failed',
  )
  return Promise.race([ends, new Promise<string>((resolve) => void setImmediate(() => resolve('open')))])
}

describe('a fake executor', () => {
  test('answers from its script, by the attempt', async () => {
    const { execute } = open(
      answering({ failure: { message: 'busy', transient: true } }, { failure: { message: 'gone' } }, { output: { price: 3 }, usage: { tokens: 7 } }),
    )

    await expect(execute('shop.look.v1')).rejects.toMatchObject({ code: 'ACTION_TRANSIENT', retryable: true })
    await expect(execute('shop.look.v1')).rejects.toMatchObject({ code: 'ACTION_FAILED', message: 'shop.look.v1 (s1): gone' })
    await expect(execute('shop.look.v1')).resolves.toMatchObject({ output: { price: 3 }, usage: { tokens: 7, wallMs: 0 } })
  })

  test('records each call with its key, arguments, attempt and end', async () => {
    const { executor, admit, context, world } = open(answering({ failure: new Error('odd') }))
    await executor.execute(await admit('shop.buy.v1', { item: 'tea' }), context()).catch(() => {})
    await executor.execute(await admit('shop.buy.v1', { item: 'tea' }), context())

    expect(world.calls).toMatchObject([
      { capability: 'shop.buy.v1', args: { item: 'tea' }, idempotencyKey: 'key', attempt: 1, end: 'failed', effect: 'external' },
      { capability: 'shop.buy.v1', attempt: 2, end: 'returned' },
    ])
  })

  test('takes as long as it is told to, on the given clock', async () => {
    const { clock, execute } = open(answering({ afterMs: 500 }))
    const result = execute('shop.look.v1')

    await clock.advance(499)
    expect(await standOf(result)).toBe('open')
    await clock.advance(1)

    expect(await standOf(result)).toBe('done')
    expect(clock.armed).toBe(0)
  })

  test('tells that it is alive while it works, and no longer', async () => {
    const { clock, execute } = open(answering({ afterMs: 1_000, heartbeatMs: 300 }))
    const beats: number[] = []
    const result = execute('shop.look.v1', { heartbeat: () => beats.push(clock.now()) })

    await clock.advance(5_000)
    await result

    expect(beats).toEqual([300, 600, 900])
  })

  test('hangs until its step is released', async () => {
    const { execute, world } = open(answering({ hang: true }))
    const result = execute('shop.look.v1')
    expect(await standOf(result)).toBe('open')

    world.release('s1')

    expect(await standOf(result)).toBe('done')
  })

  test('stops when it is told to, and leaves no effect behind', async () => {
    const { clock, execute, world } = open(answering({ afterMs: 500 }))
    const aborter = new AbortController()
    const result = execute('shop.buy.v1', { signal: aborter.signal })
    result.catch(() => {})
    await clock.advance(100)

    aborter.abort()

    await expect(result).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect(clock.armed).toBe(0)
    await clock.advance(1_000)
    expect([world.count('key'), world.calls[0]?.end]).toEqual([0, 'aborted'])
  })

  test('has had its effect when it is stopped after it', async () => {
    const { clock, execute, world } = open(answering({ afterMs: 500, effectAtMs: 200 }))
    const aborter = new AbortController()
    const result = execute('shop.buy.v1', { signal: aborter.signal })
    result.catch(() => {})
    await clock.advance(300)

    aborter.abort()

    await expect(result).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect(world.count('key')).toBe(1)
  })

  test('says from its world whether an effect in doubt happened, also of an executor before it', async () => {
    const world = createFakeWorld()
    await open({ world }).execute('shop.buy.v1')
    const { executor, admit, context } = open({ world })

    const verdicts = [
      await executor.reconcile(await admit('shop.buy.v1'), context()),
      await executor.reconcile(await admit('shop.buy.v1'), context({ idempotencyKey: 'other' })),
    ]

    expect(verdicts).toEqual(['happened', 'did-not'])
    expect(world.reconciliations.map(({ verdict }) => verdict)).toEqual(verdicts)
  })

  test('says what its script says instead, where it has one', async () => {
    const { executor, admit, context } = open({ reconcile: () => 'unknown' })

    expect(await executor.reconcile(await admit('shop.buy.v1'), context())).toBe('unknown')
  })

  test('counts effects that happened twice, and calls only those that must not repeated', async () => {
    const { execute, world } = open()
    for (const capability of ['shop.look.v1', 'shop.buy.v1']) for (let n = 0; n < 2; n++) await execute(capability, { idempotencyKey: capability })

    expect(world.effects.map(({ idempotencyKey, times }) => [idempotencyKey, times])).toEqual([
      ['shop.look.v1', 2],
      ['shop.buy.v1', 2],
    ])
    expect(world.repeated().map(({ idempotencyKey }) => idempotencyKey)).toEqual(['shop.buy.v1'])
  })

  test('accepts nothing that no guard admitted, and checks arguments and outputs', async () => {
    const strict = fakeCapability('shop.count.v1', 'read', { args: z.strictObject({ n: z.number() }), output: z.strictObject({ n: z.number() }) })
    const { executor, admit, context } = open({ capabilities: [strict], respond: () => ({ output: { m: 1 } }) })
    const admitted = await admit('shop.count.v1', { n: 1 })

    await expect(executor.execute({ ...admitted }, context())).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    await expect(executor.execute(await admit('shop.count.v1', { n: 'one' }), context())).rejects.toMatchObject({ code: 'ARGS_INVALID' })
    await expect(executor.execute(admitted, context())).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  })
})

describe('a scripted guard', () => {
  const action = { runId: 'run', stepId: 's1', capability: 'shop.buy.v1', args: { item: 'tea' } }
  const guardFor = (decide?: Parameters<typeof scriptedGuard>[0]['decide']) =>
    scriptedGuard({ catalog: fakeExecutor({ capabilities: [look, buy] }).catalog, ...(decide ? { decide } : {}) })

  test('allows everything that there is, and nothing else', async () => {
    const guard = guardFor()

    expect(await guard.judge(action, SCOPE)).toMatchObject({ decision: 'allow', effect: 'external', ruleId: 'scripted:allow' })
    expect(await guard.judge({ ...action, capability: 'shop.sell.v1' }, SCOPE)).toMatchObject({ decision: 'deny' })
    expect(await guard.judge(action, { ...SCOPE, allowedCapabilities: ['shop.look.v1'] })).toMatchObject({ decision: 'deny' })
    expect(await guard.judge(action, { ...SCOPE, runId: 'other' })).toMatchObject({ decision: 'deny' })
  })

  test('lets what it asks about pass with an approval of these very arguments only', async () => {
    const guard = guardFor(() => 'ask')
    const { digest, policyHash } = await guard.judge(action, SCOPE)
    const approval = { digest, policyHash, by: 'ann', reason: null }

    await expect(guard.admit(action, SCOPE)).rejects.toMatchObject({ code: 'APPROVAL_MISSING' })
    await expect(guard.admit({ ...action, args: { item: 'gold' } }, SCOPE, approval)).rejects.toMatchObject({ code: 'APPROVAL_STALE' })
    await expect(guard.admit(action, SCOPE, approval)).resolves.toMatchObject({ grantedBy: 'person' })
  })

  test('denies what its function cannot decide', async () => {
    const guard = guardFor(() => {
      throw new Error('no idea')
    })

    expect(await guard.judge(action, SCOPE)).toMatchObject({ decision: 'deny' })
    await expect(guard.admit(action, SCOPE)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
  })
})
