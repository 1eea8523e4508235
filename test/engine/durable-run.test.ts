import { describe, expect, test, vi } from 'vitest'
import { fromCallback, fromPromise, setup } from 'xstate'
import type { EventObject } from 'xstate'
import { ControllerError } from '../../src/errors.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import type { Commit } from '../../src/services/journal/journal.ts'
import { beginLife, crashedJournal, createGatedJournal, nextLife } from '../support/engine.ts'
import type { GatedJournal, Life } from '../support/engine.ts'
import { HARD, TRANSIENT, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'
import { createScriptedServices } from '../support/scripted-services.ts'
import type { ScriptedServices } from '../support/scripted-services.ts'

type Steps = readonly ReturnType<typeof stepOf>[]

const start = (at: number) => ask.start(at)
const eventTypes = (entries: readonly JournalEntry[]) => entries.map((entry) => (entry.kind === 'event' ? entry.event.type : entry.kind))
/** Nothing more happens at this moment. */
const settle = (life: Life) => life.clock.advance(0)

/** Services that plan these steps and judge all well; what is executed waits for the test. */
function planning(steps: Steps): ScriptedServices {
  const services = createScriptedServices()
  for (const src of ['vetGoal', 'deliberate', 'judgePlan', 'evaluateCriteria', 'writeReport'] as const) services.always(src, () => undefined)
  services.always('draftPlan', () => ({ kind: 'plan', plan: planOf(steps) }))
  services.always('judgeAction', ({ stepId }: { stepId: string }) => verdictOf('allow', { digest: `digest-${stepId}` }))
  return services
}

/** A run whose steps are being executed. */
async function executing(steps: Steps, changes: InputChanges = {}, services = planning(steps)) {
  const life = beginLife({ machine: services.machine, input: workflowInput(changes) })
  await life.send(start)
  await settle(life)
  return { life, services }
}

describe('a durable run', () => {
  test('carries a plan out, each event in the journal once, and tells the outside in order', async () => {
    const { life, services } = await executing([stepOf('s1')])

    services.last('execute').answer()
    await settle(life)

    expect(life.run.fold.snapshot('')).toMatchObject({ status: 'done', value: 'completed' })
    expect(eventTypes(life.journal.entries)).toEqual([
      'started',
      'run.start',
      'xstate.done.actor.service:vetGoal',
      'xstate.done.actor.service:draftPlan',
      'xstate.done.actor.service:deliberate',
      'xstate.done.actor.service:judgePlan',
      'xstate.done.actor.service:judgeAction',
      'xstate.done.actor.service:execute',
      'xstate.done.actor.service:evaluateCriteria',
      'xstate.done.actor.service:writeReport',
    ])
    expect(life.durable).toEqual(life.journal.entries.map(({ seq }) => seq))
    expect(life.clock.armed).toBe(0)
  })

  test('names in each record what produced it', async () => {
    const { life } = await executing([stepOf('s1')])

    await life.clock.advance(30_000)

    const records = life.journal.entries.flatMap((entry) =>
      entry.kind === 'event' ? [[entry.path, entry.timer?.[0] ?? null, entry.child ?? null]] : [],
    )
    expect(records.slice(0, 2)).toEqual([
      ['', null, null],
      ['', null, 'service:vetGoal'],
    ])
    expect(records).toContainEqual(['s1', 's1', null])
  })

  test('keeps the failure of a service as data', async () => {
    const { life, services } = await executing([stepOf('s1')])

    services.last('execute').fail(new ControllerError('ACTION_TRANSIENT', 'the line was busy'))
    await settle(life)

    expect(life.journal.entries.at(-1)).toMatchObject({ event: { error: { code: 'ACTION_TRANSIENT', retryable: true } } })
    expect(life.run.fold.snapshot('s1')?.value).toBe('backingOff')
  })

  test('hears heartbeats as progress', async () => {
    const { life, services } = await executing([stepOf('s1')])
    const before = life.run.lastSeq

    services.last('execute').heartbeat()
    await settle(life)

    expect(eventTypes(life.journal.entries.slice(before + 1))).toEqual(['action.heartbeat'])
  })

  test('does not hear a service that was stopped', async () => {
    const { life, services } = await executing([stepOf('s1')])
    const { heartbeat, answer, signal } = services.last('execute')
    await life.send(ask.cancel())
    await life.clock.advance(2_000)
    const before = life.run.lastSeq

    heartbeat()
    answer()
    await settle(life)

    expect(signal.aborted).toBe(true)
    expect(life.run.lastSeq).toBe(before)
  })

  test('tells the executor to stop an attempt that is aborted', async () => {
    const { life, services } = await executing([stepOf('s1')])

    await life.send(ask.cancel())

    expect(services.aborted).toEqual(['s1'])
  })

  test('does not stop at an action that throws', async () => {
    const machine = setup({
      actions: {
        explode: () => {
          throw new Error('boom')
        },
      },
    }).createMachine({
      id: 'throwing',
      initial: 'a',
      states: { a: { on: { go: { target: 'b', actions: 'explode' } } }, b: {} },
    })
    const warned = new Promise<string>((resolve) => void process.once('warning', (warning) => resolve(warning.message)))
    const life = beginLife({ machine, input: {} })

    await life.send({ type: 'go' })

    expect(life.run.fold.snapshot('')?.value).toBe('b')
    expect(await warned).toBe('the action explode of run run threw: boom')
  })

  test('never begins what is stopped in the same cascade', async () => {
    const services = planning([stepOf('s1', { onFailure: 'ask' }), stepOf('s2')])
    services.always('judgeAction', () => verdictOf('ask'))

    const life = beginLife({ machine: services.machine, input: workflowInput({ person: 'absent', autoEscalation: false, limits: { parallel: 1 } }) })
    await life.send(start)
    await settle(life)

    expect(life.facts).toContainEqual(expect.objectContaining({ type: 'action.dispatched', actionId: 's2' }))
    expect(services.calls.filter(({ src }) => src === 'judgeAction').map(({ input }) => input)).toMatchObject([{ stepId: 's1' }])
    expect([life.broken, life.run.fold.snapshot('')?.value]).toEqual([[], 'failed'])
  })

  test('lets what comes while a record is worked off wait for its turn', async () => {
    const machine = setup({
      actors: { eager: fromCallback(({ sendBack }) => sendBack({ type: 'beat' })), slow: fromPromise(() => new Promise(() => {})) },
      delays: { patience: 1_000 },
    }).createMachine({
      id: 'eager',
      initial: 'idle',
      states: {
        idle: { on: { go: 'working' } },
        working: {
          invoke: { id: 'eager', src: 'eager' },
          on: { beat: 'resting' },
          initial: 'patient',
          states: { patient: { after: { patience: '#eager.late' } } },
        },
        resting: { invoke: { id: 'slow', src: 'slow' } },
        late: {},
      },
    })
    const life = beginLife({ machine, input: {}, external: [] })

    await life.send({ type: 'go' })
    await life.clock.advance(2_000)

    expect(life.run.fold.snapshot('')?.value).toBe('resting')
    expect(eventTypes(life.journal.entries)).toEqual(['started', 'go', 'beat'])
    expect(life.clock.armed).toBe(0)
  })
})

describe('what leaves the process', () => {
  async function held() {
    const services = planning([stepOf('s1')])
    services.always('judgeAction', () => {
      life.journal.hold()
      return verdictOf('allow')
    })
    const life = beginLife({ machine: services.machine, input: workflowInput() })
    void life.send(start)
    await settle(life)
    return { life, services }
  }

  const executed = (services: ScriptedServices) => services.calls.filter(({ src }) => src === 'execute').length

  test('begins only when what it follows from is durable', async () => {
    const { life, services } = await held()
    expect(life.run.fold.snapshot('s1')?.value).toEqual({ attempting: 'running' })
    expect(executed(services)).toBe(0)

    life.journal.letThrough()
    await settle(life)

    expect(executed(services)).toBe(1)
  })

  test('does not begin when it was stopped before that', async () => {
    const { life, services } = await held()
    void life.send(ask.cancel())
    await life.clock.advance(2_000)

    life.journal.letThrough()
    await settle(life)

    expect(executed(services)).toBe(0)
  })

  test('is told and acknowledged only when it is durable', async () => {
    const { life } = await held()
    const told = life.durable.length
    let acknowledged = false

    const sent = life.send(ask.pause('finish')).then(() => (acknowledged = true))
    await settle(life)
    expect([acknowledged, life.durable.length]).toEqual([false, told])
    life.journal.letThrough()
    await sent

    expect(life.durable).toEqual(life.journal.entries.map(({ seq }) => seq))
  })

  test('is told in order, even when a later commit is through first', async () => {
    const gated = createGatedJournal()
    let through: () => void = () => {}
    const slow = new Promise<void>((resolve) => (through = resolve))
    const journal: GatedJournal = Object.assign(Object.create(gated), {
      commit: async (commit: Commit) => {
        await gated.commit(commit)
        if (commit.entries[0]?.kind === 'started') await slow
      },
    })
    const life = beginLife({ machine: planning([]).machine, journal, input: workflowInput() })
    void life.send(start)
    await settle(life)
    expect([gated.entries.length > 2, life.durable]).toEqual([true, []])

    through()
    await settle(life)

    expect(life.durable).toEqual(gated.entries.map(({ seq }) => seq))
  })

  test('is not kept waiting when it stays inside', async () => {
    const services = planning([])
    const life = beginLife({ machine: services.machine, input: workflowInput() })
    life.journal.hold()

    void life.send(start)
    await settle(life)

    expect(services.calls.map(({ src }) => src)).toContain('judgePlan')
  })
})

describe('a journal that refuses', () => {
  const refusal = new ControllerError('JOURNAL_UNWRITABLE', 'the disk is full')

  test('breaks the run: services and timers are stopped, and nothing is acknowledged', async () => {
    const { life, services } = await executing([stepOf('s1'), stepOf('s2')])
    const told = life.durable.length

    life.journal.fail(refusal)
    services.last('execute', 's1').heartbeat()
    const sent = life.send(ask.pause('finish'))

    await expect(sent).rejects.toBe(refusal)
    await settle(life)
    expect(life.broken).toEqual([refusal])
    expect(services.last('execute', 's2').signal.aborted).toBe(true)
    expect([life.clock.armed, life.durable.length, life.run.running()]).toEqual([0, told, []])
  })

  test('begins nothing that follows', async () => {
    const services = planning([stepOf('s1')])
    services.always('judgeAction', () => {
      life.journal.fail(refusal)
      return verdictOf('allow')
    })
    const life = beginLife({ machine: services.machine, input: workflowInput() })

    await life.send(start)
    await settle(life)

    expect(services.calls.map(({ src }) => src)).not.toContain('execute')
  })

  test('is told even while the run is being parked', async () => {
    const { life } = await executing([stepOf('s1')])

    life.journal.fail(refusal)

    await expect(life.run.park('test', 'interrupted')).rejects.toBe(refusal)
    expect(life.broken).toEqual([refusal])
  })

  test('is not told to one who stopped the run', async () => {
    const { life, services } = await executing([stepOf('s1')])
    life.journal.fail(refusal)
    services.last('execute').heartbeat()

    life.run.stop()
    await settle(life)

    expect(life.broken).toEqual([])
  })

  test('for a reason of its own is an error of ours', async () => {
    const { life } = await executing([stepOf('s1')])

    life.journal.fail(new TypeError('x is not a function'))

    await expect(life.send(ask.pause('finish'))).rejects.toThrow('x is not a function')
    expect(life.broken).toMatchObject([{ code: 'INTERNAL', message: 'x is not a function' }])
  })
})

describe('a run that is over for this process', () => {
  test.each([
    ['stopped', (life: Life) => Promise.resolve(life.run.stop())],
    ['parked', (life: Life) => life.run.park('test', 'interrupted')],
  ])('acknowledges nothing once it is %s', async (_, end) => {
    const { life } = await executing([stepOf('s1')])
    await end(life)
    const before = life.journal.entries.length

    const sent = life.send(ask.cancel())

    await expect(sent).rejects.toMatchObject({ code: 'EVENT_REFUSED' })
    expect(life.journal.entries).toHaveLength(before)
  })

  test('leaves no timer and no service', async () => {
    const { life, services } = await executing([stepOf('s1')])

    life.run.stop()

    expect([life.clock.armed, life.run.running(), services.last('execute').signal.aborted]).toEqual([0, [], true])
  })
})

describe('a held run', () => {
  test('begins nothing more, but hears what runs', async () => {
    const { life, services } = await executing([stepOf('s1'), stepOf('s2', { dependsOn: ['s1'] })])

    life.run.hold()
    services.last('execute', 's1').answer()
    await settle(life)

    expect(life.run.fold.paths()).toEqual(['', 's2'])
    expect(services.calls.at(-1)).toMatchObject({ src: 'execute', input: { stepId: 's1' } })
  })

  test('does not begin what waited for its record', async () => {
    const services = planning([stepOf('s1')])
    services.always('judgeAction', () => {
      life.journal.hold()
      return verdictOf('allow')
    })
    const life = beginLife({ machine: services.machine, input: workflowInput() })
    void life.send(start)
    await settle(life)

    life.run.hold()
    life.journal.letThrough()
    await settle(life)

    expect(services.calls.map(({ src }) => src)).not.toContain('execute')
    expect(life.run.running()).toEqual([])
  })

  test('leaves to the next life what it did not begin', async () => {
    const { life, services } = await executing([stepOf('s1'), stepOf('s2', { dependsOn: ['s1'] })])
    life.run.hold()
    services.last('execute', 's1').answer()
    await settle(life)
    await life.run.park('test', 'interrupted')
    const before = services.calls.length

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)

    expect(services.calls.slice(before).map(({ src, input }) => [src, (input as { stepId: string }).stepId])).toEqual([
      ['judgeAction', 's2'],
      ['execute', 's2'],
    ])
  })

  test('begins again what was stopped by parking, with the same input', async () => {
    const { life, services } = await executing([stepOf('s1')])
    const first = services.last('execute')
    await life.run.park('test', 'interrupted')
    expect(first.signal.aborted).toBe(true)

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)

    expect(services.last('execute')).not.toBe(first)
    expect(services.last('execute').input).toEqual(first.input)
    expect(eventTypes(next.journal.entries).slice(-2)).toEqual(['parked', 'adopted'])
  })
})

describe('the next life of a run', () => {
  test('begins only what had not ended', async () => {
    const { life, services } = await executing([stepOf('s1'), stepOf('s2')])
    services.last('execute', 's1').answer()
    await settle(life)
    life.run.stop()
    const before = services.calls.length

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)

    expect(services.calls.slice(before)).toMatchObject([{ src: 'execute', input: { stepId: 's2' } }])
  })

  test('begins what leaves the process only when its takeover is durable', async () => {
    const { life, services } = await executing([stepOf('s1')])
    life.run.stop()
    const before = services.calls.length
    life.journal.hold()

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)
    expect(services.calls).toHaveLength(before)
    life.journal.letThrough()
    await settle(next)

    expect(services.calls).toHaveLength(before + 1)
  })

  test('does not carry a finished run on', async () => {
    const { life, services } = await executing([])
    expect(life.run.fold.snapshot('')?.status).toBe('done')
    const before = services.calls.length

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)

    expect([services.calls.length, next.clock.armed, next.run.fold.snapshot('')?.value]).toEqual([before, 0, 'completed'])
  })

  test('is refused by a version that lacks a service which is waited for', async () => {
    const make = (names: readonly string[]) =>
      setup({ actors: Object.fromEntries(names.map((name) => [name, fromPromise(() => new Promise(() => {}))])) }).createMachine({
        id: 'old',
        initial: 'working',
        states: { working: { invoke: { id: 'work', src: 'work' } } },
      })
    const life = beginLife({ machine: make(['work']), input: {} })
    await settle(life)
    life.run.stop()
    vi.spyOn(console, 'warn').mockReturnValue()

    expect(() => nextLife({ machine: make(['other']), journal: life.journal })).toThrow(expect.objectContaining({ code: 'ENGINE_DIVERGED' }))
  })

  test('is refused by a version that would wait for what has ended', async () => {
    const make = (ends: boolean) =>
      setup({ actors: { work: fromPromise(() => Promise.resolve()) } }).createMachine({
        id: 'old',
        initial: 'working',
        states: { working: { invoke: { id: 'work', src: 'work', ...(ends ? { onDone: 'rested' } : {}) } }, rested: {} },
      })
    const life = beginLife({ machine: make(true), input: {} })
    await settle(life)
    expect(life.run.fold.snapshot('')?.value).toBe('rested')
    life.run.stop()

    expect(() => nextLife({ machine: make(false), journal: life.journal })).toThrow(expect.objectContaining({ code: 'ENGINE_DIVERGED' }))
  })

  test('does nothing before it took over', async () => {
    const { life, services } = await executing([stepOf('s1')])
    life.run.stop()
    const before = services.calls.length
    const refusing = createGatedJournal()

    expect(() => nextLife({ machine: services.machine, journal: refusing })).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    expect(services.calls).toHaveLength(before)
  })

  test('does what fell due meanwhile first, so that nothing begins that it ends', async () => {
    const { life, services } = await executing([stepOf('s1')])
    await life.send(ask.cancel())
    expect(life.run.fold.snapshot('s1')?.value).toEqual({ attempting: 'aborting' })
    life.run.stop()
    const before = services.calls.length
    await life.clock.advance(60_000)

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })
    await settle(next)

    expect(services.calls.slice(before).map(({ src }) => src)).toEqual(['writeReport'])
    expect(next.run.fold.snapshot('')?.value).toBe('cancelled')
  })

  test('does what fell due meanwhile in its order', async () => {
    const { life, services } = await executing([stepOf('s1', { effect: 'write' })])
    await life.send(ask.cancel())
    life.run.stop()
    await life.clock.advance(60_000)

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })

    // The kill grace of the action (1 s) comes before the settle grace of the run (3 s), which would give the action up.
    expect(next.facts.findLast(({ type }) => type === 'action.settled')).toMatchObject({ result: { outcome: 'cancelled', attempts: 1 } })
    next.run.stop()
  })

  test('knows a failure as the service reported it', async () => {
    const { life, services } = await executing([stepOf('s1', { onFailure: 'ask' })])
    services.last('execute').fail(HARD)
    await settle(life)
    life.run.stop()

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })

    expect(next.run.fold.snapshot('')?.context).toMatchObject({ stall: { cause: 'failure' }, lastFailure: HARD })
    next.run.stop()
  })

  test('folds the same facts again', async () => {
    const { life, services } = await executing([stepOf('s1')])
    services.last('execute').fail(TRANSIENT)
    await settle(life)
    life.run.stop()

    const next = nextLife({ machine: services.machine, journal: life.journal, clock: life.clock })

    expect(next.facts).toEqual(life.facts)
    next.run.stop()
  })

  test('can begin from a journal without an event', async () => {
    const services = planning([])
    const life = beginLife({ machine: services.machine, input: workflowInput() })
    await settle(life)
    const journal = await crashedJournal(life.journal.entries, 1)

    const next = nextLife({ machine: services.machine, journal })
    await next.send(start)
    await settle(next)

    expect(next.run.fold.snapshot('')?.value).toBe('completed')
  })
})

describe('a chart that cannot be folded on', () => {
  const broken = (delay: unknown) =>
    setup({ delays: { patience: () => delay as number } }).createMachine({
      id: 'broken',
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { after: { patience: 'c' } }, c: {} },
    })

  test.each([
    ['NaN', Number.NaN],
    ['undefined', undefined],
    ['text', '5'],
  ])('breaks the run: a delay that is %s', async (_, delay) => {
    const life = beginLife({ machine: broken(delay), input: {} })

    await expect(life.send({ type: 'go' })).rejects.toMatchObject({ code: 'MACHINE_INVALID', message: expect.stringContaining('patience') })

    expect(life.broken).toMatchObject([{ code: 'MACHINE_INVALID' }])
    expect(eventTypes(life.journal.entries)).toEqual(['started'])
    await expect(life.send({ type: 'go' })).rejects.toThrow()
  })
})

describe('an event that JSON would change', () => {
  test('is folded as a replay will see it', async () => {
    const machine = setup({ types: {} as { context: { at: unknown }; events: EventObject & { at?: unknown } } }).createMachine({
      id: 'exact',
      context: { at: null },
      on: { note: { actions: ({ context, event }) => void Object.assign(context, { at: event.at }) } },
    })
    const life = beginLife({ machine, input: {} })

    await life.send({ type: 'note', at: { since: new Date(0), gone: undefined } } as EventObject)

    expect(life.run.fold.snapshot('')?.context).toEqual({ at: { since: '1970-01-01T00:00:00.000Z' } })
  })
})
