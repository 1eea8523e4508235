import { sha256 } from '../model/digest.ts'
import type { EffectRecord, Journal } from '../services/journal/journal.ts'

/**
 * What a run wants stored with its next commit: bodies, by their SHA-256, and changes of the effect ledger. A body can be read
 * back at once; it is durable with the event that carries its reference, or lost together with it.
 */
export interface Bodies {
  put(value: unknown): string
  /** @returns the stored value, or null when there is no such body */
  get(ref: string): unknown
  note(effect: EffectRecord): void
  take(): { readonly blobs: ReadonlyMap<string, string>; readonly effects: readonly EffectRecord[] }
}

/** How many bodies are kept parsed: those of the plan and of the actions under way. */
const CACHED = 64

export function createBodies(journal: Journal): Bodies {
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
      const text = JSON.stringify(value)
      const ref = sha256(text)
      blobs.set(ref, text)
      remember(ref, bodyOf(text))
      return ref
    },
    get(ref) {
      const known = cache.get(ref)
      if (known) return remember(ref, known).value()
      const text = blobs.get(ref) ?? journal.blob(ref)
      return text === null ? null : remember(ref, bodyOf(text)).value()
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

/** A body that is parsed when it is first wanted: most are only kept. */
interface Body {
  value(): unknown
}

function bodyOf(text: string): Body {
  let parsed: { readonly value: unknown } | null = null
  return { value: () => (parsed ??= { value: JSON.parse(text) }).value }
}
