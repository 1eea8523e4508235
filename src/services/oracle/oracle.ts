import type { JsonObject } from '../../model/json.ts'
import type { Plan, PlanFinding } from '../../model/plan.ts'
import type { Evidence } from '../../model/report.ts'
import type { ActionResult, CriterionResult } from '../../model/result.ts'
import type { WorkflowType } from '../../model/goal.ts'

/** What an oracle is told about the run it plans for. Everything in it may come from untrusted text. */
export interface OracleRequest {
  readonly runId: string
  readonly goal: string
  readonly workflowType: WorkflowType
  readonly maxSteps: number
  readonly context: JsonObject
  readonly assumption: string | null
  readonly evidence: readonly Evidence[]
  /** What the last draft was refused for: validator findings and reviewers' objections. */
  readonly findings: readonly PlanFinding[]
  readonly objections: readonly string[]
  /** Results of earlier plans of this run, by step id: facts that a new plan keeps and does not repeat. */
  readonly done: readonly { readonly stepId: string; readonly capability: string; readonly args: JsonObject; readonly result: ActionResult }[]
  /** How many plans of this run were in force before. */
  readonly replans: number
  readonly signal: AbortSignal
}

export type Draft =
  | {
      readonly kind: 'plan'
      readonly plan: Plan
      /** Who made it, such as `playbook:analyze-repo`. */ readonly source: string
      /** What the plan leaves out on purpose, for the report. */ readonly notExamined?: readonly string[]
    }
  | { readonly kind: 'none'; readonly reason: string; /** What would make it work. */ readonly hint: string }

/** A read that research wants done; it goes through the guard like any action. */
export interface ResearchRead {
  readonly capability: string
  readonly args: JsonObject
  readonly question: string
}

/** Makes plans from evidence. */
export interface Oracle {
  readonly name: string
  /**
   * Its plans come from files of the operator alone, whatever the run has read; default false. The plans of any other oracle are trusted
   * as far as they were made before the run had read anything, or are signed by a person.
   */
  readonly trusted?: boolean
  /** A question that must be answered before planning, or null. */
  clarify(request: OracleRequest): Promise<{ readonly question: string; readonly choices: readonly string[] } | null>
  /** Which facts it wants before it plans; each is read only by read-only capabilities. Empty = none. */
  questions(request: OracleRequest): Promise<readonly ResearchRead[]>
  draft(request: OracleRequest): Promise<Draft>
}

/** Reads a step's recorded output, null when it has none. */
export type OutputReader = (stepId: string) => JsonObject | null

export interface EvaluationRequest {
  readonly plan: Plan
  readonly results: ReadonlyMap<string, ActionResult>
  readonly output: OutputReader
  readonly readWorkspaceFile: (path: string) => Promise<string | null>
}

/** Judges an outcome by its criteria; each verdict carries the evidence it rests on. */
export type EvaluateCriteria = (request: EvaluationRequest) => Promise<readonly CriterionResult[]>
