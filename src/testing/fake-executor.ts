import * as z from 'zod'
import { ControllerError } from '../errors.ts'
import type { Admitted, EffectClass } from '../model/action.ts'
import type { JsonObject } from '../model/json.ts'
import { NO_USAGE } from '../model/result.ts'
import type { Usage } from '../model/result.ts'
import { createCatalog } from '../services/executor/catalog.ts'
import { defineCapability } from '../services/executor/define-capability.ts'
import type { CapabilityDefinition, ExecutionContext, Executor } from '../services/executor/executor.ts'
import { createMeter } from '../services/executor/meter.ts'
import { isAdmitted } from '../services/guard/admission.ts'
import type { Clock } from '../services/clock/clock.ts'
import { createSystemClock } from '../services/clock/system.clock.ts'
import { ProcessDied } from './crash-died.ts'
import { createFakeWorld } from './fake-executor-world.ts'
import type { FakeCall, FakeWorld } from './fake-executor-world.ts'

/** How one call goes. `{}` answers at once with an empty output. */
export interface FakeAnswer {
  /** Default `{}`. */
  readonly output?: JsonObject
  /** It fails instead: ACTION_TRANSIENT when `transient`, else ACTION_FAILED; or with this very error. */
  readonly failure?: Error | { readonly message: string; readonly transient?: boolean }
  /** How long it takes, in ms on the executor's clock; default 0, at once. */
  readonly afterMs?: number
  /** It answers only once `world.release(stepId)` was called. */
  readonly hang?: boolean
  /** It tells that it is alive each time so many ms have passed; default: never. */
  readonly heartbeatMs?: number
  /**
   * When its effect happens, in ms after its begin; default: at its end, and never when it fails or is stopped before. With a number
   * smaller than `afterMs` the effect has happened even though the call fails, is stopped, or its process dies.
   */
  readonly effectAtMs?: number
  /** Default: nothing was used. */
  readonly usage?: Partial<Usage>
}

export interface FakeExecutorOptions {
  /** Schemas and effect classes are used; `run` and `reconcile` never are. */
  readonly capabilities: readonly CapabilityDefinition[]
  /** Says how a call goes; default: each answers at once with `{}`. What it throws is the failure of the call. */
  readonly respond?: (call: FakeCall) => FakeAnswer
  /** Whether an effect that was in doubt did happen; default: what the world says. */
  readonly reconcile?: (call: Pick<FakeCall, 'stepId' | 'idempotencyKey'>) => 'happened' | 'did-not' | 'unknown'
  /** What outlives this executor; default: a new one. */
  readonly world?: FakeWorld
  /** What `afterMs` and the others are counted on; default: real time. */
  readonly clock?: Clock
}

export interface FakeExecutor extends Executor {
  readonly world: FakeWorld
}

/** A capability that exists only in name: any arguments, any output. */
export function fakeCapability(name: string, effect: EffectClass, rest: Partial<CapabilityDefinition> = {}): CapabilityDefinition {
  return defineCapability({
    name,
    title: name,
    description: `Stands for ${name}.`,
    args: z.looseObject({}),
    output: z.looseObject({}),
    effect,
    risk: 'low',
    needs: [],
    timeoutMs: 3_600_000,
    targets: () => [],
    run: () => Promise.reject(new ControllerError('CAPABILITY_UNAVAILABLE', `${name} is a fake: only a fake executor carries it out`)),
    ...rest,
  })
}

/**
 * An executor that touches nothing: its actions answer from a script, and what they did is written down in its world. It accepts what a
 * guard admitted and nothing else, and checks arguments and outputs against the schemas, as the real one does.
 * @throws ControllerError CONFIG_INVALID when two capabilities have the same name
 */
export function fakeExecutor(options: FakeExecutorOptions): FakeExecutor {
  const { world = createFakeWorld(), clock = createSystemClock(), respond = () => ({}) } = options
  const catalog = createCatalog(options.capabilities, { git: null, sandbox: null })

  function definitionOf(action: Admitted): CapabilityDefinition {
    if (!isAdmitted(action)) throw new ControllerError('GUARD_DENIED', 'an action was given to the executor that no guard admitted')
    const definition = catalog.get(action.capability)
    if (definition === undefined) throw new ControllerError('CAPABILITY_UNKNOWN', `there is no capability ${action.capability}`)
    const args = definition.args.safeParse(action.args)
    if (!args.success) throw new ControllerError('ARGS_INVALID', z.prettifyError(args.error), { cause: args.error })
    return definition
  }

  return {
    catalog,
    world,
    createMeter,
    async execute(action, context) {
      const definition = definitionOf(action)
      const call = world.begin({ ...callOf(action, context), effect: definition.effect })
      try {
        const { output = {}, usage } = await perform(call, respond(call), context, { world, clock })
        const checked = definition.output.safeParse(output)
        if (!checked.success) throw new ControllerError('OUTPUT_INVALID', z.prettifyError(checked.error), { cause: checked.error })
        world.end(call, 'returned')
        return { output, usage: { ...NO_USAGE, ...usage } }
      } catch (error) {
        world.end(call, error instanceof ProcessDied ? 'died' : context.signal.aborted ? 'aborted' : 'failed')
        throw error
      }
    },
    async reconcile(action, context) {
      definitionOf(action)
      const call = callOf(action, context)
      const verdict = options.reconcile?.(call) ?? (world.count(call.idempotencyKey) > 0 ? 'happened' : 'did-not')
      world.noteReconciled({ ...call, verdict })
      return verdict
    },
  }
}

function callOf({ capability, args }: Admitted, { runId, stepId, idempotencyKey }: ExecutionContext) {
  return { runId, stepId, capability, args, idempotencyKey }
}

/** Lets the time of a call pass: heartbeats, the moment of its effect, its end. */
function perform(
  call: FakeCall,
  answer: FakeAnswer,
  { signal, heartbeat }: ExecutionContext,
  { world, clock }: { readonly world: FakeWorld; readonly clock: Clock },
): Promise<FakeAnswer> {
  const { afterMs = 0, hang = false, heartbeatMs, effectAtMs, failure } = answer
  const timers = new Set<unknown>()
  let over = false
  const after = (ms: number, work: () => void) => {
    const timer = clock.after(ms, () => {
      timers.delete(timer)
      if (!over) work()
    })
    timers.add(timer)
  }
  const beat = (everyMs: number) =>
    after(everyMs, () => {
      heartbeat()
      beat(everyMs)
    })

  return new Promise<FakeAnswer>((resolve, reject) => {
    const stopped = () => reject(reasonOf(signal, call))
    const end = () => {
      if (failure !== undefined) return reject(errorOf(failure, call))
      if (effectAtMs === undefined) world.happen(call)
      resolve(answer)
    }
    if (signal.aborted) return stopped()
    signal.addEventListener('abort', stopped, { once: true })
    if (heartbeatMs !== undefined) beat(heartbeatMs)
    if (effectAtMs !== undefined) after(effectAtMs, () => world.happen(call))
    if (hang) world.released(call.stepId).then(() => over || end(), reject)
    else if (afterMs > 0) after(afterMs, end)
    else end()
  }).finally(() => {
    over = true
    for (const timer of timers) clock.clear(timer)
  })
}

function errorOf(failure: NonNullable<FakeAnswer['failure']>, { capability, stepId }: FakeCall): Error {
  if (failure instanceof Error) return failure
  return new ControllerError(failure.transient === true ? 'ACTION_TRANSIENT' : 'ACTION_FAILED', `${capability} (${stepId}): ${failure.message}`)
}

/** A process that died takes its actions with it; any other stop is told to the caller. */
function reasonOf(signal: AbortSignal, { capability }: FakeCall): Error {
  if (signal.reason instanceof ProcessDied) return signal.reason
  return new ControllerError('ACTION_ABORTED', `${capability} was stopped.`)
}
