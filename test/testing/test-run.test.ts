import { describe, expect, test } from 'vitest'
import { createActor, fromPromise, setup, waitFor } from 'xstate'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { createGatedJournal } from '../../src/testing/journals.ts'
import { beginTestRun, crashedJournal, resumeTestRun } from '../../src/testing/test-run.ts'

/** Calls, then waits for a person or a minute. */
function callMachine(calls: string[]) {
  return setup({
    types: {} as { input: { readonly who: string }; context: { readonly who: string }; events: { readonly type: 'answer' } },
    actors: { call: fromPromise<void, { readonly who: string }>(async ({ input }) => void calls.push(input.who)) },
    delays: { patience: 60_000 },
  }).createMachine({
    id: 'call',
    context: ({ input }) => input,
    initial: 'calling',
    states: {
      calling: { invoke: { id: 'call', src: 'call', input: ({ context }) => context, onDone: 'ringing' } },
      ringing: { on: { answer: 'answered' }, after: { patience: 'missed' } },
      answered: { type: 'final' },
      missed: { type: 'final' },
    },
  })
}

describe('a test run', () => {
  test('carries a machine of one’s own, on a simulated clock', async () => {
    const calls: string[] = []
    const life = beginTestRun({ machine: callMachine(calls), input: { who: 'ann' } })
    await life.clock.advance(59_999)
    expect([life.snapshot()?.value, calls]).toEqual(['ringing', ['ann']])

    await life.clock.advance(1)

    expect(life.snapshot()).toMatchObject({ status: 'done', value: 'missed' })
    expect(life.durable).toEqual(life.entries.map(({ seq }) => seq))
    expect([life.broken, life.snapshot('nobody')]).toEqual([[], null])
  })

  test('ends as a plain actor of the machine does', async () => {
    const actor = createActor(callMachine([]), { input: { who: 'ann' } }).start()
    await waitFor(actor, (state) => state.matches('ringing'))
    actor.send({ type: 'answer' })
    const life = beginTestRun({ machine: callMachine([]), input: { who: 'ann' } })
    await life.clock.advance(0)

    await life.send({ type: 'answer' })

    expect([life.snapshot()?.value, life.snapshot()?.context]).toEqual([actor.getSnapshot().value, actor.getSnapshot().context])
  })

  test('is taken over from its journal: what had ended is not done again, timers go on with what is left of them', async () => {
    const calls: string[] = []
    const first = beginTestRun({ machine: callMachine(calls), input: { who: 'ann' } })
    await first.clock.advance(20_000)
    first.run.stop()

    const next = resumeTestRun({ machine: callMachine(calls), journal: first.journal, clock: first.clock })
    await next.clock.advance(39_999)
    expect([next.snapshot()?.value, calls]).toEqual(['ringing', ['ann']])
    await next.clock.advance(1)

    expect(next.snapshot()?.value).toBe('missed')
  })

  test('begins what was under way again', async () => {
    const calls: string[] = []
    const whole = beginTestRun({ machine: callMachine(calls), input: { who: 'ann' } })
    await whole.clock.advance(0)
    const journal = await crashedJournal(whole.entries, 1, createMemoryJournal())

    const next = resumeTestRun({ machine: callMachine(calls), journal })
    await next.clock.advance(0)

    expect([next.snapshot()?.value, calls]).toEqual(['ringing', ['ann', 'ann']])
    expect(next.entries.map(({ kind }) => kind)).toEqual(['started', 'adopted', 'event'])
  })

  test('calls services only once it is durable that they are wanted, unless told that they stay within the process', async () => {
    const [external, internal]: [string[], string[]] = [[], []]
    const [outside, inside] = [createGatedJournal(), createGatedJournal()]
    outside.hold()
    inside.hold()

    beginTestRun({ machine: callMachine(external), journal: outside, input: { who: 'ann' } })
    beginTestRun({ machine: callMachine(internal), journal: inside, input: { who: 'ann' }, external: [] })
    await createSimulatedClock().advance(0)
    expect([external, internal]).toEqual([[], ['ann']])
    outside.letThrough()
    await createSimulatedClock().advance(0)

    expect(external).toEqual(['ann'])
  })

  test('says why it could not be kept', async () => {
    const journal = createGatedJournal()
    const life = beginTestRun({ machine: callMachine([]), journal, input: { who: 'ann' } })
    await life.clock.advance(0)
    journal.fail(new Error('the disk is full'))

    await expect(life.send({ type: 'answer' })).rejects.toThrow('the disk is full')

    expect(life.broken.map(({ message }) => message)).toEqual(['the disk is full'])
  })

  test('counts delays on the clocks that are named', async () => {
    const life = beginTestRun({ machine: callMachine([]), input: { who: 'ann' }, clocks: { patience: 'run' } })
    await life.clock.advance(20_000)
    await life.run.park('test', 'interrupted')
    await life.clock.advance(86_400_000)

    const next = resumeTestRun({ machine: callMachine([]), journal: life.journal, clock: life.clock, clocks: { patience: 'run' } })
    await next.clock.advance(39_999)
    expect(next.snapshot()?.value).toBe('ringing')
    await next.clock.advance(1)

    expect(next.snapshot()?.value).toBe('missed')
  })
})

describe('a gated journal', () => {
  const commit = (token: number, seq: number) =>
    ({ runId: 'run', token, entries: [{ kind: 'parked', seq, at: 0, runAt: 0, owner: 'test', reason: 'test' }] }) as const
  function open() {
    const journal = createGatedJournal()
    const lease = journal.acquire('run', { owner: 'test', ttlMs: 1_000, now: 0, create: true })
    const write = (seq: number) => journal.commit(commit(lease?.token ?? 0, seq))
    return { journal, lease, write, kept: () => journal.read('run').length }
  }

  test('holds commits back and lets them through in order', async () => {
    const { journal, write, kept } = open()
    journal.hold()
    const writes = [write(0), write(1), write(2)]
    expect([journal.held, kept()]).toEqual([3, 0])

    journal.letThrough(1)
    await writes[0]
    expect([journal.held, kept()]).toEqual([2, 1])
    journal.letThrough()
    await Promise.all([...writes, write(3)])

    expect([journal.held, kept()]).toEqual([0, 4])
  })

  test('fails the commits that fit, those that wait included, until told otherwise', async () => {
    const { journal, write, kept } = open()
    journal.hold()
    const waiting = write(0)
    journal.fail(new Error('full'), ({ entries }) => entries.some(({ seq }) => seq === 0))

    journal.letThrough()
    await expect(waiting).rejects.toThrow('full')
    journal.fail(null)
    await write(0)

    expect(kept()).toBe(1)
  })

  test('is else the journal behind it: leases are given back', () => {
    const { journal, lease } = open()
    if (lease) journal.release(lease)

    expect(journal.owner('run', 0)).toBe(null)
  })
})
