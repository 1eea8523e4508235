import type { z } from 'zod'
import type { ParamProblem } from '../model/goal.ts'

type Issue = z.core.$ZodIssue

/** Each issue of a refused value: where it is, what was given, what is allowed. */
export function problemsOf(error: z.ZodError, input: unknown, prefix: readonly PropertyKey[] = []): ParamProblem[] {
  return error.issues.flatMap((issue) => {
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    return places.map((place) => ({
      path: [...prefix, ...place].map(String).join('.') || '(whole)',
      given: describe(at(input, place)),
      problem: allowedBy(issue),
    }))
  })
}

/** What is allowed instead, in words. */
function allowedBy(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') return 'no such field'
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`
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

/** A short form of a value for a message, at most 80 characters. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[String(key)] : undefined), value)
}

/** Whether a value is a JSON object or array, so that it has keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
