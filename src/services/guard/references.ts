import type { Action } from '../../model/action.ts'

type Value = Action['args'][string]

/** What stands where a reference stood, so that targets made of it can be recognised. */
export const UNRESOLVED = 'unresolved-reference'

const REFERENCE = /\$\{steps\.[a-z][a-z0-9_-]{0,31}\.output[^}]*\}/g

/** Arguments with each reference to an earlier step's output replaced, and where these were. */
export interface Masked {
  readonly args: Action['args']
  readonly paths: readonly (readonly PropertyKey[])[]
}

/** Replaces every `${steps.<id>.output…}` in arguments of bounded depth. */
export function maskReferences(args: Action['args']): Masked {
  const paths: PropertyKey[][] = []
  const mask = (value: Value, path: PropertyKey[]): Value => {
    if (typeof value === 'string') {
      const masked = value.replace(REFERENCE, UNRESOLVED)
      if (masked !== value) paths.push(path)
      return masked
    }
    if (Array.isArray(value)) return value.map((item, index) => mask(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, [...path, key])]))
  }
  return { args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, mask(value, [key])])), paths }
}
