import type { JournalEntry } from '../../model/journal-entry.ts'

type EventEntry = Extract<JournalEntry, { readonly kind: 'event' }>

/**
 * An entry as it goes into JSON. Most are answers of services, whose XState event says the service's name three times over: of those
 * only `child` and the `output` or `error` are written. Every other entry stays as it is.
 */
export function compacted(entry: JournalEntry): object {
  if (entry.kind !== 'event' || entry.child === undefined) return entry
  const { event, ...rest } = entry
  if (event['output'] !== undefined && isOf(event, doneEvent(entry.child, event['output']))) return { ...rest, output: event['output'] }
  if (event['error'] !== undefined && isOf(event, errorEvent(entry.child, event['error']))) return { ...rest, error: event['error'] }
  return entry
}

/** The entry that `compacted` was given, from what JSON gave back; anything else comes back as it is. */
export function expanded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'event' in value || !('child' in value) || typeof value.child !== 'string') return value
  if ('output' in value) {
    const { output, ...rest } = value
    return { ...rest, event: doneEvent(value.child, output) }
  }
  if ('error' in value) {
    const { error, ...rest } = value
    return { ...rest, event: errorEvent(value.child, error) }
  }
  return value
}

const doneEvent = (child: string, output: unknown): EventEntry['event'] => ({ type: `xstate.done.actor.${child}`, output, actorId: child })
const errorEvent = (child: string, error: unknown): EventEntry['event'] => ({ type: `xstate.error.actor.${child}`, error, actorId: child })

const isOf = (event: EventEntry['event'], plain: EventEntry['event']) =>
  event.type === plain.type && event['actorId'] === plain['actorId'] && Object.keys(event).length === 3
