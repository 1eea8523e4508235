import type { JournalEntry } from '../model/journal-entry.ts'

/** Of the events that a process told the outside, in order from the first, those that the run does not have in that place, byte for byte. */
export function lostEvents(events: readonly string[], told: readonly string[]): readonly string[] {
  return told.flatMap((event, index) => (events[index] === event ? [] : [`event ${index}: told ${event}, kept ${events[index] ?? 'nothing'}`]))
}

/** Records that a process was told are durable, and that the journal does not have, byte for byte. */
export function lostEntries(entries: readonly JournalEntry[], told: readonly JournalEntry[]): readonly string[] {
  return told.flatMap((entry) => {
    const kept = JSON.stringify(entries[entry.seq])
    return kept === JSON.stringify(entry) ? [] : [`record ${entry.seq}: told ${JSON.stringify(entry)}, kept ${kept ?? 'nothing'}`]
  })
}

/** Requests that a process said it took, and that the journal has less often. */
export function lostRequests(entries: readonly JournalEntry[], taken: readonly string[]): readonly string[] {
  const types = entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event.type] : []))
  const count = (all: readonly string[], type: string) => all.filter((each) => each === type).length
  return [...new Set(taken)].flatMap((type) =>
    count(types, type) < count(taken, type) ? [`request ${type}: taken ${count(taken, type)} times, kept ${count(types, type)}`] : [],
  )
}

/** Requests from the inbox that were applied more than once. */
export function doubledRequests(entries: readonly JournalEntry[]): readonly string[] {
  const rows = entries.flatMap((entry) => (entry.kind === 'event' && entry.inbox !== undefined ? [entry.inbox] : []))
  return rows.filter((row, index) => rows.indexOf(row) !== index).map((row) => `request ${row} of the inbox`)
}

/** What a verdict on an action is recorded as: what lets its attempt begin. */
const JUDGED = 'xstate.done.actor.service:judgeAction'

/** How many attempts of a step durable records account for: one for each verdict, and one for each process that took the run over since. */
export function attemptsAccountedFor(entries: readonly JournalEntry[], stepId: string): number {
  const isVerdict = (entry: JournalEntry) => entry.kind === 'event' && entry.path === stepId && entry.event.type === JUDGED
  const first = entries.findIndex(isVerdict)
  return first === -1 ? 0 : entries.slice(first).filter((entry) => isVerdict(entry) || entry.kind === 'adopted').length
}
