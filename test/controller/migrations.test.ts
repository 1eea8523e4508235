import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  createMemoryJournal,
  createSqliteJournal,
  createSystemClock,
  machineIdentity,
  openRuns,
  type Controller,
  type Journal,
  type JournalEntry,
  type RunMigration,
} from '../../src/index.ts'
import { loadDriver } from '../../src/services/journal/sqlite-driver.ts'
import { dyingJournal } from '../support/controller-journals.ts'
import { append, echo, hold, planOf } from '../support/controller-plans.ts'
import {
  carryOut,
  endOf,
  eventsOf,
  GOAL,
  inState,
  linesOf,
  makeFolder,
  only,
  openRig,
  outcomes,
  present,
  waitingFor,
} from '../support/controller-rig.ts'
import {
  asFirst,
  asSecond,
  BOTH,
  firstToSecond,
  isEvent,
  pingAfter,
  recordingJournal,
  renumbered,
  secondToNow,
  type Change,
} from '../support/older-run.ts'

const PLAN = planOf([append('one'), hold('two', { dependsOn: ['one'] }), echo('three', { dependsOn: ['two'] })])

/** A run that was approved, paused, interrupted and gone on with from another terminal, then left in the middle of step two. */
async function interruptedRun() {
  const recording = recordingJournal(createMemoryJournal())
  const rig = await openRig({ asks: ['test.append'], journal: recording.journal, snapshotEvery: 1_000_000 })
  const run = await rig.controller.start(GOAL, { plan: PLAN, person: 'here' })
  await waitingFor(run, 'one')
  await run.request({ type: 'action.approve', actionId: 'one' })
  await rig.probe.begun('two')
  await run.request({ type: 'run.pause', mode: 'abort' })
  await inState(run, 'open.paused')
  await run.interrupt()
  const terminal = await rig.another()
  await terminal.request(run.id, { type: 'run.resume' })
  const again = await terminal.resume(run.id)
  await rig.probe.begun('two', 2)
  await again.interrupt()
  return { rig, runId: run.id, honest: recording.journal, copyTo: recording.copyTo }
}

/** The same run, as the first charts would have left it, in a store of its own. */
async function olderRun(change: Change = (entries) => entries.map(asFirst), older: Journal = createMemoryJournal(), state?: string) {
  const made = await interruptedRun()
  await made.copyTo(older, change, state)
  const open = (migrations: readonly RunMigration[] = BOTH, journal = older) => made.rig.another({ journal, migrations })
  return { ...made, older, open, controller: await open() }
}

/** The same run of the first charts, carried over and gone on with to its end. */
async function finishedRun() {
  const made = await olderRun()
  made.rig.probe.release('two')
  await endOf(await made.controller.resume(made.runId))
  return made
}

const kindsOf = (entries: readonly JournalEntry[]) => entries.map((entry) => (isEvent(entry) ? entry.event.type : entry.kind))

function catching(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('a run of older statecharts', () => {
  it('looks through its migrations as it did to the charts that wrote it', async () => {
    const { runId, rig, controller, older } = await olderRun()
    const { lastSeq } = rig.controller.show(runId)

    expect(controller.show(runId)).toEqual(rig.controller.show(runId))
    expect(controller.events(runId)).toEqual(rig.controller.events(runId))
    expect(controller.list()).toEqual(rig.controller.list())
    for (let seq = 0; seq <= lastSeq; seq++) expect(controller.stateAt(runId, seq)).toEqual(rig.controller.stateAt(runId, seq))
    expect(older.read(runId)).toHaveLength(lastSeq + 1)
  })

  it('is looked at so in a store that is opened to look alone', async () => {
    const { runId, rig, older } = await olderRun()
    const runs = await openRuns({ workspace: rig.workspace, journal: older, migrations: BOTH })

    expect(runs.show(runId)).toEqual(rig.controller.show(runId))
    expect(runs.stateAt(runId)).toEqual(rig.controller.stateAt(runId))
  })

  it('goes on where it was, its old records as they were, and says once what carried it over', async () => {
    const { runId, rig, controller, older } = await olderRun()
    const before = older.read(runId)
    rig.probe.release('two')

    const run = await controller.resume(runId)
    await endOf(run)

    const after = older.read(runId)
    expect(after.slice(0, before.length)).toEqual(before)
    expect(after.slice(before.length, before.length + 3)).toMatchObject([
      { kind: 'migrated', migration: 'first-to-second', from: firstToSecond.from, to: firstToSecond.to },
      { kind: 'migrated', migration: 'second-to-now', to: machineIdentity() },
      { kind: 'adopted' },
    ])
    expect(kindsOf(after).filter((kind) => kind === 'migrated')).toHaveLength(2)
    expect(outcomes(controller.events(runId))).toEqual({ one: 'succeeded', two: 'succeeded', three: 'succeeded' })
    expect(await linesOf(join(rig.workspace, 'log.txt'))).toEqual(['one'])
  })

  it('is in a state of ours from then on, whatever it was called before', async () => {
    const { runId, rig, controller } = await olderRun(undefined, undefined, 'open.atWork')
    const { state } = rig.controller.show(runId)
    const stateIn = () => controller.list().find((run) => run.runId === runId)?.state

    expect([stateIn(), controller.stateAt(runId).state]).toEqual(['open.atWork', state])
    const run = await controller.resume(runId)

    expect(stateIn()).toBe(state)
    await run.interrupt()
    expect(controller.stateAt(runId).state).toBe(state)
  })

  it('puts its state down from then on, and goes on from there', async () => {
    const { runId, rig, older, open } = await olderRun((entries) => withSnapshots(entries).map(asFirst))
    const first = await rig.another({ journal: older, migrations: BOTH, snapshotEvery: 1 })
    const before = older.read(runId).length
    const run = await first.resume(runId)
    await run.request({ type: 'run.pause', mode: 'abort' })
    await inState(run, 'open.paused')
    await run.interrupt()
    const after = kindsOf(older.read(runId).slice(before))
    expect(after.slice(0, 3)).toEqual(['migrated', 'migrated', 'adopted'])
    expect(after).toContain('snapshot')
    expect(older.tail(runId)[0]).toMatchObject({ kind: 'snapshot' })
    rig.probe.release('two')

    const controller = await open()
    await controller.request(runId, { type: 'run.resume' })
    await endOf(await controller.resume(runId))

    expect(controller.stateAt(runId).summary.finished).toBe(true)
    expect(outcomes(controller.events(runId))).toEqual({ one: 'succeeded', two: 'succeeded', three: 'succeeded' })
  })

  it('shows, replays and reports as one run afterwards, at each of its records', async () => {
    const { runId, controller } = await finishedRun()
    const { lastSeq, summary } = controller.show(runId)
    const changes = only(controller.events(runId), 'state.changed')

    expect(summary).toMatchObject({ finished: true, exitReason: 'criteria_met' })
    expect(controller.report(runId)).toMatchObject({ status: 'completed' })
    for (let seq = 0; seq <= lastSeq; seq++) {
      expect(controller.stateAt(runId, seq)).toMatchObject({ lastSeq: seq, state: changes.findLast((change) => change.seq <= seq)?.state })
    }
    expect(await collected(controller.follow(runId))).toEqual(controller.events(runId))
  })

  it('is carried over wholly or not at all when its process dies, and only once', async () => {
    const { runId, rig, older, open } = await olderRun(undefined, undefined, 'open.atWork')
    rig.probe.release('two')
    const before = older.read(runId)

    const first = await (await open(BOTH, dyingJournal(older, 0))).resume(runId).catch((error: unknown) => error)
    expect([first, older.read(runId)]).toEqual([expect.objectContaining({ code: 'JOURNAL_UNWRITABLE' }), before])
    const second = await (await open(BOTH, dyingJournal(older, 1))).resume(runId)
    await expect(second.outcome()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' })
    expect(kindsOf(older.read(runId)).slice(before.length)).toEqual(['migrated', 'migrated'])
    const controller = await open()
    expect(controller.stateAt(runId).summary.finished).toBe(false)
    await endOf(await controller.resume(runId))

    expect(kindsOf(older.read(runId)).slice(before.length, before.length + 3)).toEqual(['migrated', 'migrated', 'adopted'])
    expect(kindsOf(older.read(runId)).filter((kind) => kind === 'migrated')).toHaveLength(2)
    expect(controller.stateAt(runId).summary.finished).toBe(true)
    expect(await linesOf(join(rig.workspace, 'log.txt'))).toEqual(['one'])
  })

  it('was carried over before, by the version in between, and is again', async () => {
    const { runId, rig, controller, older } = await olderRun(carriedOverInBetween)
    rig.probe.release('two')
    const before = older.read(runId)

    await endOf(await controller.resume(runId))

    const carried = older.read(runId).filter(({ kind }) => kind === 'migrated')
    expect(carried).toMatchObject([
      { migration: 'first-to-second', seq: expect.any(Number) },
      { migration: 'second-to-now', seq: before.length },
    ])
    expect(carried[0]?.seq).toBeLessThan(before.length)
    expect(controller.stateAt(runId).summary).toMatchObject({ finished: true, exitReason: 'criteria_met' })
    expect(outcomes(controller.events(runId))).toEqual({ one: 'succeeded', two: 'succeeded', three: 'succeeded' })
  })

  it('may hold records that ours have nothing for', async () => {
    const isApproval = (entry: JournalEntry) => isEvent(entry) && entry.event.type === 'action.ok'
    const { runId, rig, controller, older } = await olderRun((entries) => pingAfter(entries.map(asSecond), isApproval))
    const ping = older.read(runId).findIndex((entry) => isEvent(entry) && entry.event.type === 'run.ping')
    const before = controller.stateAt(runId, ping - 1)

    expect(controller.stateAt(runId, ping)).toEqual(before)
    expect(catching(() => controller.stateAt(runId, older.read(runId).length))).toMatchObject({ code: 'USAGE' })
    const forked = await controller.fork(runId, ping)
    expect(controller.stateAt(forked.runId).actions).toHaveLength(before.actions.length)
    rig.probe.release('two')
    await endOf(await controller.resume(runId))
    expect(controller.events(runId).some(({ seq }) => seq === ping)).toBe(false)
    expect(controller.stateAt(runId).summary.finished).toBe(true)
  })

  it('that ends in such a record goes on after it', async () => {
    const withLast = (entries: readonly JournalEntry[]) => pingAfter(entries.slice(0, -1).map(asSecond), (entry) => entry.seq === entries.length - 2)
    const { runId, rig, controller, older } = await olderRun(withLast)
    const { length } = older.read(runId)
    expect(controller.show(runId).lastSeq).toBe(length - 2)
    rig.probe.release('two')

    await endOf(await controller.resume(runId))

    expect(older.read(runId)[length]).toMatchObject({ kind: 'migrated', seq: length })
    expect(controller.stateAt(runId).summary.finished).toBe(true)
  })

  it('keeps its hash chain, and is not written to by those who look', async () => {
    const file = join(await makeFolder(), 'planner-exec.db')
    const { runId, rig, controller, older } = await olderRun(undefined, await createSqliteJournal({ file }))
    const before = await rowsOf(file)
    controller.show(runId)
    controller.stateAt(runId)
    await controller.check(runId)
    expect(await rowsOf(file)).toEqual(before)
    rig.probe.release('two')

    await endOf(await controller.resume(runId))

    const after = await rowsOf(file)
    expect(after.slice(0, before.length)).toEqual(before)
    expect(older.read(runId)).toHaveLength(after.length)
  })

  it('is forked as a run of these statecharts, that needs no migration', async () => {
    const { runId, rig, controller, older, open } = await olderRun()
    const { lastSeq } = controller.show(runId)

    const forked = await controller.fork(runId, lastSeq)

    const entries = older.read(forked.runId)
    expect(entries[0]).toMatchObject({ header: machineIdentity() })
    rig.probe.release('two')
    const later = await open([])
    expect(later.stateAt(forked.runId).summary.finished).toBe(false)
    await endOf(await later.resume(forked.runId))
    expect(kindsOf(older.read(forked.runId))).not.toContain('migrated')
    expect(controller.stateAt(forked.runId).summary.finished).toBe(true)
  })

  it('is forked so at any record, also of one that was carried over', async () => {
    const { runId, controller, older } = await finishedRun()
    const records = older.read(runId)
    const end = records.length - 1

    for (let seq = 0; seq < end; seq++) {
      if (controller.stateAt(runId, seq).summary.finished) continue
      const forked = await controller.fork(runId, seq)
      expect(kindsOf(older.read(forked.runId))).not.toContain('migrated')
      expect(controller.stateAt(forked.runId).summary.finished).toBe(false)
    }
  })

  it('is removed like any other when it has ended, also where its migration is missing', async () => {
    const { runId, rig, older } = await finishedRun()
    const clock = { ...createSystemClock(), now: () => Date.now() + 3_600_000 }
    const later = await rig.another({ journal: older, clock })

    await expect(later.gc({ maxFinished: 0 })).resolves.toMatchObject({ runs: [{ runId, kept: null }] })

    expect(older.list()).toEqual([])
  })

  it('takes requests, and follows what it becomes', async () => {
    const { runId, rig, controller } = await olderRun()

    await expect(controller.request(runId, { type: 'run.cancel' })).resolves.toBe('queued')
    await expect(endOf(await controller.resume(runId))).resolves.toMatchObject({ result: { status: 'cancelled' } })
    expect(rig.probe.count('three')).toBe(0)
  })
})

/** Puts a state down, which these charts could not read, after every fourth record. */
function withSnapshots(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const snapshot = ({ at, runAt }: JournalEntry): JournalEntry => ({ kind: 'snapshot', seq: 0, at, runAt, ref: 'f'.repeat(64) })
  return renumbered(entries.flatMap((entry, index) => (index % 4 === 3 ? [entry, snapshot(entry)] : [entry])))
}

/** The first charts wrote it up to its second process; the second charts carried it over, and went on. */
function carriedOverInBetween(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const at = entries.findIndex(({ kind }) => kind === 'adopted')
  const last = present(entries[at - 1])
  const { from, to, name } = firstToSecond
  const carried: JournalEntry = { kind: 'migrated', seq: 0, at: last.at, runAt: last.runAt, migration: name, from, to }
  return renumbered([...entries.slice(0, at).map(asFirst), carried, ...entries.slice(at).map(asSecond)])
}

/** Every record as it lies in the file. */
async function rowsOf(file: string): Promise<readonly unknown[]> {
  const driver = (await loadDriver())(file)
  try {
    return driver.prepare('SELECT run_id, seq, body, hash FROM journal ORDER BY record_id').all()
  } finally {
    driver.close()
  }
}

const change = (make: (entry: JournalEntry) => JournalEntry | null): RunMigration => ({
  ...secondToNow,
  entry: (entry) => {
    const now = secondToNow.entry(entry)
    return now && make(now)
  },
})

const isAnswer = (service: string) => (entry: JournalEntry) => isEvent(entry) && entry.child === `service:${service}`

describe('a migration that makes nonsense of a run', () => {
  it.each([
    ['leaves an answer out', (entry: JournalEntry) => (isAnswer('execute')(entry) ? null : entry), /diverges at record \d+/],
    ['calls an event something else', (entry: JournalEntry) => rename(entry, 'action.approve', 'action.unknown'), /action\.unknown came/],
    ['changes the run clock', (entry: JournalEntry) => ({ ...entry, runAt: entry.runAt + (entry.seq > 5 ? 7 : 0) }), /its run clock is/],
    [
      'gives an answer to another step',
      (entry: JournalEntry) => (isAnswer('execute')(entry) ? { ...entry, path: 'three' } : entry),
      /of step three answered/,
    ],
    ['lets the run end', (entry: JournalEntry) => rename(entry, 'run.pause', 'run.cancel'), /diverges at record \d+/],
    ['gives an answer that the charts cannot take', (entry: JournalEntry) => withoutOutput(entry, 'draftPlan'), /at record \d+/],
    ['gives a verdict that the charts cannot take', (entry: JournalEntry) => withoutOutput(entry, 'judgeAction'), /at record \d+/],
    ['forgets what the run was started with', (entry: JournalEntry) => withoutParams(entry), /at record 0: it cannot be folded/],
    [
      'cannot read a record',
      (entry: JournalEntry) => (entry.kind === 'parked' ? expect.fail('what is parked?') : entry),
      /it failed: what is parked\?/,
    ],
  ])('is refused before anything is written or begun: it %s', async (_, make, problem) => {
    const file = join(await makeFolder(), 'planner-exec.db')
    const { runId, rig, open, older } = await olderRun(undefined, await createSqliteJournal({ file }))
    const [rows, begun, summary] = [await rowsOf(file), rig.probe.count('two'), older.summary(runId)]
    const controller = await open([firstToSecond, change(make)])

    const refusal = { code: 'RUN_INCOMPATIBLE', message: expect.stringMatching(/second-to-now/) }
    await expect(controller.resume(runId)).rejects.toMatchObject(refusal)
    await expect(controller.resume(runId)).rejects.toMatchObject({
      message: expect.stringMatching(problem),
      details: { runId, seq: expect.any(Number), problem: expect.any(String) },
    })
    expect(catching(() => controller.stateAt(runId))).toMatchObject(refusal)
    await expect(controller.check(runId)).resolves.toMatchObject({ replay: refusal, resume: refusal })

    expect(await rowsOf(file)).toEqual(rows)
    expect([older.summary(runId), older.owner(runId, Date.now()), rig.probe.count('two')]).toEqual([summary, null, begun])
    rig.probe.release('two')
    await endOf(await (await open()).resume(runId))
  })
})

describe('a migration by which a run that had ended goes on', () => {
  it('is refused by the state that was stored', async () => {
    const recording = recordingJournal(createMemoryJournal())
    const rig = await openRig({ journal: recording.journal, snapshotEvery: 1_000_000 })
    const { run } = await carryOut(rig.controller, planOf([echo('one')]))
    const older = createMemoryJournal()
    await recording.copyTo(older, (entries) => entries.map(asSecond))
    const unending = change((entry) => (isAnswer('writeReport')(entry) ? null : entry))

    const [sound, unsound] = [await rig.another({ journal: older, migrations: BOTH }), await rig.another({ journal: older, migrations: [unending] })]

    expect(sound.stateAt(run.id).summary.finished).toBe(true)
    expect(catching(() => unsound.stateAt(run.id))).toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringMatching(/migration "second-to-now", .*the finished of the run is false/),
    })
  })
})

const withoutOutput = (entry: JournalEntry, service: string): JournalEntry =>
  isEvent(entry) && isAnswer(service)(entry) ? { ...entry, event: { ...entry.event, output: null } } : entry

function withoutParams(entry: JournalEntry): JournalEntry {
  if (entry.kind !== 'started') return entry
  const { params: _, ...input } = entry.header.input
  return { ...entry, header: { ...entry.header, input } }
}

const rename = (entry: JournalEntry, from: string, to: string): JournalEntry =>
  isEvent(entry) && entry.event.type === from ? { ...entry, event: { ...entry.event, type: to } } : entry

describe('a run that no migration leads here', () => {
  it('is not resumed, and says which statecharts it needs', async () => {
    const { runId, open, older } = await olderRun()
    const controller = await open([])
    const before = older.read(runId)

    await expect(controller.resume(runId)).rejects.toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringMatching(/the statecharts \(version 0\.1 \(1{12}\), now version \S+ \([0-9a-f]{12}\)\)/),
      hint: expect.stringMatching(/version 0\.1 \(1{12}\), or register a migration from there to version/),
    })
    expect(older.read(runId)).toEqual(before)
  })

  it('is refused by everything that folds it once it was carried over, by the migration that is missing', async () => {
    const { runId, open, controller: whole } = await finishedRun()
    const controller = await open([secondToNow])
    const refusal = { code: 'RUN_INCOMPATIBLE', message: expect.stringContaining('migration "first-to-second"') }

    for (const look of ['show', 'events', 'report', 'stateAt'] as const) expect(catching(() => controller[look](runId))).toMatchObject(refusal)
    await expect(collected(controller.follow(runId))).rejects.toMatchObject(refusal)
    await expect(controller.fork(runId, 3)).rejects.toMatchObject(refusal)
    expect(catching(() => controller.stateAt(runId, 3))).toMatchObject(refusal)
    await expect(controller.check(runId)).resolves.toMatchObject({ finished: true, replay: refusal, resume: { code: 'RUN_FINISHED' } })
    expect(controller.list()).toEqual(whole.list())
  })

  it('is refused so by resume too', async () => {
    const { runId, open, older } = await olderRun()
    const dying = await (await open(BOTH, dyingJournal(older, 1))).resume(runId)
    await dying.outcome().catch(() => {})

    await expect((await open([])).resume(runId)).rejects.toMatchObject({
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringContaining('migration "second-to-now"'),
      hint: expect.stringContaining('Register migration "second-to-now"'),
    })
  })

  it('is refused with the way that is wrong when a controller is made', async () => {
    await expect(openRig({ migrations: [firstToSecond] })).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: [{ path: 'migrations.0.to' }] })
    await expect(openRuns({ migrations: [firstToSecond], journal: createMemoryJournal() })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('a look at whether a run would go on', () => {
  it('says yes of one that would, and writes nothing', async () => {
    const { runId, rig, honest } = await interruptedRun()
    const refuse = () => {
      throw new Error('it wrote')
    }
    const quiet = { ...honest, commit: refuse, acquire: refuse, renew: refuse, release: refuse, send: refuse, lockWorkspace: refuse }
    const controller = await rig.another({ journal: quiet })

    await expect(controller.check(runId)).resolves.toMatchObject({ runId, finished: false, migrations: [], replay: null, resume: null })
  })

  it('names the migrations that would carry it over', async () => {
    const { runId, controller } = await olderRun()

    await expect(controller.check(runId)).resolves.toMatchObject({ migrations: ['first-to-second', 'second-to-now'], replay: null, resume: null })
    await expect(checkAfter(controller, runId)).resolves.toEqual([])
  })

  it('says what ended, what is owned, and what there is not', async () => {
    const { rig, runId } = await interruptedRun()
    const { controller, probe } = rig
    const run = await controller.resume(runId)

    await expect(controller.check(runId)).resolves.toMatchObject({ replay: null, resume: { code: 'RUN_OWNED' } })
    probe.release('two')
    await eventsOf(run)
    await expect(controller.check(runId)).resolves.toMatchObject({ finished: true, replay: null, resume: { code: 'RUN_FINISHED' } })
    await expect(controller.check('nobody')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
  })

  it('tells the policy and the capabilities of then and now, all that changed at once', async () => {
    const { runId, rig, older } = await olderRun((entries) => entries.map(withOtherPorts))
    const controller = await rig.another({ journal: older })
    const changed = {
      code: 'RUN_INCOMPATIBLE',
      message: expect.stringMatching(/the policy \S+ \(p{12}, now [0-9a-f]{12}\), the capabilities \(c{12}, now [0-9a-f]{12}\) changed since$/),
      hint: expect.stringMatching(/the content back that it had \(p{12}\).*the added capabilities that it was started with \(c{12}\)/),
    }

    await expect(controller.check(runId)).resolves.toMatchObject({ replay: null, resume: changed })
    await expect(controller.resume(runId)).rejects.toMatchObject(changed)
  })

  it('tells of a policy that is gone', async () => {
    const { runId, rig, older } = await olderRun((entries) =>
      entries.map((entry) =>
        entry.kind === 'started' ? { ...entry, header: { ...entry.header, input: { ...entry.header.input, policy: '/nowhere.yaml' } } } : entry,
      ),
    )

    await expect((await rig.another({ journal: older })).check(runId)).resolves.toMatchObject({ resume: { code: 'POLICY_UNKNOWN' } })
  })
})

/** What a check names after the run went on. */
async function checkAfter(controller: Controller, runId: string): Promise<readonly string[]> {
  const run = await controller.resume(runId)
  await run.interrupt()
  return (await controller.check(runId)).migrations
}

/** The store has none of its requests either. */
function withOtherPorts(entry: JournalEntry): JournalEntry {
  if (entry.kind === 'started') return { ...entry, header: { ...entry.header, policyHash: 'p'.repeat(64), catalogDigest: 'c'.repeat(64) } }
  return isEvent(entry) ? { ...entry, inbox: undefined } : entry
}
