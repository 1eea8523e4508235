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
/** An action that a person allowed for the rest of the run; its body is found as a verdict's is. */
export interface NotedGrant {
  readonly stepId: string
  readonly planRef: string
  readonly actionRef: string
  readonly ruleId: string
  readonly by: string
}
type PlanIdentity = Pick<PlanSkeleton, 'ref' | 'digest'>

/** One thing that a run record keeps; plain data. */
export type Noted =
  | { readonly kind: 'plan'; readonly plan: PlanIdentity; readonly signed: boolean }
  | { readonly kind: 'result'; readonly result: ActionResult }
  | { readonly kind: 'verdict'; readonly stepId: string; readonly verdict: JudgedAction }
  | { readonly kind: 'grant'; readonly grant: NotedGrant }
  /** What was granted before was granted to the run that this one was forked from. */
  | { readonly kind: 'forked' }
  /** `plan` has taken the place of the one before; null when that stays. `overrides` are results a person gave, by step. */
  | { readonly kind: 'amended'; readonly plan: PlanIdentity | null; readonly overrides: Readonly<Record<string, string>> }

/** What was noted before a snapshot; read when it is first wanted. */
export interface EarlierRecord {
  readonly startedAt: number
  readonly noted: () => readonly Noted[]
}

interface EnforcedPlan {
  plan: PlanIdentity
  readonly results: Map<string, ActionResult>
}

/**
 * What happened in a run, by step: a fold of the facts that its charts emitted, kept beside them because it grows with the run.
 * The same facts in the same order give the same record, live and on replay.
 */
export interface RunRecord {
  /** `inForce` is the plan that the workflow holds after the record: an amendment has put it in place of the old one. */
  note(entry: JournalEntry, emitted: readonly EventObject[], inForce: PlanIdentity | null): void
  /** What was noted since the last call. */
  takeNoted(): readonly Noted[]
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
  /** What a person allowed for the rest of the run, the oldest first. */
  grants(): readonly NotedGrant[]
  /** Whether a person signed this plan. */
  isSigned(planRef: string): boolean
  /** Settled steps of all plans so far. */
  done(
    plan: (ref: string) => Plan,
  ): readonly { readonly stepId: string; readonly capability: string; readonly args: JsonObject; readonly result: ActionResult }[]
  /** Digests of the plans that were in force, the present one included. */
  planDigests(): readonly string[]
}

export function createRunRecord(earlier?: EarlierRecord): RunRecord {
  const enforced: EnforcedPlan[] = []
  const judged = new Map<string, JudgedAction>()
  const granted: NotedGrant[] = []
  const signed = new Set<string>()
  let startedAt = earlier?.startedAt ?? 0
  let before = earlier?.noted ?? null
  let unread: Noted[] = []
  let untaken: Noted[] = []

  function keep(noted: Noted): void {
    const last = enforced.at(-1)
    if (noted.kind === 'plan') enforced.push({ plan: noted.plan, results: new Map() })
    if (noted.kind === 'plan' && noted.signed) signed.add(noted.plan.ref)
    if (noted.kind === 'grant') granted.push(noted.grant)
    if (noted.kind === 'forked') granted.length = 0
    if (noted.kind === 'result') last?.results.set(noted.result.stepId, noted.result)
    if (noted.kind === 'verdict') judged.set(noted.stepId, noted.verdict)
    if (noted.kind === 'amended' && last) {
      last.plan = noted.plan ?? last.plan
      for (const [stepId, ref] of Object.entries(noted.overrides))
        last.results.set(stepId, resultWithoutAttempt(stepId, 'succeeded', { provenance: 'person', outputRef: ref }))
    }
  }

  function read(): void {
    before?.().forEach(keep)
    before = null
    unread.forEach(keep)
    unread = []
  }
  const plans = () => (read(), enforced)

  /** A step of an earlier plan says nothing about one of the same name that the plan in force did not come to. */
  function results(plan: Plan | null): ReadonlyMap<string, ActionResult> {
    const planned = new Set(plan?.steps.map(({ id }) => id))
    const past = plans()
      .slice(0, -1)
      .flatMap((old) => [...old.results].filter(([stepId]) => !planned.has(stepId)))
    const all = new Map([...past, ...(plans().at(-1)?.results ?? [])])
    return plan === null ? all : withSkippedDependants(plan, all)
  }

  return {
    note(entry, emitted, inForce) {
      if (entry.kind === 'started') startedAt = entry.at
      const noted = emitted.flatMap((fact) => notedOf(fact as WorkflowEmitted | ActionEmitted, inForce))
      if (entry.kind === 'parked' && entry.reason === 'forked') noted.push({ kind: 'forked' })
      unread.push(...noted)
      untaken.push(...noted)
    },
    takeNoted() {
      const taken = untaken
      untaken = []
      return taken
    },
    startedAt: () => startedAt,
    planRef: () => plans().at(-1)?.plan.ref ?? null,
    result: (stepId) =>
      plans()
        .findLast(({ results }) => results.has(stepId))
        ?.results.get(stepId) ?? null,
    current: () => plans().at(-1)?.results ?? new Map(),
    results,
    verdicts() {
      read()
      return judged
    },
    grants() {
      read()
      return granted
    },
    isSigned(planRef) {
      read()
      return signed.has(planRef)
    },
    done: (plan) => plans().flatMap((past) => doneSteps(plan(past.plan.ref), past.results)),
    planDigests: () => plans().map((past) => past.plan.digest),
  }
}

function notedOf(fact: WorkflowEmitted | ActionEmitted, inForce: PlanIdentity | null): readonly Noted[] {
  if (fact.type === 'plan.accepted') return [{ kind: 'plan', plan: { ref: fact.planRef, digest: fact.digest }, signed: fact.signedBy !== null }]
  if (fact.type === 'action.approved') {
    const { actionId: stepId, planRef, actionRef, ruleId, by, scope } = fact
    return scope === 'run' ? [{ kind: 'grant', grant: { stepId, planRef, actionRef, ruleId, by } }] : []
  }
  if (fact.type === 'action.settled') return [{ kind: 'result', result: fact.result }]
  if (fact.type === 'action.judged') {
    const { actionId: stepId, decision, ruleId, reason } = fact
    return [{ kind: 'verdict', stepId, verdict: { decision, ruleId, reason } }]
  }
  if (fact.type !== 'run.amended' || !fact.accepted) return []
  return [{ kind: 'amended', plan: inForce && { ref: inForce.ref, digest: inForce.digest }, overrides: fact.overrides }]
}

function doneSteps(plan: Plan, results: ReadonlyMap<string, ActionResult>) {
  return plan.steps.flatMap((step) => {
    const result = results.get(step.id)
    return result === undefined ? [] : [{ stepId: step.id, capability: step.capability, args: step.args, result }]
  })
}
