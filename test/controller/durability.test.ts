import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createController, createMemoryJournal, defineCapability, type PlanInput } from '../../src/index.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { deferred } from '../support/controller-deferred.ts'
import { dyingJournal, fullDisk, gatedJournal } from '../support/controller-journals.ts'
import {
  endOf,
  eventOf,
  eventsOf,
  GOAL,
  inState,
  linesOf,
  makeFolder,
  only,
  openRig,
  outcomes,
  policyText,
  present,
  waitingFor,
} from '../support/controller-rig.ts'
import { append, echo, hold, planOf } from '../support/controller-plans.ts'

const CHILD = fileURLToPath(new URL('../support/controller-child.ts', import.meta.url))

describe('a run whose process lets go of it', () => {
  it.each([
    ['closing the controller', 'close'],
    ['an interrupt of the run', 'interrupt'],
  ] as const)('by %s parks, and a resume repeats nothing that was finished', async (_, how) => {
    const { controller, another, probe, workspace } = await openRig({ durable: true })
    const run = await controller.start(GOAL, {
      plan: planOf([append('one'), hold('two', { dependsOn: ['one'] }), append('three', { dependsOn: ['two'] })]),
    })
    await probe.begun('two')

    await (how === 'close' ? controller.close() : run.interrupt())
    await expect(run.outcome()).resolves.toEqual({ kind: 'parked', reason: 'interrupted', runId: run.id })
    probe.release('two')
    const { result } = await endOf(await (await another()).resume(run.id))

    expect(result.status).toBe('completed')
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['one', 'three'])
    expect([probe.count('one'), probe.count('two'), probe.count('three')]).toEqual([1, 2, 1])
  })

  it('waits for a write that is under way, keeps its result, and starts nothing more', async () => {
    const { controller, another, probe } = await openRig()
    const plan = planOf([{ id: 'one', capability: 'test.holdwrite.v1', args: { name: 'one' } }, echo('two', { dependsOn: ['one'] })])
    const run = await controller.start(GOAL, { plan })
    await probe.begun('one')

    const interrupted = run.interrupt()
    probe.release('one')
    await interrupted

    expect(outcomes(await eventsOf(run))).toEqual({ one: 'succeeded' })
    expect(probe.count('echo "two"')).toBe(0)
    await expect((await (await another()).resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('one')).toBe(1)
  })

  it('may be interrupted twice, and closed on top', async () => {
    const { controller, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await Promise.all([run.interrupt(), run.interrupt(), controller.close()])

    await expect(run.outcome()).resolves.toMatchObject({ kind: 'parked' })
  })

  it('has a limit on its time that stands still meanwhile: left overnight it goes on', async () => {
    const clock = createSimulatedClock()
    const { controller, another, probe } = await openRig({ clock })
    const run = await controller.start({ ...GOAL, timeout_ms: 60_000 }, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await clock.advance(20_000)
    await run.interrupt()

    await clock.advance(12 * 3_600_000)
    const again = await (await another()).resume(run.id)
    await probe.begun('one', 2)
    await clock.advance(39_999)
    expect(controller.show(run.id).state).toContain('executing')
    await clock.advance(1)

    await expect(again.result()).resolves.toMatchObject({ exitReason: 'time_limit' })
  })

  it('still takes requests through its handle: they are kept for the next resume', async () => {
    const { controller } = await openRig({ asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })
    await run.outcome()

    await run.request({ type: 'action.approve', actionId: 'one' })

    await expect((await controller.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('that was paused stays paused: a resume parks it again, until somebody lets it go on', async () => {
    const { controller, another, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await run.request({ type: 'run.pause', mode: 'abort' })
    await inState(run, 'open.paused')
    await run.interrupt()
    const terminal = await another()

    const paused = await terminal.resume(run.id)
    await expect(paused.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    expect(probe.count('one')).toBe(1)
    await expect(terminal.request(run.id, { type: 'run.resume' })).resolves.toBe('queued')
    probe.release('one')

    await expect((await terminal.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('takes a pause that was asked for meanwhile, and waits for whoever lets it go on', async () => {
    const { controller, another, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await run.interrupt()
    const terminal = await another()
    await expect(terminal.request(run.id, { type: 'run.pause', mode: 'abort' })).resolves.toBe('queued')

    const again = await terminal.resume(run.id)
    await inState(again, 'open.paused')
    await controller.request(run.id, { type: 'run.resume' })
    probe.release('one')

    await expect(again.result()).resolves.toMatchObject({ status: 'completed' })
  })
})

describe('a run has one owner', () => {
  it('of two controllers that resume it at once, one gets it', async () => {
    const { controller, another, probe } = await openRig({ durable: true })
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')
    await run.interrupt()
    const [first, second] = [await another(), await another()]

    const tries = await Promise.allSettled([first.resume(run.id), second.resume(run.id)])

    expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(tries.find((tried) => tried.status === 'rejected')?.reason).toMatchObject({
      code: 'RUN_OWNED',
      hint: expect.stringContaining('any terminal'),
    })
    probe.release('one')
  })

  it('while it is running nobody else resumes it, and an unknown one cannot be', async () => {
    const { controller, another, probe } = await openRig()
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await expect((await another()).resume(run.id)).rejects.toMatchObject({ code: 'RUN_OWNED' })
    await expect(controller.resume(run.id)).rejects.toMatchObject({ code: 'RUN_OWNED' })
    await expect(controller.resume('absent')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    probe.release('one')
    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('who lost it to another process stops, and says so', async () => {
    const clock = createSimulatedClock()
    const { controller, another, probe } = await openRig({ clock })
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), append('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')
    // No renewal comes in this simulated time: as after a long sleep of the machine.
    await clock.advance(16_000)

    const taken = await (await another()).resume(run.id)
    await probe.begun('one', 2)
    probe.release('one')

    await expect(run.outcome()).resolves.toEqual({ kind: 'parked', reason: 'lease-lost', runId: run.id })
    await expect(taken.result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('two')).toBe(1)
  })
})

describe('a run goes on only with what it began with', () => {
  const parkedRun = async () => {
    const rig = await openRig({ asks: ['test.append'], durable: true })
    const run = await rig.controller.start(GOAL, { plan: planOf([append('one')]) })
    await run.outcome()
    return { ...rig, run }
  }

  it('names the policy that changed', async () => {
    const { run, another, controller } = await parkedRun()
    await writeFile(controller.config.policy, policyText([], ['fs.write']))

    const resuming = (await another()).resume(run.id)

    await expect(resuming).rejects.toMatchObject({ code: 'RUN_INCOMPATIBLE', message: expect.stringMatching(/policy/) })
    await expect(resuming).rejects.toMatchObject({ message: expect.not.stringMatching(/capabilities|statecharts/) })
  })

  it('names the capabilities that changed, and the run stays resumable', async () => {
    const { run, another, probe } = await parkedRun()
    const one = present(probe.capabilities.find(({ name }) => name === 'test.append.v1'))

    const resuming = (await another({ capabilities: [one] })).resume(run.id)

    await expect(resuming).rejects.toMatchObject({ code: 'RUN_INCOMPATIBLE', message: expect.stringContaining('the capabilities') })
    const terminal = await another()
    await terminal.request(run.id, { type: 'action.approve', actionId: 'one' })
    await expect((await terminal.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('uses the policy of the run, not the one of the controller that resumes it', async () => {
    const { run, another } = await parkedRun()
    const terminal = await another({ policy: 'workstation' })

    await terminal.request(run.id, { type: 'action.approve', actionId: 'one' })

    await expect((await terminal.resume(run.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })
})

describe('a process that is killed during a write', () => {
  const killedRun = async (when: 'before' | 'after') => {
    const [workspace, folder] = [await makeFolder(), await makeFolder()]
    const policy = join(folder, 'policy.yaml')
    await writeFile(policy, policyText())
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, workspace, policy, 'killed', when], { stdio: ['ignore', 'inherit', 'inherit'] })
    const [, signal] = await once(child, 'exit')
    if (signal !== 'SIGKILL') throw new Error('the child was not killed')
    return { workspace, controller: await createController({ workspace, policy }) }
  }

  it('after the file was there does not write it again: the capability looks and finds it', async () => {
    const { workspace, controller } = await killedRun('after')
    const before = await stat(join(workspace, 'out.txt'), { bigint: true })

    const { result, report } = await endOf(await controller.resume('killed'))

    expect(result.status).toBe('completed')
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', attempts: 1, inDoubt: false })
    const after = await stat(join(workspace, 'out.txt'), { bigint: true })
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs])
    await controller.close()
  })

  it('before the file was there writes it in a second attempt', async () => {
    const { workspace, controller } = await killedRun('before')
    await expect(stat(join(workspace, 'out.txt'))).rejects.toMatchObject({ code: 'ENOENT' })

    const { result, report } = await endOf(await controller.resume('killed'))

    expect(result.status).toBe('completed')
    expect(report.actions[0]?.result).toMatchObject({ outcome: 'succeeded', attempts: 2 })
    expect(await readFile(join(workspace, 'out.txt'), 'utf8')).toBe('written')
    await controller.close()
  })
})

describe('a crash at any commit', () => {
  /** Appends its name, at once; looking into the file tells whether it did. */
  const mark = defineCapability({
    name: 'test.mark.v1',
    title: 'Mark',
    description: 'Appends its name to marks.txt.',
    args: z.strictObject({ name: z.string() }),
    output: z.strictObject({ name: z.string() }),
    effect: 'write',
    risk: 'low',
    needs: [],
    timeoutMs: 1_000,
    targets: () => [],
    run: async ({ name }, { workspace }) => {
      appendFileSync(join(workspace, 'marks.txt'), `${name}\n`)
      return { name }
    },
    reconcile: async ({ name }, { workspace }) => {
      const text = readFileSync(join(workspace, 'marks.txt'), { encoding: 'utf8', flag: 'a+' })
      return text.split('\n').includes(name) ? 'happened' : 'did-not'
    },
  })
  const step = (id: string, dependsOn: string[] = []): PlanInput['steps'][number] => ({
    id,
    title: id,
    capability: 'test.mark.v1',
    args: { name: id },
    dependsOn,
    retry: { maxRetries: 2, backoff: 'fixed', baseDelayMs: 0, maxDelayMs: 0 },
  })
  const plan: PlanInput = {
    version: 1,
    steps: [
      step('a'),
      step('b'),
      { id: 'look', title: 'look', capability: 'fs.stat.v1', args: { path: 'marks.txt' }, dependsOn: ['a'] },
      step('d', ['a', 'b', 'look']),
    ],
  }
  const shared = { capabilities: [mark], oracles: [] }

  it('ends the same way after a resume, with every effect done exactly once', async () => {
    const journal = createMemoryJournal()
    let commits = 0
    const { controller: undisturbed } = await openRig({ ...shared, journal: gatedJournal(journal, () => void commits++) })
    await (await undisturbed.start(GOAL, { plan })).result()
    expect(commits).toBeGreaterThan(15)

    for (let survived = 1; survived < commits; survived++) {
      const kept = createMemoryJournal()
      const { controller, another, workspace } = await openRig({ ...shared, journal: dyingJournal(kept, survived) })
      const run = await controller.start({ ...GOAL, workflow_id: 'crashed' }, { plan }).catch(() => null)
      await run?.outcome().catch(() => null)

      const { result, report } = await endOf(await (await another({ journal: kept })).resume('crashed'))

      expect([survived, result.exitReason, (await linesOf(join(workspace, 'marks.txt'))).toSorted()]).toEqual([
        survived,
        'criteria_met',
        ['a', 'b', 'd'],
      ])
      expect(report.actions.map(({ result: end }) => [end?.outcome, end?.inDoubt])).toEqual(plan.steps.map(() => ['succeeded', false]))
    }
  })
})

describe('an effect that nobody can tell about', () => {
  const inDoubt = async () => {
    const kept = createMemoryJournal()
    const { controller, another, probe } = await openRig({
      journal: gatedJournal(
        kept,
        fullDisk(({ effects }) => effects?.some(({ state }) => state === 'done') === true),
      ),
    })
    const run = await controller.start({ ...GOAL, workflow_id: 'doubtful' }, { plan: planOf([append('one')]) })
    await expect(run.outcome()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE', message: 'no space is left' })
    return { controller: await another({ journal: kept }), probe }
  }

  it.each([
    ['happened', { status: 'completed' }, 1],
    ['did-not', { status: 'completed' }, 2],
    ['failed', { status: 'failed', failure: { code: 'IN_DOUBT' } }, 1],
  ] as const)('waits for a person, who says that it %s', async (resolution, expected, count) => {
    const { controller, probe } = await inDoubt()
    const run = await controller.resume('doubtful', { person: 'here' })
    await expect(eventOf(run, 'action.waiting')).resolves.toMatchObject({ actionId: 'one', reason: 'doubt' })
    expect(controller.show('doubtful').actions[0]?.state).toBe('inDoubt.awaitingPerson')

    await run.request({ type: 'action.resolve', actionId: 'one', resolution })

    await expect(run.result()).resolves.toMatchObject(expected)
    expect(probe.count('one')).toBe(count)
  })

  it('parks the run when nobody is there', async () => {
    const { controller } = await inDoubt()

    const run = await controller.resume('doubtful')

    await expect(run.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
  })
})

describe('a store that cannot keep what happens', () => {
  it('refuses the first record: the run does not start, and its id stays free', async () => {
    const kept = createMemoryJournal()
    let broken = true
    const { controller } = await openRig({
      journal: gatedJournal(
        kept,
        fullDisk(() => broken),
      ),
    })

    await expect(controller.start({ ...GOAL, workflow_id: 'mine' }, { plan: planOf([echo('one')]) })).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: 'no space is left',
    })

    expect(controller.list()).toEqual([])
    broken = false
    await expect((await controller.start({ ...GOAL, workflow_id: 'mine' }, { plan: planOf([echo('one')]) })).result()).resolves.toMatchObject({
      status: 'completed',
    })
  })

  it('refuses an intent: the effect does not happen, the outcome rejects with the cause, and nothing of it was told', async () => {
    const { controller, probe } = await openRig({
      journal: gatedJournal(
        createMemoryJournal(),
        fullDisk(({ effects }) => effects?.some(({ state }) => state === 'open') === true),
      ),
    })

    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })

    await expect(run.outcome()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE', message: 'no space is left' })
    await expect(run.result()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' })
    expect(probe.count('one')).toBe(0)
    expect(only(await eventsOf(run), 'action.settled')).toEqual([])
  })

  it('refuses a request: whoever asked is told, and it does not count', async () => {
    const kept = createMemoryJournal()
    const { controller, another } = await openRig({
      asks: ['test.append'],
      journal: gatedJournal(
        kept,
        fullDisk(({ entries }) => JSON.stringify(entries).includes('action.approve')),
      ),
    })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]), person: 'here' })
    await waitingFor(run, 'one')

    await expect(run.request({ type: 'action.approve', actionId: 'one' })).rejects.toThrow('no space is left')

    await expect(run.outcome()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' })
    expect((await another({ journal: kept })).show(run.id).actions[0]?.state).toBe('awaitingApproval')
  })

  it('refuses the last record of an interrupt: the run is told as broken, and nothing hangs', async () => {
    const kept = createMemoryJournal()
    const { controller, probe } = await openRig({
      journal: gatedJournal(
        kept,
        fullDisk(({ entries }) => entries.some(({ kind }) => kind === 'parked')),
      ),
    })
    const run = await controller.start(GOAL, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await run.interrupt()

    await expect(run.outcome()).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE', message: 'no space is left' })
    await controller.close()
  })

  it('tells nothing before it is kept', async () => {
    const held = deferred<void>()
    const { controller } = await openRig({
      journal: gatedJournal(createMemoryJournal(), (commit) =>
        JSON.stringify(commit.entries).includes('service:judgePlan') ? held.promise : undefined,
      ),
    })
    const run = await controller.start(GOAL, { plan: planOf([echo('one')]) })
    await eventOf(run, 'state.changed', ({ state }) => state.endsWith('vetting'))
    const events = run.events()[Symbol.asyncIterator]()
    const seen: string[] = []
    const reading = (async () => {
      for (let next = await events.next(); next.done !== true; next = await events.next()) seen.push(next.value.type)
    })()

    await new Promise(setImmediate)
    expect(seen).not.toContain('plan.accepted')
    held.resolve()
    await reading

    expect(seen).toContain('plan.accepted')
  })
})

describe('a workspace has one writer', () => {
  it('who still is that after the machine slept for longer than a lease lasts', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openRig({ clock })
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), append('two', { dependsOn: ['one'] })]) })
    await probe.begun('one')

    await clock.advance(20_000)
    probe.release('one')

    await expect(run.result()).resolves.toMatchObject({ status: 'completed' })
    expect(probe.count('two')).toBe(1)
  })

  it('a second writing run waits its turn by retries, and readers are free', async () => {
    const { controller, another, probe, workspace } = await openRig({ durable: true })
    const retry = { maxRetries: 20, backoff: 'fixed', baseDelayMs: 100, maxDelayMs: 100 } as const
    const first = await controller.start(GOAL, { plan: planOf([{ id: 'one', capability: 'test.holdwrite.v1', args: { name: 'one' } }]) })
    await probe.begun('one')
    const other = await another()

    const reader = await other.start(GOAL, { plan: planOf([echo('reads')]) })
    await expect(reader.result()).resolves.toMatchObject({ status: 'completed' })
    const second = await other.start(GOAL, { plan: planOf([append('two', { retry })]) })
    await expect(eventOf(second, 'action.retrying')).resolves.toMatchObject({ failure: { code: 'WORKSPACE_BUSY', hint: expect.any(String) } })
    expect(probe.count('two')).toBe(0)
    probe.release('one')
    await expect(first.result()).resolves.toMatchObject({ status: 'completed' })

    await expect(second.result()).resolves.toMatchObject({ status: 'completed' })
    expect(await linesOf(join(workspace, 'log.txt'))).toEqual(['two'])
  })
})

describe('requests that wait in the store', () => {
  it('keep a run from parking only until they are answered, were it by a refusal', async () => {
    const journal = createMemoryJournal()
    const { controller, probe } = await openRig({ journal, asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([hold('one'), append('two')]) })
    await waitingFor(run, 'two')
    await probe.begun('one')

    const nonsense = await journal.send(run.id, { type: 'nonsense' }, 0)
    probe.release('one')

    await expect(run.outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    expect(journal.inbox(nonsense)?.state).toBe('refused')
  })

  it('are applied once each, in order, and what is no request is answered', async () => {
    const journal = createMemoryJournal()
    const { controller, probe } = await openRig({ journal, asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })
    await run.outcome()
    const nonsense = await journal.send(run.id, { type: 'nonsense' }, 0)

    await expect((await controller.resume(run.id)).outcome()).resolves.toMatchObject({ kind: 'parked' })
    expect(journal.inbox(nonsense)).toMatchObject({ state: 'refused', answer: expect.stringContaining('not one that runs take') })
    const ids = [
      await journal.send(
        run.id,
        { type: 'action.edit', actionId: 'one', digest: present(controller.show(run.id).actions[0]?.digest), args: { name: 'edited' } },
        0,
      ),
      await journal.send(run.id, { type: 'run.pause', mode: 'finish' }, 0),
      await journal.send(run.id, { type: 'run.pause', mode: 'finish' }, 0),
      await journal.send(run.id, { type: 'run.cancel' }, 0),
    ]
    await expect((await controller.resume(run.id)).result()).resolves.toMatchObject({ status: 'cancelled' })

    expect(ids.map((id) => journal.inbox(id)?.state)).toEqual(['applied', 'applied', 'refused', 'applied'])
    expect(journal.read(run.id).flatMap((entry) => (entry.kind === 'event' && entry.inbox !== undefined ? [entry.inbox] : []))).toEqual([
      ids[0],
      ids[1],
      ids[3],
    ])
    expect(probe.count('edited')).toBe(0)
  })
  it('approve nothing when they name no digest: they would answer to whatever waits when they are read', async () => {
    const journal = createMemoryJournal()
    const { controller, probe } = await openRig({ journal, asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })
    await run.outcome()

    const forged = await journal.send(run.id, { type: 'action.approve', actionId: 'one', by: 'the operator' }, 0)

    await expect((await controller.resume(run.id)).outcome()).resolves.toMatchObject({ kind: 'parked', reason: 'needs-person' })
    expect(journal.inbox(forged)).toMatchObject({ state: 'refused', answer: expect.stringContaining('no longer what was looked at') })
    expect(probe.count('one')).toBe(0)
  })

  it.each([
    'xstate.done.actor.one',
    'xstate.done.actor.service:execute',
    'action.dispatch',
    'xstate.init',
    'xstate.stop',
    'run.start',
    'action.cancel',
  ])('cannot be the internal event %s', async (type) => {
    const journal = createMemoryJournal()
    const { controller, probe } = await openRig({ journal, asks: ['test.append'] })
    const run = await controller.start(GOAL, { plan: planOf([append('one')]) })
    await run.outcome()

    const forged = await journal.send(run.id, { type, actionId: 'one', stepId: 'one', output: {} }, 0)

    await expect((await controller.resume(run.id)).outcome()).resolves.toMatchObject({ kind: 'parked' })
    expect(journal.inbox(forged)).toMatchObject({ state: 'refused' })
    expect(probe.count('one')).toBe(0)
  })
})
