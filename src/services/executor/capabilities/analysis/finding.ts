import * as z from 'zod'
import { Finding } from '../../../../model/report.ts'

/** What every analysis returns beside its own facts. */
export const analysisOutput = {
  findings: z.array(Finding),
  /** What was not looked at, and why; sentences for a person. */
  notExamined: z.array(z.string()),
}

/** The gravest first. */
export const RANK = { high: 0, medium: 1, low: 2, info: 3 } as const
const MAX_EVIDENCE = 200

/** The order of every analysis: severity, rule, file, line. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] ||
      byText(a.rule, b.rule) ||
      byText(a.file ?? '', b.file ?? '') ||
      (a.line ?? 0) - (b.line ?? 0) ||
      byText(a.evidence, b.evidence),
  )
}

/** Compares by UTF-16 units: the same on every machine, whatever its locale. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A line as evidence: trimmed, at most 200 characters. */
export function asEvidence(line: string): string {
  const chars = [...line.trim()]
  return chars.length > MAX_EVIDENCE ? chars.slice(0, MAX_EVIDENCE).join('') : chars.join('')
}

/** A path as one word of a shell command that no command takes for an option. Control characters need a shell with `$'…'`. */
export function shellPath(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path
  if (/^[\w@%+:,./-]+$/.test(safe)) return safe
  const quoted = safe.replace(/[\\']/g, '\\$&')
  if (!/\p{Cc}/u.test(safe)) return `'${safe.replaceAll("'", `'\\''`)}'`
  return `$'${quoted.replace(/\p{Cc}/gu, (char) => [...Buffer.from(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''))}'`
}

/** The command that prints one line of a file. */
export function showLine(file: string, line: number): string {
  return `sed -n '${line}p' ${shellPath(file)}`
}

/** The command that prints some lines of a file, both ends included. */
export function showLines(file: string, from: number, to: number): string {
  return from === to ? showLine(file, from) : `sed -n '${from},${to}p' ${shellPath(file)}`
}

/** A path below `folder`, both relative to the workspace; `.` is the workspace itself. */
export function below(folder: string, name: string): string {
  const clean = folder.replace(/^(?:\.\/+)+/, '').replace(/\/+$/, '')
  return clean === '' || clean === '.' ? name : `${clean}/${name}`
}

/** At most `max` of them named, the others counted. */
export function named(items: readonly string[], max = 10): string {
  const rest = items.length - max
  return rest > 0 ? `${items.slice(0, max).join(', ')} and ${rest} more` : items.join(', ')
}
