import * as z from 'zod'

/** Characters that no path of a plan needs, and that hide what a path is or mean something else elsewhere. */
const FORBIDDEN = /[\p{Cc}\\]/u

/** A path as an argument: relative to the workspace, or absolute inside it. Never decoded, never expanded. */
export const WorkspacePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !FORBIDDEN.test(path), 'must not have control characters or backslashes')

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits')

/** A whole number with bounds. */
export const count = (min: number, max: number) => z.number().int().min(min).max(max)
