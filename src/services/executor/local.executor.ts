import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type * as z from 'zod'
import { ControllerError } from '../../errors.ts'
import type { Admitted } from '../../model/action.ts'
import type { ParamProblem } from '../../model/goal.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { NO_USAGE, type Usage } from '../../model/result.ts'
import { isAdmitted } from '../guard/admission.ts'
import { checkAvailability } from './availability.ts'
import { createCatalog, type Availability } from './catalog.ts'
import type { CapabilityCatalog, CapabilityDefinition, ExecutionContext, ExecutionResult, Executor } from './executor.ts'
import { createMeter, meterThrough } from './meter.ts'
import { isWithin } from './safe-path.ts'
import { fromSystemError } from './system-error.ts'
import { noteWorkspaceChange } from './workspace-files.ts'

export interface LocalExecutorOptions {
  readonly capabilities: readonly CapabilityDefinition[]
  /** An existing folder; may be given through links. */
  readonly workspace: string
  /** Absolute path of the state folder, which need not exist yet. */
  readonly stateDir: string
  /** What is known of the machine already; absent, the executor looks for itself. */
  readonly availability?: Availability
}

type Area = Pick<ExecutionContext, 'workspace' | 'stateDir'>

/** Deepest nesting of an output: JSON.stringify and its readers give up far beyond it. */
const MAX_DEPTH = 64

/**
 * The executor that runs capabilities on this machine. It looks once at what the machine has; what is missing then stays unavailable.
 * @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID
 */
export async function createLocalExecutor(options: LocalExecutorOptions): Promise<Executor> {
  const area = await realArea(options)
  const needs = new Set(options.capabilities.flatMap((capability) => capability.needs))
  const catalog = createCatalog(options.capabilities, options.availability ?? (await checkAvailability(needs)))
  return {
    catalog,
    createMeter,
    async execute(action, given) {
      const context = { ...given, ...area }
      return execute(await prepare(catalog, action, context), context)
    },
    async reconcile(action, given) {
      const context = { ...given, ...area }
      const { capability, args } = await prepare(catalog, action, context)
      return attempt(capability, context, async () => capability.reconcile?.(args, context) ?? 'unknown')
    },
  }
}

interface Call {
  readonly capability: CapabilityDefinition
  readonly args: z.output<z.ZodObject>
}

async function prepare(catalog: CapabilityCatalog, action: Admitted, context: ExecutionContext): Promise<Call> {
  if (!isAdmitted(action)) {
    throw new ControllerError('GUARD_DENIED', 'An action was given to the executor that the guard did not admit.', {
      hint: 'Let `guard.admit()` admit it first.',
    })
  }
  if (action.runId !== context.runId || action.stepId !== context.stepId) {
    throw new ControllerError(
      'GUARD_DENIED',
      `The action was admitted for step ${action.stepId} of run ${action.runId}, not for step ${context.stepId} of run ${context.runId}.`,
    )
  }
  const capability = catalog.get(action.capability)
  if (capability === undefined) throw new ControllerError('CAPABILITY_UNKNOWN', `There is no capability named ${action.capability}.`)
  const args = capability.args.safeParse(context.restore ? await context.restore(action.args) : action.args)
  if (!args.success) throw invalidArgs(action, args.error)
  const missing = catalog.unavailable(capability.name)
  if (missing !== null)
    throw new ControllerError('CAPABILITY_UNAVAILABLE', `${capability.name} cannot run here: ${missing.reason}`, { hint: missing.hint })
  return { capability, args: args.data }
}

async function execute({ capability, args }: Call, context: ExecutionContext): Promise<ExecutionResult> {
  stopIfAborted(capability, context)
  const meter = meterThrough(context.meter)
  let process = { cpuMs: 0, maxRssBytes: 0 }
  const ran = (used: typeof process) => {
    meter.spend(used.cpuMs)
    process = { cpuMs: process.cpuMs + used.cpuMs, maxRssBytes: Math.max(process.maxRssBytes, used.maxRssBytes) }
  }
  const started = performance.now()
  const limits = capability.needs.includes('sandbox') ? { ...context.limits, max_cpu_seconds: meter.cpuSecondsLeft() } : context.limits
  const run = () => capability.run(args, { ...context, limits, meter, ran })
  const given = await attempt(capability, context, capability.effect === 'read' ? run : () => changing(run))
  const usage: Usage = { ...NO_USAGE, ...meter.usage(), ...process, wallMs: performance.now() - started }
  return { output: checkOutput(capability, given), usage }
}

/** Runs it, and turns whatever it throws into an error of the table; an aborted one is told as such, with what it said as the cause. */
async function attempt<T>(capability: CapabilityDefinition, context: ExecutionContext, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!context.signal.aborted) throw fromSystemError(error, capability.name)
    throw new ControllerError('ACTION_ABORTED', `${capability.name} was stopped.`, { cause: error })
  }
}

async function changing<T>(run: () => Promise<T>): Promise<T> {
  noteWorkspaceChange()
  try {
    return await run()
  } finally {
    noteWorkspaceChange()
  }
}

function stopIfAborted(capability: CapabilityDefinition, context: ExecutionContext): void {
  if (!context.signal.aborted) return
  throw new ControllerError('ACTION_ABORTED', `${capability.name} was stopped before it started.`, { cause: context.signal.reason })
}

function invalidArgs(action: Admitted, error: z.ZodError): ControllerError {
  const problems = problemsOf(error, action.args)
  const list = problems.map(({ path, problem, given }) => `${path}: ${problem} (given: ${given})`)
  return new ControllerError('ARGS_INVALID', `The arguments of ${action.capability} do not fit: ${list.join('; ')}.`, {
    hint: `Correct the arguments; \`planner-exec capabilities ${action.capability}\` shows the schema.`,
    details: problems,
    cause: error,
  })
}

function checkOutput(capability: CapabilityDefinition, given: unknown): JsonObject {
  const output = capability.output.safeParse(given)
  const invalid = (why: string, cause?: unknown) =>
    new ControllerError('OUTPUT_INVALID', `The output of ${capability.name} does not fit: ${why}.`, { cause })
  if (!output.success)
    throw invalid(
      problemsOf(output.error, given)
        .map(({ path, problem }) => `${path}: ${problem}`)
        .join('; '),
      output.error,
    )
  if (!isJsonObject(output.data)) throw invalid(`it is not a JSON object of at most ${MAX_DEPTH} levels`)
  return output.data
}

function problemsOf(error: z.ZodError, value: unknown): readonly ParamProblem[] {
  return error.issues.map((issue) => ({ path: issue.path.join('.') || '(all)', given: show(at(value, issue.path)), problem: issue.message }))
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let part = value
  for (const key of path) part = typeof part === 'object' && part !== null ? Object.getOwnPropertyDescriptor(part, key)?.value : undefined
  return part
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function isJsonObject(value: unknown): value is JsonObject {
  return isJson(value, MAX_DEPTH) && typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isJson(value: unknown, depth: number): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === 0) return false
  const isPlain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value))
  return isPlain && Object.values(value).every((part) => isJson(part, depth - 1))
}

async function realArea(options: LocalExecutorOptions): Promise<Area> {
  const workspace = await realpath(options.workspace).catch((cause: unknown) => {
    throw new ControllerError('WORKSPACE_INVALID', `The workspace ${options.workspace} cannot be used.`, { cause })
  })
  const stateDir = await realOrFuture(resolve(options.stateDir))
  if (isWithin(stateDir, workspace)) {
    throw new ControllerError('WORKSPACE_INVALID', `The workspace ${workspace} lies in the state folder ${stateDir}.`, {
      hint: 'Move the state folder with `--state DIR`.',
    })
  }
  return { workspace, stateDir }
}

/** The real path of what exists already, with what does not yet appended as it is. */
async function realOrFuture(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    return path === dirname(path) ? path : join(await realOrFuture(dirname(path)), basename(path))
  }
}
