import { createController } from './controller.ts'
import type { Controller, ControllerOptions, StartOptions } from './controller.types.ts'
import { toFailure } from './errors.ts'
import type { Failure } from './model/failure.ts'
import { parseParams } from './host/run-settings.ts'
import type { PlannerExecParamsInput } from './model/goal.ts'

/** How a runner's execution ended, in the Smith platform's words. */
export interface RunnerResult {
  readonly status: 'ok' | 'error'
  /** As the command line's: 0 completed, 1 failed, 2 unplannable or bad input, 3 waiting for a person. */
  readonly exitCode: 0 | 1 | 2 | 3
  /** Paths of what the run wrote: its report. */
  readonly artifacts: readonly string[]
  readonly durationMs: number
  readonly stdoutBytes: number
  readonly stderrBytes: number
}

/** Where a runner writes: text, as a stream takes it. */
export interface RunnerOutput {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** The Smith platform's runner interface over a controller. */
export interface Runner {
  /** `planner-exec-v1`, as upstream's. */
  digest(): string
  /** @throws ControllerError PARAMS_INVALID with every problem at once */
  validateParams(params: unknown): void
  /** Runs one goal to its end: events as NDJSON on stdout, failures on stderr. Rejects only for parameters. @throws ControllerError PARAMS_INVALID */
  execute(context: ControllerOptions & StartOptions, params: unknown, output: RunnerOutput): Promise<RunnerResult>
}

const DEFAULT_CEILING = 1000

export function createRunner(): Runner {
  const validate = (params: unknown) => parseParams(params as PlannerExecParamsInput, DEFAULT_CEILING)
  return {
    digest: () => 'planner-exec-v1',
    validateParams: (params) => void validate(params),
    async execute(context, params, output) {
      const checked = validate(params)
      const begun = performance.now()
      const bytes = { stdout: 0, stderr: 0 }
      const write = (to: 'stdout' | 'stderr', text: string) => {
        bytes[to] += Buffer.byteLength(text)
        output[to](text)
      }
      const ended = await carryOut(context, checked, write)
      return { ...ended, durationMs: Math.round(performance.now() - begun), stdoutBytes: bytes.stdout, stderrBytes: bytes.stderr }
    },
  }
}

/** What the caller mends by saying something else. */
const isBadInput = ({ code, stage }: Failure) =>
  stage === 'goal' || stage === 'plan' || stage === 'config' || code === 'WORKSPACE_INVALID' || code.startsWith('POLICY_')

async function carryOut(
  context: ControllerOptions & StartOptions,
  params: PlannerExecParamsInput,
  write: (to: 'stdout' | 'stderr', text: string) => void,
): Promise<Pick<RunnerResult, 'status' | 'exitCode' | 'artifacts'>> {
  let controller: Controller | null = null
  try {
    controller = await createController(context)
    const run = await controller.start(params, context)
    for await (const event of run.events()) write('stdout', `${JSON.stringify(event)}\n`)
    const outcome = await run.outcome()
    if (outcome.kind === 'parked') return { status: 'error', exitCode: 3, artifacts: [] }
    const { status, exitReason, reportPath, failure } = outcome.result
    if (failure) write('stderr', `${failure.code}: ${failure.message}\n`)
    const exitCode = status === 'completed' ? 0 : exitReason === 'unplannable' ? 2 : 1
    return { status: exitCode === 0 ? 'ok' : 'error', exitCode, artifacts: reportPath === null ? [] : [reportPath] }
  } catch (error) {
    const failure = toFailure(error)
    write('stderr', `${failure.code}: ${failure.message}\n`)
    return { status: 'error', exitCode: isBadInput(failure) ? 2 : 1, artifacts: [] }
  } finally {
    await controller?.close().catch((error: unknown) => write('stderr', `${toFailure(error).code}: ${toFailure(error).message}\n`))
  }
}
