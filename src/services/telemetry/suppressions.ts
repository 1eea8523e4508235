import * as z from 'zod'
import { parseYaml } from '../../input/yaml.ts'
import type { ReportedFinding, SuppressedFinding } from '../../model/report.ts'
import { problemsOf } from '../../model/problems.ts'
import { compileGlob } from './path-glob.ts'

/** In the root of the workspace. */
export const SUPPRESSIONS_FILE = 'planner-exec.suppressions.yaml'

/** Larger files are refused: 500 entries need less. */
export const MAX_SUPPRESSIONS_BYTES = 128 * 1024

const MAX_ENTRIES = 500
const MAX_TOLD = 5

const Entry = z
  .strictObject({
    id: z.string().min(1).optional(),
    rule: z.string().min(1).optional(),
    /** A glob, relative to the workspace. */
    file: z
      .string()
      .min(1)
      .max(1_000)
      .refine((text) => compileGlob(text) !== null, 'must be a glob such as src/**/*.ts, relative to the workspace')
      .optional(),
    reason: z
      .string()
      .max(1_000)
      .refine((text) => text.trim() !== '', 'must say why'),
    /** The last day (UTC) on which it counts. */
    until: z.iso.date('must be a day such as 2030-12-31').optional(),
  })
  .refine((entry) => (entry.id === undefined) !== (entry.rule === undefined), 'must have either id or rule')

const Document = z.strictObject({ version: z.literal(1), suppressions: z.array(Entry).max(MAX_ENTRIES) })

export interface Suppression extends z.infer<typeof Entry> {
  /** Where it is written, from 1. */
  readonly line: number
}

/** What a suppressions file says; with a problem, nothing of it counts. */
export interface Suppressions {
  readonly entries: readonly Suppression[]
  /** Sentences: what is wrong, where, and what to do. */
  readonly problems: readonly string[]
}

export const NO_SUPPRESSIONS: Suppressions = { entries: [], problems: [] }

/** A suppressions file that could not be used. */
export function unusable(problem: string): Suppressions {
  return { entries: [], problems: [`${SUPPRESSIONS_FILE} was not used, so nothing is suppressed: ${problem}`] }
}

/** Reads the text of a suppressions file. Never throws: what is wrong with it is told, and then none of it counts. */
export async function parseSuppressions(text: string): Promise<Suppressions> {
  const yaml = await parseYaml(text)
  if (!yaml.ok) return unusable(told(yaml.problems.map(({ line, message }) => `line ${line}: ${message}`)))
  const parsed = Document.safeParse(yaml.value)
  if (parsed.success) {
    const entries = parsed.data.suppressions.map((entry, at) => ({ ...entry, line: yaml.locate(['suppressions', at]).line }))
    return { entries, problems: [] }
  }
  const problems = problemsOf(parsed.error, yaml.value)
  return unusable(told(problems.map(({ at, path, given, problem }) => `line ${yaml.locate(at).line}: ${path || 'the file'} (${given}): ${problem}`)))
}

export interface SuppressionResult {
  readonly kept: readonly ReportedFinding[]
  readonly suppressed: readonly SuppressedFinding[]
  /** Entries that have expired, or that nothing fits. */
  readonly notes: readonly string[]
}

/** Parts findings into those that count and those that somebody chose not to see. `now` decides what has expired, ms since the epoch. */
export function suppress(findings: readonly ReportedFinding[], { entries, problems }: Suppressions, now: number): SuppressionResult {
  const today = new Date(now).toISOString().slice(0, 10)
  const isExpired = ({ until }: Suppression): boolean => until !== undefined && until < today
  const active = entries.filter((entry) => !isExpired(entry)).map((entry) => ({ entry, fits: matcherOf(entry) }))
  const used = new Set<Suppression>()
  const kept: ReportedFinding[] = []
  const suppressed: SuppressedFinding[] = []
  for (const finding of findings) {
    const fitting = active.filter(({ fits }) => fits(finding))
    for (const { entry } of fitting) used.add(entry)
    const [first] = fitting
    if (first === undefined) kept.push(finding)
    else {
      const { id, rule, severity, title, file, line } = finding
      suppressed.push({ id, rule, severity, title, file, line, reason: first.entry.reason })
    }
  }
  const notes = entries.flatMap((entry) => {
    if (isExpired(entry)) return [`${nameOf(entry)} expired on ${entry.until}; remove it, or give it a later day.`]
    return used.has(entry) ? [] : [`${nameOf(entry)} fits no finding any more; remove it.`]
  })
  return { kept, suppressed, notes: [...problems, ...notes] }
}

function matcherOf(entry: Suppression): (finding: ReportedFinding) => boolean {
  const inFile = entry.file === undefined ? null : compileGlob(entry.file)
  return ({ id, rule, file }) =>
    (entry.id === undefined || entry.id === id) &&
    (entry.rule === undefined || entry.rule === rule) &&
    (entry.file === undefined || (file !== null && inFile?.(file) === true))
}

function nameOf({ id, rule, file, line }: Suppression): string {
  return `The suppression of \`${id ?? rule ?? ''}\`${file === undefined ? '' : ` in \`${file}\``} (${SUPPRESSIONS_FILE}, line ${line})`
}

function told(problems: readonly string[]): string {
  const rest = problems.length - MAX_TOLD
  const listed = problems.slice(0, MAX_TOLD).join('; ')
  return `${listed}${rest > 0 ? `; and ${rest} more` : ''}. Correct it: each entry has either id or rule, a reason, and at will file and until.`
}
