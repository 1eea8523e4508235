import type { RunEvent } from '../../model/events.ts'
import type { Outcome, RunResult } from '../../model/result.ts'

export type StepMark = 'pending' | 'guarding' | 'running' | 'retrying' | 'waiting' | Outcome

/** A step in the live tree. */
export interface StepRow {
  readonly id: string
  readonly title: string
  readonly capability: string
  readonly mark: StepMark
  /** What there is to say about it now: a reason, an attempt, a duration. */
  readonly note: string
  readonly attempt: number
  readonly wallMs: number | null
}

/** What the live tree shows, folded from the events of a run. */
export interface TreeModel {
  readonly runId: string
  readonly goal: string
  readonly state: string
  readonly description: string
  readonly planSource: string
  readonly steps: readonly StepRow[]
  /** Actions dispatched for the first time: what `max_steps` counts. */
  readonly dispatched: ReadonlySet<string>
  readonly criteria: { readonly met: number; readonly total: number } | null
  /** Why a person is needed, apart from single actions. */
  readonly needsPerson: string | null
  readonly result: RunResult | null
}

export const EMPTY_TREE: TreeModel = {
  runId: '',
  goal: '',
  state: '',
  description: '',
  planSource: '',
  steps: [],
  dispatched: new Set(),
  criteria: null,
  needsPerson: null,
  result: null,
}

/** The tree after one more event. */
export function grow(tree: TreeModel, event: RunEvent): TreeModel {
  switch (event.type) {
    case 'run.started':
      return { ...tree, runId: event.runId, goal: event.goal }
    case 'run.adopted':
      return { ...tree, runId: event.runId }
    case 'state.changed':
      return { ...tree, state: event.state, description: event.description, needsPerson: awaitsPerson(event.state) ? tree.needsPerson : null }
    case 'plan.drafted':
      return { ...tree, planSource: event.source }
    case 'plan.accepted':
      return {
        ...tree,
        steps: event.steps.map((step) => ({ id: step.id, title: step.title, capability: step.capability, ...FRESH, ...known(tree, step.id) })),
      }
    case 'plan.awaitsSignOff':
      return { ...tree, needsPerson: 'The plan awaits a signature.' }
    case 'goal.needsAnswer':
      return { ...tree, needsPerson: event.question }
    case 'run.needsPerson':
      return { ...tree, needsPerson: event.cause }
    case 'criteria.evaluated':
      return { ...tree, criteria: { met: event.met, total: event.total } }
    case 'run.settled':
      return { ...tree, result: event.result, needsPerson: null }
    case 'action.dispatched':
      return { ...mark(tree, event.actionId, { mark: 'guarding', note: '' }), dispatched: new Set([...tree.dispatched, event.actionId]) }
    case 'action.judged':
      return mark(tree, event.actionId, { note: event.decision === 'allow' ? '' : `${event.decision}: ${event.reason}` })
    case 'action.approved':
      return mark(tree, event.actionId, { note: `approved by ${event.by}` })
    case 'action.started':
      return mark(tree, event.actionId, { mark: 'running', attempt: event.attempt, note: '' })
    case 'action.retrying':
      return mark(tree, event.actionId, { mark: 'retrying', note: event.failure.message })
    case 'action.waiting':
      return mark(tree, event.actionId, { mark: 'waiting', note: event.reason })
    case 'action.settled':
      return mark(tree, event.actionId, { mark: event.result.outcome, note: event.result.failure?.message ?? '', wallMs: event.result.usage.wallMs })
    case 'run.parked':
    case 'plan.refused':
    case 'run.stalled':
    case 'run.amended':
      return tree
  }
}

const FRESH = { mark: 'pending', note: '', attempt: 0, wallMs: null } as const satisfies Partial<StepRow>
const SETTLED: ReadonlySet<StepMark> = new Set<StepMark>(['succeeded', 'failed', 'denied', 'skipped', 'cancelled'])

/** Whether a step has ended, one way or another. */
export function isSettled(step: StepRow): boolean {
  return SETTLED.has(step.mark)
}

/** An amended plan lists steps that have begun already: what is known of them stays. */
function known(tree: TreeModel, stepId: string): Partial<StepRow> {
  const step = tree.steps.find((row) => row.id === stepId)
  return step === undefined ? {} : { mark: step.mark, note: step.note, attempt: step.attempt, wallMs: step.wallMs }
}

function mark(tree: TreeModel, stepId: string, change: Partial<StepRow>): TreeModel {
  return { ...tree, steps: tree.steps.map((step) => (step.id === stepId ? { ...step, ...change } : step)) }
}

function awaitsPerson(state: string): boolean {
  return /awaitingPerson|signingOff|clarifying/.test(state)
}
