import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { createController, createSystemClock, type Controller } from '../../src/index.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { createSqliteJournal } from '../../src/services/journal/sqlite.journal.ts'
import { loadDriver } from '../../src/services/journal/sqlite-driver.ts'
import { policyText } from '../support/controller-rig.ts'
import { planOf } from '../support/controller-plans.ts'
import { ASKS, carryToEnd, deedsIn, effectsIn, hammerCapabilities, type Deed } from '../support/durability-hammer.ts'
import { SEED, sizeOf } from '../support/durability-size.ts'
import { clear, temporaryFolder } from '../support/durability-store.ts'
import { randomOf } from '../support/e2e-kill.ts'

/** How long they hammer, in seconds: `DURABILITY_SECONDS=300` for the long form; `DURABILITY_SEED` for other moments and choices. */
const SECONDS = sizeOf('DURABILITY_SECONDS', 12)
const PROCESSES = 4
const OLD_RUNS = 24
const HOUR_MS = 3_600_000
/** Between two kills at most; each time one of the processes is replaced. */
const KILL_EVERY_MS = 3_000

vi.setConfig({ testTimeout: 180_000 + SECONDS * 4_000 })

const CHILD = fileURLToPath(new URL('../support/durability-hammer-child.ts', import.meta.url))

interface Row {
  readonly inbox_id: number
  readonly run_id: string
  readonly event: string
  readonly state: string
}

const OLD_PLAN = planOf([{ id: 'one', capability: 'test.wait.v1', args: { ms: 1 } }])

/** Finished runs of other days, for the collection to take. */
async function fillWithOldRuns(folder: string): Promise<readonly string[]> {
  const ids = Array.from({ length: OLD_RUNS }, (_, nth) => `old-${nth}`)
  for (const [nth, runId] of ids.entries()) {
    const clock = { ...createSystemClock(), now: () => Date.now() - (26 + nth * 1.5) * HOUR_MS }
    const options = { workspace: join(folder, 'before'), state: join(folder, 'state'), oracles: [], clock }
    const controller = await createController({ ...options, policy: join(folder, 'policy.yaml'), capabilities: hammerCapabilities(folder) })
    await (await controller.start({ goal: 'Of another day', workflow_id: runId }, { plan: OLD_PLAN })).outcome()
    await controller.close()
  }
  return ids
}

interface Hammered {
  readonly kills: number
  /** What the processes wrote to standard error. */
  readonly stderr: string
  /** How the processes ended that nobody killed. */
  readonly codes: readonly (number | null)[]
}

async function hammer(folder: string): Promise<Hammered> {
  const random = randomOf(SEED)
  const until = Date.now() + SECONDS * 1_000
  const codes: (number | null)[] = []
  let stderr = ''
  let kills = 0
  const begin = (slot: number, life: number): { readonly child: ChildProcess; readonly ended: Promise<void> } => {
    const words = ['--import', 'tsx', CHILD, folder, `p${slot}-${SEED}-${life}`, String(slot), String(until)]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
    const ended = new Promise<void>((resolve) =>
      child.once('close', (code, signal) => {
        if (signal !== 'SIGKILL') codes.push(code)
        resolve()
      }),
    )
    return { child, ended }
  }
  const lives = Array.from({ length: PROCESSES }, (_, slot) => begin(slot, 0))
  for (let life = 1; Date.now() < until - KILL_EVERY_MS; life += 1) {
    await setTimeout(KILL_EVERY_MS * (0.2 + 0.8 * random()))
    const slot = Math.floor(random() * PROCESSES)
    const victim = lives[slot]
    if (victim === undefined || !victim.child.kill('SIGKILL')) continue
    await victim.ended
    kills += 1
    lives[slot] = begin(slot, life)
  }
  await Promise.all(lives.map(({ ended }) => ended))
  return { kills, stderr, codes }
}

const of = <Kind extends Deed['kind']>(deeds: readonly Deed[], kind: Kind) =>
  deeds.filter((deed): deed is Extract<Deed, { kind: Kind }> => deed.kind === kind)

const twice = (names: readonly string[]): readonly string[] => names.filter((name, at) => names.indexOf(name) !== at)

/** What each record of a run that came from a request says of it. */
const takenIn = (entries: readonly JournalEntry[]) =>
  entries.flatMap((entry) => (entry.kind === 'event' && entry.inbox !== undefined ? [{ inboxId: entry.inbox, type: entry.event.type }] : []))

/** What is wrong with how the requests were taken: each applied one is in its run's journal once, in order, and nothing else is. */
async function flawsOfRequests(file: string, runIds: readonly string[], deeds: readonly Deed[]): Promise<readonly string[]> {
  const driver = (await loadDriver())(file)
  const rows = driver.prepare('SELECT inbox_id, run_id, event, state FROM inbox ORDER BY inbox_id').all() as unknown as readonly Row[]
  driver.close()
  const journal = await createSqliteJournal({ file })
  const flaws: string[] = []
  for (const runId of runIds) {
    const taken = takenIn(journal.read(runId))
    const applied = rows.filter((row) => row.run_id === runId && row.state === 'applied')
    const expected = applied.map((row) => `${row.inbox_id} ${JSON.parse(row.event).type}`)
    const found = taken.map(({ inboxId, type }) => `${inboxId} ${type}`)
    if (found.join() !== expected.join()) flaws.push(`${runId} took ${found.join()}, but of its requests ${expected.join()} were applied`)
  }
  await journal.close()
  const byWhom = new Map(rows.map((row) => [String(JSON.parse(row.event).by), row]))
  if (byWhom.size < rows.length - carriedBy(rows)) flaws.push('a request is queued twice')
  for (const { by, answer } of of(deeds, 'asked')) {
    // The process that asks may also own the run: then the request never was in the inbox.
    const row = byWhom.get(by)
    if (answer === 'applied' && row !== undefined && row.state !== 'applied') flaws.push(`${by} was told applied, and it is ${row.state}`)
    if (answer === 'queued' && row === undefined) flaws.push(`${by} was told queued, and it is lost`)
  }
  return flaws
}

/** Requests by which this test itself carried runs to their end: they all have the same author. */
const carriedBy = (rows: readonly Row[]) => Math.max(0, rows.filter((row) => JSON.parse(row.event).by === 'person').length - 1)

async function carryAllToTheEnd(controller: Controller, folder: string): Promise<number> {
  const left = controller.list().filter(({ finished }) => !finished)
  for (const { runId } of left) await carryToEnd(controller, runId, folder)
  return left.length
}

describe(`${PROCESSES} processes that start, steer, resume, remove and look at the runs of one store for ${SECONDS} s, some of them killed`, () => {
  test('lose no event and double none, and every run comes to its end', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'before'))
    await writeFile(join(folder, 'policy.yaml'), policyText(ASKS))
    const old = await fillWithOldRuns(folder)

    const { kills, stderr, codes } = await hammer(folder)
    const [workspace, state] = [join(folder, 'before'), join(folder, 'state')]
    const policy = join(folder, 'policy.yaml')
    const controller = await createController({ workspace, state, policy, capabilities: hammerCapabilities(folder), oracles: [] })
    const carried = await carryAllToTheEnd(controller, folder)

    const deeds = deedsIn(folder)
    const effects = effectsIn(folder)
    const runs = controller.list()
    const fresh = runs.map(({ runId }) => runId).filter((runId) => !old.includes(runId))
    const completed = runs.filter(({ runId, state: end }) => end === 'completed' && !old.includes(runId))
    const requests = of(deeds, 'asked').filter(({ answer }) => answer !== null)
    console.log(
      `four processes: ${JSON.stringify({
        seconds: SECONDS,
        kills,
        runs: fresh.length,
        completed: completed.length,
        resumed: of(deeds, 'resumed').length,
        requests: requests.length,
        applied: requests.filter(({ answer }) => answer === 'applied').length,
        queued: requests.filter(({ answer }) => answer === 'queued').length,
        effects: effects.length,
        repeated: twice(effects).length,
        removed: of(deeds, 'removed').length,
        looked: of(deeds, 'looked').length,
        carriedAfterwards: carried,
      })}`,
    )
    expect({ errors: of(deeds, 'error'), stderr, codes }).toEqual({ errors: [], stderr: '', codes: codes.map(() => 0) })
    expect(twice(effects)).toEqual([])
    // Every run that a process was told of is there; the collection took only what was old.
    expect(of(deeds, 'started').filter(({ runId }) => !fresh.includes(runId))).toEqual([])
    expect(of(deeds, 'removed').filter(({ runId }) => !old.includes(runId))).toEqual([])
    expect(twice(of(deeds, 'removed').map(({ runId }) => runId))).toEqual([])
    // Each journal holds together: its chain, what each record may follow, each request once.
    for (const runId of fresh) expect(controller.stateAt(runId).summary.finished).toBe(true)
    const missing = completed.flatMap(({ runId }) =>
      ['first', 'asked', 'last']
        .filter((id) => !effects.some((key) => key.startsWith(`${runId}/`) && key.split('/')[2] === id))
        .map((id) => `${runId} ${id}`),
    )
    expect(missing).toEqual([])
    await controller.close()
    expect(await flawsOfRequests(join(state, 'planner-exec.db'), fresh, deeds)).toEqual([])
    expect(kills).toBeGreaterThan(0)
    expect(completed.length).toBeGreaterThan(PROCESSES)
    await clear(folder)
  })
})
