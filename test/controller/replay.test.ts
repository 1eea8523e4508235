import { describe, expect, it } from 'vitest'
import { createMemoryJournal, openRuns, type Controller, type Journal, type Run, type RunMoment } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { append, echo, flaky, hold, planOf } from '../support/controller-plans.ts'
import { endOf, GOAL, inState, only, openRig, present, waitingFor, type Rig } from '../support/controller-rig.ts'

type Event = Extract<JournalEntry, { readonly kind: 'event' }>

/** A run with a bit of everything: an approval, a retry, a pause, an interruption and a request from elsewhere. */
async function eventfulRun({ controller, another, probe }: Rig): Promise<Run> {
  const plan = planOf([
    append('one'),
    flaky('two', 1, { dependsOn: ['one'] }),
    hold('three', { dependsOn: ['two'] }),
    echo('four', { dependsOn: ['three'] }),
  ])
  const run = await controller.start(GOAL, { plan, person: 'here' })
  await waitingFor(run, 'one')
  await run.request({ type: 'action.approve', actionId: 'one' })
  await probe.begun('three')
  probe.beat('three')
  await run.request({ type: 'run.pause', mode: 'abort' })
  await inState(run, 'open.paused')
  await run.interrupt()
  const terminal = await another()
  await terminal.request(run.id, { type: 'run.resume' })
  probe.release('three')
  const again = await terminal.resume(run.id)
  await endOf(again)
  return again
}

const eventfulRig = (journal: Journal = createMemoryJournal()) => openRig({ asks: ['test.append'], journal })

describe('a run at one of its records', () => {
  it('is in the state that was told last by then, whichever record it is', async () => {
    const rig = await eventfulRig()
    const run = await eventfulRun(rig)
    const changes = only(rig.controller.events(run.id), 'state.changed')
    const { lastSeq } = rig.controller.show(run.id)

    for (let seq = 0; seq <= lastSeq; seq++) {
      const moment = rig.controller.stateAt(run.id, seq)
      expect(moment).toMatchObject({ lastSeq: seq, state: changes.findLast((change) => change.seq <= seq)?.state })
      expect(moment.lastRecord.events).toEqual(rig.controller.events(run.id).filter((event) => event.seq === seq))
    }
  })

  it('at the last is what is shown of it now', async () => {
    const rig = await eventfulRig()
    const run = await eventfulRun(rig)
    const shown = rig.controller.show(run.id)

    const moment = rig.controller.stateAt(run.id)

    expect(moment).toMatchObject({ ...shown, summary: { ...shown.summary, updatedAt: moment.at } })
    expect(moment).toMatchObject({ services: [], timers: [], owned: true })
  })

  it('has the results, the timers and the services of then, not of now', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start(GOAL, { plan: planOf([echo('one'), hold('two', { dependsOn: ['one'], timeoutMs: 5_000 })]) })
    await probe.begun('two')
    await clock.advance(1_000)
    probe.beat('two')
    probe.release('two')
    await run.result()
    const heartbeat = ({ lastRecord }: RunMoment) => lastRecord.what === 'action.heartbeat'
    const seq = recordsOf(controller, run.id).findIndex(heartbeat)

    const moment = controller.stateAt(run.id, seq)

    expect(moment.actions.map(({ actionId, state }) => [actionId, state])).toEqual([
      ['one', 'succeeded'],
      ['two', 'attempting.running'],
    ])
    expect(moment.states).toContainEqual({ actionId: 'two', value: { attempting: 'running' } })
    expect(moment.services).toEqual([{ actionId: 'two', service: 'execute' }])
    expect(moment.timers).toContainEqual(
      expect.objectContaining({ actionId: 'two', name: 'actionTimeout', clock: 'run', delayMs: 5_000, leftMs: 4_000 }),
    )
    expect(moment.lastRecord).toMatchObject({ seq, what: 'action.heartbeat', actionId: 'two', cause: 'service' })
    expect(moment).toMatchObject({ result: null, limits: { steps: [2, 10] }, runAt: 1_000 })
    expect(moment.summary).toMatchObject({ finished: false, exitReason: null })
  })

  it('says what it waited for', async () => {
    const rig = await eventfulRig()
    const run = await eventfulRun(rig)
    const { seq, digest } = present(only(rig.controller.events(run.id), 'action.waiting')[0])

    const moment = rig.controller.stateAt(run.id, seq)

    expect(moment.needsPerson).toContain('one')
    expect(moment.accepts).toContain('action.approve')
    expect(moment.actions[0]).toMatchObject({ state: 'awaitingApproval', digest })
    expect(rig.controller.stateAt(run.id, seq + 1).needsPerson).toBeNull()
  })

  it('is looked at without writing, in a store that another process opened', async () => {
    const { controller, workspace } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]) })
    await run.result()
    const runs = await openRuns({ workspace })

    expect(runs.stateAt(run.id, 3)).toEqual(controller.stateAt(run.id, 3))
    expect(runs.stateAt(run.id)).toEqual(controller.stateAt(run.id))
    await runs.close()
  })

  it('writes nothing', async () => {
    const journal = createMemoryJournal()
    const run = await eventfulRun(await eventfulRig(journal))
    const refuse = () => {
      throw new Error('it wrote')
    }
    const { controller } = await openRig({ journal: { ...journal, commit: refuse, acquire: refuse, send: refuse, lockWorkspace: refuse } })

    expect(controller.stateAt(run.id).summary.finished).toBe(true)
  })

  it.each([-1, 1.5, NaN, 100_000])('is refused when it has no record %s', async (seq) => {
    const { controller } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]) })
    await run.result()
    const { lastSeq } = controller.show(run.id)

    expect(() => controller.stateAt(run.id, seq)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(`0 to ${lastSeq}`) }),
    )
  })

  it('is refused when there is no such run', async () => {
    const { controller } = await openRig()

    expect(() => controller.stateAt('nobody')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
  })
})

/** The run at each of its records. */
function recordsOf(controller: Controller, runId: string): readonly RunMoment[] {
  const { lastSeq } = controller.show(runId)
  return Array.from({ length: lastSeq + 1 }, (_, seq) => controller.stateAt(runId, seq))
}

/** Changes records as somebody does who also makes the hashes fit. */
function changed(journal: Journal, change: (entries: JournalEntry[]) => JournalEntry[]): Journal {
  return {
    ...journal,
    read: (runId, fromSeq = 0, toSeq = Infinity) => change([...journal.read(runId)]).filter(({ seq }) => seq >= fromSeq && seq <= toSeq),
  }
}

const isEvent = (entry: JournalEntry): entry is Event => entry.kind === 'event'
const answers = (service: string) => (entry: JournalEntry) => isEvent(entry) && entry.child === `service:${service}`
const ofType = (type: string) => (entry: JournalEntry) => isEvent(entry) && entry.event.type === type
const fired = (entry: JournalEntry) => isEvent(entry) && entry.timer !== undefined
const renumbered = (entries: readonly JournalEntry[]) => entries.map((entry, seq) => ({ ...entry, seq }))

/** Puts something else in the place of the first record that fits. */
const instead =
  (fits: (entry: JournalEntry) => boolean, make: (entry: Event) => readonly JournalEntry[]) =>
  (entries: JournalEntry[]): JournalEntry[] => {
    const at = entries.findIndex(fits)
    return renumbered(entries.toSpliced(at, 1, ...make(entries[at] as Event)))
  }

async function divergence(
  change: (entries: JournalEntry[]) => JournalEntry[],
): Promise<{ controller: Controller; run: Run; honest: readonly JournalEntry[] }> {
  const journal = createMemoryJournal()
  const run = await eventfulRun(await eventfulRig(journal))
  const { controller } = await openRig({ journal: changed(journal, change) })
  return { controller, run, honest: journal.read(run.id) }
}

describe('a record that does not follow from those before it', () => {
  it.each([
    ['an answer that is left out', answers('execute'), () => [], 0, /not outstanding|not armed|does not take|run clock/],
    [
      'an answer that came twice',
      answers('execute'),
      (entry: Event) => [entry, entry],
      1,
      /service:execute of step one answered, which is not outstanding/,
    ],
    [
      'an answer of another step',
      answers('execute'),
      (entry: Event) => [{ ...entry, path: 'four' }],
      0,
      /of step four answered, which is not outstanding/,
    ],
    ['an answer that is none', answers('execute'), (entry: Event) => [{ ...entry, event: { type: 'x' } }], 0, /x is no answer of service:execute/],
    [
      'a timer that was not armed',
      fired,
      (entry: Event) => [{ ...entry, timer: ['two', 'else'] as [string, string] }],
      0,
      /timer else of step two fired, which is not armed/,
    ],
    [
      'another event of a timer',
      fired,
      (entry: Event) => [{ ...entry, event: { type: 'action.cancel' } }],
      0,
      /brought another event \(action.cancel\)/,
    ],
    ['a timer for another step', fired, (entry: Event) => [{ ...entry, path: 'three' }], 0, /reached step three, not step two/],
    [
      'a request that is not taken there',
      ofType('action.approve'),
      (entry: Event) => [{ ...entry, event: { ...entry.event, digest: 'other' } }],
      0,
      /action.approve came, which the run does not take/,
    ],
    ['a request that was not asked', ofType('run.resume'), (entry: Event) => [{ ...entry, inbox: 99 }], 0, /request 99, which is none of this run/],
    [
      'another request than was asked',
      ofType('run.resume'),
      (entry: Event) => [{ ...entry, event: { type: 'run.cancel', reason: null, by: 'x' } }],
      0,
      /came from is run.resume/,
    ],
    ['an event from nowhere', ofType('action.approve'), (entry: Event) => [{ ...entry, path: 'one' }], 0, /neither a timer nor a service/],
    ['a heartbeat of nobody', ofType('action.heartbeat'), (entry: Event) => [{ ...entry, path: 'four' }], 0, /heartbeat of step four/],
    ['a run clock that jumps', answers('execute'), (entry: Event) => [{ ...entry, runAt: entry.runAt + 1 }], 0, /its run clock is/],
    ['a time that goes back', answers('execute'), (entry: Event) => [{ ...entry, at: 1 }], 0, /its time is 1, before/],
    ['an event while nobody owned the run', ({ kind }: JournalEntry) => kind === 'adopted', () => [], 0, /no process owned the run/],
    [
      'a second start',
      ofType('run.start'),
      ({ at, runAt }: Event) => [{ kind: 'started', seq: 1, at, runAt, header: HEADER } as const],
      0,
      /started again/,
    ],
  ])('is named: %s', async (_, fits, make, later, difference) => {
    const { controller, run, honest } = await divergence(instead(fits, make))
    const seq = honest.findIndex(fits) + later

    const failure = catching(() => controller.stateAt(run.id))

    expect(failure).toMatchObject({ code: 'ENGINE_DIVERGED', details: { runId: run.id, problem: expect.stringMatching(difference) } })
    if (make.length > 0) expect(failure).toMatchObject({ details: { seq }, hint: expect.stringContaining(`--to ${seq - 1}`) })
    expect(controller.stateAt(run.id, seq - 1).lastSeq).toBe(seq - 1)
  })

  it.each([
    ['an end that is missing', (entries: JournalEntry[]) => entries.slice(0, -1)],
    [
      'another output',
      instead(ofType('xstate.done.actor.service:evaluateCriteria'), (entry) => [{ ...entry, event: { ...entry.event, output: { met: false } } }]),
    ],
  ])('is noticed by the state that was kept with the last: %s', async (_, change) => {
    const { controller, run } = await divergence(change)

    expect(catching(() => controller.stateAt(run.id))).toMatchObject({ code: 'ENGINE_DIVERGED', details: { seq: expect.any(Number) } })
  })

  it('is the first when the run was started as another', async () => {
    const { controller, run } = await divergence(([first, ...rest]) =>
      first?.kind === 'started'
        ? [{ ...first, header: { ...first.header, input: { ...first.header.input, workflow: { runId: 'x' } } } }, ...rest]
        : [],
    )

    expect(catching(() => controller.stateAt(run.id))).toMatchObject({
      code: 'ENGINE_DIVERGED',
      details: { seq: 0, problem: 'it starts the run x' },
    })
  })

  it('is refused from the first on when other statecharts wrote it', async () => {
    const { controller, run } = await divergence(([first, ...rest]) =>
      first?.kind === 'started' ? [{ ...first, header: { ...first.header, machineHash: 'other', machineVersion: '0.9' } }, ...rest] : [],
    )

    expect(catching(() => controller.stateAt(run.id, 2))).toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringContaining('version 0.9'),
      details: { seq: 0 },
    })
  })
})

const HEADER = { machineId: '', machineVersion: '', machineHash: '', policyHash: '', catalogDigest: '', input: {} }

function catching(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}
