import { failure } from '../../src/errors.ts'
import type { ActionInput, ExecuteOutput, Waits } from '../../src/machines/action.types.ts'
import type { Limits, QueuedAmendment, WorkflowInput } from '../../src/machines/workflow.types.ts'
import { NO_USAGE } from '../../src/model/result.ts'
import type { PlanSkeleton, StepSkeleton, WholeStep } from '../../src/model/skeleton.ts'
import type { Verdict } from '../../src/model/verdict.ts'

/** No two delays are equal, so that the order in which timers fire never depends on a tie. */
export const WAITS: Waits = {
  guardMs: 10_007,
  oracleMs: 61_013,
  researchMs: 52_021,
  stallMs: 30_011,
  drainMs: 23_003,
  reconcileMs: 15_017,
  reportMs: 7_019,
  settleGraceMs: 3_001,
  killGraceMs: 1_009,
  approvalMs: 0,
  interventionMs: 0,
}

export const LIMITS: Limits = {
  steps: 10,
  timeMs: 86_400_000,
  parallel: 2,
  replans: 1,
  rounds: 1,
  repairs: 1,
  rungs: 2,
  tokens: null,
  usd: null,
}

export interface InputChanges extends Partial<Omit<WorkflowInput, 'limits' | 'waits'>> {
  readonly limits?: Partial<Limits>
  readonly waits?: Partial<Waits>
}

/** A run with a person at hand, no research and no sign-off. */
export function workflowInput({ limits = {}, waits = {}, ...changes }: InputChanges = {}): WorkflowInput {
  return {
    runId: 'run',
    goal: 'tidy up',
    person: 'here',
    signOff: false,
    continueOnError: false,
    research: false,
    oracles: 1,
    onInterventionTimeout: 'fail',
    autoEscalation: true,
    ...changes,
    limits: { ...LIMITS, ...limits },
    waits: { ...WAITS, ...waits },
  }
}

const RETRY = { maxRetries: 1, backoff: 'fixed', baseDelayMs: 2_003, maxDelayMs: 30_000 } as const

export function stepOf(id: string, changes: Partial<WholeStep> = {}): WholeStep {
  return {
    id,
    capability: 'fs.read.v1',
    effect: 'read',
    dependsOn: [],
    retry: RETRY,
    timeoutMs: 20_011,
    ...changes,
  }
}

export function planOf(steps: readonly StepSkeleton[], digest = 'plan-1'): PlanSkeleton {
  return { ref: `ref-${digest}`, digest, source: 'file', retry: RETRY, steps: [...steps] }
}

export interface ActionChanges extends Partial<Omit<ActionInput, 'step' | 'waits'>> {
  readonly step?: Partial<WholeStep>
  readonly waits?: Partial<Waits>
}

export function actionInput({ step = {}, waits = {}, ...changes }: ActionChanges = {}): ActionInput {
  return { runId: 'run', planRef: 'ref-plan-1', planNumber: 1, person: 'here', ...changes, step: stepOf('s1', step), waits: { ...WAITS, ...waits } }
}

export function verdictOf(decision: Verdict['decision'], changes: Partial<Verdict> = {}): Verdict {
  return {
    decision,
    digest: 'digest-1',
    policyHash: 'policy-1',
    ruleId: 'workstation:rules[0]',
    reason: 'the rule says so',
    hint: null,
    effect: 'read',
    risk: 'low',
    actionRef: 'action-1',
    ...changes,
  }
}

export const OUTPUT: ExecuteOutput = { outputRef: 'output-1', usage: { ...NO_USAGE, wallMs: 5, tokens: 10 } }
export const TRANSIENT = failure('ACTION_TRANSIENT', 'the line was busy')
export const HARD = failure('ACTION_FAILED', 'the file is not there')
export const IN_DOUBT = failure('EFFECT_IN_DOUBT', 'the line broke while it was done')
export const CUT_OFF = { ...failure('EFFECT_IN_DOUBT', 'an earlier process began it'), retryable: true }

/** What a service says when all goes well; a plan and a verdict for an action have to be given. */
export const GOOD = {
  vetGoal: { decision: 'allow', reason: 'fine', question: null, choices: [] },
  research: { evidenceRef: 'evidence-1', gaps: [] },
  deliberate: { kind: 'consensus', reason: 'agreed', objectionsRef: null },
  judgePlan: { clean: true, findingsRef: 'findings-0', reason: '' },
  execute: OUTPUT,
  evaluateCriteria: { verdict: 'met', met: 1, total: 1, criteriaRef: 'criteria-1' },
  reconcileEffect: { verdict: 'happened', outputRef: 'found-1' },
  diagnoseStall: { kind: 'person', detail: 'nothing helps' },
  applyIntervention: { interventionId: 'i1' },
  writeReport: { reportRef: 'report-1', reportPath: null, summary: 'done' },
} as const

export const FINDINGS = { clean: false, findingsRef: 'findings-1', reason: 'E_UNKNOWN_STEP' } as const

export function amendment(changes: Partial<QueuedAmendment> = {}): QueuedAmendment {
  return { maxSteps: null, plan: null, overrides: {}, escalate: false, ...changes }
}

const BY = { by: 'ann' } as const
const NO_REASON = { reason: null, ...BY } as const

/** The events of people and of the run's owner. */
export const ask = {
  start: (at = 0) => ({ type: 'run.start', at }) as const,
  pause: (mode: 'finish' | 'abort' = 'finish', at = 0) => ({ type: 'run.pause', mode, at, ...BY }) as const,
  resume: (at = 0) => ({ type: 'run.resume', at, ...BY }) as const,
  cancel: () => ({ type: 'run.cancel', ...NO_REASON }) as const,
  modify: (changes: Partial<QueuedAmendment> = {}) => ({ type: 'run.modify', amendment: amendment(changes), ...BY }) as const,
  answerGoal: (text: string) => ({ type: 'goal.answer', text, ...BY }) as const,
  approvePlan: (digest: string) => ({ type: 'plan.approve', digest, ...NO_REASON }) as const,
  editPlan: (digest: string, plan: PlanSkeleton) => ({ type: 'plan.edit', digest, plan, ...BY }) as const,
  rejectPlan: (digest: string) => ({ type: 'plan.reject', digest, ...NO_REASON }) as const,
  choose: (option: 'continue' | 'replan' | 'accept' | 'fail') => ({ type: 'intervention.choose', option, ...BY }) as const,
  dispatch: () => ({ type: 'action.dispatch' }) as const,
  heartbeat: () => ({ type: 'action.heartbeat' }) as const,
  pauseAction: (mode: 'finish' | 'abort') => ({ type: 'action.pause', mode }) as const,
  cancelAction: () => ({ type: 'action.cancel' }) as const,
  approve: (actionId: string, digest = 'digest-1') => ({ type: 'action.approve', actionId, digest, ...NO_REASON }) as const,
  edit: (actionId: string, argsRef: string, digest = 'digest-1') => ({ type: 'action.edit', actionId, digest, argsRef, ...NO_REASON }) as const,
  reject: (actionId: string, digest = 'digest-1') => ({ type: 'action.reject', actionId, digest, ...NO_REASON }) as const,
  respond: (actionId: string, outputRef: string, digest = 'digest-1') =>
    ({ type: 'action.respond', actionId, digest, outputRef, ...NO_REASON }) as const,
  skip: (actionId: string, digest = 'digest-1') => ({ type: 'action.skip', actionId, digest, ...NO_REASON }) as const,
  restart: (actionId: string) => ({ type: 'action.restart', actionId, ...BY }) as const,
  override: (actionId: string, outputRef: string) => ({ type: 'action.override', actionId, outputRef, ...BY }) as const,
  resolve: (actionId: string, resolution: 'happened' | 'did-not' | 'failed') =>
    ({ type: 'action.resolve', actionId, resolution, ...NO_REASON }) as const,
}
