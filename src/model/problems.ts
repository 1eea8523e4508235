import type { z } from 'zod'
import type { ParamProblem } from './goal.ts'

type Place = readonly (string | number)[]

/** A problem with its place kept apart, for whoever looks up its line. */
export interface PlacedProblem extends ParamProblem {
  readonly at: Place
}

const MAX_GIVEN = 60
const MAX_LISTED = 20

/** Each issue of a failed parse as path, what was given and what is allowed. An unknown key is a problem of its own. */
export function problemsOf(error: z.ZodError, input: unknown): readonly PlacedProblem[] {
  return error.issues.flatMap((issue) => {
    const at = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code !== 'unrecognized_keys') return [placed(at, input, explain(issue))]
    return issue.keys.map((key) => placed([...at, key], input, 'is not a known key'))
  })
}

/** A problem that no schema found. */
export function placed(at: Place, input: unknown, problem: string): PlacedProblem {
  return { at, path: at.join('.'), given: givenAt(input, at), problem }
}

/** Problems as text, one a line after the first; the first twenty in full. */
export function listProblems(problems: readonly ParamProblem[]): string {
  const lines = problems.slice(0, MAX_LISTED).map(({ path, given, problem }) => `${path === '' ? 'it' : path} (${given}): ${problem}`)
  const more = problems.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n  ')
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const expected = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [inner.expected] : []))
    return expected.length > 0 ? `Invalid input: expected ${[...new Set(expected)].join(' or ')}` : issue.message
  }
  return issue.message
}

function givenAt(input: unknown, at: Place): string {
  let value = input
  for (const key of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return 'absent'
    value = Reflect.get(value, key)
  }
  return shorten(value)
}

function shorten(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).length} keys`
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, MAX_GIVEN + 1)) : String(value)
  return text.length > MAX_GIVEN ? `${text.slice(0, MAX_GIVEN)}…` : text
}
