import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { Bodies } from '../engine/bodies.ts'
import type { Fold } from '../engine/fold.ts'
import { ControllerError } from '../errors.ts'
import { planBody } from '../flow/run-scope.ts'
import { skeletonOf } from '../flow/skeleton.ts'
import type { ActionContext } from '../machines/action.types.ts'
import type { QueuedAmendment, WorkflowContext } from '../machines/workflow.types.ts'
import type { Plan } from '../model/plan.ts'
import { stepState } from '../model/progress.ts'
import { listProblems, placed, problemsOf } from '../model/problems.ts'
import { RunRequest } from '../model/request.ts'
import type { Amendment } from '../model/request.ts'
import type { CapabilityCatalog } from '../services/executor/executor.ts'
import { jsonProblemsOf } from '../model/json-check.ts'
import { tryParsePlan } from '../services/oracle/plan-validator.ts'
import { statePath } from './state-path.ts'

/** What turning a request into an event needs. */
export interface RequestContext {
  readonly runId: string
  readonly fold: Fold
  readonly bodies: Bodies
  readonly catalog: CapabilityCatalog
  readonly actionMs: number
  /** Most steps that a run may be given. */
  readonly maxStepsCeiling: number
  /** Until when an approval counts that is given with the request; absent: without limit. */
  readonly approvalExpiresAt?: number
}

export type MakeEvent = (runAt: number) => EventObject

/** A request from outside. @throws ControllerError EVENT_REFUSED, or PLAN_INVALID for its plan (details: every problem at once) */
export function parseRequest(input: unknown): RunRequest {
  // A schema that looks into JSON by recursion runs out of stack far before JSON.parse does.
  const unsound = jsonProblemsOf(input).map(({ at, problem }) => placed(at, input, problem))
  const parsed = unsound.length > 0 ? null : RunRequest.safeParse(input)
  if (parsed?.success === true) return parsed.data
  const problems = parsed === null ? unsound : problemsOf(parsed.error, input)
  const code = problems.every(({ at }) => at[0] === 'plan') ? 'PLAN_INVALID' : 'EVENT_REFUSED'
  throw new ControllerError(code, `the request is not one that runs take: ${listProblems(problems)}`, { details: problems })
}

/**
 * The statechart's event for a request, bodies stored by reference, with the digest the run has now when none was given.
 * @throws ControllerError EVENT_REFUSED when the run would not take it in its present state; PLAN_INVALID for a plan that is none
 */
export function eventOf(given: RunRequest, context: RequestContext): MakeEvent {
  const request = bindDigest(given, context.fold)
  const make = translate(request, context)
  const event = make(0)
  if (!accepted(event, context.fold)) throw refusal(request, context)
  return make
}

function translate(request: RunRequest, context: RequestContext): MakeEvent {
  const { bodies } = context
  switch (request.type) {
    case 'run.pause':
    case 'run.resume':
      return (at) => ({ ...request, at })
    case 'run.modify': {
      const amendment = queued(request.amendment, context)
      return () => ({ ...request, amendment })
    }
    case 'plan.edit': {
      const { plan, ...rest } = request
      const skeleton = skeletonOf({ plan, source: `person:${request.by}`, notExamined: [], pinned: true }, bodies, context.catalog, context.actionMs)
      return () => ({ ...rest, plan: skeleton })
    }
    case 'action.approve': {
      const { approvalExpiresAt: expiresAt } = context
      return () => ({ ...request, ...(expiresAt === undefined ? {} : { expiresAt }) })
    }
    case 'action.edit': {
      const { args, ...rest } = request
      return () => ({ ...rest, argsRef: bodies.put(args) })
    }
    case 'action.respond': {
      const { output, ...rest } = request
      return () => ({ ...rest, outputRef: bodies.put(output) })
    }
    case 'action.override': {
      const { output, ...rest } = request
      return () => ({ ...rest, outputRef: bodies.put(output) })
    }
    default:
      return () => request
  }
}

const rootContext = (fold: Fold) => fold.snapshot('')?.context as WorkflowContext | undefined
const draftDigest = (fold: Fold) => rootContext(fold)?.draft?.plan.digest ?? ''

/** The digest a person answers to; empty when there is none yet, which no state accepts. */
export function actionDigest(fold: Fold, actionId: string): string {
  const context = fold.snapshot(actionId)?.context as ActionContext | undefined
  return context?.verdict?.digest ?? ''
}

/** The request with the digest the run has now, where it needs one and has none: an answer is to what was there when it was given. */
export function bindDigest(request: RunRequest, fold: Fold): RunRequest {
  return withDigest(request, (actionId) => (actionId === null ? draftDigest(fold) : actionDigest(fold, actionId)))
}

/**
 * A request as the store kept it. Whoever sent it bound it to what the person looked at; without a digest it would answer to whatever
 * waits when it is read, so then nothing accepts it. @throws ControllerError as `parseRequest`
 */
export function parseStored(input: unknown): RunRequest {
  return withDigest(parseRequest(input), () => '')
}

/** The one list of requests that answer to something exact: an action, or (null) the plan that waits for a signature. */
function withDigest(request: RunRequest, missing: (actionId: string | null) => string): RunRequest {
  switch (request.type) {
    case 'action.approve':
    case 'action.edit':
    case 'action.reject':
    case 'action.respond':
    case 'action.skip':
      return { ...request, digest: request.digest ?? missing(request.actionId) }
    case 'plan.approve':
    case 'plan.edit':
    case 'plan.reject':
      return { ...request, digest: request.digest ?? missing(null) }
    default:
      return request
  }
}

function queued(amendment: Amendment, context: RequestContext): QueuedAmendment {
  const { bodies, fold, catalog, actionMs } = context
  const inForce = rootContext(fold)?.plan ?? null
  const changes = amendment.addSteps.length + amendment.removeSteps.length > 0
  assertNoneQueued(context)
  assertWithinCeiling(amendment, context)
  assertOverridable(amendment, context)
  const overrides = Object.fromEntries(Object.entries(amendment.overrides).map(([stepId, output]) => [stepId, bodies.put(output)]))
  const body = inForce !== null && changes ? planBody(bodies, inForce.ref) : null
  const plan = body && skeletonOf({ ...body, plan: amendedPlan(body.plan, amendment) }, bodies, catalog, actionMs)
  return { maxSteps: amendment.maxSteps ?? null, plan, overrides, escalate: amendment.escalate }
}

/** A second amendment would take the place of the first, which was acknowledged. */
function assertNoneQueued({ runId, fold }: RequestContext): void {
  if (!rootContext(fold)?.amendment) return
  throw new ControllerError('EVENT_REFUSED', `an amendment of run ${runId} is waiting to be judged`, {
    hint: 'Wait until it was, or let a paused run go on first.',
  })
}

function assertWithinCeiling({ maxSteps }: Amendment, { maxStepsCeiling }: RequestContext): void {
  if (maxSteps === undefined || maxSteps <= maxStepsCeiling) return
  throw new ControllerError(
    'EVENT_REFUSED',
    `max_steps ${maxSteps} is more than the ${maxStepsCeiling} that the operator allows (limits.maxStepsCeiling)`,
  )
}

/** An output can only stand in for a step that has not begun: what happened stays true. */
function assertOverridable({ overrides, addSteps }: Amendment, { fold }: RequestContext): void {
  const root = rootContext(fold)
  const added = new Set(addSteps.map((step) => (typeof step === 'object' && step !== null && 'id' in step ? step.id : null)))
  for (const stepId of Object.keys(overrides)) {
    const known = root?.plan?.steps.some(({ id }) => id === stepId)
    if (!known && !added.has(stepId)) throw new ControllerError('EVENT_REFUSED', `the plan has no step ${stepId}`)
    const state = root?.plan && root.progress && known ? stepState(root.plan, root.progress, stepId) : 'pending'
    if (state !== 'pending' && state !== 'skipped')
      throw new ControllerError('EVENT_REFUSED', `step ${stepId} is ${state}: its output cannot be replaced any more`)
  }
}

function amendedPlan(plan: Plan, amendment: Amendment): Plan {
  const removed = new Set(amendment.removeSteps)
  const unknown = amendment.removeSteps.filter((stepId) => !plan.steps.some(({ id }) => id === stepId))
  if (unknown.length > 0) throw new ControllerError('EVENT_REFUSED', `the plan has no step ${unknown.join(', ')}`)
  const parsed = tryParsePlan({ ...plan, steps: [...plan.steps.filter(({ id }) => !removed.has(id)), ...amendment.addSteps] })
  if ('plan' in parsed) return parsed.plan
  const list = parsed.problems.map(({ path, problem }) => `${path}: ${problem}`).join('; ')
  throw new ControllerError('PLAN_INVALID', `the added steps are not valid: ${list}`, { details: parsed.problems })
}

/** Whether the workflow, and the action it is for, would take this event now. */
export function accepted(event: EventObject & { readonly actionId?: unknown }, fold: Fold): boolean {
  const root = fold.snapshot('')
  if (root?.status !== 'active' || !root.can(event)) return false
  if (typeof event.actionId !== 'string') return true
  const action = fold.snapshot(event.actionId)
  return action?.status === 'active' && action.can(event)
}

function refusal(request: RunRequest, context: RequestContext): ControllerError {
  const root = context.fold.snapshot('')
  const state = root ? statePath(root.value) : 'nowhere'
  if ('actionId' in request) {
    const action: AnyMachineSnapshot | null = context.fold.snapshot(request.actionId)
    const where = action === null ? `is not under way (the run is ${state})` : `is ${statePath(action.value)}`
    const stale =
      'digest' in request && request.digest !== undefined && action !== null && request.digest !== actionDigest(context.fold, request.actionId)
    if (stale) return new ControllerError('APPROVAL_STALE', `the action ${request.actionId} is no longer what was looked at`)
    return new ControllerError('EVENT_REFUSED', `the action ${request.actionId} of run ${context.runId} ${where} and does not take ${request.type}`)
  }
  return new ControllerError(
    'EVENT_REFUSED',
    `run ${context.runId} is ${state} and does not take ${request.type}; it takes ${acceptedTypes(context.fold).join(', ') || 'nothing'}`,
  )
}

/** The request types that a run takes now. */
export function acceptedTypes(fold: Fold): readonly string[] {
  const by = 'person'
  const digest = draftDigest(fold)
  const noPlan = { ref: '', digest: '', source: '', steps: [] }
  const forRun: readonly (EventObject & Record<string, unknown>)[] = [
    { type: 'run.pause', mode: 'finish', at: 0, by },
    { type: 'run.resume', at: 0, by },
    { type: 'run.cancel', reason: null, by },
    { type: 'run.modify', amendment: { maxSteps: null, plan: null, overrides: {}, escalate: false }, by },
    { type: 'goal.answer', text: 'x', by },
    { type: 'plan.approve', digest, reason: null, by },
    { type: 'plan.edit', digest, plan: noPlan, by },
    { type: 'plan.reject', digest, reason: null, by },
    ...(['continue', 'replan', 'accept', 'fail'] as const).map((option) => ({ type: 'intervention.choose', option, by })),
  ]
  const forActions = fold
    .paths()
    .filter((path) => path !== '')
    .flatMap((actionId) => actionEvents(actionId, actionDigest(fold, actionId)))
  return [...new Set([...forRun, ...forActions].filter((event) => accepted(event, fold)).map(({ type }) => type))]
}

function actionEvents(actionId: string, digest: string): readonly (EventObject & Record<string, unknown>)[] {
  const answer = { actionId, digest, by: 'person', reason: null }
  return [
    { type: 'action.approve', ...answer },
    { type: 'action.edit', argsRef: '', ...answer },
    { type: 'action.reject', ...answer },
    { type: 'action.respond', outputRef: '', ...answer },
    { type: 'action.skip', ...answer },
    { type: 'action.restart', ...answer },
    { type: 'action.override', outputRef: '', ...answer },
    { type: 'action.resolve', resolution: 'failed', ...answer },
  ]
}
