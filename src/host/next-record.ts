import { isDeepStrictEqual } from 'node:util'
import type { ArmedTimer, Effect, Fold } from '../engine/fold.ts'
import type { WorkflowInput } from '../machines/workflow.types.ts'
import { isOwnedAfter } from '../model/journal-entry.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { Journal } from '../services/journal/journal.ts'
import { accepted } from './requests.ts'
import { statePath } from './state-path.ts'

/** With these a process takes the run over: nobody need own it before, and the run clock stood still. */
const CLAIMS: ReadonlySet<JournalEntry['kind']> = new Set(['migrated', 'adopted'])

type EventEntry = Extract<JournalEntry, { readonly kind: 'event' }>

/**
 * Says whether a stored record can follow from those before it. A run records what reaches it, not what it makes of it, so a record is
 * held against everything the fold expects: the clocks, who owns the run, the timers that are armed, the services that are
 * outstanding, and the requests that the state takes. What only the outside could know, such as a service's output, is taken as it stands.
 */
export interface NextRecord {
  /** What is wrong with the record as the next one, in words; null when nothing is. To be asked before it is folded. */
  difference(entry: JournalEntry, fold: Fold): string | null
  /** The record was folded; this is what it caused. */
  folded(entry: JournalEntry, effects: readonly Effect[]): void
}

export function createNextRecord(runId: string, journal: Journal): NextRecord {
  const timers = new Map<string, ArmedTimer>()
  const outstanding = new Map<string, Set<string>>()
  /** Stopped before they answered. An answer that was on its way at that very moment is still recorded, and changes nothing. */
  const stopped = new Map<string, Set<string>>()
  const requests = new Set<number>()
  let last: { readonly at: number; readonly runAt: number } | null = null
  let owned = false

  function difference(entry: JournalEntry, fold: Fold): string | null {
    if (last === null) return entry.kind === 'started' ? startOf(entry, runId) : `the run has no first record, but one that is ${entry.kind}`
    if (entry.kind === 'started') return 'the run is started again'
    if (!CLAIMS.has(entry.kind) && !owned) return `it is ${entry.kind === 'event' ? 'an event' : entry.kind}, but no process owned the run`
    return clockOf(entry, fold, last) ?? (entry.kind === 'event' ? originOf(entry, fold) : null)
  }

  function clockOf(entry: JournalEntry, fold: Fold, before: { readonly at: number; readonly runAt: number }): string | null {
    if (entry.at < before.at) return `its time is ${entry.at}, before the ${before.at} of the record before it`
    const ticking = !CLAIMS.has(entry.kind) && fold.snapshot('')?.hasTag('clockStopped') !== true
    const runAt = before.runAt + (ticking ? entry.at - before.at : 0)
    return entry.runAt === runAt ? null : `its run clock is ${entry.runAt} where the records before it give ${runAt}`
  }

  function originOf(entry: EventEntry, fold: Fold): string | null {
    if (entry.timer) return timerOf(entry, timers.get(key(...entry.timer)), entry.timer)
    if (entry.child !== undefined) return answerOf(entry, entry.child, outstanding, stopped)
    if (entry.event.type === 'action.heartbeat') {
      const alive = [outstanding, stopped].some((services) => (services.get(entry.path)?.size ?? 0) > 0)
      return alive ? null : `a heartbeat of ${actorOf(entry.path)} came, but no service of it is under way`
    }
    return requestOf(entry, fold) ?? inboxOf(entry)
  }

  function inboxOf({ inbox, event }: EventEntry): string | null {
    if (inbox === undefined) return null
    if (requests.has(inbox)) return `the request ${inbox} was applied before`
    const row = journal.inbox(inbox)
    if (row === null || row.runId !== runId) return `it says that it is request ${inbox}, which is none of this run`
    if (row.state !== 'applied') return `it says that it is request ${inbox}, which is ${row.state}`
    return row.event.type === event.type ? null : `it is ${event.type}, but the request ${inbox} that it came from is ${row.event.type}`
  }

  function note(effect: Effect): void {
    if (effect.kind === 'arm') timers.set(key(effect.timer.owner, effect.timer.timerId), effect.timer)
    if (effect.kind === 'disarm') timers.delete(key(effect.owner, effect.timerId))
    if (effect.kind === 'start') {
      addTo(outstanding, effect.service.path, effect.service.childId)
      stopped.get(effect.service.path)?.delete(effect.service.childId)
    }
    if (effect.kind === 'stop') {
      outstanding.get(effect.path)?.delete(effect.childId)
      addTo(stopped, effect.path, effect.childId)
    }
  }

  return {
    difference,
    folded(entry, effects) {
      last = entry
      if (entry.kind === 'event') {
        if (entry.timer) timers.delete(key(...entry.timer))
        if (entry.child !== undefined && outstanding.get(entry.path)?.delete(entry.child) !== true) stopped.get(entry.path)?.delete(entry.child)
        if (entry.inbox !== undefined) requests.add(entry.inbox)
      } else if (entry.kind !== 'snapshot') stopped.clear()
      owned = isOwnedAfter(entry, owned)
      for (const effect of effects) note(effect)
    },
  }
}

function startOf({ header, runAt }: Extract<JournalEntry, { readonly kind: 'started' }>, runId: string): string | null {
  const input = header.input['workflow'] as Partial<WorkflowInput> | undefined
  if (input?.runId !== runId) return `it starts the run ${String(input?.runId)}`
  return runAt === 0 ? null : `its run clock is ${runAt}, not 0`
}

function timerOf({ path, event }: EventEntry, timer: ArmedTimer | undefined, [owner, timerId]: readonly [string, string]): string | null {
  if (timer === undefined) return `the timer ${timerId} of ${actorOf(owner)} fired, which is not armed`
  if (timer.target !== path) return `the timer ${timer.name} of ${actorOf(owner)} reached ${actorOf(path)}, not ${actorOf(timer.target)}`
  const same = isDeepStrictEqual(JSON.parse(JSON.stringify(timer.event)), event)
  return same
    ? null
    : `the timer ${timer.name} of ${actorOf(owner)} brought another event (${event.type}) than it was armed with (${timer.event.type})`
}

type Services = ReadonlyMap<string, ReadonlySet<string>>

function answerOf({ path, event }: EventEntry, child: string, outstanding: Services, stopped: Services): string | null {
  if (outstanding.get(path)?.has(child) !== true && stopped.get(path)?.has(child) !== true) {
    return `${child} of ${actorOf(path)} answered, which is not outstanding`
  }
  const ends = event.type === `xstate.done.actor.${child}` || event.type === `xstate.error.actor.${child}`
  return ends ? null : `${event.type} is no answer of ${child}`
}

function requestOf({ path, event }: EventEntry, fold: Fold): string | null {
  if (path !== '') return `${event.type} reached ${actorOf(path)}, and neither a timer nor a service brought it`
  if (accepted(event, fold)) return null
  const root = fold.snapshot('')
  return `${event.type} came, which the run does not take where it is (${root ? statePath(root.value) : 'nowhere'})`
}

const key = (owner: string, timerId: string) => `${owner} ${timerId}`
const actorOf = (path: string) => (path === '' ? 'the workflow' : `step ${path}`)

function addTo(services: Map<string, Set<string>>, path: string, childId: string): void {
  const known = services.get(path) ?? new Set()
  services.set(path, known.add(childId))
}
