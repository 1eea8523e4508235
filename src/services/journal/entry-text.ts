import { JournalEntry } from '../../model/journal-entry.ts'
import { compacted, expanded } from './answer-text.ts'
import type { InboxRow } from './journal.ts'
import { corruptRecord, refusedCommit } from './journal-failure.ts'

/** Deeper values overflow the stack of JSON.stringify, or are cyclic. */
const MAX_DEPTH = 500

/**
 * An entry as the JSON text that is stored and hashed.
 * @throws ControllerError JOURNAL_CORRUPT when reading the text would give back something else: the run could not be replayed
 */
export function encodeEntry(runId: string, entry: JournalEntry): string {
  const problem = lossyPart(entry, 'entry') ?? shapeProblem(entry)
  if (problem !== null) throw refusedCommit(runId, problem)
  return JSON.stringify(compacted(entry))
}

/** Whether the stored text is that of a snapshot, without reading all of it. */
export const isSnapshotText = (body: string): boolean => body.startsWith('{"kind":"snapshot",')

/**
 * A request's event as JSON text.
 * @throws ControllerError JOURNAL_CORRUPT when it is not plain data
 */
export function encodeEvent(runId: string, event: InboxRow['event']): string {
  const problem = lossyPart(event, 'event')
  if (problem !== null) throw refusedCommit(runId, problem)
  return JSON.stringify(event)
}

/**
 * The entry of record `seq`, from its stored text.
 * @throws ControllerError JOURNAL_CORRUPT when it is no entry, or that of another place
 */
export function decodeEntry(runId: string, seq: number, body: string): JournalEntry {
  const parsed = JournalEntry.safeParse(expanded(parseJson(runId, seq, body)))
  if (!parsed.success) throw corruptRecord(runId, seq, `it is no journal entry (${summarize(parsed.error.issues)})`)
  if (parsed.data.seq !== seq) throw corruptRecord(runId, seq, `it says that it is record ${parsed.data.seq}`)
  return parsed.data
}

function parseJson(runId: string, seq: number, body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw corruptRecord(runId, seq, 'it is not JSON')
  }
}

function shapeProblem(entry: JournalEntry): string | null {
  const checked = JournalEntry.safeParse(entry)
  return checked.success ? null : summarize(checked.error.issues)
}

function summarize(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  return issues.map((issue) => `${['entry', ...issue.path].map(String).join('.')}: ${issue.message}`).join('; ')
}

/** The first part of a value that JSON would drop or change, in words; null when there is none. Absent and undefined members are the same. */
function lossyPart(value: unknown, name: string): string | null {
  const loss = lossIn(value, 0)
  return loss && `${name}${loss.path} ${loss.what}`
}

/** Where is only put together when something is found: each value of each record comes by here. */
interface Loss {
  readonly path: string
  readonly what: string
}

function lossIn(value: unknown, depth: number): Loss | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') return Number.isFinite(value) ? null : here(`is ${value}, which JSON cannot carry`)
  if (depth > MAX_DEPTH) return here(`is nested deeper than ${MAX_DEPTH} levels`)
  if (typeof value !== 'object') return here(`is of type ${typeof value}, which JSON cannot carry`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const loss = lossIn(value[index], depth + 1)
      if (loss !== null) return within(index, loss)
    }
    return null
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return here(`is an instance of ${value.constructor.name}, not plain data`)
  for (const [key, part] of Object.entries(value)) {
    const loss = part === undefined ? null : lossIn(part, depth + 1)
    if (loss !== null) return within(key, loss)
  }
  return null
}

const here = (what: string): Loss => ({ path: '', what })
const within = (key: string | number, { path, what }: Loss): Loss => ({ path: `.${key}${path}`, what })
