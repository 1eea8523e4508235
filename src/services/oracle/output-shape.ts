import * as z from 'zod'
import { nearest } from '../../input/nearest.ts'

/**
 * Why a capability's output can never have a value at `path`, as the end of a sentence; null when it has or may have.
 * Only closed objects are certain: whatever the schema leaves open is left to the run.
 */
export function outputProblem(schema: z.ZodType, path: readonly string[]): string | null {
  let current: unknown = schema
  for (const [depth, key] of path.entries()) {
    current = unwrap(current)
    if (current instanceof z.ZodArray) {
      if (!/^[0-9]+$/.test(key)) return `has a list at \`${path.slice(0, depth).join('.')}\`, and \`${key}\` is no index`
      current = current.element
      continue
    }
    if (!(current instanceof z.ZodObject)) return null
    const shape: Readonly<Record<string, unknown>> = current.shape
    if (!Object.hasOwn(shape, key)) {
      const { catchall } = current.def
      return catchall === undefined || catchall instanceof z.ZodNever ? unknownKey(path.slice(0, depth), key, Object.keys(shape)) : null
    }
    current = shape[key]
  }
  return null
}

function unwrap(schema: unknown): unknown {
  let current = schema
  while (current instanceof z.ZodOptional || current instanceof z.ZodNullable || current instanceof z.ZodDefault || current instanceof z.ZodReadonly)
    current = current.unwrap()
  return current instanceof z.ZodPipe ? unwrap(current.out) : current
}

function unknownKey(above: readonly string[], key: string, keys: readonly string[]): string {
  const near = nearest(key, keys)
  const where = above.length === 0 ? '' : ` at \`${above.join('.')}\``
  return `has no \`${key}\`${where}, only ${keys.join(', ') || 'nothing'}${near === null ? '' : ` (did you mean ${near}?)`}`
}
