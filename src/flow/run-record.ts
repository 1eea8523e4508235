import type { EventObject } from 'xstate'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { JsonObject } from '../model/json.ts'
import type { Plan } from '../model/plan.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'
import type { Verdict } from '../model/verdict.ts'
import { resultWithoutAttempt } from '../model/result.ts'
import type { ActionResult } from '../model/result.ts'
import type { ActionEmitted } from '../machines/action.types.ts'
import type { WorkflowEmitted } from '../machines/workflow.types.ts'
import { withSkippedDependants } from './skipped.ts'

type JudgedAction = Pick<Verdict, 'decision' | 'ruleId' | 'reason'>

interface EnforcedPlan {
  plan: PlanIdentity
  readonly results: Map<string, ActionResult>
}

type PlanIdentity = Pick<PlanSkeleton, 'ref' | 'digest'>

/**
 * What happened in a run, by step: a fold of the facts that its charts emitted, kept beside them because it grows with the run.
 * The same facts in the same order give the same record, live and on replay.
 */
export interface RunRecord {
  /** `inForce` is the plan that the workflow holds after the record: an amendment has put it in place of the old one. */
  note(entry: JournalEntry, emitted: readonly EventObject[], inForce: PlanIdentity | null): void
  /** When the run was started, ms since the epoch. */
  startedAt(): number
  /** The plan in force, or the last that was. */
  planRef(): string | null
  /** Result of a step, of the plan in force first. */
  result(stepId: string): ActionResult | null
  /** Results under the plan in force alone. */
  current(): ReadonlyMap<string, ActionResult>
  /** Results under all plans, those of skipped dependants included; what an earlier plan settled is left out where the plan in force has a step of that name. */
  results(plan: Plan | null): ReadonlyMap<string, ActionResult>
  verdicts(): ReadonlyMap<string, JudgedAction>
  /** Settled steps of all plans so far. */
  done(
    plan: (ref: string) => Plan,
  ): readonly { readonly stepId: string; readonly capability: string; readonly args: JsonObject; readonly result: ActionResult }[]
  /** Digests of the plans that were in force, the present one included. */
  planDigests(): readonly string[]
}

export function createRunRecord(): RunRecord {
  const plans: EnforcedPlan[] = []
  const verdicts = new Map<string, JudgedAction>()
  let startedAt = 0

  function note(fact: WorkflowEmitted | ActionEmitted, inForce: PlanIdentity | null): void {
    const last = plans.at(-1)
    if (fact.type === 'plan.accepted') plans.push({ plan: { ref: fact.planRef, digest: fact.digest }, results: new Map() })
    if (fact.type === 'action.settled') last?.results.set(fact.actionId, fact.result)
    if (fact.type === 'action.judged') verdicts.set(fact.actionId, { decision: fact.decision, ruleId: fact.ruleId, reason: fact.reason })
    if (fact.type === 'run.amended' && fact.accepted && last) {
      last.plan = inForce ?? last.plan
      for (const [stepId, ref] of Object.entries(fact.overrides))
        last.results.set(stepId, resultWithoutAttempt(stepId, 'succeeded', { provenance: 'person', outputRef: ref }))
    }
  }

  /** A step of an earlier plan says nothing about one of the same name that the plan in force did not come to. */
  function results(plan: Plan | null): ReadonlyMap<string, ActionResult> {
    const planned = new Set(plan?.steps.map(({ id }) => id))
    const earlier = plans.slice(0, -1).flatMap((past) => [...past.results].filter(([stepId]) => !planned.has(stepId)))
    const all = new Map([...earlier, ...(plans.at(-1)?.results ?? [])])
    return plan === null ? all : withSkippedDependants(plan, all)
  }

  return {
    note(entry, emitted, inForce) {
      if (entry.kind === 'started') startedAt = entry.at
      for (const fact of emitted) note(fact as WorkflowEmitted | ActionEmitted, inForce)
    },
    startedAt: () => startedAt,
    planRef: () => plans.at(-1)?.plan.ref ?? null,
    result: (stepId) => plans.findLast(({ results }) => results.has(stepId))?.results.get(stepId) ?? null,
    current: () => plans.at(-1)?.results ?? new Map(),
    results,
    verdicts: () => verdicts,
    done: (plan) => plans.flatMap((past) => doneSteps(plan(past.plan.ref), past.results)),
    planDigests: () => plans.map((past) => past.plan.digest),
  }
}

function doneSteps(plan: Plan, results: ReadonlyMap<string, ActionResult>) {
  return plan.steps.flatMap((step) => {
    const result = results.get(step.id)
    return result === undefined ? [] : [{ stepId: step.id, capability: step.capability, args: step.args, result }]
  })
}
