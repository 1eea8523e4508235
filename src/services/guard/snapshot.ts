import type { Action } from '../../model/action.ts'

type Args = Action['args']
type Value = Args[string]

/** Arguments nest at most this deep: recursive readers of JSON fail somewhere beyond it. */
export const MAX_DEPTH = 64
/** Bytes the arguments may have besides the content they declare. */
export const MAX_ARGS_BYTES = 1024 * 1024

/** A frozen copy of arguments, or what is wrong with them. */
export type Snapshot = { readonly ok: true; readonly args: Args } | { readonly ok: false; readonly what: string; readonly reason: string }

interface Walk {
  bytesLeft: number
  problem: { readonly what: string; readonly reason: string } | null
}

/** Bytes of the content that a write carries in `content` (text, or `{ data }`); 0 when there is none. */
export function contentBytes(args: unknown): number {
  const content = propertyOf(args, 'content')
  const text = typeof content === 'string' ? content : propertyOf(content, 'data')
  return typeof text === 'string' ? Buffer.byteLength(text) : 0
}

/**
 * Copies arguments before anything looks at them, and freezes the copy in depth: what is judged is then what is executed,
 * whatever getters, prototypes or shared references the original has.
 */
export function snapshotArgs(args: unknown): Snapshot {
  const walk: Walk = { bytesLeft: MAX_ARGS_BYTES + contentBytes(args), problem: null }
  const copy = copyValue(args, 1, walk)
  if (walk.problem) return { ok: false, ...walk.problem }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    return { ok: false, what: 'args-not-json', reason: 'the arguments are not a JSON object' }
  }
  return { ok: true, args: copy }
}

function copyValue(value: unknown, depth: number, walk: Walk): Value {
  if (value === null || typeof value === 'boolean') return spend(walk, 4, value)
  if (typeof value === 'string') return copyText(value, walk)
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? spend(walk, 8, value === 0 ? 0 : value)
      : stop(walk, 'args-not-json', `the arguments contain ${value}, which JSON cannot carry`)
  }
  if (typeof value !== 'object') return stop(walk, 'args-not-json', `the arguments contain a value of type ${typeof value}, which JSON cannot carry`)
  if (depth > MAX_DEPTH) return stop(walk, 'args-too-deep', `the arguments nest deeper than ${MAX_DEPTH} levels`)
  return Array.isArray(value) ? copyArray(value, depth, walk) : copyObject(value, depth, walk)
}

function copyText(text: string, walk: Walk): Value {
  if (/\p{Surrogate}/u.test(text)) return stop(walk, 'args-not-json', 'the arguments contain half of a character (a lone surrogate)')
  return spend(walk, Buffer.byteLength(text) + 2, text)
}

function copyArray(values: readonly unknown[], depth: number, walk: Walk): Value {
  const copy: Value[] = []
  spend(walk, 2, null)
  for (let index = 0; index < values.length && !walk.problem; index += 1) copy.push(copyValue(values[index], depth + 1, walk))
  Object.freeze(copy)
  return copy
}

function copyObject(source: object, depth: number, walk: Walk): Value {
  const prototype: unknown = Object.getPrototypeOf(source)
  // A plain object's prototype has no prototype itself; this also holds for objects of another realm.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return stop(walk, 'args-not-json', 'the arguments contain an object that is not plain')
  }
  const copy: Record<string, Value> = {}
  spend(walk, 2, null)
  for (const [key, value] of Object.entries(source)) {
    if (walk.problem) break
    if (key === '__proto__') return stop(walk, 'args-forbidden-key', 'the arguments contain the key "__proto__"')
    copyText(key, walk)
    copy[key] = copyValue(value, depth + 1, walk)
  }
  Object.freeze(copy)
  return copy
}

function spend(walk: Walk, bytes: number, value: Value): Value {
  walk.bytesLeft -= bytes
  if (walk.bytesLeft < 0) return stop(walk, 'args-too-large', `the arguments have more than ${MAX_ARGS_BYTES} bytes besides their content`)
  return value
}

function stop(walk: Walk, what: string, reason: string): null {
  walk.problem ??= { what, reason }
  return null
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
