import { digestOf } from '../../model/digest.ts'
import { RiskLevel, type Plan, type PlanStep } from '../../model/plan.ts'
import type { CapabilityCatalog, CapabilityDefinition } from '../executor/executor.ts'
import { graphOf, inherit, longestChain, type StepGraph } from './graph.ts'
import { jsonProblemsOf } from '../../model/json-check.ts'
import { understates } from './plan-contract.ts'
import { criteriaOf } from './plan-structure.ts'

/** The weighted share of approval from which on a plan is agreed on. */
export const CONSENSUS_THRESHOLD = 0.75

export interface DeliberationRequest {
  readonly plan: Plan
  readonly catalog: CapabilityCatalog
  /** Steps the run may have. */
  readonly maxSteps: number
  readonly timeoutMs: number
}

export interface Review {
  readonly reviewer: 'feasibility' | 'safety' | 'verifiability' | 'cost'
  /** Share of the vote; all add up to 1. */
  readonly weight: number
  readonly approve: boolean
  /** One sentence each. */
  readonly objections: readonly string[]
}

export interface Deliberation {
  readonly kind: 'consensus' | 'revise' | 'veto'
  /** The weighted share of approval, 0 to 1. */
  readonly score: number
  readonly reviews: readonly Review[]
}

interface Case extends DeliberationRequest {
  readonly graph: StepGraph
  readonly steps: readonly { readonly step: PlanStep; readonly capability: CapabilityDefinition | undefined }[]
}

type Rule = (reviewed: Case) => readonly string[]

const MAX_OBJECTIONS = 10

/** Each reviewer is a few rules, no model; feasibility and safety can each ask for a revision alone, the other two only together. */
const REVIEWERS: readonly (Pick<Review, 'reviewer' | 'weight'> & { readonly rules: readonly Rule[] })[] = [
  { reviewer: 'feasibility', weight: 0.3, rules: [cannotRun, tooManySteps, tooSlow] },
  { reviewer: 'safety', weight: 0.3, rules: [understated, riskPassedOver, actsBlindly, mayHappenTwice] },
  { reviewer: 'verifiability', weight: 0.2, rules: [noCriteria, unseenChange] },
  { reviewer: 'cost', weight: 0.2, rules: [doneTwice] },
]

/**
 * Reviews a plan by fixed rules. A critical step whose risk is understated is vetoed; otherwise approval by three quarters of the
 * weight is consensus, less asks for a revision with the objections.
 */
export function deliberate(request: DeliberationRequest): Deliberation {
  const unsound = jsonProblemsOf(request.plan)
  const reviewed = {
    ...request,
    graph: graphOf(request.plan.steps),
    steps: request.plan.steps.map((step) => ({ step, capability: request.catalog.get(step.capability) })),
  }
  const reviews = REVIEWERS.map(({ reviewer, weight, rules }): Review => {
    const objections =
      unsound.length > 0 ? unsound.map(({ at, problem }) => `The plan's ${at.join('.')} ${problem}.`) : rules.flatMap((rule) => rule(reviewed))
    return { reviewer, weight, approve: objections.length === 0, objections: listed(objections) }
  })
  // Weights are tenths: counted whole, their sum is exact.
  const score = reviews.reduce((sum, { approve, weight }) => sum + (approve ? Math.round(weight * 10) : 0), 0) / 10
  const vetoed = reviewed.steps.some(({ step, capability }) => capability?.risk === 'critical' && understates(step, capability))
  return { kind: vetoed ? 'veto' : score >= CONSENSUS_THRESHOLD ? 'consensus' : 'revise', score, reviews }
}

function listed(objections: readonly string[]): readonly string[] {
  const more = objections.length - MAX_OBJECTIONS
  return more > 0 ? [...objections.slice(0, MAX_OBJECTIONS), `And ${more} more.`] : objections
}

/** A plan that needs what is not here stops at that step. */
function cannotRun({ steps, catalog }: Case): readonly string[] {
  const reasons = new Map(
    [...new Set(steps.map(({ step }) => step.capability))].map((name) => [
      name,
      catalog.get(name) === undefined ? 'there is no such capability' : catalog.unavailable(name)?.reason,
    ]),
  )
  return steps.flatMap(({ step }) => {
    const reason = reasons.get(step.capability)
    return reason === undefined || step.onFailure === 'skip' ? [] : [`Step ${step.id} cannot run ${step.capability}: ${reason.replace(/\.$/, '')}.`]
  })
}

/** A run that reaches its step limit stops in the middle of its plan. */
function tooManySteps({ plan, maxSteps }: Case): readonly string[] {
  return plan.steps.length > maxSteps ? [`The plan has ${plan.steps.length} steps, the run may take ${maxSteps}.`] : []
}

/** A plan that itself gives its longest chain more time than the run has expects to be cut off. */
function tooSlow({ plan, graph, timeoutMs }: Case): readonly string[] {
  const chainMs = longestChain(graph, (position) => plan.steps[position]?.timeoutMs ?? 0)
  return chainMs > timeoutMs ? [`The longest chain of steps may take ${chainMs} ms by its own timeouts, the run has ${timeoutMs} ms.`] : []
}

/** Who signs a plan relies on the risk it states. */
function understated({ steps }: Case): readonly string[] {
  return steps.flatMap(({ step, capability }) =>
    capability !== undefined && understates(step, capability)
      ? [`Step ${step.id} calls its risk ${step.risk}, but ${capability.name} has at least ${capability.risk}.`]
      : [],
  )
}

/** What is dangerous and goes wrong must not be passed over in silence. */
function riskPassedOver({ steps }: Case): readonly string[] {
  return steps.flatMap(({ step, capability }) =>
    isDangerous(step, capability) && step.onFailure === 'skip'
      ? [`Step ${step.id} has ${riskOf(step, capability)} risk, and the run would go on as if its failure meant nothing.`]
      : [],
  )
}

/** What cannot be taken back is done after something was looked at, not first. */
function actsBlindly({ steps, graph, plan }: Case): readonly string[] {
  const looked = inherit(graph, (position) => Number(steps[position]?.capability?.effect === 'read'), Math.max)
  return steps.flatMap(({ step, capability }, position) => {
    const blind = riskOf(step, capability) === 'critical' && capability?.effect !== 'read' && looked(position) === 0
    return blind && plan.evidence.length === 0 && step.evidence.length === 0
      ? [`Step ${step.id} has critical risk and runs before anything was looked at.`]
      : []
  })
}

/** An external effect that is tried again may happen again. */
function mayHappenTwice({ steps }: Case): readonly string[] {
  return steps.flatMap(({ step, capability }) =>
    capability?.effect === 'external' && (step.retry?.maxRetries ?? 0) > 0
      ? [`Step ${step.id} acts on the outside and asks to be retried, so that its effect may happen twice.`]
      : [],
  )
}

/** Without criteria "done" only means that nothing failed. */
function noCriteria({ plan }: Case): readonly string[] {
  return plan.steps.length > 0 && criteriaOf(plan).length === 0 ? ['The plan states no success criteria.'] : []
}

/** When a plan states criteria, what it changes is among what they look at. */
function unseenChange({ plan, steps }: Case): readonly string[] {
  const criteria = criteriaOf(plan)
  if (criteria.length === 0 || criteria.some(({ check }) => check.kind === 'fileExists' || check.kind === 'fileMatches')) return []
  const seen = new Set(criteria.flatMap(({ check }) => ('step' in check ? [check.step] : [])))
  const changing = steps.filter(({ capability }) => capability !== undefined && capability.effect !== 'read')
  return changing.length > 0 && !changing.some(({ step }) => seen.has(step.id))
    ? ['The plan changes something, and no criterion looks at any of it.']
    : []
}

/** The same read twice with no change in between says the same thing twice. */
function doneTwice({ plan, steps, graph }: Case): readonly string[] {
  const changed = inherit(graph, (position) => Number(steps[position]?.capability?.effect !== 'read'), Math.max)
  const first = new Map<string, string>()
  return steps.flatMap(({ step, capability }, position) => {
    if (capability?.effect !== 'read' || changed(position) > 0) return []
    const call = digestOf({ capability: step.capability, args: step.args })
    const before = first.get(call)
    first.set(call, before ?? step.id)
    return before === undefined || plan.steps[position]?.id === before ? [] : [`Step ${step.id} reads what ${before} reads.`]
  })
}

function riskOf(step: PlanStep, capability: CapabilityDefinition | undefined): RiskLevel {
  const levels = RiskLevel.options
  const floor = levels.indexOf(capability?.risk ?? 'low')
  return levels[Math.max(floor, levels.indexOf(step.risk ?? 'low'))] ?? 'critical'
}

function isDangerous(step: PlanStep, capability: CapabilityDefinition | undefined): boolean {
  return RiskLevel.options.indexOf(riskOf(step, capability)) >= RiskLevel.options.indexOf('high') && capability?.effect !== 'read'
}
