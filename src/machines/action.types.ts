import type { Approval, EffectClass } from '../model/action.ts'
import type { Failure } from '../model/failure.ts'
import type { Outcome, Usage } from '../model/result.ts'
import type { WholeStep } from '../model/skeleton.ts'
import type { Verdict } from '../model/verdict.ts'

/** Times in ms, all counted on the clock that `statecharts.md` names; 0 for `approvalMs` and `interventionMs` means without limit. */
export interface Waits {
  readonly guardMs: number
  readonly oracleMs: number
  readonly researchMs: number
  readonly stallMs: number
  readonly drainMs: number
  readonly reconcileMs: number
  readonly reportMs: number
  readonly settleGraceMs: number
  readonly killGraceMs: number
  readonly approvalMs: number
  readonly interventionMs: number
}

/** Whether somebody can answer: now, some day (the run parks meanwhile), or never. */
export type Person = 'here' | 'later' | 'absent'

export interface ActionInput {
  readonly runId: string
  readonly step: WholeStep
  readonly planRef: string
  /** Counts the plans of the run; with the step id it names one action of one run. */
  readonly planNumber: number
  readonly waits: Waits
  readonly person: Person
}

export type AbortReason = 'cancel' | 'timeout' | 'pause' | 'restart' | 'override'

export interface ActionContext extends ActionInput {
  /** Attempts that the chart began, at most 1 + retries; those a person began are counted apart. */
  readonly attempts: number
  readonly personAttempts: number
  readonly retries: number
  /** The next attempt begins because a person wanted it. */
  readonly begunByPerson: boolean
  /** Arguments a person put in place of the plan's, as a blob. */
  readonly editRef: string | null
  /** The guard changed the action once; it was judged again. */
  readonly modified: boolean
  readonly verdict: Verdict | null
  readonly approval: Approval | null
  readonly abortReason: AbortReason | null
  readonly overrideRef: string | null
  readonly failure: Failure | null
  readonly outcome: Outcome
  readonly inDoubt: boolean
  readonly provenance: 'capability' | 'person'
  readonly outputRef: string | null
  readonly usage: Usage
}

interface Answer {
  readonly actionId: string
  readonly digest: string
  readonly by: string
  readonly reason: string | null
}

interface Approve extends Answer {
  /** `run`: also for what is like it in this run; absent: this once. */
  readonly scope?: 'once' | 'run'
  /** As `Approval.expiresAt`. */
  readonly expiresAt?: number
}

export type ActionEvent =
  | { readonly type: 'action.dispatch' }
  | { readonly type: 'action.pause'; readonly mode: 'finish' | 'abort' }
  | { readonly type: 'action.cancel' }
  | { readonly type: 'action.heartbeat' }
  | ({ readonly type: 'action.approve' } & Approve)
  | ({ readonly type: 'action.edit'; readonly argsRef: string } & Answer)
  | ({ readonly type: 'action.reject' } & Answer)
  | ({ readonly type: 'action.respond'; readonly outputRef: string } & Answer)
  | ({ readonly type: 'action.skip' } & Answer)
  | { readonly type: 'action.restart'; readonly actionId: string; readonly by: string }
  | { readonly type: 'action.override'; readonly actionId: string; readonly outputRef: string; readonly by: string }
  | {
      readonly type: 'action.resolve'
      readonly actionId: string
      readonly resolution: 'happened' | 'did-not' | 'failed'
      readonly by: string
      readonly reason: string | null
    }

export type ActionEmitted =
  | {
      readonly type: 'action.judged'
      readonly actionId: string
      readonly decision: Verdict['decision']
      readonly ruleId: string
      readonly reason: string
      readonly digest: string
      readonly shadow?: Verdict['shadow']
    }
  | {
      readonly type: 'action.approved'
      readonly actionId: string
      readonly digest: string
      readonly by: string
      readonly reason: string | null
      readonly scope: 'once' | 'run'
      /** The rule that asked. */
      readonly ruleId: string
      readonly planRef: string
      readonly actionRef: string
    }
  | { readonly type: 'action.started'; readonly actionId: string; readonly attempt: number }
  | { readonly type: 'action.retrying'; readonly actionId: string; readonly failure: Failure; readonly delayMs: number }

export interface JudgeActionInput {
  readonly runId: string
  readonly stepId: string
  readonly planRef: string
  readonly editRef: string | null
  /** The action as the guard changed it, to be judged in place of the plan's. */
  readonly modifiedRef: string | null
  readonly approval: Approval | null
}

export interface ExecuteInput {
  readonly runId: string
  readonly stepId: string
  readonly planRef: string
  readonly planNumber: number
  /** As `Verdict.actionRef`. */
  readonly actionRef: string
  readonly digest: string
  readonly effect: EffectClass
  readonly approval: Approval | null
  /** Of all attempts; with it a run that comes back tells its own open intent from an earlier one. */
  readonly attempt: number
}

export interface ExecuteOutput {
  readonly outputRef: string
  /** What is left out was not used. */
  readonly usage: Partial<Usage>
}

export type ReconcileInput = ExecuteInput

export interface ReconcileOutput {
  readonly verdict: 'happened' | 'did-not' | 'unknown'
  readonly outputRef: string | null
}
