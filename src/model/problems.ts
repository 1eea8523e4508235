import type * as z from 'zod'
import type { ParamProblem } from './goal.ts'

type Place = readonly (string | number)[]

/** A problem with its place kept apart, for whoever looks up its line. */
export interface PlacedProblem extends ParamProblem {
  readonly at: Place
}

const MAX_GIVEN = 60
const MAX_LISTED = 20
/** What a list may hold to be shown as JSON. */
const PLAIN = new Set(['string', 'number', 'boolean'])
/** Longest list that is shown rather than counted. */
const MAX_SHOWN = 5

/** Each issue of a failed parse as path, what was given and what is allowed. An unknown key is a problem of its own. */
export function problemsOf(error: z.ZodError, input: unknown): readonly PlacedProblem[] {
  return error.issues.flatMap((issue) => {
    const at = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code !== 'unrecognized_keys') return [placed(at, input, allowedBy(issue))]
    return issue.keys.map((key) => placed([...at, key], input, 'no such field'))
  })
}

/** The same for those who need no place: path, what was given, what is allowed. */
export function paramProblemsOf(error: z.ZodError, input: unknown): ParamProblem[] {
  return problemsOf(error, input).map(({ path, given, problem }) => ({ path, given, problem }))
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

/** What is allowed instead, in words. */
function allowedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const expected = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [articled(inner.expected)] : []))
    return expected.length > 0 ? [...new Set(expected)].join(' or ') : issue.message
  }
  if (issue.code === 'unrecognized_keys') return 'no such field'
  if (issue.code === 'invalid_value') return `${issue.values.length === 1 ? 'must be' : 'one of'} ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'a whole number' : `${articled(issue.expected)}`
  if (issue.code === 'too_small' && typeof issue.minimum !== 'bigint') return atLeast(issue.origin, issue.minimum)
  if (issue.code === 'too_big' && typeof issue.maximum !== 'bigint') return `at most ${issue.maximum}${unitOf(issue.origin)}`
  return issue.message
}

function atLeast(origin: string, minimum: number): string {
  return origin === 'string' && minimum === 1 ? 'must not be empty' : `at least ${minimum}${unitOf(origin)}`
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' entries' : ''
}

function articled(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function givenAt(input: unknown, at: Place): string {
  let value = input
  for (const key of at) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return 'nothing'
    value = Reflect.get(value, key)
  }
  return describeValue(value)
}

/** A short form of a value, for a message. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value) && (value.length > MAX_SHOWN || value.some((entry) => !PLAIN.has(typeof entry)))) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return `an object with ${Object.keys(value).length} keys`
  const text = textOf(value)
  return text.length > MAX_GIVEN ? `${text.slice(0, MAX_GIVEN)}…` : text
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_GIVEN + 1))
  // JSON has no word for what is not a number, for functions and the like.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return JSON.stringify(value) ?? typeof value
}
