import { assign, emit, sendParent, setup } from 'xstate'
import { failure, toFailure } from '../errors.ts'
import { isRepeatable } from '../model/action.ts'
import { NO_USAGE, addUsage } from '../model/result.ts'
import type { ActionResult, Outcome } from '../model/result.ts'
import type { Verdict } from '../model/verdict.ts'
import { execute, judgeAction, reconcileEffect } from './action.actors.ts'
import type { AbortReason, ActionContext, ActionEmitted, ActionEvent, ActionInput, ExecuteInput, ExecuteOutput } from './action.types.ts'

/**
 * One step of a plan, from its dispatch to its end. The usual path: ready → guarding → attempting.running → succeeded.
 * It holds one of the run's slots only while it is guarding, attempting or reconciling.
 */
export const actionMachine = setup({
  types: {} as {
    context: ActionContext
    events: ActionEvent
    emitted: ActionEmitted
    input: ActionInput
    output: ActionResult
    tags: 'busy' | 'waiting' | 'needsPerson' | 'terminal'
  },
  actors: { judgeAction, execute, reconcileEffect },
  guards: {
    isFirstModification: ({ context }, verdict: Verdict) => verdict.decision === 'modify' && !context.modified,
    isAdmitted: (_, verdict: Verdict) => verdict.decision === 'allow',
    isApproved: ({ context }, verdict: Verdict) => asksPerson(verdict) && matchesApproval(context, verdict),
    needsPerson: (_, verdict: Verdict) => asksPerson(verdict),
    nobodyThere: ({ context }) => context.person === 'absent',
    isForThisDigest: ({ context }, params: { digest: string }) => context.verdict?.digest === params.digest,
    approvalLimited: ({ context }) => context.waits.approvalMs > 0,
    interventionLimited: ({ context }) => context.waits.interventionMs > 0,
    leftInDoubt: (_, params: { error: unknown }) => codeOf(params.error) === 'EFFECT_IN_DOUBT',
    mayRetry: ({ context }, params: { error: unknown }) => isTransient(params.error) && retriesLeft(context),
    abortsAtOnce: (_, params: { mode: 'finish' | 'abort' }) => params.mode === 'abort',
    wasCancelled: ({ context }) => context.abortReason === 'cancel',
    wasOverridden: ({ context }) => context.abortReason === 'override',
    returnsToReady: ({ context }) => wantedAgain(context) && isRepeatable(context.step.effect),
    timedOutWithRetriesLeft: ({ context }) => context.abortReason === 'timeout' && isRepeatable(context.step.effect) && retriesLeft(context),
    timedOutHarmlessly: ({ context }) => context.abortReason === 'timeout' && isRepeatable(context.step.effect),
    effectHappened: (_, params: { verdict: string }) => params.verdict === 'happened',
    didNotAndWantedAgain: ({ context }, params: { verdict: string }) => params.verdict === 'did-not' && wantedAgain(context),
    /** Its process was lost before the effect: the attempt never was one, so it uses up no retry. */
    didNotAndProcessLost: ({ context }, params: { verdict: string }) => params.verdict === 'did-not' && processLost(context),
    didNotAndRetriesLeft: ({ context }, params: { verdict: string }) => params.verdict === 'did-not' && retriesLeft(context),
    didNotHappen: (_, params: { verdict: string }) => params.verdict === 'did-not',
    resolvedAs: (_, params: { resolution: string; is: string }) => params.resolution === params.is,
  },
  actions: {
    reportReady: sendParent(({ context }) => ({ type: 'action.ready', actionId: context.step.id })),
    reportWaiting: sendParent(({ context }, params: { reason: string }) => ({
      type: 'action.waiting',
      actionId: context.step.id,
      reason: params.reason,
      digest: context.verdict?.digest ?? null,
    })),
    reportProgress: sendParent(({ context }) => ({ type: 'action.progressed', actionId: context.step.id })),
    /** Tells the executor to stop; `provideServices` says how. The attempt ends by its own event, or by `killGrace`. */
    abortExecution: (_, _params: { runId: string; stepId: string }) => {},
    tellVerdict: emit(({ context }, verdict: Verdict) => ({
      type: 'action.judged' as const,
      actionId: context.step.id,
      decision: verdict.decision,
      ruleId: verdict.ruleId,
      reason: verdict.reason,
      digest: verdict.digest,
      ...(verdict.shadow === undefined ? {} : { shadow: verdict.shadow }),
    })),
    tellStarted: emit(({ context }) => ({ type: 'action.started' as const, actionId: context.step.id, attempt: attemptNumber(context) })),
    tellRetrying: emit(({ context }) => ({
      type: 'action.retrying' as const,
      actionId: context.step.id,
      failure: lastFailure(context, 'the attempt failed'),
      delayMs: backoffMs(context),
    })),
    recordVerdict: assign(({ context }, verdict: Verdict) => judged(context, verdict)),
    recordModification: assign(({ context }, verdict: Verdict) => ({ ...judged(context, verdict), modified: true })),
    recordDenial: assign(({ context }, verdict: Verdict) => ({
      ...judged(context, verdict),
      outcome: 'denied' as const,
      failure: { ...failure('GUARD_DENIED', `${verdict.ruleId}: ${verdict.reason}`), ...(verdict.hint === null ? {} : { hint: verdict.hint }) },
    })),
    recordGuardError: assign((_, params: { error: unknown }) => ({ outcome: 'denied' as const, failure: toFailure(params.error) })),
    recordGuardTimeout: assign({ outcome: 'denied', failure: failure('GUARD_TIMEOUT', 'the guard gave no verdict in time') }),
    recordNobody: assign({ outcome: 'denied', failure: failure('APPROVAL_MISSING', 'the action needs a person and nobody is there') }),
    recordApprovalTimeout: assign({ outcome: 'denied', failure: failure('APPROVAL_TIMEOUT', 'nobody approved the action in time') }),
    recordApproval: assign(({ context }, { by, reason, expiresAt }: { by: string; reason: string | null; expiresAt?: number }) => ({
      approval: context.verdict && {
        digest: context.verdict.digest,
        policyHash: context.verdict.policyHash,
        by,
        reason,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      },
    })),
    tellApproved: emit(({ context }, params: { by: string; reason: string | null; scope?: 'once' | 'run' }) => ({
      type: 'action.approved' as const,
      actionId: context.step.id,
      digest: context.verdict?.digest ?? '',
      by: params.by,
      reason: params.reason,
      scope: params.scope ?? 'once',
      ruleId: context.verdict?.ruleId ?? '',
      planRef: context.planRef,
      actionRef: context.verdict?.actionRef ?? '',
    })),
    recordEdit: assign((_, params: { argsRef: string }) => ({ editRef: params.argsRef, approval: null, modified: false })),
    recordRejection: assign((_, params: { by: string; reason: string | null }) => ({
      outcome: 'denied' as const,
      failure: failure('PERSON_REJECTED', `${params.by} rejected the action${params.reason === null ? '' : `: ${params.reason}`}`),
    })),
    recordResponse: assign((_, params: { outputRef: string }) => ({
      outcome: 'succeeded' as const,
      provenance: 'person' as const,
      outputRef: params.outputRef,
    })),
    recordSkip: assign({ outcome: 'skipped' }),
    recordCancel: assign({ outcome: 'cancelled' }),
    countAttempt: assign(({ context }) => ({
      attempts: context.attempts + (context.begunByPerson ? 0 : 1),
      personAttempts: context.personAttempts + (context.begunByPerson ? 1 : 0),
      begunByPerson: false,
      abortReason: null,
    })),
    countRetry: assign(({ context }) => ({ retries: context.retries + 1 })),
    recordSuccess: assign(({ context }, output: ExecuteOutput) => ({
      outcome: 'succeeded' as const,
      outputRef: output.outputRef,
      failure: null,
      usage: addUsage(context.usage, { ...NO_USAGE, ...output.usage }),
    })),
    recordFailure: assign((_, params: { error: unknown }) => ({ outcome: 'failed' as const, failure: toFailure(params.error) })),
    recordTimeout: assign(({ context }) => ({ outcome: 'failed' as const, failure: timedOut(context) })),
    noteAbort: assign((_, params: { reason: AbortReason }) => ({ abortReason: params.reason })),
    noteOverride: assign((_, params: { outputRef: string }) => ({ abortReason: 'override' as const, overrideRef: params.outputRef })),
    recordOverride: assign(({ context }) => ({ outcome: 'succeeded' as const, provenance: 'person' as const, outputRef: context.overrideRef })),
    recordAborted: assign(({ context }) => ({ outcome: 'cancelled' as const, inDoubt: !isRepeatable(context.step.effect) })),
    noteBegunByPerson: assign({ begunByPerson: true }),
    recordReconciled: assign((_, params: { outputRef: string | null }) => ({
      outcome: 'succeeded' as const,
      outputRef: params.outputRef,
      failure: null,
    })),
    recordResolvedHappened: assign({ outcome: 'succeeded', provenance: 'person', failure: null }),
    recordDoubt: assign({ outcome: 'failed', inDoubt: true, failure: failure('IN_DOUBT', 'nobody knows whether the effect happened') }),
    recordDidNotHappen: assign(({ context }) => ({
      outcome: 'failed' as const,
      failure: lastFailure(context, 'the action was stopped and its effect did not happen'),
    })),
  },
  delays: {
    guardTimeout: ({ context }) => context.waits.guardMs,
    approvalTimeout: ({ context }) => context.waits.approvalMs,
    actionTimeout: ({ context }) => context.step.timeoutMs,
    killGrace: ({ context }) => context.waits.killGraceMs,
    backoffDelay: ({ context }) => backoffMs(context),
    reconcileTimeout: ({ context }) => context.waits.reconcileMs,
    interventionTimeout: ({ context }) => context.waits.interventionMs,
  },
}).createMachine({
  id: 'action',
  version: '1',
  description: 'One step of a plan: judged, carried out, and brought to an end that is known.',
  context: ({ input }) => ({
    attempts: 0,
    personAttempts: 0,
    retries: 0,
    begunByPerson: false,
    editRef: null,
    modified: false,
    verdict: null,
    approval: null,
    abortReason: null,
    overrideRef: null,
    failure: null,
    outcome: 'failed',
    inDoubt: false,
    provenance: 'capability',
    outputRef: null,
    usage: NO_USAGE,
    // Last: V8 takes 200 times as long to add this many properties to a spread object.
    ...input,
  }),
  output: ({ context }) => toResult(context),
  options: { maxIterations: 1000 },
  initial: 'ready',
  states: {
    ready: {
      description: 'Waits for a slot; the workflow dispatches it.',
      tags: 'waiting',
      on: {
        'action.dispatch': { target: 'guarding' },
        'action.skip': { target: 'skipped', actions: 'recordSkip' },
        'action.cancel': { target: 'cancelled', actions: 'recordCancel' },
      },
    },
    guarding: {
      description: 'The guard judges the action; its verdict is final for these exact arguments.',
      tags: 'busy',
      invoke: {
        id: 'service:judgeAction',
        src: 'judgeAction',
        input: ({ context }) => ({
          runId: context.runId,
          stepId: context.step.id,
          planRef: context.planRef,
          editRef: context.editRef,
          modifiedRef: context.modified ? (context.verdict?.actionRef ?? null) : null,
          approval: context.approval,
        }),
        onDone: [
          {
            guard: { type: 'isFirstModification', params: ({ event }) => event.output },
            target: 'guarding',
            reenter: true,
            actions: [
              { type: 'recordModification', params: ({ event }) => event.output },
              { type: 'tellVerdict', params: ({ event }) => event.output },
            ],
          },
          {
            guard: { type: 'isAdmitted', params: ({ event }) => event.output },
            target: 'attempting',
            actions: [
              { type: 'recordVerdict', params: ({ event }) => event.output },
              { type: 'tellVerdict', params: ({ event }) => event.output },
            ],
          },
          {
            guard: { type: 'isApproved', params: ({ event }) => event.output },
            target: 'attempting',
            actions: { type: 'recordVerdict', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'needsPerson', params: ({ event }) => event.output },
            target: 'awaitingApproval',
            actions: [
              { type: 'recordVerdict', params: ({ event }) => event.output },
              { type: 'tellVerdict', params: ({ event }) => event.output },
            ],
          },
          {
            target: 'denied',
            actions: [
              { type: 'recordDenial', params: ({ event }) => event.output },
              { type: 'tellVerdict', params: ({ event }) => event.output },
            ],
          },
        ],
        onError: { target: 'denied', actions: { type: 'recordGuardError', params: ({ event }) => ({ error: event.error }) } },
      },
      after: { guardTimeout: { target: 'denied', actions: 'recordGuardTimeout' } },
      on: {
        'action.pause': { target: 'ready', actions: 'reportReady' },
        'action.cancel': { target: 'cancelled', actions: 'recordCancel' },
      },
    },
    awaitingApproval: {
      description: 'Holds no slot. A person answers for this exact action; an answer to another digest is refused.',
      tags: ['waiting', 'needsPerson'],
      entry: { type: 'reportWaiting', params: { reason: 'approval' } },
      always: { guard: 'nobodyThere', target: 'denied', actions: 'recordNobody' },
      after: { approvalTimeout: { guard: 'approvalLimited', target: 'denied', actions: 'recordApprovalTimeout' } },
      on: {
        'action.approve': {
          guard: { type: 'isForThisDigest', params: ({ event }) => event },
          target: 'ready',
          actions: [{ type: 'recordApproval', params: ({ event }) => event }, { type: 'tellApproved', params: ({ event }) => event }, 'reportReady'],
        },
        'action.edit': {
          guard: { type: 'isForThisDigest', params: ({ event }) => event },
          target: 'ready',
          actions: [{ type: 'recordEdit', params: ({ event }) => event }, 'reportReady'],
        },
        'action.reject': {
          guard: { type: 'isForThisDigest', params: ({ event }) => event },
          target: 'denied',
          actions: { type: 'recordRejection', params: ({ event }) => event },
        },
        'action.respond': {
          guard: { type: 'isForThisDigest', params: ({ event }) => event },
          target: 'succeeded',
          actions: { type: 'recordResponse', params: ({ event }) => event },
        },
        'action.skip': {
          guard: { type: 'isForThisDigest', params: ({ event }) => event },
          target: 'skipped',
          actions: 'recordSkip',
        },
        'action.cancel': { target: 'cancelled', actions: 'recordCancel' },
      },
    },
    attempting: {
      description: 'One attempt of the action is under way, or being stopped.',
      tags: 'busy',
      initial: 'running',
      invoke: {
        id: 'service:execute',
        src: 'execute',
        input: ({ context }) => executeInput(context),
        onDone: { target: 'succeeded', actions: { type: 'recordSuccess', params: ({ event }) => event.output } },
        onError: [
          {
            guard: { type: 'leftInDoubt', params: ({ event }) => ({ error: event.error }) },
            target: 'inDoubt',
            actions: { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
          },
          {
            guard: { type: 'mayRetry', params: ({ event }) => ({ error: event.error }) },
            target: 'backingOff',
            actions: [{ type: 'recordFailure', params: ({ event }) => ({ error: event.error }) }, 'countRetry'],
          },
          { target: 'failed', actions: { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) } },
        ],
      },
      states: {
        running: {
          description: 'The executor carries out the admitted action, with heartbeats, an abort signal and an idempotency key.',
          entry: ['countAttempt', 'tellStarted'],
          after: { actionTimeout: { target: 'aborting', actions: { type: 'noteAbort', params: { reason: 'timeout' } } } },
          on: {
            'action.heartbeat': { actions: 'reportProgress' },
            'action.cancel': { target: 'aborting', actions: { type: 'noteAbort', params: { reason: 'cancel' } } },
            'action.pause': {
              guard: { type: 'abortsAtOnce', params: ({ event }) => event },
              target: 'aborting',
              actions: { type: 'noteAbort', params: { reason: 'pause' } },
            },
            'action.restart': { target: 'aborting', actions: { type: 'noteAbort', params: { reason: 'restart' } } },
            'action.override': { target: 'aborting', actions: { type: 'noteOverride', params: ({ event }) => event } },
          },
        },
        aborting: {
          description: 'Waits until the process tree is gone; a result that still arrives wins.',
          entry: { type: 'abortExecution', params: ({ context }) => ({ runId: context.runId, stepId: context.step.id }) },
          after: { killGrace: { target: '#action.aborted' } },
          on: {
            'xstate.error.actor.service:execute': { target: '#action.aborted' },
            'action.cancel': { actions: { type: 'noteAbort', params: { reason: 'cancel' } } },
          },
        },
      },
    },
    aborted: {
      description: 'The attempt is over; why it was stopped, and whether its effect can be repeated, decide what follows.',
      always: [
        { guard: 'wasCancelled', target: 'cancelled', actions: 'recordAborted' },
        { guard: 'wasOverridden', target: 'succeeded', actions: 'recordOverride' },
        { guard: 'returnsToReady', target: 'ready', actions: ['noteBegunByPerson', 'reportReady'] },
        { guard: 'timedOutWithRetriesLeft', target: 'backingOff', actions: ['recordTimeout', 'countRetry'] },
        { guard: 'timedOutHarmlessly', target: 'failed', actions: 'recordTimeout' },
        { target: 'inDoubt' },
      ],
    },
    backingOff: {
      description: 'Holds no slot; the next attempt comes after the back-off delay.',
      tags: 'waiting',
      entry: ['tellRetrying', { type: 'reportWaiting', params: { reason: 'backoff' } }],
      after: { backoffDelay: { target: 'ready', actions: 'reportReady' } },
      on: {
        'action.skip': { target: 'skipped', actions: 'recordSkip' },
        'action.cancel': { target: 'cancelled', actions: 'recordCancel' },
      },
    },
    inDoubt: {
      description: 'The effect may or may not have happened; it is never silently run again.',
      initial: 'reconciling',
      on: { 'action.cancel': { target: 'failed', actions: 'recordDoubt' } },
      states: {
        reconciling: {
          description: 'The capability looks whether the effect happened.',
          tags: 'busy',
          invoke: {
            id: 'service:reconcileEffect',
            src: 'reconcileEffect',
            input: ({ context }) => executeInput(context),
            onDone: [
              {
                guard: { type: 'effectHappened', params: ({ event }) => event.output },
                target: '#action.succeeded',
                actions: { type: 'recordReconciled', params: ({ event }) => event.output },
              },
              {
                guard: { type: 'didNotAndWantedAgain', params: ({ event }) => event.output },
                target: '#action.ready',
                actions: ['noteBegunByPerson', 'reportReady'],
              },
              {
                guard: { type: 'didNotAndProcessLost', params: ({ event }) => event.output },
                target: '#action.ready',
                actions: ['noteBegunByPerson', 'reportReady'],
              },
              {
                guard: { type: 'didNotAndRetriesLeft', params: ({ event }) => event.output },
                target: '#action.backingOff',
                actions: ['countRetry'],
              },
              { guard: { type: 'didNotHappen', params: ({ event }) => event.output }, target: '#action.failed', actions: 'recordDidNotHappen' },
              { target: 'awaitingPerson' },
            ],
            onError: { target: 'awaitingPerson' },
          },
          after: { reconcileTimeout: { target: 'awaitingPerson' } },
        },
        awaitingPerson: {
          description: 'A person says whether the effect happened.',
          tags: ['waiting', 'needsPerson'],
          entry: { type: 'reportWaiting', params: { reason: 'doubt' } },
          always: { guard: 'nobodyThere', target: '#action.failed', actions: 'recordDoubt' },
          after: { interventionTimeout: { guard: 'interventionLimited', target: '#action.failed', actions: 'recordDoubt' } },
          on: {
            'action.resolve': [
              {
                guard: { type: 'resolvedAs', params: ({ event }) => ({ resolution: event.resolution, is: 'happened' }) },
                target: '#action.succeeded',
                actions: 'recordResolvedHappened',
              },
              {
                guard: { type: 'resolvedAs', params: ({ event }) => ({ resolution: event.resolution, is: 'did-not' }) },
                target: '#action.ready',
                actions: ['noteBegunByPerson', 'reportReady'],
              },
              { target: '#action.failed', actions: 'recordDoubt' },
            ],
          },
        },
      },
    },
    succeeded: { description: 'It has a result: its own, or one that a person gave in its place.', tags: 'terminal', type: 'final' },
    failed: { description: 'It failed for good; the failure says why.', tags: 'terminal', type: 'final' },
    denied: { description: 'The guard or a person said no.', tags: 'terminal', type: 'final' },
    skipped: { description: 'A person decided to do without it.', tags: 'terminal', type: 'final' },
    cancelled: { description: 'It was stopped with the run, or by a drain.', tags: 'terminal', type: 'final' },
  },
})

const asksPerson = (verdict: Verdict) => verdict.decision === 'ask' || verdict.decision === 'modify'
const matchesApproval = (context: ActionContext, verdict: Verdict) =>
  verdict.approvalExpired !== true && context.approval?.digest === verdict.digest && context.approval.policyHash === verdict.policyHash
/** A verdict on other arguments uses an approval up, even if the approved ones should come back. */
const judged = (context: ActionContext, verdict: Verdict) => ({ verdict, approval: matchesApproval(context, verdict) ? context.approval : null })
const retriesLeft = (context: ActionContext) => context.retries < context.step.retry.maxRetries
const wantedAgain = (context: ActionContext) => context.abortReason === 'pause' || context.abortReason === 'restart'
/** The service says so of an intent that an earlier process left open; a capability that loses sight of its own effect does not. */
const processLost = ({ abortReason, failure: last }: ActionContext) => abortReason === null && last?.code === 'EFFECT_IN_DOUBT' && last.retryable
const attemptNumber = (context: ActionContext) => context.attempts + context.personAttempts

const timedOut = ({ step }: ActionContext) => failure('ACTION_TIMEOUT', `the action did not end within ${step.timeoutMs} ms`)
/** Why the last attempt came to nothing; what an earlier one failed of does not matter once it timed out. */
const lastFailure = (context: ActionContext, otherwise: string) =>
  context.abortReason === 'timeout' ? timedOut(context) : (context.failure ?? failure('ACTION_FAILED', otherwise))

const codeOf = (error: unknown) => toFailure(error).code
const isTransient = (error: unknown) => toFailure(error).retryable

function executeInput(context: ActionContext): ExecuteInput {
  return {
    runId: context.runId,
    stepId: context.step.id,
    planRef: context.planRef,
    planNumber: context.planNumber,
    actionRef: context.verdict?.actionRef ?? '',
    digest: context.verdict?.digest ?? '',
    effect: context.step.effect,
    approval: context.approval,
    attempt: attemptNumber(context) + 1,
  }
}

/** Delay before the next attempt in ms: base, base·n, base·2^(n−1), or the latter times a fixed fraction from 0.5 to 1 drawn from the ids. */
function backoffMs({ step, retries, runId }: ActionContext): number {
  const { backoff, baseDelayMs, maxDelayMs } = step.retry
  const n = Math.max(1, retries)
  const exponential = baseDelayMs * 2 ** (n - 1)
  const raw = {
    fixed: baseDelayMs,
    linear: baseDelayMs * n,
    exponential,
    jittered: exponential * (0.5 + 0.5 * fractionOf(`${runId}/${step.id}/${n}`)),
  }
  return Math.min(maxDelayMs, Math.round(raw[backoff]))
}

/** FNV-1a as a number from 0 to 1: jitter that a replay draws again. */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) / 0xffffffff
}

function toResult(context: ActionContext): ActionResult {
  const outcome: Outcome = context.outcome
  return {
    stepId: context.step.id,
    outcome,
    inDoubt: context.inDoubt,
    provenance: context.provenance,
    outputRef: outcome === 'succeeded' ? context.outputRef : null,
    failure: outcome === 'succeeded' ? null : context.failure,
    digest: context.verdict?.digest ?? null,
    ruleId: context.verdict?.ruleId ?? null,
    attempts: attemptNumber(context),
    usage: context.usage,
  }
}
