import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Controller, ControllerOptions } from '../../controller.types.ts'
import { ControllerError } from '../../errors.ts'
import { EXIT } from '../exit-code.ts'
import { textOption, type Command, type Typed } from '../command.ts'
import { instantPorts } from './bench-ports.ts'

interface Workload {
  readonly n: number
  readonly persist: 'none' | 'journal'
  readonly sync: 'normal' | 'full'
  readonly mode: 'single' | 'many' | 'resume'
  readonly workflows: number
  readonly steps: number
  readonly payload: number
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
  const warm = await open(workload, folder)
  await complete(warm, 'warm', 20)
  // Closed in between: only then is everything in the database file, and its size comparable.
  await warm.close()
  const controller = await open(workload, folder)
  const before = { bytes: await sizeOf(file), cpu: process.cpuUsage(), at: performance.now() }
  if (workload.mode === 'many') await Promise.all(Array.from({ length: workload.workflows }, (_, i) => complete(controller, `w${i}`, workload.steps)))
  else await complete(controller, 'run', workload.n)
  const totalMs = performance.now() - before.at
  const cpu = process.cpuUsage(before.cpu)
  const resumeMs = workload.mode === 'resume' ? await resume(controller) : null
  await controller.close()
  const steps = workload.mode === 'many' ? workload.workflows * workload.steps : workload.n
  return {
    mode: workload.mode,
    ...(workload.mode === 'many' ? { workflows: workload.workflows, steps: workload.steps } : { n: workload.n }),
    total_ms: round(totalMs),
    ms_per_step: round(totalMs / steps, 4),
    ...(workload.mode === 'many' ? { wf_per_s: round((workload.workflows / totalMs) * 1000) } : {}),
    cpu_ms: round((cpu.user + cpu.system) / 1000),
    peak_rss_mb: round(process.resourceUsage().maxRSS / 1024),
    db_bytes: workload.persist === 'journal' ? (await sizeOf(file)) - before.bytes : null,
    ...(resumeMs === null ? {} : { resume_ms: round(resumeMs) }),
  }
}

/** Time to fold a finished run's whole journal again, as a resume does. */
async function resume(controller: Controller): Promise<number> {
  const begun = performance.now()
  controller.show('run')
  return performance.now() - begun
}

async function open(workload: Workload, folder: string): Promise<Controller> {
  const { createController } = await import('../../controller.ts')
  const { createMemoryJournal } = await import('../../services/journal/memory.journal.ts')
  const options: ControllerOptions = {
    ...instantPorts(workload.payload),
    workspace: folder,
    state: join(folder, 'state'),
    sync: workload.sync,
    limits: { maxStepsCeiling: Math.max(1000, workload.n, workload.steps) },
    ...(workload.persist === 'none' ? { journal: createMemoryJournal() } : {}),
  }
  return createController(options)
}

async function complete(controller: Controller, id: string, steps: number): Promise<void> {
  const goal = String(steps)
  const run = await controller.start({
    goal,
    workflow_id: id,
    max_steps: steps,
    timeout_ms: 3_600_000,
    resource_limits: { max_parallel_executions: 1 },
  })
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
  return {
    n: count('N', typed.args[0], 1000),
    persist: choice('persist', ['journal', 'none']),
    sync: choice('sync', ['full', 'normal']),
    mode: choice('mode', ['single', 'many', 'resume']),
    workflows: count('--workflows', textOption(typed, 'workflows'), 1000),
    steps: count('--steps', textOption(typed, 'steps'), 10),
    payload: count('--payload', textOption(typed, 'payload'), 200),
  }
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
