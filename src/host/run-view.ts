import type { Bodies } from '../engine/bodies.ts'
import type { Fold } from '../engine/fold.ts'
import type { ActionView, RunView } from '../controller.types.ts'
import type { RunRecord } from '../flow/run-record.ts'
import { judgedAction, planBody } from '../flow/run-scope.ts'
import type { ActionContext } from '../machines/action.types.ts'
import type { WorkflowContext, WorkflowOutput } from '../machines/workflow.types.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import { stepState } from '../model/progress.ts'
import type { ActionResult } from '../model/result.ts'
import type { RunSummary } from '../services/journal/journal.ts'
import { acceptedTypes } from './requests.ts'
import { runResult } from './run-events.ts'
import { describeState, needsPerson, statePath } from './state-path.ts'

export interface FoldedRun {
  readonly fold: Fold
  readonly bodies: Bodies
  readonly record: RunRecord
  readonly summary: RunSummary
  readonly owner: string | null
  readonly lastSeq: number
  /** Run-clock ms. */
  readonly runAt: number
}

const CLARIFYING = { open: { active: { planning: 'clarifying' } } }

/** A run as a person sees it. Pure over its fold. */
export function viewOf(run: FoldedRun): RunView {
  const { fold, bodies, record, summary } = run
  const root = fold.snapshot('')
  const context = root?.context as WorkflowContext
  const drafted = context.plan === null && context.draft !== null
  const skeleton = context.plan ?? context.draft?.plan ?? null
  const ref = skeleton?.ref ?? record.planRef()
  const body = ref === null ? null : planBody(bodies, ref)
  const waits = needsPerson(fold)
  const results = record.results(body?.plan ?? null)
  return {
    summary,
    state: root ? statePath(root.value) : '',
    description: root ? describeState(root) : '',
    plan: body?.plan ?? null,
    planDigest: skeleton?.digest ?? null,
    planSource: body?.source ?? null,
    actions: body ? body.plan.steps.map((step) => (drafted ? draftedView(step) : actionView(step, run, context, results))) : [],
    accepts: acceptedTypes(fold),
    question: root?.matches(CLARIFYING) === true ? (context.question?.question ?? context.question?.reason ?? null) : null,
    needsPerson: waits ? reasonFor(fold, context, body?.plan ?? null) : null,
    owner: run.owner,
    limits: {
      steps: [context.counts.steps, context.limits.steps],
      ms: [usedMs(context, run.runAt), context.limits.timeMs],
      replans: [context.counts.replans, context.limits.replans],
    },
    result: root?.status === 'done' ? runResult(summary.runId, root.output as WorkflowOutput, bodies) : null,
    lastSeq: run.lastSeq,
  }
}

const usedMs = (context: WorkflowContext, runAt: number) =>
  context.usedMs + (context.activeSince === null ? 0 : Math.max(0, runAt - context.activeSince))

/** A step of a plan that is not in force: one of the same name in an earlier plan says nothing about it. */
function draftedView({ id, title, capability, dependsOn, args }: PlanStep): ActionView {
  return { actionId: id, title, capability, dependsOn, state: 'pending', attempts: 0, digest: null, verdict: null, args, result: null }
}

function actionView(step: PlanStep, { fold, bodies }: FoldedRun, context: WorkflowContext, results: ReadonlyMap<string, ActionResult>): ActionView {
  const snapshot = fold.snapshot(step.id)
  const action = snapshot?.context as ActionContext | undefined
  const settledState =
    context.plan && context.progress ? stepState(context.plan, context.progress, step.id) : (results.get(step.id)?.outcome ?? 'pending')
  const judged = action?.verdict ? judgedAction(bodies, { runId: action.runId, stepId: step.id, planRef: action.planRef, ...action.verdict }) : null
  const result = results.get(step.id) ?? null
  return {
    actionId: step.id,
    title: step.title,
    capability: step.capability,
    dependsOn: step.dependsOn,
    state: snapshot ? statePath(snapshot.value) : settledState,
    attempts: action ? action.attempts + action.personAttempts : (result?.attempts ?? 0),
    digest: action?.verdict?.digest ?? result?.digest ?? null,
    verdict: action?.verdict ?? null,
    args: judged?.args ?? step.args,
    result,
  }
}

function reasonFor(fold: Fold, context: WorkflowContext, plan: Plan | null): string {
  const root = fold.snapshot('')
  if (root?.hasTag('needsPerson') === true) {
    if (root.matches({ open: { active: { planning: 'signingOff' } } })) return 'the plan waits for a signature'
    if (root.matches(CLARIFYING)) return context.question?.question ?? 'the goal is ambiguous'
    return context.stall?.detail ?? 'the run is stalled'
  }
  const waiting = fold.paths().filter((path) => path !== '' && fold.snapshot(path)?.hasTag('needsPerson') === true)
  const titles = waiting.map((stepId) => `${stepId} (${plan?.steps.find(({ id }) => id === stepId)?.title ?? ''})`)
  return `${titles.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for an answer`
}
