import { assign, emit, sendTo, setup, stopChild } from 'xstate'
import { failure, toFailure } from '../errors.ts'
import type { GoalVerdict } from '../model/goal.ts'
import type { ActionResult, ExitReason, RunStatus } from '../model/result.ts'
import {
  actionMachine,
  applyIntervention,
  deliberate,
  diagnoseStall,
  draftPlan,
  evaluateCriteria,
  judgePlan,
  research,
  vetGoal,
  writeReport,
} from './workflow.actors.ts'
import {
  allSettled,
  amended,
  dispatched,
  interventionChoices,
  isLive,
  limitHoldsBack,
  liveIn,
  liveSteps,
  nextDispatch,
  planAccepted,
  planEnforced,
  replanBegun,
  resultWithout,
  settled,
  stallNoted,
  stalledOutcome,
  stepOf,
  stoppedAll,
  unplannableOutcome,
} from './workflow.logic.ts'
import type {
  ActionRequest,
  DeliberateOutput,
  DiagnoseOutput,
  DraftOutput,
  EvaluateOutput,
  JudgePlanOutput,
  QueuedAmendment,
  ResearchOutput,
  StallCause,
  WorkflowContext,
  WorkflowEmitted,
  WorkflowEvent,
  WorkflowInput,
  WorkflowOutput,
  WriteReportOutput,
} from './workflow.types.ts'

const workflow = setup({
  types: {} as {
    context: WorkflowContext
    events: WorkflowEvent
    emitted: WorkflowEmitted
    input: WorkflowInput
    output: WorkflowOutput
    tags: 'busy' | 'waiting' | 'needsPerson' | 'terminal' | 'ending' | 'clockStopped'
  },
  actors: {
    action: actionMachine,
    vetGoal,
    research,
    draftPlan,
    deliberate,
    judgePlan,
    evaluateCriteria,
    diagnoseStall,
    applyIntervention,
    writeReport,
  },
})

/** The words of the workflow's chart: its guards, actions and delays by name. */
export const workflowSetup = workflow.extend({
  guards: {
    isLiveStep: ({ context }, params: { actionId: string }) => isLive(context, params.actionId),
    isLiveActor: ({ context }, params: { actorId: string }) => isLive(context, params.actorId),
    nobodyThere: ({ context }) => context.person === 'absent',
    nobodyToAsk: ({ context }) => context.person === 'absent' || (!context.autoEscalation && !personWasWanted(context)),
    interventionLimited: ({ context }) => context.waits.interventionMs > 0,
    goalAllowed: (_, verdict: GoalVerdict) => verdict.decision === 'allow',
    goalAmbiguous: (_, verdict: GoalVerdict) => verdict.decision === 'ambiguous',
    researchNotNeeded: ({ context }) => !context.research || context.evidenceRef !== null,
    planDrafted: (_, output: DraftOutput) => output.kind === 'plan',
    anotherOracleLeft: ({ context }) => context.oracle + 1 < context.oracles,
    consensusReached: (_, output: DeliberateOutput) => output.kind === 'consensus',
    vetoed: (_, output: DeliberateOutput) => output.kind === 'veto',
    revisionLeft: ({ context }, output: DeliberateOutput) => output.kind === 'revise' && context.counts.rounds < context.limits.rounds,
    cleanAndSignOffDue: ({ context }, output: JudgePlanOutput) => output.clean && (context.signOff || context.signOffDue),
    planClean: (_, output: JudgePlanOutput) => output.clean,
    personEdited: ({ context }) => context.draft?.edited === true,
    repairsLeft: ({ context }) => context.counts.repairs < context.limits.repairs,
    signsCleanDraft: ({ context }, params: { digest: string }) => context.draft?.clean === true && context.draft.plan.digest === params.digest,
    isForThisDraft: ({ context }, params: { digest: string }) => context.draft?.plan.digest === params.digest,
    rejectsWithRepairsLeft: ({ context }, params: { digest: string }) =>
      context.draft?.plan.digest === params.digest && context.counts.repairs < context.limits.repairs,
    planInForce: ({ context }) => context.plan !== null,
    /** One at a time: what is judged must be what then takes the place of the plan. */
    mayAmend: ({ context }) => context.plan !== null && context.amendment === null,
    amendmentQueued: ({ context }) => context.amendment !== null,
    drainNeeded: ({ context }) => context.failing?.policy === 'replan' || context.failing?.policy === 'abort',
    personWanted: ({ context }) => context.failing?.policy === 'ask' || context.escalated,
    allSettled: ({ context }) => allSettled(context),
    /** The verdict of the stall detectors over the progress record; `provideServices` brings them. */
    loopDetected: () => false,
    canDispatch: ({ context }) => nextDispatch(context) !== null,
    slotInUse: ({ context }) => liveIn(context, 'slot').length > 0,
    noSlotInUse: ({ context }) => liveIn(context, 'slot').length === 0,
    anyLive: ({ context }) => liveSteps(context).length > 0,
    noneLive: ({ context }) => liveSteps(context).length === 0,
    noneLiveAndAborting: ({ context }) => liveSteps(context).length === 0 && context.draining === 'abort',
    someoneIdle: ({ context }) => liveIn(context, 'ready', 'waiting').length > 0,
    limitHoldsBack: ({ context }) => limitHoldsBack(context),
    changed: ({ context }) => context.changed,
    /** A step that goes on breaks a silence; it does not answer what a person was asked, nor end a loop. */
    silenceBroken: ({ context }) => context.changed && context.plan !== null && context.stall?.cause === 'silence',
    replansLeft: ({ context }) => context.counts.replans < context.limits.replans,
    criteriaMet: (_, output: EvaluateOutput) => output.verdict === 'met',
    criteriaUnmet: (_, output: EvaluateOutput) => output.verdict === 'unmet',
    ladderExhausted: ({ context }) => context.counts.rungs >= context.limits.rungs,
    recoveryFound: (_, output: DiagnoseOutput) => output.kind === 'recover',
    recoversByReplan: ({ context }) => context.intervention?.kind === 'replan',
    chooses: ({ context }, params: { option: string; is: string }) => params.option === params.is && isOffered(context, params.is),
    choosesToContinuePlan: ({ context }, params: { option: string }) => params.option === 'continue' && context.plan !== null,
    continuesPlanByDefault: ({ context }) => defaultsTo(context, 'continue') && context.plan !== null,
    continuesByDefault: ({ context }) => defaultsTo(context, 'continue'),
    replansByDefault: ({ context }) => defaultsTo(context, 'replan') && isOffered(context, 'replan'),
    upgradesToAbort: ({ context }, params: { mode: 'finish' | 'abort' }) => params.mode === 'abort' && context.pauseMode === 'finish',
    endsCompleted: ({ context }) => context.outcome?.status === 'completed',
    endsCancelled: ({ context }) => context.outcome?.status === 'cancelled',
  },
  actions: {
    startClock: assign((_, params: { at: number }) => ({ activeSince: params.at })),
    stopClock: assign(({ context }, params: { at: number }) => ({
      usedMs: context.usedMs + Math.max(0, params.at - (context.activeSince ?? params.at)),
      activeSince: null,
    })),
    setPauseMode: assign((_, params: { mode: 'finish' | 'abort' }) => ({ pauseMode: params.mode })),
    recordOutcome: assign(({ context }, params: { status: RunStatus; exitReason: ExitReason; message?: string; error?: unknown }) => ({
      outcome: context.outcome ?? {
        status: params.status,
        exitReason: params.exitReason,
        failure: params.error === undefined ? (params.message === undefined ? null : failure('INTERNAL', params.message)) : toFailure(params.error),
      },
    })),
    recordTimeLimit: assign(({ context }) => ({
      outcome: context.outcome ?? {
        status: 'failed' as const,
        exitReason: 'time_limit' as const,
        failure: {
          ...failure('TIMEOUT', `the run used up its time limit of ${context.limits.timeMs} ms`),
          hint: 'Raise `timeout_ms` (`--timeout`).',
        },
      },
    })),
    recordStalledOutcome: assign(({ context }) => ({ outcome: context.outcome ?? stalledOutcome(context) })),
    recordUnplannable: assign(({ context }, output: DraftOutput) => ({
      outcome: context.outcome ?? (output.kind === 'none' ? unplannableOutcome(context, output.reason, output.hint) : null),
    })),
    recordAbort: assign(({ context }) => ({
      outcome: context.outcome ?? { status: 'failed' as const, exitReason: 'action_aborted' as const, failure: context.lastFailure },
    })),

    recordSettled: assign(({ context }, params: { output: ActionResult }) => settled(context, params.output)),
    recordCrashed: assign(({ context }, params: { actorId: string; error: unknown }) =>
      settled(context, resultWithout(context, params.actorId, 'failed', toFailure(params.error))),
    ),
    forgetStep: stopChild((_, params: { actorId: string }) => params.actorId),
    tellSettled: emit((_, params: { actorId: string; output: ActionResult }) => ({
      type: 'action.settled' as const,
      actionId: params.actorId,
      result: params.output,
    })),
    tellCrashed: emit(({ context }, params: { actorId: string; error: unknown }) => ({
      type: 'action.settled' as const,
      actionId: params.actorId,
      result: resultWithout(context, params.actorId, 'failed', toFailure(params.error)),
    })),
    noteReady: assign(({ context }, params: { actionId: string }) => ({
      live: { ...context.live, [params.actionId]: 'ready' as const },
      changed: true,
    })),
    noteWaiting: assign(({ context }, params: { actionId: string }) => ({
      live: { ...context.live, [params.actionId]: 'waiting' as const },
      changed: true,
    })),
    noteProgress: assign({ changed: true }),
    tellWaiting: emit((_, params: { actionId: string; reason: string; digest: string | null }) => ({
      type: 'action.waiting' as const,
      actionId: params.actionId,
      reason: params.reason,
      digest: params.digest,
    })),
    forwardToStep: sendTo(
      (_, params: ActionRequest) => params.actionId,
      (_, params) => params,
    ),
    queueAmendment: assign((_, params: { amendment: QueuedAmendment }) => ({ amendment: params.amendment, changed: true })),

    recordQuestion: assign((_, verdict: GoalVerdict) => ({ question: verdict })),
    tellQuestion: emit(({ context }) => ({
      type: 'goal.needsAnswer' as const,
      question: context.question?.question ?? context.question?.reason ?? '',
      choices: context.question?.choices ?? [],
    })),
    recordAnswer: assign((_, params: { text: string }) => ({ assumption: params.text })),
    recordAssumption: assign(({ context }) => ({ assumption: context.question?.choices[0] ?? context.goal })),
    recordEvidence: assign((_, output: ResearchOutput) => ({ evidenceRef: output.evidenceRef, researchGaps: output.gaps })),
    recordResearchGap: assign((_, params: { reason: string }) => ({ researchGaps: [params.reason] })),
    recordDraft: assign((_, output: DraftOutput) =>
      output.kind === 'plan' ? { draft: { plan: output.plan, edited: false, clean: false }, findingsRef: null, objectionsRef: null } : {},
    ),
    tellDraft: emit(({ context }) => ({
      type: 'plan.drafted' as const,
      planRef: context.draft?.plan.ref ?? '',
      source: context.draft?.plan.source ?? '',
      steps: context.draft?.plan.steps.length ?? 0,
    })),
    askNextOracle: assign(({ context }) => ({ oracle: context.oracle + 1 })),
    recordObjections: assign(({ context }, output: DeliberateOutput) => ({
      objectionsRef: output.objectionsRef,
      counts: { ...context.counts, rounds: context.counts.rounds + 1 },
    })),
    demandSignOff: assign({ signOffDue: true }),
    recordJudgement: assign(({ context }, output: JudgePlanOutput) => ({
      findingsRef: output.findingsRef,
      draft: context.draft && { ...context.draft, clean: output.clean },
    })),
    countRepair: assign(({ context }) => ({ counts: { ...context.counts, repairs: context.counts.repairs + 1 } })),
    tellRefusal: emit((_, output: JudgePlanOutput) => ({ type: 'plan.refused' as const, reason: output.reason, findingsRef: output.findingsRef })),
    tellAwaitsSignOff: emit(({ context }) => ({
      type: 'plan.awaitsSignOff' as const,
      digest: context.draft?.plan.digest ?? '',
      planRef: context.draft?.plan.ref ?? '',
    })),
    recordEditedPlan: assign((_, params: { plan: WorkflowContext['plan'] }) => ({
      draft: params.plan && { plan: params.plan, edited: true, clean: false },
    })),
    enforcePlan: assign(({ context }) => planEnforced(context)),
    tellAccepted: emit(({ context }) => planAccepted(context, null)),
    tellSigned: emit(({ context }, params: { by: string }) => planAccepted(context, params.by)),

    clearChanged: assign({ changed: false }),
    dispatchNext: workflow.enqueueActions(({ context, enqueue }) => {
      const next = nextDispatch(context)
      const step = next && stepOf(context, next.stepId)
      if (!next || !step || !context.plan) return
      enqueue.assign(({ context: now }) => dispatched(now, next.stepId, next.again))
      if (!next.again) {
        const { runId, waits, person } = context
        const input = {
          runId,
          step: { ...step, retry: step.retry ?? context.plan.retry },
          planRef: context.plan.ref,
          planNumber: context.counts.plans,
          waits,
          person,
        }
        enqueue.spawnChild('action', { id: next.stepId, input })
      }
      enqueue.sendTo(next.stepId, { type: 'action.dispatch' })
      enqueue.emit({ type: 'action.dispatched', actionId: next.stepId, capability: step.capability })
    }),
    beginDrain: assign(({ context }) => ({
      draining: context.draining ?? (context.failing?.policy === 'abort' ? ('abort' as const) : ('replan' as const)),
      failing: null,
    })),
    drainToReplan: assign({ draining: 'replan' }),
    standDown: workflow.enqueueActions(({ context, enqueue }) => {
      for (const stepId of liveIn(context, 'slot')) enqueue.sendTo(stepId, { type: 'action.pause', mode: 'finish' })
    }),
    cancelIdle: workflow.enqueueActions(({ context, enqueue }) => {
      const idle = liveIn(context, 'ready', 'waiting')
      enqueue.assign(({ context: now }) => ({ live: { ...now.live, ...Object.fromEntries(idle.map((stepId) => [stepId, 'slot' as const])) } }))
      for (const stepId of idle) enqueue.sendTo(stepId, { type: 'action.cancel' })
    }),
    cancelAll: workflow.enqueueActions(({ context, enqueue }) => {
      for (const stepId of liveSteps(context)) enqueue.sendTo(stepId, { type: 'action.cancel' })
    }),
    pauseSlots: workflow.enqueueActions(({ context, enqueue }) => {
      for (const stepId of liveIn(context, 'slot')) enqueue.sendTo(stepId, { type: 'action.pause', mode: context.pauseMode })
    }),
    stopWhatIsLeft: workflow.enqueueActions(({ context, enqueue }) => {
      for (const stepId of liveSteps(context)) {
        enqueue.stopChild(stepId)
        enqueue.emit({ type: 'action.settled', actionId: stepId, result: resultWithout(context, stepId, 'cancelled', null) })
      }
      enqueue.assign(({ context: now }) => stoppedAll(now))
    }),
    beginReplan: assign(({ context }) => replanBegun(context)),
    applyAmendment: assign(({ context }) => (context.amendment ? amended(context, context.amendment) : {})),
    dropAmendment: assign({ amendment: null }),
    tellAmended: emit((_, params: { accepted: boolean; reason: string; overrides?: Readonly<Record<string, string>> }) => ({
      type: 'run.amended' as const,
      overrides: {},
      ...params,
    })),
    recordCriteria: assign((_, output: EvaluateOutput) => ({ criteriaRef: output.criteriaRef })),
    tellCriteria: emit((_, output: EvaluateOutput) => ({ type: 'criteria.evaluated' as const, met: output.met, total: output.total })),

    noteStall: assign((_, params: { cause: StallCause; detail: string }) => stallNoted(params.cause, params.detail)),
    tellStall: emit(({ context }) => ({
      type: 'run.stalled' as const,
      cause: context.stall?.cause ?? 'blocked',
      detail: context.stall?.detail ?? '',
    })),
    tellNeedsPerson: emit(({ context }) => ({
      type: 'run.needsPerson' as const,
      cause: context.stall?.cause ?? 'blocked',
      choices: interventionChoices(context),
    })),
    countRung: assign(({ context }) => ({ counts: { ...context.counts, rungs: context.counts.rungs + 1 } })),
    recordIntervention: assign((_, output: DiagnoseOutput) => (output.kind === 'recover' ? { intervention: output.intervention } : {})),
    carryOutIntervention: workflow.enqueueActions(({ context, enqueue }) => {
      const { intervention } = context
      if (intervention?.kind === 'increase_timeout') enqueue.assign({ stallFactor: context.stallFactor * 2 })
      if (intervention?.kind === 'restart_action' && intervention.stepId !== null && isLive(context, intervention.stepId)) {
        enqueue.sendTo(intervention.stepId, { type: 'action.restart', actionId: intervention.stepId, by: 'recovery' })
      }
    }),
    recordReport: assign((_, output: WriteReportOutput) => ({ report: output })),
  },
  delays: {
    runTimeLeft: ({ context }) => Math.max(0, context.limits.timeMs - context.usedMs),
    guardTimeout: ({ context }) => context.waits.guardMs,
    oracleTimeout: ({ context }) => context.waits.oracleMs,
    researchTimeout: ({ context }) => context.waits.researchMs,
    interventionTimeout: ({ context }) => context.waits.interventionMs,
    stallTimeout: ({ context }) => context.waits.stallMs * context.stallFactor,
    drainTimeout: ({ context }) => context.waits.drainMs,
    settleGrace: ({ context }) => context.waits.settleGraceMs,
    reportTimeout: ({ context }) => context.waits.reportMs,
  },
})

const isOffered = (context: WorkflowContext, option: string) => interventionChoices(context).some((choice) => choice === option)
const personWasWanted = ({ stall }: WorkflowContext) => stall?.cause === 'failure' || stall?.cause === 'escalated'

/** A default other than fail uses up a rung of the ladder, so that it cannot go on for ever. */
function defaultsTo(context: WorkflowContext, option: 'continue' | 'replan'): boolean {
  return context.waits.interventionMs > 0 && context.onInterventionTimeout === option && context.counts.rungs < context.limits.rungs
}
