import type { Bodies } from '../engine/bodies.ts'
import { ControllerError } from '../errors.ts'
import type { Action } from '../model/action.ts'
import type { Config } from '../model/config.ts'
import type { PlannerExecParams } from '../model/goal.ts'
import type { JsonObject } from '../model/json.ts'
import type { Plan, PlanFinding, PlanStep } from '../model/plan.ts'
import type { Evidence } from '../model/report.ts'
import type { Verdict } from '../model/verdict.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { Executor, Meter } from '../services/executor/executor.ts'
import type { Guard, GuardScope } from '../services/guard/guard.ts'
import type { EffectRecord } from '../services/journal/journal.ts'
import type { Oracle, OracleRequest } from '../services/oracle/oracle.ts'
import type { Redactor } from '../services/secrets/secrets.ts'
import type { RunRecord } from './run-record.ts'

/** The ports and settings that the services of all runs of a controller share. */
export interface FlowPorts {
  /** Absolute, real path. */
  readonly workspace: string
  readonly stateDir: string
  readonly config: Config
  readonly executor: Executor
  readonly clock: Clock
  readonly redactor: Redactor
}

/** What the services know of one run. */
export interface RunScope {
  readonly params: PlannerExecParams
  readonly guard: Guard
  readonly guardScope: GuardScope
  readonly oracles: readonly Oracle[]
  readonly bodies: Bodies
  readonly record: RunRecord
  readonly meter: Meter
  /** Steps the run may still dispatch. */
  readonly stepsLeft: number
  /** Where the run's report is written; null for a run that leaves nothing behind. */
  readonly reportFolder: string | null
  /** Attempts under way, by step id. */
  readonly attempts: Map<string, AbortController>
  /** Makes what is in the bodies and the ledger durable. */
  readonly flush: () => Promise<void>
  readonly effect: (key: string) => EffectRecord | null
  /** Claims the workspace for writing; false while another run writes in it. */
  readonly lockWorkspace: () => boolean
}

/** Finds a run of this process by its id. */
export type FindRun = (runId: string) => RunScope

/** A plan as it is stored: with who made it and what it leaves out. */
export interface PlanBody {
  readonly plan: Plan
  readonly source: string
  readonly notExamined: readonly string[]
  /** Whether it was made before the run had read anything, or by someone who does not go by what runs read. */
  readonly pinned: boolean
}

/** The stored body of a plan. @throws ControllerError JOURNAL_CORRUPT when it is gone */
export function planBody(bodies: Bodies, ref: string): PlanBody {
  return stored<PlanBody>(bodies, ref, 'plan')
}

const stepIndexes = new WeakMap<Plan, ReadonlyMap<string, PlanStep>>()

/** The step of that name, found without a search through the plan. */
export function stepIn(plan: Plan, stepId: string): PlanStep | undefined {
  const known = stepIndexes.get(plan) ?? new Map(plan.steps.map((step) => [step.id, step]))
  stepIndexes.set(plan, known)
  return known.get(stepId)
}

/** A step's place: in which run, of which plan. */
interface StepPlace {
  readonly runId: string
  readonly stepId: string
  readonly planRef: string
}

/** A step as the plan has it, references unresolved. @throws ControllerError INTERNAL when the plan has no such step */
export function plannedAction(bodies: Bodies, { runId, stepId, planRef }: StepPlace): Action {
  const step = stepIn(planBody(bodies, planRef).plan, stepId)
  if (step === undefined) throw new ControllerError('INTERNAL', `the plan has no step ${stepId}`)
  return { runId, stepId, capability: step.capability, args: step.args, plan: planRef }
}

/** The action that a verdict is about. @throws ControllerError JOURNAL_CORRUPT when its body is gone */
export function judgedAction(bodies: Bodies, judged: StepPlace & Pick<Verdict, 'actionRef'>): Action {
  return judged.actionRef === '' ? plannedAction(bodies, judged) : stored<Action>(bodies, judged.actionRef, 'action')
}

/** A stored body that a record refers to. The journal wrote it: its shape is the writer's. @throws ControllerError JOURNAL_CORRUPT when it is gone */
export function stored<Body>(bodies: Bodies, ref: string, what: string): Body {
  return bodies.get(ref, what) as Body
}

/** The output of a step that succeeded, under the plan in force or an earlier one. */
export function outputOf(scope: Pick<RunScope, 'bodies' | 'record'>, stepId: string): JsonObject | null {
  const ref = scope.record.result(stepId)?.outputRef ?? null
  return ref === null ? null : stored<JsonObject>(scope.bodies, ref, 'output')
}

/** What an oracle is told, put together from the record. */
export function oracleRequest(
  scope: RunScope,
  input: {
    readonly runId: string
    readonly assumption: string | null
    readonly evidenceRef: string | null
    readonly findingsRef: string | null
    readonly objectionsRef: string | null
    readonly replans: number
  },
  signal: AbortSignal,
): OracleRequest {
  const { params, bodies, record } = scope
  const evidence = input.evidenceRef === null ? [] : stored<{ evidence: readonly Evidence[] }>(bodies, input.evidenceRef, 'evidence').evidence
  const findings = input.findingsRef === null ? [] : stored<{ findings: readonly PlanFinding[] }>(bodies, input.findingsRef, 'findings').findings
  const objections = input.objectionsRef === null ? [] : stored<readonly string[]>(bodies, input.objectionsRef, 'objections')
  return {
    runId: input.runId,
    goal: params.goal,
    workflowType: params.workflow_type,
    maxSteps: scope.stepsLeft,
    context: params.context,
    assumption: input.assumption,
    evidence,
    findings,
    objections,
    done: record.done((ref) => planBody(bodies, ref).plan),
    replans: input.replans,
    signal,
  }
}
