import { ControllerError } from '../../errors.ts'
import { mapTexts, secretReference, secretRefsIn, substituteSecrets } from '../../model/secrets.ts'
import type { Secrets } from '../../model/secrets.ts'
import { bodyText, rebuiltBody, spansByText } from './body-text.ts'
import { createKnownFinder } from './known-finder.ts'
import type { KnownFinder, KnownSecret } from './known-finder.ts'
import { declaredSecrets, environmentSecrets, isTelling, valueOf } from './known-secrets.ts'
import { keyedHash } from './sealed.ts'
import type { FoundSecret, Redactor, Vault } from './secrets.ts'
import { mergedSpans, nameIn, replaceSpans } from './span.ts'
import { unknownSpans } from './unknown-finder.ts'
import { passingKey } from './vault-key.ts'

export interface RedactorOptions {
  readonly vault: Vault
  /** The secrets that actions may use; default none. */
  readonly secrets?: Secrets
  /** Values that are hidden under their names and that nothing can put back, such as credentials that only a connection uses; default none. */
  readonly hidden?: readonly { readonly name: string; readonly value: string }[]
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Whether values of the environment whose names look secret are hidden; default true. */
  readonly hideEnvironment?: boolean
  /** Told once, when what is hidden cannot be put back later. */
  readonly onNotice?: (message: string) => void
}

/** Characters of one body: 64 Mi. */
const MAX_CHARS = 64 * 1024 * 1024
/** Different values of one body that are kept, and characters of one: a hostile body must not fill the disk. The rest cannot be put back. */
const MAX_KEPT = 1_000
const MAX_KEPT_CHARS = 256 * 1024
/** Runs whose found values are looked for. */
const MAX_REMEMBERED = 32

/** @throws ControllerError CONFIG_INVALID for a declared secret that cannot be read, or is too simple to be looked for */
export function createRedactor(options: RedactorOptions): Redactor {
  const { vault, secrets = {}, hidden = [], env = process.env, hideEnvironment = true, onNotice = () => {} } = options
  const known = [...declaredSecrets(secrets, env), ...hidden, ...(hideEnvironment ? environmentSecrets(env) : [])]
  let findKnown = createKnownFinder(known)
  const hide = createHider(vault, onNotice)
  const foundBefore = createMemory()

  const redactKnown = (text: string): string => {
    const spans = findKnown(text)
    return spans.length === 0 ? text : replaceSpans(text, spans, ({ ref }) => secretReference(ref ?? ''))
  }

  /** A declared secret as it is now: a new value is looked for from here on, too. */
  function currentValue(name: string): string {
    const source = secrets[name]
    const value = source === undefined ? null : valueOf(name, source, env)
    if (value === null) throw unusable(name, source === undefined ? 'it is not declared' : 'its environment variable is not set')
    if (!known.some((secret) => secret.value === value)) {
      known.push({ name, value })
      findKnown = createKnownFinder(known)
    }
    return value
  }

  return {
    redactKnown,
    redactKnownJson: (value) => inBounds(() => mapTexts(value, redactKnown)),
    redactKnownJsonText(text) {
      // Without escapes each text of the data is a part of this one.
      if (!text.includes('\\') && findKnown(text).length === 0) return text
      const value: unknown = JSON.parse(text)
      const redacted = inBounds(() => mapTexts(value, redactKnown))
      return redacted === value ? text : JSON.stringify(redacted)
    },
    refsIn: secretRefsIn,

    async redactBody(value, from) {
      const body = inBounds(() => bodyText(value, MAX_CHARS))
      const spans = mergedSpans([...findKnown(body.text), ...foundBefore.find(from.runId, body.text), ...(await unknownSpans(body.text))])
      const byText = spansByText(body, spans)
      const unknown = byText.flat().filter(({ ref }) => ref === null)
      const refs = await hide(
        from,
        unknown.map(({ kind, start, end }) => ({ kind, value: body.text.slice(start, end) })),
      )
      foundBefore.add(from.runId, refs)
      const found = new Map<string, FoundSecret>()
      const redacted = rebuiltBody(value, body, byText, (text, { kind, ref: name }) => {
        const ref = name ?? refs.get(text) ?? ''
        found.set(ref, { ref, kind, count: (found.get(ref)?.count ?? 0) + 1 })
        return secretReference(ref)
      })
      return { value: redacted, found: [...found.values()] }
    },

    async restore(value, { runId }) {
      const values = new Map<string, string>()
      for (const ref of inBounds(() => secretRefsIn(value))) {
        values.set(ref, /^[A-Z]/.test(ref) ? currentValue(checkedName(ref)) : await keptValue(vault, runId, ref))
      }
      return mapTexts(value, (text) => substituteSecrets(text, (ref) => values.get(ref) ?? ''))
    },
  }
}

/** What was found in a run, by what gave it away, is looked for in all that the run reads later: a column that `cut` shows has no name before it. */
function createMemory() {
  const runs = new Map<string, { readonly secrets: readonly KnownSecret[]; readonly find: KnownFinder }>()
  return {
    find: (runId: string, text: string) => runs.get(runId)?.find(text) ?? [],
    add(runId: string, refs: ReadonlyMap<string, string>): void {
      const before = runs.get(runId)?.secrets ?? []
      const known = new Set(before.map(({ value }) => value))
      const more = [...refs].filter(([value]) => isTelling(value) && value.length <= MAX_KEPT_CHARS && !known.has(value))
      if (more.length === 0 || before.length >= MAX_KEPT) return
      const secrets = [...before, ...more.map(([value, name]) => ({ name, value }))].slice(0, MAX_KEPT)
      runs.delete(runId)
      if (runs.size >= MAX_REMEMBERED) runs.delete(runs.keys().next().value ?? '')
      runs.set(runId, { secrets, find: createKnownFinder(secrets) })
    },
  }
}

/** Puts values into the vault and gives their references by value; where that is not possible, references that nothing can be put back for. */
function createHider(vault: Vault, onNotice: (message: string) => void) {
  const key = passingKey()
  let isTold = false
  const lost = (kind: string, value: string): string => `${kind}-${keyedHash(key, value).slice(0, 16)}`

  return async (
    { runId, source }: { readonly runId: string; readonly source: string },
    finds: readonly { readonly kind: string; readonly value: string }[],
  ): Promise<ReadonlyMap<string, string>> => {
    const different = [...new Map(finds.map((find) => [find.value, find])).values()]
    const kept = different.filter(({ value }) => value.length <= MAX_KEPT_CHARS).slice(0, MAX_KEPT)
    const refs = new Map(different.map(({ kind, value }) => [value, lost(kind, value)]))
    if (kept.length === 0) return refs
    try {
      const keptRefs = await vault.keep(runId, kept)
      for (const [index, { value }] of kept.entries()) refs.set(value, keptRefs[index] ?? '')
    } catch (error) {
      if (!isTold)
        onNotice(`Secrets that are found, first in ${source}, are hidden for good: ${error instanceof Error ? error.message : String(error)}`)
      isTold = true
    }
    return refs
  }
}

async function keptValue(vault: Vault, runId: string, ref: string): Promise<string> {
  if (ref === '') throw unusable(ref, 'the reference is malformed')
  const value = await vault.read(runId, ref)
  if (value === null) throw unusable(ref, `run ${runId} has not kept it`)
  return value
}

function checkedName(ref: string): string {
  const name = nameIn(ref)
  if (name !== ref) throw unusable(ref, 'it was encoded, or only a part, where it was found')
  return name
}

function unusable(ref: string, problem: string): ControllerError {
  return new ControllerError('BAD_REFERENCE', `The secret ${secretReference(ref)} cannot be put back: ${problem}.`, {
    hint: 'Name it under `secrets` in the configuration for actions to use it, or do without it.',
  })
}

function inBounds<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ControllerError('OUTPUT_INVALID', `The body cannot be searched for secrets: ${cause.message}.`, {
      hint: 'Ask for less at a time.',
      cause,
    })
  }
}
