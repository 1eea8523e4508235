import type { Plan, PlanStep } from '../../model/plan.ts'
import { referencesIn } from '../../model/reference.ts'
import { digestOf } from '../../model/digest.ts'
import type { Draft, OracleRequest } from './oracle.ts'
import { unmetCondition, type Facts } from './facts.ts'
import { aimOf } from './plan-structure.ts'
import type { Playbook, PlaybookStep } from './playbook.ts'
import { fillParams, paramsOf, type ParamValues } from './playbook-params.ts'

type Reasons = ReadonlyMap<string, string>

/** The plan that a playbook makes of a request, or why it makes none. */
export function draftFrom(playbook: Playbook, request: OracleRequest, facts: Facts): Draft {
  const params = paramsOf(playbook, request.context)
  if ('problem' in params)
    return none(playbook, params.problem, `Give it in the run's context; ${playbook.id} takes ${Object.keys(playbook.params).join(', ')}.`)
  const route = routeOf(playbook, request)
  if ('problem' in route) return none(playbook, route.problem, 'Look at the failure in the report, correct its cause, and start a new run.')
  const steps = playbook.steps.filter(({ id }) => !route.finished.has(id)).map((step) => standIn(playbook, step, route.swapped))
  const leftOut = leftOutOf(steps, route.passedOver, facts, params.values, request.maxSteps)
  const kept = steps.filter(({ id }) => !leftOut.has(id))
  if (kept.length === 0) return none(playbook, 'none of its steps applies here', 'Look at the conditions of its steps.')
  const planned = kept.map((step) => planStep(step, fillParams(step.args, params.values), waitsFor(step, steps, leftOut)))
  if (planned.some((step, at) => referencesIn(step.args).length !== referencesIn(kept[at]?.args ?? {}).length)) {
    return none(playbook, 'a value of the context would be read as a reference to a step', 'Give values without ${steps.')
  }
  const plan: Plan = {
    version: 1,
    title: playbook.title,
    goal: request.goal,
    assumptions: [...playbook.assumptions, ...(request.assumption === null ? [] : [`The goal was read as: ${request.assumption}`])],
    successCriteria: playbook.successCriteria.filter((check) => !leftOut.has(aimOf(check)?.step ?? '')),
    steps: planned,
    evidence: request.evidence.map(({ id, quote }) => ({ ref: id, quote })),
  }
  const notes = steps.flatMap(({ id, title, when }) =>
    leftOut.has(id) && !isUnasked(when, params.values) ? [`${title}: left out, ${leftOut.get(id)}`] : [],
  )
  return { kind: 'plan', plan, source: `playbook:${playbook.id}`, notExamined: [...playbook.notExamined, ...notes] }
}

interface Route {
  /** Steps that succeeded in an earlier plan. */
  readonly finished: ReadonlySet<string>
  /** Steps whose fallback takes their place. */
  readonly swapped: ReadonlySet<string>
  /** Steps that failed and may be passed over. */
  readonly passedOver: Reasons
}

/** Another way than the one that failed or was refused. Without a failed step that has an unused fallback there is none. */
function routeOf(playbook: Playbook, { done, findings, replans }: OracleRequest): Route | { readonly problem: string } {
  const refused = findings.filter(({ severity, stepId }) => severity === 'error' && stepId !== null && fallbackFor(playbook, stepId) !== undefined)
  const swapped = new Set(refused.map(({ stepId }) => stepId ?? ''))
  if (replans === 0) return { finished: new Set(), swapped, passedOver: new Map() }
  const passedOver = new Map<string, string>()
  const finished = new Set(done.flatMap(({ stepId, result }) => (result.outcome === 'succeeded' ? [stepId] : [])))
  const failed = done.filter(({ stepId, result }) => !finished.has(stepId) && (result.outcome === 'failed' || result.outcome === 'denied'))
  for (const before of failed) {
    const original = playbook.steps.find(({ id }) => id === before.stepId)
    if (original === undefined) continue
    const fallback = fallbackFor(playbook, before.stepId)
    if (fallback !== undefined && !ran(before, fallback, original)) swapped.add(before.stepId)
    else if ((original.onFailure ?? 'replan') === 'skip') passedOver.set(before.stepId, `it was ${before.result.outcome} before`)
    else
      return {
        problem:
          fallback === undefined
            ? `step ${before.stepId} was ${before.result.outcome}, and it knows no other way`
            : `step ${before.stepId} and its fallback both did not succeed`,
      }
  }
  if (swapped.size === 0) return { problem: 'its plan did not reach the goal, and it knows no other way' }
  return { finished, swapped, passedOver }
}

/** A step may be called `constructor`. */
function fallbackFor({ fallbacks }: Playbook, stepId: string): Playbook['fallbacks'][string] | undefined {
  return Object.hasOwn(fallbacks, stepId) ? fallbacks[stepId] : undefined
}

/** Whether what ran was the fallback: by its capability, or its arguments when both use the same one. */
function ran(before: OracleRequest['done'][number], fallback: Pick<PlanStep, 'capability' | 'args'>, original: PlaybookStep): boolean {
  if (fallback.capability !== original.capability) return before.capability === fallback.capability
  return digestOf(before.args) === digestOf(fallback.args)
}

function standIn(playbook: Playbook, step: PlaybookStep, swapped: ReadonlySet<string>): PlaybookStep {
  const fallback = swapped.has(step.id) ? fallbackFor(playbook, step.id) : undefined
  return fallback === undefined ? step : { ...fallback, id: step.id }
}

/** Nobody gave the parameter that the step is about: nothing is missing from the run without it. */
function isUnasked(when: PlaybookStep['when'], params: ParamValues): boolean {
  return when?.param !== undefined && params.get(when.param) === ''
}

/** Steps whose condition does not hold, those that need their output, and those that are too many, with the reason. */
function leftOutOf(steps: readonly PlaybookStep[], passedOver: Reasons, facts: Facts, params: ParamValues, maxSteps: number): Reasons {
  const reasons = new Map<string, string>(passedOver)
  for (const { id, when } of steps) {
    const unmet = when === undefined ? null : unmetCondition(when, facts, params)
    if (unmet !== null && !reasons.has(id)) reasons.set(id, unmet)
  }
  leaveOutUsers(steps, reasons)
  // What may fail may also be done without; a playbook names last what is missed least.
  for (const { id } of steps.filter(({ onFailure }) => onFailure === 'skip').toReversed()) {
    if (steps.length - reasons.size <= maxSteps) break
    if (reasons.has(id)) continue
    reasons.set(id, `the run may take only ${maxSteps} ${maxSteps === 1 ? 'step' : 'steps'} (max_steps)`)
    leaveOutUsers(steps, reasons)
  }
  return reasons
}

function leaveOutUsers(steps: readonly PlaybookStep[], reasons: Map<string, string>): void {
  for (let before = -1; before !== reasons.size;) {
    before = reasons.size
    for (const { id, args } of steps) {
      const source = reasons.has(id) ? undefined : referencesIn(args).find(({ stepId }) => reasons.has(stepId))
      if (source !== undefined) reasons.set(id, `it needs the output of ${source.stepId}, which is left out`)
    }
  }
}

/** What a step still waits for: a step that is left out hands on what it waited for itself; one that is finished is not waited for. */
function waitsFor(step: PlaybookStep, steps: readonly PlaybookStep[], leftOut: Reasons): string[] {
  const byId = new Map(steps.map((each) => [each.id, each]))
  const found = new Set<string>()
  const seen = new Set<string>()
  const open = [...step.dependsOn]
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    if (seen.has(id)) continue
    seen.add(id)
    const target = byId.get(id)
    if (target === undefined) continue
    if (leftOut.has(id)) open.push(...target.dependsOn)
    else found.add(id)
  }
  return [...found]
}

function planStep({ when: _when, ...step }: PlaybookStep, args: PlanStep['args'], dependsOn: string[]): PlanStep {
  return { ...step, args, dependsOn }
}

function none(playbook: Playbook, reason: string, hint: string): Draft {
  return { kind: 'none', reason: `Playbook ${playbook.id} makes no plan: ${reason}.`, hint }
}
