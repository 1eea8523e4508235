import type * as z from 'zod'
import type { Admitted, EffectClass, Target } from '../../model/action.ts'
import type { ResourceLimits } from '../../model/goal.ts'
import type { JsonObject } from '../../model/json.ts'
import type { RiskLevel } from '../../model/plan.ts'
import type { Usage } from '../../model/result.ts'

/** What an action may use while it runs. */
export interface ExecutionContext {
  readonly runId: string
  readonly stepId: string
  /** Absolute, real path. */
  readonly workspace: string
  /** Absolute path of the state folder: no capability may read or change it. */
  readonly stateDir: string
  /** Aborted when the action must stop; the capability returns only when its process tree is gone. */
  readonly signal: AbortSignal
  /** The same for every attempt of one approved action. */
  readonly idempotencyKey: string
  /** Tells that it is alive; callable at any rate, the caller thins it out. */
  readonly heartbeat: () => void
  readonly meter: Meter
  readonly limits: ResourceLimits
  /**
   * Puts the secrets that arguments refer to (`${secret:…}`) in their place; absent: they have none. Whoever runs an action calls it after
   * admission, and lets what it gives go nowhere but into the effect. @throws ControllerError BAD_REFERENCE, CONFIG_INVALID, JOURNAL_CORRUPT
   */
  readonly restore?: <T>(args: T) => Promise<T>
  /**
   * Whether the policy lets the action read a file that it comes upon by itself, by its path relative to the workspace. Absent: all of them, as
   * for an action that a person has approved.
   */
  readonly mayRead?: (path: string) => boolean
  /** Tells what a process that was run has used; the executor adds it to the action's usage. Absent outside an executor. */
  readonly ran?: (used: Pick<Usage, 'cpuMs' | 'maxRssBytes'>) => void
  /**
   * Has the guard judge where a redirect leads, as if the action had named that URL; resolves when it may be requested. Absent: only redirects
   * to the same scheme, host and port are followed. @throws ControllerError GUARD_DENIED
   */
  readonly admitUrl?: (url: string, method: string) => Promise<void>
}

/** Counts what a run consumes and refuses what its limits forbid. One per run, shared by its actions. */
export interface Meter {
  /** @throws ControllerError RESOURCE_LIMIT when the run's total would pass its limit; nothing is then counted. */
  use(what: Counted, amount?: number): void
  /** Processor time that was used, ms: it is known only afterwards, so it is counted whatever the limit. */
  spend(cpuMs: number): void
  /** Whole seconds of processor time that the run has left. @throws ControllerError RESOURCE_LIMIT when there is none */
  cpuSecondsLeft(): number
  /** What was counted through this handle. */
  usage(): Pick<Usage, Counted>
}

export type Counted = 'fsOperations' | 'networkRequests' | 'bytes'

/** What one run may use in all: its own limits, and what the policy allows it. */
export interface MeterLimits extends ResourceLimits {
  /** Absent: as many as it takes. */
  readonly max_bytes?: number
}

/** What one capability is: its schema serves validation, plan checks, policy and documentation. */
export interface CapabilityDefinition<Args extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** Versioned: `fs.read.v1`. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly args: Args
  readonly output: Output
  readonly effect: EffectClass
  /** The least risk any use of it has. */
  readonly risk: RiskLevel
  /** Parts of the machine it cannot do without. */
  readonly needs: readonly ('git' | 'sandbox')[]
  readonly timeoutMs: number
  /** What these arguments touch; pure. Relative paths are relative to the workspace. */
  targets(args: z.output<Args>): readonly Target[]
  run(args: z.output<Args>, context: ExecutionContext): Promise<z.input<Output>>
  /** Whether an effect whose end nobody saw did happen. Absent: nobody can tell. */
  reconcile?(args: z.output<Args>, context: ExecutionContext): Promise<'happened' | 'did-not' | 'unknown'>
}

/** The capabilities of one controller, in name order. */
export interface CapabilityCatalog {
  /** SHA-256 (hex) over names, schemas, effects and risks. */
  readonly digest: string
  get(name: string): CapabilityDefinition | undefined
  list(): readonly CapabilityDefinition[]
  /** Why a capability cannot run on this machine, with the remedy; null when it can. */
  unavailable(name: string): { readonly reason: string; readonly hint: string } | null
}

export interface ExecutionResult {
  readonly output: JsonObject
  readonly usage: Usage
}

/**
 * Runs admitted actions; accepts nothing else.
 * @throws ControllerError ARGS_INVALID, CAPABILITY_UNKNOWN, CAPABILITY_UNAVAILABLE, ACTION_TIMEOUT, ACTION_ABORTED, ACTION_FAILED,
 *   PATH_DENIED, RESOURCE_LIMIT, OUTPUT_INVALID; `retryable` on each says whether the same call may succeed later
 */
export interface Executor {
  readonly catalog: CapabilityCatalog
  execute(action: Admitted, context: ExecutionContext): Promise<ExecutionResult>
  reconcile(action: Admitted, context: ExecutionContext): Promise<'happened' | 'did-not' | 'unknown'>
  createMeter(limits: MeterLimits, spent?: Partial<Usage>): Meter
}
