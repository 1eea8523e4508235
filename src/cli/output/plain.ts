import type { RunEvent } from '../../model/events.ts'
import type { Verbosity } from '../../model/goal.ts'
import type { ActionResult } from '../../model/result.ts'
import { formatDuration } from '../duration.ts'
import { flat } from './columns.ts'

// How dispatching alternates with watching says nothing that the actions' own lines do not say.
const ROUTINE = /\bexecuting\.(dispatching|watching|holding)$/

/** One event as one line in stable wording, or null when it is too much detail for this verbosity. */
export function plainLine(event: RunEvent, verbosity: Verbosity): string | null {
  if (verbosity === 'quiet') return null
  const detailed = verbosity === 'verbose' || verbosity === 'debug'
  if (!detailed && event.type === 'state.changed' && ROUTINE.test(event.state)) return null
  const line = describeEvent(event)
  if (!detailed) return flat(line)
  const { runId: _, seq, at, type: __, ...body } = event
  return `${String(seq).padStart(4)} ${new Date(at).toISOString()} ${flat(`${line}${verbosity === 'debug' ? ` ${JSON.stringify(body)}` : ''}`)}`
}

/** An event in words. Untrusted text in it is not escaped. */
export function describeEvent(event: RunEvent): string {
  switch (event.type) {
    case 'run.started':
      return `run ${event.runId} started: ${event.goal} (${event.workflowType})`
    case 'run.adopted':
      return `run ${event.runId} adopted: ${event.reason}`
    case 'run.parked':
      return `run ${event.runId} parked: ${event.reason}`
    case 'state.changed':
      return `state ${event.state}: ${event.description}`
    case 'plan.drafted':
      return `plan drafted by ${event.source}: ${counted(event.steps, 'step')}`
    case 'plan.accepted':
      return `plan accepted: ${counted(event.steps.length, 'step')}, digest ${event.digest}`
    case 'plan.refused':
      return `plan refused: ${event.reason}`
    case 'plan.awaitsSignOff':
      return `plan awaits a signature: digest ${event.digest}`
    case 'goal.needsAnswer':
      return `goal needs an answer: ${event.question}${listed(event.choices)}`
    case 'run.stalled':
      return `run stalled (${event.cause}): ${event.detail}`
    case 'run.needsPerson':
      return `run needs a person (${event.cause})${listed(event.choices)}`
    case 'run.amended':
      return `amendment ${event.accepted ? 'accepted' : 'refused'}: ${event.reason}`
    case 'criteria.evaluated':
      return `criteria: ${event.met} of ${event.total} met`
    case 'run.settled':
      return `run ${event.result.runId} ${event.result.status} (${event.result.exitReason})`
    default:
      return `${event.actionId} ${describeAction(event)}`
  }
}

function describeAction(event: Extract<RunEvent, { actionId: string }>): string {
  switch (event.type) {
    case 'action.dispatched':
      return `dispatched: ${event.capability}`
    case 'action.judged':
      return `judged ${event.decision} by ${event.ruleId}: ${event.reason}${event.shadow === undefined ? '' : `; the policy on trial, ${event.shadow.policy}: ${event.shadow.decision} by ${event.shadow.ruleId}: ${event.shadow.reason}`}`
    case 'action.approved':
      return `approved by ${event.by}${event.scope === 'run' ? ', and what is like it in this run' : ''}${event.reason === null ? '' : `: ${event.reason}`}`
    case 'action.started':
      return `started, attempt ${event.attempt}`
    case 'action.retrying':
      return `retries in ${formatDuration(event.delayMs)}: [${event.failure.code}] ${event.failure.message}`
    case 'action.waiting':
      return `waits for a person: ${event.reason}`
    case 'action.settled':
      return describeResult(event.result)
  }
}

/** How an action ended, in words. Untrusted text in it is not escaped. */
export function describeResult(result: ActionResult): string {
  const person = result.provenance === 'person' ? ', answered by a person' : ''
  const attempts = result.attempts > 1 ? `, ${result.attempts} attempts` : ''
  const doubt = result.inDoubt ? ', its effect is in doubt' : ''
  const why = result.failure === null ? '' : `: [${result.failure.code}] ${result.failure.message}`
  return `${result.outcome} after ${formatDuration(result.usage.wallMs)}${attempts}${person}${doubt}${why}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function listed(choices: readonly string[]): string {
  return choices.length === 0 ? '' : ` (${choices.join(' | ')})`
}
