import type { Services } from '../machines/provide-services.ts'
import type { DraftOutput, JudgePlanInput } from '../machines/workflow.types.ts'
import type { PlanFinding, PlanStep } from '../model/plan.ts'
import type { PlanVerdict } from '../model/verdict.ts'
import { deliberate } from '../services/oracle/committee.ts'
import type { OracleRequest } from '../services/oracle/oracle.ts'
import { validatePlan } from '../services/oracle/plan-validator.ts'
import { oracleRequest, planBody, stepIn } from './run-scope.ts'
import type { FindRun, FlowPorts, RunScope } from './run-scope.ts'
import { skeletonOf } from './skeleton.ts'

/** From evidence to a plan that was judged. */
export function planServices(ports: FlowPorts, find: FindRun): Pick<Services, 'draftPlan' | 'deliberate' | 'judgePlan'> {
  return {
    async draftPlan(input, { signal }) {
      const scope = find(input.runId)
      return draft(ports, scope, oracleRequest(scope, input, signal), input.oracle)
    },

    async deliberate(input) {
      const scope = find(input.runId)
      const { plan } = planBody(scope.bodies, input.plan.ref)
      const result = deliberate({ plan, catalog: ports.executor.catalog, maxSteps: scope.stepsLeft, timeoutMs: scope.params.timeout_ms })
      const objections = result.reviews.flatMap((review) => review.objections.map((objection) => `${review.reviewer}: ${objection}`))
      return {
        kind: result.kind,
        reason: objections.join('; ') || result.kind,
        objectionsRef: objections.length === 0 ? null : scope.bodies.put(objections),
      }
    },

    async judgePlan(input) {
      const scope = find(input.runId)
      const verdict = await judge(ports, scope, input)
      const errors = verdict.findings.filter(({ severity }) => severity === 'error')
      return { clean: verdict.clean, findingsRef: scope.bodies.put(verdict), reason: describeFindings(errors) }
    },
  }
}

/** The first oracle, from `first` on, that has a plan; when none has, why, and what would help. */
async function draft(ports: FlowPorts, scope: RunScope, request: OracleRequest, first: number): Promise<DraftOutput> {
  let none: DraftOutput = { kind: 'none', reason: 'no oracle is configured', hint: 'Give a plan with `--plan FILE`.' }
  for (const oracle of scope.oracles.slice(first)) {
    const answer = await oracle.draft(request)
    if (answer.kind === 'none') none = answer
    else {
      const hasRead = request.evidence.length > 0 || request.done.length > 0
      const body = { plan: answer.plan, source: answer.source, notExamined: answer.notExamined ?? [], pinned: oracle.trusted === true || !hasRead }
      return { kind: 'plan', plan: skeletonOf(body, scope.bodies, ports.executor.catalog, ports.config.timeouts.actionMs) }
    }
  }
  return none
}

/** The validator's findings, with the guard's verdict on each step. */
async function judge(ports: FlowPorts, scope: RunScope, input: Pick<JudgePlanInput, 'plan' | 'live' | 'maxSteps' | 'amends'>): Promise<PlanVerdict> {
  const { plan } = planBody(scope.bodies, input.plan.ref)
  const foresee = async ({ id, capability, args }: PlanStep) =>
    [id, await scope.guard.foresee({ stepId: id, capability, args, plan: input.plan.ref }, scope.guardScope)] as const
  const verdicts = new Map(await Promise.all(plan.steps.map(foresee)))
  const settled = input.amends === null ? [] : scope.record.current().keys()
  const findings = validatePlan(plan, {
    catalog: ports.executor.catalog,
    maxSteps: input.maxSteps,
    timeoutMs: scope.params.timeout_ms,
    verdicts,
    done: input.amends === null ? scope.record.done((ref) => planBody(scope.bodies, ref).plan) : [],
    earlierPlanDigests: input.amends === null ? scope.record.planDigests() : [],
    live: [...input.live, ...settled],
  })
  const lost = input.live.filter((stepId) => stepIn(plan, stepId) === undefined)
  const all = [...findings, ...lost.map(liveStepLost)]
  return {
    clean: all.every(({ severity }) => severity !== 'error'),
    findings: all,
    steps: plan.steps.flatMap((step) => {
      const verdict = verdicts.get(step.id)
      if (verdict === undefined) return []
      const { ruleId, reason, hint, risk, score, taint, suggestion, shadow, atDispatch } = verdict
      const decision = verdict.decision === 'modify' ? 'ask' : verdict.decision
      return [{ stepId: step.id, decision, ruleId, reason, hint, risk, score, taint, suggestion, shadow, atDispatch }]
    }),
  }
}

function liveStepLost(stepId: string): PlanFinding {
  return {
    code: 'E_LIVE_STEP_REMOVED',
    severity: 'error',
    stepId,
    path: 'steps',
    message: `step ${stepId} is under way and cannot be removed`,
    hint: 'Cancel or skip the action first.',
  }
}

/** Findings in one line, for a reason or a message. */
function describeFindings(findings: readonly PlanFinding[]): string {
  return findings.map(({ code, message }) => `${code}: ${message}`).join('; ')
}
