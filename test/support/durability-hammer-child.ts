// One of several processes on one store: starts and resumes runs, one at a time, and meanwhile steers, removes and looks at all of them,
// until its time is over or it is killed. What it does, and every error that nobody should see, goes to a file.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ControllerError, createController, type Run, type RunRequestInput } from '../../src/index.ts'
import type { RunSummary } from '../../src/services/journal/journal.ts'
import { HAMMER_PLAN, answerFor, hammerCapabilities, note, type Deed } from './durability-hammer.ts'
import { randomOf } from './e2e-kill.ts'

const [folder = '', name = '', slot = '', untilText = ''] = process.argv.slice(2)
const until = Number(untilText)
const random = randomOf([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7))
const pick = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)]
const HOUR_MS = 3_600_000

const workspace = join(folder, `workspace-${slot}`)
mkdirSync(workspace, { recursive: true })
const controller = await createController({
  workspace,
  state: join(folder, 'state'),
  policy: join(folder, 'policy.yaml'),
  capabilities: hammerCapabilities(folder),
  oracles: [],
})
const say = (deed: Deed) => note(folder, deed)

/** Does it; a refusal with one of these codes is part of the game, anything else is told. */
async function attempt<T>(where: string, expected: readonly string[], work: () => Promise<T> | T): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ControllerError && expected.includes(error.code)) return error.code
    say({ kind: 'error', where, message: error instanceof Error ? `${error.name} ${error.message}\n${error.stack}` : String(error) })
    return 'error'
  }
}

const unfinished = (runs: readonly RunSummary[]) => runs.filter(({ finished }) => !finished)
const all = (): readonly RunSummary[] => controller.list()

/** Sees a run out, or lets go of it when the time is over. */
async function see(run: Run): Promise<void> {
  const timer = globalThis.setTimeout(() => void run.interrupt(), Math.max(0, until - Date.now()))
  const outcome = await run.outcome()
  clearTimeout(timer)
  say({ kind: 'ended', runId: run.id, how: outcome.kind === 'parked' ? outcome.reason : outcome.result.status })
  if (outcome.kind === 'parked' && outcome.reason === 'lease-lost') say({ kind: 'error', where: 'outcome', message: `${run.id} lost its lease` })
}

async function startOne(nth: number): Promise<void> {
  const runId = `${name}-${nth}`
  const run = await attempt('start', [], () => controller.start({ goal: 'Leave marks', workflow_id: runId }, { plan: HAMMER_PLAN }))
  if (typeof run === 'string') return
  say({ kind: 'started', runId })
  await attempt('outcome', [], () => see(run))
}

async function resumeOne(): Promise<void> {
  const chosen = pick(unfinished(all()))
  if (chosen === undefined) return
  const run = await attempt('resume', ['RUN_OWNED', 'RUN_FINISHED'], () => controller.resume(chosen.runId))
  if (typeof run === 'string') return
  say({ kind: 'resumed', runId: chosen.runId })
  await attempt('outcome', [], () => see(run))
}

async function carryRuns(): Promise<void> {
  for (let nth = 0; Date.now() < until; nth += 1) {
    if (unfinished(all()).length < 6 || random() < 0.3) await startOne(nth)
    else await resumeOne()
    await setTimeout(5)
  }
}

let requests = 0

async function askOne(): Promise<void> {
  const chosen = pick(unfinished(all()))
  if (chosen === undefined) return
  const { runId } = chosen
  const view = await attempt('show', [], () => controller.show(runId))
  if (typeof view === 'string') return
  const dice = random()
  const wanted: RunRequestInput | null =
    dice < 0.6
      ? answerFor(view, folder)
      : dice < 0.75
        ? { type: 'run.pause', mode: dice < 0.68 ? 'finish' : 'abort' }
        : dice < 0.97
          ? { type: 'run.resume' }
          : { type: 'run.cancel' }
  if (wanted === null) return
  const by = `${name}#${requests++}`
  say({ kind: 'asked', runId, by, type: wanted.type, answer: null })
  const answer = await attempt(wanted.type, ['EVENT_REFUSED', 'RUN_FINISHED'], () => controller.request(runId, { ...wanted, by }, { waitMs: 2_000 }))
  say({ kind: 'asked', runId, by, type: wanted.type, answer })
}

async function removeSome(): Promise<void> {
  const result = await attempt('gc', [], () => controller.gc({ maxAgeMs: (24 + random() * 40) * HOUR_MS, maxFinished: 1_000_000 }))
  if (typeof result === 'string') return
  for (const { runId, kept } of result.runs) if (kept === null) say({ kind: 'removed', runId })
}

async function lookAtOne(): Promise<void> {
  const chosen = pick(all())
  if (chosen === undefined) return
  // A collection may have taken it meanwhile.
  const { runId } = chosen
  await attempt('look', ['RUN_UNKNOWN'], () => [
    controller.show(runId),
    controller.stateAt(runId),
    controller.events(runId),
    controller.report(runId),
  ])
  say({ kind: 'looked', runId })
}

async function steer(): Promise<void> {
  while (Date.now() < until) {
    const dice = random()
    if (dice < 0.7) await askOne()
    else if (dice < 0.75) await removeSome()
    else await lookAtOne()
    await setTimeout(random() * 30)
  }
}

await Promise.all([carryRuns(), steer()])
await controller.close()
