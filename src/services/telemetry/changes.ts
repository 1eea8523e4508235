import * as z from 'zod'
import type { JsonObject } from '../../model/json.ts'
import type { Finding } from '../../model/report.ts'

/** The capability whose output says what changed since a revision. */
export const CHANGES_CAPABILITY = 'analysis.changes.v1'

const Line = z.number().int().min(1)

/** The part of its output that decides which findings are reported. */
const Changes = z.object({
  since: z.string(),
  files: z.array(z.object({ path: z.string(), lines: z.array(z.tuple([Line, Line])).nullable() })),
})

/** What changed since a revision: for each file the lines that are new, or null for all of it. */
export interface Changed {
  readonly since: string
  readonly files: ReadonlyMap<string, readonly (readonly [from: number, to: number])[] | null>
}

/** What an output of `analysis.changes.v1` says; null when it is not one. */
export function changedIn(output: JsonObject | null): Changed | null {
  const parsed = Changes.safeParse(output)
  return parsed.success ? { since: parsed.data.since, files: new Map(parsed.data.files.map(({ path, lines }) => [path, lines])) } : null
}

/** Whether a finding is about what changed. One about no file is about the whole, which was there before. */
export function isChanged({ file, line }: Pick<Finding, 'file' | 'line'>, changed: Changed): boolean {
  if (file === null) return false
  const lines = changed.files.get(file)
  if (lines === undefined) return false
  return line === null || lines === null || lines.some(([from, to]) => from <= line && line <= to)
}
