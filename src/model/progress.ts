import type { Outcome } from './result.ts'
import type { PlanSkeleton, StepSkeleton } from './skeleton.ts'

/**
 * How far a plan has come, one letter per step in plan order: `.` pending, `l` live, then the outcomes' letters.
 * A string, because it is copied in O(n) bytes, compares, and journals well; `ready` are positions whose dependencies all succeeded.
 */
export interface Progress {
  readonly letters: string
  readonly ready: readonly number[]
  readonly settled: number
}

const LETTERS: Record<Outcome, string> = { succeeded: 's', failed: 'f', denied: 'd', skipped: 'k', cancelled: 'c' }
const OUTCOMES = new Map(Object.entries(LETTERS).map(([outcome, letter]) => [letter, outcome as Outcome]))

interface PlanIndex {
  readonly positions: ReadonlyMap<string, number>
  readonly dependants: readonly (readonly number[])[]
}

const indexes = new WeakMap<PlanSkeleton, PlanIndex>()

/** Positions and dependants of a plan, worked out once per plan object. */
function indexOf(plan: PlanSkeleton): PlanIndex {
  const known = indexes.get(plan)
  if (known) return known
  const positions = new Map(plan.steps.map((step, position) => [step.id, position]))
  const dependants: number[][] = plan.steps.map(() => [])
  plan.steps.forEach((step, position) => {
    for (const id of step.dependsOn) dependants[positions.get(id) ?? -1]?.push(position)
  })
  const index = { positions, dependants }
  indexes.set(plan, index)
  return index
}

const put = (letters: string, position: number, letter: string) => letters.slice(0, position) + letter + letters.slice(position + 1)

function dependenciesSucceeded(plan: PlanSkeleton, index: PlanIndex, letters: string, position: number): boolean {
  return plan.steps[position]?.dependsOn.every((id) => letters[index.positions.get(id) ?? -1] === 's') ?? false
}

/** Nothing has begun yet; steps without dependencies are ready. */
export function startProgress(plan: PlanSkeleton): Progress {
  return refreshReady(plan, { letters: '.'.repeat(plan.steps.length), ready: [], settled: 0 })
}

function refreshReady(plan: PlanSkeleton, progress: Progress): Progress {
  const index = indexOf(plan)
  const ready = plan.steps.flatMap((_, position) =>
    progress.letters[position] === '.' && dependenciesSucceeded(plan, index, progress.letters, position) ? [position] : [],
  )
  return { ...progress, ready }
}

/** The step of that name, found without a search through the plan. */
export function findStep(plan: PlanSkeleton, stepId: string): StepSkeleton | undefined {
  const position = indexOf(plan).positions.get(stepId)
  return position === undefined ? undefined : plan.steps[position]
}

/** The step that is next in line, or null. */
export function nextReady(plan: PlanSkeleton, progress: Progress): string | null {
  const position = progress.ready[0]
  return position === undefined ? null : (plan.steps[position]?.id ?? null)
}

/** The next step in line begins. */
export function beginNext(progress: Progress): Progress {
  const [position, ...rest] = progress.ready
  return position === undefined ? progress : { ...progress, letters: put(progress.letters, position, 'l'), ready: rest }
}

/**
 * A step ends. Its dependants become ready once all they depend on succeeded; the dependants of a step that did not
 * succeed are skipped, transitively: work that follows from something that did not happen is never done.
 */
export function settleStep(plan: PlanSkeleton, progress: Progress, stepId: string, outcome: Outcome): Progress {
  const index = indexOf(plan)
  const position = index.positions.get(stepId)
  if (position === undefined || OUTCOMES.has(progress.letters[position] ?? '')) return progress
  const letters = put(progress.letters, position, LETTERS[outcome])
  const dependants = index.dependants[position] ?? []
  if (outcome === 'succeeded') {
    const freed = dependants.filter((next) => letters[next] === '.' && dependenciesSucceeded(plan, index, letters, next))
    const ready = freed.length === 0 ? progress.ready : [...progress.ready, ...freed]
    return { letters, settled: progress.settled + 1, ready: ready.filter((next) => next !== position) }
  }
  return skipDependants(index, { letters, settled: progress.settled + 1, ready: progress.ready.filter((next) => next !== position) }, dependants)
}

function skipDependants(index: PlanIndex, progress: Progress, first: readonly number[]): Progress {
  const letters = [...progress.letters]
  let settled = progress.settled
  const queue = [...first]
  for (let position = queue.pop(); position !== undefined; position = queue.pop()) {
    if (letters[position] !== '.') continue
    letters[position] = 'k'
    settled += 1
    queue.push(...(index.dependants[position] ?? []))
  }
  return { letters: letters.join(''), settled, ready: progress.ready.filter((position) => letters[position] === '.') }
}

/** True when every step has an outcome. */
export function allStepsSettled(progress: Progress): boolean {
  return progress.settled === progress.letters.length
}

/** `pending`, `live`, or how the step ended. */
export function stepState(plan: PlanSkeleton, progress: Progress, stepId: string): 'pending' | 'live' | Outcome {
  const letter = progress.letters[indexOf(plan).positions.get(stepId) ?? -1]
  if (letter === 'l') return 'live'
  return OUTCOMES.get(letter ?? '') ?? 'pending'
}

/** The progress of an amended plan: what happened to a step that is still in it stays true; `overridden` steps count as succeeded. */
export function carryOver(from: PlanSkeleton, progress: Progress, to: PlanSkeleton, overridden: readonly string[]): Progress {
  const stands = new Set(overridden)
  const letters = to.steps.map((step) => {
    if (stands.has(step.id)) return 's'
    const state = stepState(from, progress, step.id)
    if (state === 'live') return 'l'
    // A step that was skipped because of another gets a new chance when the plan changes; what a person skipped stays skipped.
    const followed = state === 'skipped' && !dependenciesSucceeded(from, indexOf(from), progress.letters, indexOf(from).positions.get(step.id) ?? -1)
    return state === 'pending' || followed ? '.' : LETTERS[state]
  })
  const settled = letters.filter((letter) => letter !== '.' && letter !== 'l').length
  return refreshReady(to, skipAfterFailures(to, { letters: letters.join(''), ready: [], settled }))
}

function skipAfterFailures(plan: PlanSkeleton, progress: Progress): Progress {
  const index = indexOf(plan)
  const blocked = plan.steps.flatMap((_, position) => ('fdck'.includes(progress.letters[position] ?? '.') ? (index.dependants[position] ?? []) : []))
  return skipDependants(index, progress, blocked)
}
