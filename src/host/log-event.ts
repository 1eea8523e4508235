import type { RunEvent } from '../model/events.ts'
import type { Verbosity } from '../model/goal.ts'
import type { Log } from '../services/log/log.ts'

/** What somebody wants to know of a run who does not watch it. */
const NOTABLE: ReadonlySet<RunEvent['type']> = new Set([
  'run.started',
  'run.adopted',
  'run.parked',
  'run.stalled',
  'run.needsPerson',
  'run.amended',
  'run.settled',
  'goal.needsAnswer',
  'plan.accepted',
  'plan.refused',
  'plan.awaitsSignOff',
  'action.waiting',
  'action.settled',
])

/**
 * Logs an event as loudly as the run's `preferences.verbosity` says: quiet only a failed end; normal what is notable, the rest at the
 * debug level; verbose and debug everything.
 */
export function logEvent(log: Log, verbosity: Verbosity, event: RunEvent): void {
  const failed = event.type === 'run.settled' && event.result.status === 'failed'
  const notable = NOTABLE.has(event.type)
  if (failed) log.error({ ...event }, event.type)
  else if (verbosity === 'verbose' || verbosity === 'debug' || (verbosity === 'normal' && notable)) log.info({ ...event }, event.type)
  else if (verbosity !== 'quiet') log.debug({ ...event }, event.type)
}
