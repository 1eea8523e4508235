import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Controller, ControllerOptions } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import type { PlannerExecParamsInput } from '../../model/goal.ts'
import { EXIT } from '../exit-code.ts'
import { textOption, type Command, type Typed } from '../command.ts'
import { instantPorts, type InstantPorts } from './bench-ports.ts'

interface Workload {
  readonly n: number
  readonly persist: 'none' | 'journal'
  readonly sync: 'normal' | 'full'
  readonly mode: 'single' | 'many' | 'resume'
  readonly workflows: number
  readonly steps: number
  /** How many of the workflows are under way at once. */
  readonly concurrency: number
  readonly payload: number
  readonly distinct: boolean
  /** An interrupted run to resume, in place of a run to begin. */
  readonly left: Left | null
}

type Origin = 'snapshot' | 'start'

interface Left {
  readonly folder: string
  readonly from: Origin
}

/** `bench [N]`: plan → (guard → execute) × N → done with instant services through the public library; one JSON line. */
export const benchCommand: Command = async (_context, typed) => {
  const workload = workloadOf(typed)
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-bench-'))
  try {
    const line = await measure(workload, folder)
    process.stdout.write(
      `${JSON.stringify({ peer: `planner-exec/${workload.persist}`, node: process.version, sync: workload.sync, payload: workload.payload, ...line })}\n`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }

  return EXIT.ok
}

async function measure(workload: Workload, folder: string): Promise<object> {
  const file = join(folder, 'state', 'planner-exec.db')
  if (workload.mode === 'resume') return workload.left ? resumeLeft(workload, workload.left) : leaveAndResume(workload, folder)
  const warm = await open(workload, folder)
  await complete(warm, 'warm', 20)
  // Closed in between: only then is everything in the database file, and its size comparable.
  await warm.close()
  const bytes = await sizeOf(file)
  const controller = await open(workload, folder)
  const before = { cpu: process.cpuUsage(), at: performance.now() }
  if (workload.mode === 'many') await completeMany(controller, workload)
  else await complete(controller, 'run', workload.n)
  const totalMs = performance.now() - before.at
  const cpu = process.cpuUsage(before.cpu)
  await controller.close()
  const steps = workload.mode === 'many' ? workload.workflows * workload.steps : workload.n
  return {
    mode: workload.mode,
    ...(workload.mode === 'many' ? { workflows: workload.workflows, steps: workload.steps, concurrency: workload.concurrency } : { n: workload.n }),
    total_ms: round(totalMs),
    ms_per_step: round(totalMs / steps, 4),
    ...(workload.mode === 'many' ? { wf_per_s: round((workload.workflows / totalMs) * 1000) } : {}),
    cpu_ms: round((cpu.user + cpu.system) / 1000),
    peak_rss_mb: peakRssMb(),
    db_bytes: workload.persist === 'journal' ? (await sizeOf(file)) - bytes : null,
  }
}

/**
 * Leaves a run in its last action, and times its resume in a new process, until it goes on: from its last snapshot, and from its first
 * record, as if there were none.
 */
async function leaveAndResume(workload: Workload, folder: string): Promise<object> {
  if (workload.persist === 'none') throw new ControllerError('USAGE', '--mode resume needs a journal that outlives the run')
  const at = performance.now()
  const ports = portsOf(workload)
  const controller = await openController(workload, folder, ports)
  const run = await controller.start(runOf('run', workload.n))
  await ports.held
  const totalMs = performance.now() - at
  await run.interrupt()
  await controller.close()
  const timed = (from: Origin) => {
    const args = ['bench', String(workload.n), '--mode', 'resume', '--left-in', folder, '--from', from]
    const { resume_ms: ms } = JSON.parse(execFileSync(process.execPath, [process.argv[1] ?? '', ...args], { encoding: 'utf8' })) as {
      resume_ms: number
    }
    return ms
  }
  return {
    mode: 'resume',
    n: workload.n,
    total_ms: round(totalMs),
    resume_ms: timed('snapshot'),
    resume_without_snapshot_ms: timed('start'),
    peak_rss_mb: peakRssMb(),
    db_bytes: await sizeOf(join(folder, 'state', 'planner-exec.db')),
  }
}

/** The second half of it. */
async function resumeLeft(workload: Workload, { folder, from }: Left): Promise<object> {
  const { createSqliteJournal } = await import('../../services/journal/sqlite.journal.ts')
  const stored = await createSqliteJournal({ file: join(folder, 'state', 'planner-exec.db'), sync: workload.sync })
  const journal = from === 'snapshot' ? stored : { ...stored, tail: (runId: string) => stored.read(runId) }
  const controller = await openController(workload, folder, portsOf(workload), { journal })
  const at = performance.now()
  const run = await controller.resume('run')
  const resumeMs = performance.now() - at
  await run.interrupt()
  await controller.close()
  return { mode: 'resume', n: workload.n, resume_ms: round(resumeMs), peak_rss_mb: peakRssMb() }
}

const peakRssMb = () => round(process.resourceUsage().maxRSS / 1024)

const portsOf = ({ payload, distinct, mode, n }: Workload) => instantPorts({ bytes: payload, distinct, hold: mode === 'resume' ? n - 1 : null })

async function open(workload: Workload, folder: string): Promise<Controller> {
  const { createMemoryJournal } = await import('../../services/journal/memory.journal.ts')
  return openController(workload, folder, portsOf(workload), workload.persist === 'none' ? { journal: createMemoryJournal() } : {})
}

async function openController(workload: Workload, folder: string, ports: InstantPorts, more: ControllerOptions = {}): Promise<Controller> {
  const { createController } = await import('../../controller.ts')
  const { oracles, guard, executor } = ports
  return createController({
    ...{ oracles, guard, executor },
    workspace: folder,
    state: join(folder, 'state'),
    sync: workload.sync,
    limits: { maxStepsCeiling: Math.max(1000, workload.n, workload.steps) },
    ...more,
  })
}

function runOf(id: string, steps: number): PlannerExecParamsInput {
  return { goal: String(steps), workflow_id: id, max_steps: steps, timeout_ms: 3_600_000, resource_limits: { max_parallel_executions: 1 } }
}

async function completeMany(controller: Controller, { workflows, steps, concurrency }: Workload): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < workflows) await complete(controller, `w${next++}`, steps)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, workflows) }, worker))
}

async function complete(controller: Controller, id: string, steps: number): Promise<void> {
  const run = await controller.start(runOf(id, steps))
  const { status, exitReason } = await run.result()
  if (status !== 'completed') throw new ControllerError('INTERNAL', `the benchmark run ${id} ended ${status} (${exitReason})`)
}

function workloadOf(typed: Typed): Workload {
  const choice = <Choice extends string>(name: string, choices: readonly Choice[]): Choice => {
    const given = textOption(typed, name) ?? choices[0]
    const known = choices.find((one) => one === given)
    if (known === undefined) throw new ControllerError('USAGE', `--${name} is ${given}, not one of ${choices.join(', ')}`)
    return known
  }
  const count = (what: string, given: string | undefined, fallback: number): number => {
    const value = given === undefined ? fallback : Number(given)
    if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
      throw new ControllerError('USAGE', `${what} is ${given}, not a whole number from 1 to 1000000`)
    return value
  }
  const folder = textOption(typed, 'leftIn')
  const mode = choice('mode', ['single', 'many', 'resume'])
  assertFits(typed, mode)
  if (folder !== undefined && !existsSync(join(folder, 'state'))) throw new ControllerError('USAGE', `--left-in ${folder}: no run was left there`)
  return {
    n: count('N', typed.args[0], 1000),
    persist: choice('persist', ['journal', 'none']),
    sync: choice('sync', ['full', 'normal']),
    mode,
    workflows: count('--workflows', textOption(typed, 'workflows'), 1000),
    steps: count('--steps', textOption(typed, 'steps'), 10),
    concurrency: count('--concurrency', textOption(typed, 'concurrency'), 50),
    payload: count('--payload', textOption(typed, 'payload'), 200),
    distinct: typed.options['distinct'] === true,
    left: folder === undefined ? null : { folder, from: choice('from', ['snapshot', 'start']) },
  }
}

const ONLY_IN: Readonly<Record<string, Workload['mode']>> = {
  workflows: 'many',
  steps: 'many',
  concurrency: 'many',
  leftIn: 'resume',
  from: 'resume',
}

/** An option of another mode would be without effect. */
function assertFits(typed: Typed, mode: Workload['mode']): void {
  const stray = Object.entries(ONLY_IN).find(([name, only]) => textOption(typed, name) !== undefined && only !== mode)
  const flag = stray?.[0] === 'leftIn' ? 'left-in' : stray?.[0]
  if (stray) throw new ControllerError('USAGE', `--${flag} belongs to --mode ${stray[1]}, not to ${mode}`)
  if (mode === 'many' && typed.args[0] !== undefined) throw new ControllerError('USAGE', 'in --mode many the number of steps is --steps')
}

async function sizeOf(file: string): Promise<number> {
  const sizes = await Promise.all(
    ['', '-wal'].map((suffix) =>
      stat(`${file}${suffix}`).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const round = (value: number, digits = 1) => Number(value.toFixed(digits))
