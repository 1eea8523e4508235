import type { EventObject } from 'xstate'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { JsonObject } from '../model/json.ts'
import type { Plan } from '../model/plan.ts'
import type { Verdict } from '../model/verdict.ts'
import { NO_USAGE } from '../model/result.ts'
import type { ActionResult, Usage } from '../model/result.ts'
import type { ActionEmitted } from '../machines/action.types.ts'
import type { WorkflowEmitted } from '../machines/workflow.types.ts'

type JudgedAction = Pick<Verdict, 'decision' | 'ruleId' | 'reason'>

interface EnforcedPlan {
  readonly ref: string
  readonly digest: string
  readonly results: Map<string, ActionResult>
}

/**
 * What happened in a run, by step: a fold of the facts that its charts emitted, kept beside them because it grows with the run.
 * The same facts in the same order give the same record, live and on replay.
 */
export interface RunRecord {
  note(entry: JournalEntry, emitted: readonly EventObject[]): void
  /** When the run was started, ms since the epoch. */
  startedAt(): number
  /** The plan in force, or the last that was. */
  planRef(): string | null
  /** Result of a step, of the plan in force first. */
  result(stepId: string): ActionResult | null
  /** Results under the plan in force alone. */
  current(): ReadonlyMap<string, ActionResult>
  /** Results under all plans; those of steps that the plan in force has too, but has not settled, are left out. */
  results(plan: Plan | null): ReadonlyMap<string, ActionResult>
  verdict(stepId: string): JudgedAction | null
  verdicts(): ReadonlyMap<string, JudgedAction>
  /** Settled steps of all plans so far. */
  done(plan: (ref: string) => Plan): readonly { readonly stepId: string; readonly capability: string; readonly args: JsonObject; readonly result: ActionResult }[]
  /** Digests of the plans that were in force, the present one included. */
  planDigests(): readonly string[]
}

export function createRunRecord(): RunRecord {
  const plans: EnforcedPlan[] = []
  const verdicts = new Map<string, JudgedAction>()
  let startedAt = 0

  function note(fact: WorkflowEmitted | ActionEmitted): void {
    if (fact.type === 'plan.accepted') plans.push({ ref: fact.planRef, digest: fact.digest, results: new Map() })
    if (fact.type === 'action.settled') plans.at(-1)?.results.set(fact.actionId, fact.result)
    if (fact.type === 'action.judged') verdicts.set(fact.actionId, { decision: fact.decision, ruleId: fact.ruleId, reason: fact.reason })
    if (fact.type === 'run.amended') {
      for (const [stepId, ref] of Object.entries(fact.overrides)) plans.at(-1)?.results.set(stepId, personsResult(stepId, ref))
    }
  }

  /** A step of an earlier plan says nothing about one of the same name that the plan in force did not come to. */
  function results(plan: Plan | null): ReadonlyMap<string, ActionResult> {
    const planned = new Set(plan?.steps.map(({ id }) => id))
    const earlier = plans.slice(0, -1).flatMap((past) => [...past.results].filter(([stepId]) => !planned.has(stepId)))
    return new Map([...earlier, ...(plans.at(-1)?.results ?? [])])
  }

  return {
    note(entry, emitted) {
      if (entry.kind === 'started') startedAt = entry.at
      for (const fact of emitted) note(fact as WorkflowEmitted | ActionEmitted)
    },
    startedAt: () => startedAt,
    planRef: () => plans.at(-1)?.ref ?? null,
    result: (stepId) => plans.findLast(({ results }) => results.has(stepId))?.results.get(stepId) ?? null,
    current: () => plans.at(-1)?.results ?? new Map(),
    results,
    verdict: (stepId) => verdicts.get(stepId) ?? null,
    verdicts: () => verdicts,
    done: (plan) => plans.flatMap(({ ref, results }) => doneSteps(plan(ref), results)),
    planDigests: () => plans.map(({ digest }) => digest),
  }
}

function doneSteps(plan: Plan, results: ReadonlyMap<string, ActionResult>) {
  return plan.steps.flatMap((step) => {
    const result = results.get(step.id)
    return result === undefined ? [] : [{ stepId: step.id, capability: step.capability, args: step.args, result }]
  })
}

function personsResult(stepId: string, outputRef: string): ActionResult {
  const usage: Usage = NO_USAGE
  return { stepId, outcome: 'succeeded', inDoubt: false, provenance: 'person', outputRef, failure: null, digest: null, ruleId: null, attempts: 0, usage }
}
