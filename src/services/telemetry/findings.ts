import { Finding } from '../../model/report.ts'
import type { JsonObject } from '../../model/json.ts'
import { sharedTitle } from './group-title.ts'
import { themeRank } from './themes.ts'

export const SEVERITIES = ['high', 'medium', 'low', 'info'] as const

/** Findings of one rule, severity and confidence. */
export interface FindingGroup<F extends Finding = Finding> {
  /** What their titles share; told apart by the rule where another group of the same severity and confidence has the same. */
  readonly title: string
  /** What more than half of them say; null: there is no such text, and each says its own. */
  readonly most: { readonly why: string | null; readonly fix: string | null }
  /** At least one, in the order of `rankFindings`. */
  readonly findings: readonly [F, ...F[]]
}

/** The `findings` of one output; what is not a finding is counted in `malformed` and left out. */
export function findingsIn(output: JsonObject | null): { readonly findings: readonly Finding[]; readonly malformed: number } {
  const claimed = output?.['findings']
  if (!Array.isArray(claimed)) return { findings: [], malformed: claimed === undefined ? 0 : 1 }
  const findings = claimed.flatMap((item) => {
    const parsed = Finding.safeParse(item)
    return parsed.success ? [parsed.data] : []
  })
  return { findings, malformed: claimed.length - findings.length }
}

/**
 * Findings in the order of their value, each thing said once. What decides, in this order:
 *
 * 1. severity: high, medium, low, info;
 * 2. confidence: what was checked a second time before what is a heuristic;
 * 3. the value of the theme, as `themes.ts` lists them: secrets first, markers in comments last;
 * 4. how many places the rule was found in, the most first;
 * 5. within a group, the measure that the evidence begins with (`6854 lines; …`), the largest first;
 * 6. rule, file (findings about no file first), line, title, evidence: only so that the order is always the same.
 *
 * Duplicates are merged: one rule that says the same twice, and two rules that say the same, by title or by evidence and remedy, of the
 * same place. The one that ranks first is kept.
 */
export function rankFindings(findings: readonly Finding[]): Finding[] {
  const distinct = mergeDuplicates(byValue(findings))
  // Counted anew: duplicates must not make a group look larger.
  return byValue(distinct)
}

/** Ranked findings put together by rule, severity and confidence; groups keep the order of their first finding. */
export function groupFindings<F extends Finding>(ranked: readonly F[]): FindingGroup<F>[] {
  const groups = new Map<string, [F, ...F[]]>()
  for (const finding of ranked) {
    const key = groupKey(finding)
    const group = groups.get(key)
    if (group) group.push(finding)
    else groups.set(key, [finding])
  }
  return toldApart([...groups.values()].map(toGroup))
}

function toGroup<F extends Finding>(findings: readonly [F, ...F[]]): FindingGroup<F> {
  const [first, ...others] = findings
  const most = (text: 'why' | 'fix'): string | null => majority(findings.map((finding) => finding[text]))
  return {
    title: sharedTitle(first.rule, [first.title, ...others.map(({ title }) => title)]),
    most: { why: most('why'), fix: most('fix') },
    findings,
  }
}

function majority(texts: readonly string[]): string | null {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].find(([, count]) => count * 2 > texts.length)?.[0] ?? null
}

/** Two rules may have one title. */
function toldApart<F extends Finding>(groups: readonly FindingGroup<F>[]): FindingGroup<F>[] {
  const heading = ({ title, findings: [{ severity, confidence }] }: FindingGroup<F>): string => JSON.stringify([title, severity, confidence])
  const counts = new Map<string, number>()
  for (const group of groups) counts.set(heading(group), (counts.get(heading(group)) ?? 0) + 1)
  return groups.map((group) =>
    (counts.get(heading(group)) ?? 0) > 1 ? { ...group, title: `${group.title} (rule \`${group.findings[0].rule}\`)` } : group,
  )
}

/** Where a finding is: `file`, `file:line`, or null. */
export function placeOf(finding: Pick<Finding, 'file' | 'line'>): string | null {
  if (finding.file === null) return null
  return finding.line === null ? finding.file : `${finding.file}:${finding.line}`
}

/** `2 high, 5 low`, without what there is none of; empty when there is nothing. */
export function severities(findings: readonly Pick<Finding, 'severity'>[]): string {
  return SEVERITIES.map((severity) => ({ severity, count: findings.filter((finding) => finding.severity === severity).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}`)
    .join(', ')
}

/** Whether an action looked for findings: one that did and found none has something to say. */
export function isAnalysis({ capability }: { readonly capability: string }): boolean {
  return capability.startsWith('analysis.')
}

/** Whether a finding is at least as grave as a severity. */
export function isAtLeast(finding: Pick<Finding, 'severity'>, least: Finding['severity']): boolean {
  return SEVERITIES.indexOf(finding.severity) <= SEVERITIES.indexOf(least)
}

interface Ranked {
  readonly finding: Finding
  readonly key: string
  readonly theme: number
}

function byValue(findings: readonly Finding[]): Finding[] {
  const ranked = findings.map((finding): Ranked => ({ finding, key: groupKey(finding), theme: themeRank(finding.rule) }))
  const sizes = new Map<string, number>()
  for (const { key } of ranked) sizes.set(key, (sizes.get(key) ?? 0) + 1)
  const sizeOf = ({ key }: Ranked): number => sizes.get(key) ?? 0
  return ranked
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.finding.severity) - SEVERITIES.indexOf(b.finding.severity) ||
        Number(a.finding.confidence === 'heuristic') - Number(b.finding.confidence === 'heuristic') ||
        a.theme - b.theme ||
        sizeOf(b) - sizeOf(a) ||
        compareText(a.key, b.key) ||
        comparePlaces(a.finding, b.finding),
    )
    .map(({ finding }) => finding)
}

function comparePlaces(a: Finding, b: Finding): number {
  return (
    measureOf(b) - measureOf(a) ||
    compareText(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(a.title, b.title) ||
    compareText(a.evidence, b.evidence) ||
    compareText(a.command, b.command)
  )
}

/** The evidence about a line is mostly that line, whose numbers are no measure unless it says so (`go: 365 lines (638-1002)`). */
function measureOf({ line, evidence }: Finding): number {
  const measure = line === null ? /^(\d{1,15})\b/ : /^(?:[^:]{0,200}: )?(\d{1,15}) lines\b/
  return Number(measure.exec(evidence)?.[1] ?? 0)
}

function mergeDuplicates(ranked: readonly Finding[]): Finding[] {
  const said = new Map<string, string>()
  return ranked.filter((finding) => {
    const { rule } = finding
    const own = JSON.stringify([rule, finding.file, finding.line, finding.evidence, finding.title])
    if (said.has(own)) return false
    said.set(own, rule)
    const shared = sayings(finding)
    if (shared.some((saying) => (said.get(saying) ?? rule) !== rule)) return false
    for (const saying of shared) said.set(saying, said.get(saying) ?? rule)
    return true
  })
}

/** What another rule would have to say to say the same. A title alone is enough only where a line tells what it is about. */
function sayings({ title, file, line, evidence, fix }: Finding): string[] {
  const same = JSON.stringify([file, line, evidence, fix])
  return line === null ? [same] : [same, JSON.stringify([file, line, title.toLowerCase()])]
}

function groupKey(finding: Finding): string {
  return JSON.stringify([finding.rule, finding.severity, finding.confidence])
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
