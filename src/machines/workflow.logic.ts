import { failure } from '../errors.ts'
import { isRepeatable } from '../model/action.ts'
import type { Failure } from '../model/failure.ts'
import { allStepsSettled, beginNext, carryOver, findStep, nextReady, settleStep, startProgress } from '../model/progress.ts'
import type { InterventionOption } from '../model/request.ts'
import { NO_USAGE, addUsage, resultWithoutAttempt } from '../model/result.ts'
import type { ActionResult, ExitReason } from '../model/result.ts'
import type { PlanSkeleton, StepSkeleton } from '../model/skeleton.ts'
import type {
  DiagnoseInput,
  FirstFailure,
  Phase,
  PlanningInput,
  ProgressSample,
  QueuedAmendment,
  RunOutcome,
  StallCause,
  WorkflowContext,
  WorkflowInput,
  WorkflowOutput,
} from './workflow.types.ts'

/** How many settled actions the stall detectors look back on. */
const SAMPLE_WINDOW = 20

type Patch = Partial<WorkflowContext>

export function initialContext(input: WorkflowInput): WorkflowContext {
  return {
    usedMs: 0,
    activeSince: null,
    pauseMode: 'finish',
    question: null,
    assumption: null,
    evidenceRef: null,
    researchGaps: [],
    oracle: 0,
    draft: null,
    signOffDue: false,
    findingsRef: null,
    objectionsRef: null,
    plan: null,
    progress: null,
    live: {},
    changed: false,
    counts: { steps: 0, plans: 0, replans: 0, rounds: 0, repairs: 0, rungs: 0 },
    usage: NO_USAGE,
    samples: [],
    failing: null,
    lastFailure: null,
    draining: null,
    escalated: false,
    amendment: null,
    stall: null,
    intervention: null,
    stallFactor: 1,
    criteriaRef: null,
    outcome: null,
    report: null,
    // Last: V8 takes 200 times as long to add this many properties to a spread object.
    ...input,
  }
}

export const isLive = (context: WorkflowContext, stepId: string) => Object.hasOwn(context.live, stepId)
export const liveSteps = (context: WorkflowContext) => Object.keys(context.live)
export const liveIn = (context: WorkflowContext, ...phases: readonly Phase[]) =>
  Object.entries(context.live).flatMap(([stepId, phase]) => (phases.includes(phase) ? [stepId] : []))

export const withinStepLimit = ({ counts, limits }: WorkflowContext) => counts.steps < limits.steps
export const withinTimeLimit = ({ usedMs, limits }: WorkflowContext) => usedMs < limits.timeMs
export const withinBudget = ({ usage, limits }: WorkflowContext) =>
  (limits.tokens === null || usage.tokens < limits.tokens) && (limits.usd === null || usage.usd < limits.usd)
const withinLimits = (context: WorkflowContext) => withinStepLimit(context) && withinTimeLimit(context) && withinBudget(context)

export const allSettled = ({ progress, live }: WorkflowContext) => progress !== null && allStepsSettled(progress) && Object.keys(live).length === 0

const readyStep = ({ plan, progress }: WorkflowContext) => (plan && progress ? nextReady(plan, progress) : null)
export const limitHoldsBack = (context: WorkflowContext) => readyStep(context) !== null && !withinLimits(context)

/** Who gets the next free slot: an action that was dispatched before and is ready again, else the next ready step within the limits. */
export function nextDispatch(context: WorkflowContext): { readonly stepId: string; readonly again: boolean } | null {
  if (liveIn(context, 'slot').length >= context.limits.parallel) return null
  const again = liveIn(context, 'ready')[0]
  if (again !== undefined) return { stepId: again, again: true }
  const stepId = withinLimits(context) ? readyStep(context) : null
  return stepId === null ? null : { stepId, again: false }
}

export function dispatched(context: WorkflowContext, stepId: string, again: boolean): Patch {
  const live = { ...context.live, [stepId]: 'slot' as const }
  if (again || context.progress === null) return { live }
  return { live, progress: beginNext(context.progress), counts: { ...context.counts, steps: context.counts.steps + 1 } }
}

export function stepOf(context: WorkflowContext, stepId: string): StepSkeleton | undefined {
  return context.plan ? findStep(context.plan, stepId) : undefined
}

const without = (live: WorkflowContext['live'], stepId: string) => Object.fromEntries(Object.entries(live).filter(([id]) => id !== stepId))

/** A person's no to one action, or nobody's yes, is not a no to the run: unless the plan says otherwise, independent work goes on. */
const PERSONS_NO = new Set(['PERSON_REJECTED', 'APPROVAL_MISSING', 'APPROVAL_TIMEOUT'])

function firstFailure(context: WorkflowContext, result: ActionResult): FirstFailure | null {
  if ((result.outcome !== 'failed' && result.outcome !== 'denied') || context.draining !== null) return null
  const stated = stepOf(context, result.stepId)?.onFailure
  const policy = context.continueOnError ? 'skip' : (stated ?? (PERSONS_NO.has(result.failure?.code ?? '') ? 'skip' : 'replan'))
  return policy === 'skip' ? null : { stepId: result.stepId, policy, failure: result.failure }
}

/** What a settled action changes, in whatever state the run is. */
export function settled(context: WorkflowContext, result: ActionResult): Patch {
  const { plan, progress } = context
  const sample: ProgressSample = {
    stepId: result.stepId,
    digest: result.digest,
    ok: result.outcome === 'succeeded',
    observed: result.outputRef,
    error: result.failure && `${result.failure.code} ${result.failure.message.replaceAll(/\d+/g, '#').slice(0, 200)}`,
  }
  return {
    live: without(context.live, result.stepId),
    progress: plan && progress ? settleStep(plan, progress, result.stepId, result.outcome) : progress,
    samples: [...context.samples.slice(1 - SAMPLE_WINDOW), sample],
    failing: context.failing ?? firstFailure(context, result),
    lastFailure: result.outcome === 'failed' || result.outcome === 'denied' ? result.failure : context.lastFailure,
    usage: addUsage(context.usage, result.usage),
    changed: true,
  }
}

/** The result of an action whose statechart crashed or was stopped from outside. */
export function resultWithout(context: WorkflowContext, stepId: string, outcome: 'failed' | 'cancelled', cause: Failure | null): ActionResult {
  const step = stepOf(context, stepId)
  const inDoubt = context.live[stepId] === 'slot' && step !== undefined && !isRepeatable(step.effect)
  return resultWithoutAttempt(stepId, outcome, { inDoubt, failure: cause })
}

export function stoppedAll(context: WorkflowContext): Patch {
  return liveSteps(context).reduce<WorkflowContext>(
    (now, stepId) => ({ ...now, ...settled(now, resultWithout(now, stepId, 'cancelled', null)) }),
    context,
  )
}

/** That the plan is in force; `signedBy` is the person who signed it. */
export function planAccepted({ plan, counts }: WorkflowContext, signedBy: string | null) {
  return {
    type: 'plan.accepted' as const,
    planRef: plan?.ref ?? '',
    digest: plan?.digest ?? '',
    source: plan?.source ?? '',
    planNumber: counts.plans,
    signedBy,
  }
}

export function planEnforced(context: WorkflowContext): Patch {
  const plan = context.draft?.plan ?? null
  return {
    plan,
    progress: plan && startProgress(plan),
    draft: null,
    signOffDue: false,
    findingsRef: null,
    objectionsRef: null,
    failing: null,
    draining: null,
    samples: [],
    counts: { ...context.counts, plans: context.counts.plans + 1 },
  }
}

export function replanBegun(context: WorkflowContext): Patch {
  return {
    plan: null,
    progress: null,
    draft: null,
    amendment: null,
    draining: null,
    failing: null,
    oracle: 0,
    counts: { ...context.counts, replans: context.counts.replans + 1 },
  }
}

export function amended(context: WorkflowContext, amendment: QueuedAmendment): Patch {
  const plan = amendment.plan ?? context.plan
  return {
    amendment: null,
    escalated: amendment.escalate,
    limits: amendment.maxSteps === null ? context.limits : { ...context.limits, steps: amendment.maxSteps },
    plan,
    progress:
      plan && context.plan && context.progress ? carryOver(context.plan, context.progress, plan, Object.keys(amendment.overrides)) : context.progress,
  }
}

/** Entering `stalled.*` acknowledges its cause: it is not found again until it happens again. */
export function stallNoted(cause: StallCause, detail: string): Patch {
  return { stall: { cause, detail }, changed: false, failing: null, draining: null, escalated: false, samples: [] }
}

const STALL_EXIT: Record<StallCause, ExitReason> = {
  silence: 'stalled',
  loop: 'stalled',
  blocked: 'stalled',
  failure: 'action_failed',
  limit: 'step_limit',
  criteria: 'criteria_unmet',
  oracle: 'unplannable',
  replans: 'criteria_unmet',
  escalated: 'intervention_failed',
}

/** Why a stalled run that gets no help has failed. */
export function stalledOutcome(context: WorkflowContext): RunOutcome {
  const cause = context.stall?.cause ?? 'blocked'
  const limited =
    cause === 'limit' ? (withinStepLimit(context) ? (withinTimeLimit(context) ? 'budget' : 'time_limit') : 'step_limit') : STALL_EXIT[cause]
  const exitReason = (cause === 'criteria' || cause === 'replans') && context.lastFailure ? 'action_failed' : limited
  return { status: 'failed', exitReason, failure: context.lastFailure ?? failure('ACTION_FAILED', context.stall?.detail ?? 'the run stood still') }
}

/** Why a run ends that no oracle can plan (further). */
export function unplannableOutcome(context: WorkflowContext, reason: string, hint: string): RunOutcome {
  if (context.counts.plans === 0) {
    // A draft was refused and nobody has a better one: that is a bad plan, not a goal that nobody can plan.
    const refused = context.findingsRef !== null
    const code = refused ? 'PLAN_INVALID' : 'UNPLANNABLE'
    return { status: 'failed', exitReason: refused ? 'plan_invalid' : 'unplannable', failure: { ...failure(code, reason), hint } }
  }
  const exitReason = context.lastFailure ? 'action_failed' : 'criteria_unmet'
  return { status: 'failed', exitReason, failure: context.lastFailure ?? failure('ACTION_FAILED', `the success criteria are not met, and ${reason}`) }
}

/** Exactly the choices that `stalled.awaitingPerson` accepts now. */
export function interventionChoices(context: WorkflowContext): readonly InterventionOption[] {
  const replan = context.plan !== null && context.counts.replans < context.limits.replans
  return ['continue', ...(replan ? (['replan'] as const) : []), ...(allSettled(context) ? (['accept'] as const) : []), 'fail']
}

export function planningInput(context: WorkflowContext): PlanningInput {
  const { runId, goal, assumption, evidenceRef, oracle, findingsRef, objectionsRef, counts } = context
  return { runId, goal, assumption, evidenceRef, oracle, findingsRef, objectionsRef, replans: counts.replans }
}

export function diagnoseInput(context: WorkflowContext): DiagnoseInput {
  return {
    runId: context.runId,
    cause: context.stall?.cause ?? 'blocked',
    detail: context.stall?.detail ?? '',
    rungs: context.counts.rungs,
    holders: liveIn(context, 'slot').map((stepId) => {
      const effect = stepOf(context, stepId)?.effect
      return { stepId, repeatable: effect !== undefined && isRepeatable(effect) }
    }),
    hasPlan: context.plan !== null,
    replansLeft: context.counts.replans < context.limits.replans,
  }
}

const NO_RETRY = { maxRetries: 0, backoff: 'fixed', baseDelayMs: 0, maxDelayMs: 0 } as const
/** No plan is in force; the chart never judges it. */
export const noPlan: PlanSkeleton = { ref: '', digest: '', source: '', retry: NO_RETRY, steps: [] }
/** No rung was found; the chart never carries it out. */
export const noIntervention = { interventionId: '', kind: 'replan' as const, stepId: null, detail: '' }
/** A run that ends without anybody having said why. */
export const lostOutcome = { status: 'failed' as const, exitReason: 'internal_error' as const, failure: null }

/** What a person is wanted for: a failure whose plan says so, or a request. */
export function wantedStall({ failing }: WorkflowContext): { cause: StallCause; detail: string } {
  if (failing === null) return { cause: 'escalated', detail: 'a person was asked for' }
  return { cause: 'failure', detail: `step ${failing.stepId} failed: ${failing.failure?.message ?? 'no reason given'}` }
}

export function toOutput({ outcome, report, criteriaRef, usage }: WorkflowContext): WorkflowOutput {
  return {
    ...(outcome ?? lostOutcome),
    summary: report?.summary ?? '',
    criteriaRef,
    usage,
    reportRef: report?.reportRef ?? null,
    reportPath: report?.reportPath ?? null,
  }
}
