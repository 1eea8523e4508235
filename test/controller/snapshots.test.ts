import { describe, expect, it } from 'vitest'
import { createMemoryJournal, type Controller, type Journal, type Run } from '../../src/index.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { append, echo, flaky, hold, planOf } from '../support/controller-plans.ts'
import { endOf, eventsOf, GOAL, inState, openRig, waitingFor, type Rig } from '../support/controller-rig.ts'

const PLAN = planOf([
  append('one'),
  flaky('two', 1, { dependsOn: ['one'] }),
  hold('three', { dependsOn: ['two'] }),
  echo('four', { dependsOn: ['three'], args: { value: '${steps.two.output.name}' } }),
])

const rigOf = (journal: Journal, snapshotEvery: number) => openRig({ asks: ['test.append'], journal, snapshotEvery })

/** Comes as far as the third step, and is interrupted there. */
async function interruptedRun({ controller, probe }: Rig): Promise<Run> {
  const run = await controller.start(GOAL, { plan: PLAN, person: 'here' })
  await waitingFor(run, 'one')
  await run.request({ type: 'action.approve', actionId: 'one' })
  await probe.begun('three')
  await run.interrupt()
  return run
}

const snapshotsIn = (entries: readonly JournalEntry[]) => entries.flatMap((entry) => (entry.kind === 'snapshot' ? [entry] : []))

async function finished({ probe }: Rig, controller: Controller, runId: string) {
  probe.release('three')
  const run = await controller.resume(runId)
  const end = await endOf(run)
  return { ...end, events: await eventsOf(run) }
}

/** A store in which some bodies cannot be read. */
const withoutBodies = (journal: Journal, isGone: (body: string) => boolean): Journal => ({
  ...journal,
  blob(ref) {
    const body = journal.blob(ref)
    return body !== null && isGone(body) ? null : body
  },
})

describe('a run with snapshots', () => {
  it.each([1, 2, 7])('goes on from the last of them, %i records apart, as from its first record', async (every) => {
    const journal = createMemoryJournal()
    const rig = await rigOf(journal, every)
    const run = await interruptedRun(rig)
    const read: number[] = []
    const watched: Journal = { ...journal, read: (runId, from, to) => (read.push(to ?? Infinity), journal.read(runId, from, to)) }

    const { result, report, events } = await finished(rig, await rig.another({ journal: watched }), run.id)

    expect(Math.max(...read.slice(0, 1))).toBe(0)
    expect(journal.tail(run.id)[0]).toMatchObject({ kind: 'snapshot' })
    expect(result.status).toBe('completed')
    expect(report.actions.map(({ stepId, result: ended }) => [stepId, ended?.outcome])).toEqual(
      ['one', 'two', 'three', 'four'].map((id) => [id, 'succeeded']),
    )
    expect(events).toEqual(rig.controller.events(run.id))
    expect(rig.controller.stateAt(run.id)).toMatchObject({ state: 'completed' })
  })

  it('has them as many records apart as it is told', async () => {
    const journal = createMemoryJournal()
    const rig = await rigOf(journal, 3)
    const { controller } = rig
    const run = await interruptedRun(rig)

    const apart = snapshotsIn(journal.read(run.id)).map(({ seq }) => seq)

    expect(apart.length).toBeGreaterThan(2)
    expect(apart.slice(1).map((seq, n) => seq - (apart[n] ?? 0))).toEqual(apart.slice(1).map(() => 4))
    expect(controller.stateAt(run.id, apart[0])).toMatchObject({ lastRecord: { kind: 'snapshot', events: [] } })
  })

  it.each([
    ['a snapshot', (body: string) => body.includes('"machineHash"')],
    ['what was noted', (body: string) => body.includes('"previousRef"')],
    ['both', (body: string) => /"(machineHash|previousRef)"/.test(body)],
  ])('goes on from its records where the body of %s is gone', async (_, isGone) => {
    const journal = createMemoryJournal()
    const rig = await rigOf(journal, 2)
    const run = await interruptedRun(rig)

    const { result, report } = await finished(rig, await rig.another({ journal: withoutBodies(journal, isGone) }), run.id)

    expect(result.status).toBe('completed')
    expect(report.actions.map(({ result: ended }) => ended?.outcome)).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded'])
  })

  it('is told when the state that was put down is not the one that its records give', async () => {
    const journal = createMemoryJournal()
    const rig = await rigOf(journal, 2)
    const run = await interruptedRun(rig)
    const [first] = snapshotsIn(journal.read(run.id))
    const changed: Journal = {
      ...journal,
      blob: (ref) => (ref === first?.ref ? (journal.blob(ref)?.replace('"parallel":4', '"parallel":5') ?? null) : journal.blob(ref)),
    }
    const other = await rig.another({ journal: changed })

    expect(() => other.stateAt(run.id)).toThrow(
      expect.objectContaining({ code: 'ENGINE_DIVERGED', details: expect.objectContaining({ seq: first?.seq }) }),
    )
    expect(rig.controller.stateAt(run.id)).toMatchObject({ state: 'open.active.executing.watching' })
  })

  it('is forked without them, and the fork has its own', async () => {
    const rig = await rigOf(createMemoryJournal(), 2)
    const run = await interruptedRun(rig)
    const { lastSeq } = rig.controller.show(run.id)

    const fork = await rig.controller.fork(run.id, lastSeq)
    const { result } = await finished(rig, rig.controller, fork.runId)

    expect(result.status).toBe('completed')
    expect(rig.controller.stateAt(fork.runId)).toMatchObject({ state: 'completed' })
  })

  it('that is paused goes on from one that was taken while it was', async () => {
    const rig = await rigOf(createMemoryJournal(), 1)
    const run = await rig.controller.start(GOAL, { plan: planOf([hold('one')]), person: 'here' })
    await rig.probe.begun('one')
    await run.request({ type: 'run.pause', mode: 'abort' })
    await inState(run, 'open.paused')
    await run.interrupt()

    const other = await rig.another()
    await other.request(run.id, { type: 'run.resume' })
    rig.probe.release('one')
    const { result } = await endOf(await other.resume(run.id))

    expect(result.status).toBe('completed')
  })
})
