import * as z from 'zod'

/** Levels of nesting that a value may have whose texts are looked through: as many as a record of the journal. */
export const MAX_TEXT_DEPTH = 500

/** A secret's name, as in `${secret:GITHUB_TOKEN}`: capitals, so that it is never the name of something that was found. */
export const SecretName = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'a name of capitals, digits and _, such as GITHUB_TOKEN')

/** Where the value of a named secret is: an environment variable of the controller, or a file (its last line end is not part of the value). */
export const SecretSource = z.union([z.strictObject({ env: z.string().min(1).max(256) }), z.strictObject({ file: z.string().min(1).max(4096) })])
export type SecretSource = z.infer<typeof SecretSource>

/** The secrets that an operator names, for actions to use and for records never to show. */
export const Secrets = z.record(SecretName, SecretSource)
export type Secrets = z.infer<typeof Secrets>

/** What stands for a secret in a text. The second group is absent when what follows is no reference. */
const PATTERN = /\$(\\*)\{secret:(?:([A-Za-z][A-Za-z0-9_-]{0,99}(?::[a-z0-9]{1,16})?)\})?/g

/** The text that stands for the secret `ref`. */
export const secretReference = (ref: string): string => `\${secret:${ref}}`

/**
 * Text in which nothing is taken for a secret, for what comes from outside: `${secret:` becomes `$\{secret:`, and what looks like that
 * already gets one more backslash, so that `substituteSecrets` gives back exactly what it was.
 */
export function escapeSecretReferences(text: string): string {
  return text.includes('{secret:') ? text.replaceAll(/\$(\\*)\{secret:/g, String.raw`$$\$1{secret:`) : text
}

/** The text with each reference replaced by what `read` gives, and what was escaped as it was. Values are never searched again. */
export function substituteSecrets(text: string, read: (ref: string) => string): string {
  if (!text.includes('{secret:')) return text
  return text.replaceAll(PATTERN, (match: string, escapes: string, ref: string | undefined) =>
    escapes === '' ? read(ref ?? '') : `$${match.slice(2)}`,
  )
}

/** The secrets that a value refers to, keys included, each once, in order; `''` stands for what only begins like a reference. */
export function secretRefsIn(value: unknown): readonly string[] {
  const refs = new Set<string>()
  mapTexts(value, (text) => {
    substituteSecrets(text, (ref) => {
      refs.add(ref)
      return ''
    })
    return text
  })
  return [...refs]
}

/**
 * The references in resolved arguments that are in none of their sources: neither in the arguments as planned nor in an output that they
 * refer to. Such a one was put together of pieces that are harmless by themselves, which nobody does by accident.
 */
export function conjuredSecretRefs(resolved: unknown, sources: readonly unknown[]): readonly string[] {
  const refs = secretRefsIn(resolved)
  if (refs.length === 0) return []
  const known = new Set(sources.flatMap(secretRefsIn))
  return refs.filter((ref) => ref === '' || !known.has(ref))
}

/**
 * A copy of plain JSON data with each text, keys included, replaced by what `change` gives for it; parts without a change are shared. The
 * order is fixed: a key before what it names. A key that becomes equal to another gets a number, so that nothing is lost.
 * @throws RangeError when it is nested deeper than MAX_TEXT_DEPTH
 */
export function mapTexts<T>(value: T, change: (text: string, isKey: boolean) => string): T {
  // The shape is that of the value: texts stay texts.
  return mapped(value, change, 0) as T
}

function mapped(value: unknown, change: (text: string, isKey: boolean) => string, depth: number): unknown {
  if (typeof value === 'string') return change(value, false)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_TEXT_DEPTH) throw new RangeError(`it is nested deeper than ${MAX_TEXT_DEPTH} levels`)
  return Array.isArray(value) ? mappedList(value, change, depth) : mappedObject(value, change, depth)
}

function mappedList(list: readonly unknown[], change: (text: string, isKey: boolean) => string, depth: number): readonly unknown[] {
  let copy: unknown[] | null = null
  for (let index = 0; index < list.length; index++) {
    const item = mapped(list[index], change, depth + 1)
    if (copy === null && item !== list[index]) copy = list.slice()
    if (copy !== null) copy[index] = item
  }
  return copy ?? list
}

function mappedObject(object: object, change: (text: string, isKey: boolean) => string, depth: number): object {
  let isChanged = false
  const members = Object.entries(object).map(([key, child]): readonly [string, unknown] => {
    const newKey = change(key, true)
    const newChild = mapped(child, change, depth + 1)
    isChanged ||= newKey !== key || newChild !== child
    return [newKey, newChild]
  })
  if (!isChanged) return object
  const taken = new Set<string>()
  // `fromEntries` defines members of its own: a key `__proto__` stays a key.
  return Object.fromEntries(members.map(([key, child]) => [freeKey(key, taken), child]))
}

function freeKey(key: string, taken: Set<string>): string {
  let free = key
  for (let number = 2; taken.has(free); number++) free = `${key} (${number})`
  taken.add(free)
  return free
}
