import { MAX_ARGS_DEPTH } from './reference.ts'

type Place = readonly (string | number)[]

const MAX_VALUES = 2_000_000
const MAX_PROBLEMS = 10
/** A plan nests its arguments a few levels deep: `steps.0.args`. */
const MAX_DEPTH = MAX_ARGS_DEPTH + 4

/**
 * Why a value is not JSON that can be digested and walked by recursion: too deep, too large, cyclic, not plain, a `__proto__` key,
 * text that is not valid Unicode, a number that JSON does not have. Iterative, and stops at the tenth problem.
 */
export function jsonProblemsOf(input: unknown): readonly { readonly at: Place; readonly problem: string }[] {
  const problems: { at: Place; problem: string }[] = []
  const open: Visit[] = [{ value: input, depth: 0, key: '', above: null }]
  let seen = 0
  for (let next = open.pop(); next !== undefined && problems.length < MAX_PROBLEMS; next = open.pop()) {
    const { value, depth } = next
    const problem = seen > MAX_VALUES ? `is part of more than ${MAX_VALUES} values` : problemOf(value, depth)
    if (problem !== null) problems.push({ at: placeOf(next), problem })
    if (seen > MAX_VALUES) break
    if (problem !== null || typeof value !== 'object' || value === null) continue
    const isArray = Array.isArray(value)
    for (const [key, child] of Object.entries(value)) {
      seen += 1
      const visit = { value: child, depth: depth + 1, key: isArray ? Number(key) : key, above: next }
      const wrongKey = isArray ? null : problemOfKey(key)
      if (wrongKey === null) open.push(visit)
      else problems.push({ at: placeOf(visit), problem: wrongKey })
    }
  }
  return problems
}

interface Visit {
  readonly value: unknown
  readonly depth: number
  readonly key: string | number
  readonly above: Visit | null
}

function placeOf(visit: Visit): Place {
  const place: (string | number)[] = []
  for (let at = visit; at.above !== null; at = at.above) place.unshift(at.key)
  return place
}

function problemOf(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value) ? 'is not valid Unicode text' : null
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'is not a finite number'
  if (value === null || value === undefined || typeof value === 'boolean') return null
  if (typeof value !== 'object') return `is a ${typeof value}, which JSON does not have`
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_ARGS_DEPTH} levels`
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = Array.isArray(value) || prototype === Object.prototype || prototype === null
  return plain ? null : 'is not a plain JSON value'
}

function problemOfKey(key: string): string | null {
  if (key === '__proto__') return 'is a key that is not allowed'
  return /\p{Surrogate}/u.test(key) ? 'is a key that is not valid Unicode text' : null
}
