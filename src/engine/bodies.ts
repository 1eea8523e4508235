import { ControllerError } from '../errors.ts'
import { sha256 } from '../model/digest.ts'
import type { EffectRecord, Journal } from '../services/journal/journal.ts'

/**
 * What a run wants stored with its next commit: bodies, by their SHA-256, and changes of the effect ledger. A body can be read
 * back at once; it is durable with the event that carries its reference, or lost together with it.
 */
export interface Bodies {
  put(value: unknown): string
  /** `what` names it in the error. @throws ControllerError JOURNAL_CORRUPT when there is no such body: a reference is only ever stored with it */
  get(ref: string, what?: string): unknown
  note(effect: EffectRecord): void
  take(): { readonly blobs: ReadonlyMap<string, string>; readonly effects: readonly EffectRecord[] }
}

/** How many bodies are kept parsed: those of the plan and of the actions under way. */
const CACHED = 64

/** `redact` takes secrets out of the JSON text of everything that is put: what is read back, now or ever, is what was stored. */
export function createBodies(journal: Journal, redact: (text: string) => string = unchanged): Bodies {
  let blobs = new Map<string, string>()
  let effects: EffectRecord[] = []
  const cache = new Map<string, Body>()

  function remember(ref: string, body: Body): Body {
    cache.delete(ref)
    cache.set(ref, body)
    const oldest = cache.size > CACHED ? cache.keys().next() : null
    if (oldest && !oldest.done) cache.delete(oldest.value)
    return body
  }

  return {
    put(value) {
      const text = redact(JSON.stringify(value))
      const ref = sha256(text)
      blobs.set(ref, text)
      remember(ref, bodyOf(text))
      return ref
    },
    get(ref, what = 'record') {
      const known = cache.get(ref)
      if (known) return remember(ref, known).value()
      const text = blobs.get(ref) ?? journal.blob(ref)
      if (text === null) throw missing(ref, what)
      return remember(ref, bodyOf(text)).value()
    },
    note: (effect) => void effects.push(effect),
    take() {
      const taken = { blobs, effects }
      blobs = new Map()
      effects = []
      return taken
    },
  }
}

const unchanged = (text: string): string => text

/** A body that is parsed when it is first wanted: most are only kept. */
interface Body {
  value(): unknown
}

function bodyOf(text: string): Body {
  let parsed: { readonly value: unknown } | null = null
  return { value: () => (parsed ??= { value: JSON.parse(text) }).value }
}

function missing(ref: string, what: string): ControllerError {
  const problem = `the body of the ${what} ${ref.slice(0, 12)} is missing from the store`
  return new ControllerError('JOURNAL_CORRUPT', problem, { details: { problem, ref } })
}
