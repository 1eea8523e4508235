import { Finding } from '../../model/report.ts'
import type { JsonObject } from '../../model/json.ts'

const SEVERITY_RANK = { high: 0, medium: 1, low: 2, info: 3 } as const
const CONFIDENCE_RANK = { verified: 0, heuristic: 1 } as const

/** Findings that say the same thing of several places. */
export interface FindingGroup {
  /** The title they share, or the rule's name in words. */
  readonly title: string
  readonly sharedTitle: boolean
  /** At least one, in the order of `compareFindings`. */
  readonly findings: readonly [Finding, ...Finding[]]
}

/** The order of a report: severity, confidence, file, line, rule, title; findings about no file come before those about one. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
    CONFIDENCE_RANK[a.confidence] - CONFIDENCE_RANK[b.confidence] ||
    compareText(a.file ?? '', b.file ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(a.rule, b.rule) ||
    compareText(a.title, b.title) ||
    compareText(a.evidence, b.evidence)
  )
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

/** In report order, each distinct finding once. */
export function rankFindings(findings: readonly Finding[]): Finding[] {
  const distinct = new Map(findings.map((finding) => [keyOf(finding), finding]))
  return [...distinct.values()].sort(compareFindings)
}

/** Ranked findings put together by what they say; groups keep the order of their first finding. */
export function groupFindings(ranked: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, [Finding, ...Finding[]]>()
  for (const finding of ranked) {
    const key = JSON.stringify([finding.rule, finding.severity, finding.confidence, finding.why, finding.fix])
    const group = groups.get(key)
    if (group) group.push(finding)
    else groups.set(key, [finding])
  }
  return [...groups.values()].map((members) => {
    const sharedTitle = members.every((finding) => finding.title === members[0].title)
    return { title: sharedTitle ? members[0].title : inWords(members[0].rule), sharedTitle, findings: members }
  })
}

/** What to do first: the remedies of the highest-ranked groups, each with where it starts. At most `max`. */
export function recommend(ranked: readonly Finding[], max = 5): string[] {
  const remedies = new Map<string, string>()
  for (const group of groupFindings(ranked)) {
    const [first] = group.findings
    if (!remedies.has(first.fix)) remedies.set(first.fix, `${first.fix} (${reasonOf(group)})`)
  }
  return [...remedies.values()].slice(0, max)
}

/** Where a finding is: `file`, `file:line`, or null. */
export function placeOf(finding: Pick<Finding, 'file' | 'line'>): string | null {
  if (finding.file === null) return null
  return finding.line === null ? finding.file : `${finding.file}:${finding.line}`
}

function reasonOf(group: FindingGroup): string {
  const [first] = group.findings
  const place = placeOf(first)
  if (group.findings.length === 1) return place === null || first.title.includes(place) ? first.title : `${first.title}, ${place}`
  const count = `${group.title}: ${group.findings.length} places`
  return place === null ? count : `${count}, first ${place}`
}

function keyOf(finding: Finding): string {
  return JSON.stringify([
    finding.rule,
    finding.severity,
    finding.confidence,
    finding.title,
    finding.file,
    finding.line,
    finding.evidence,
    finding.why,
    finding.fix,
    finding.command,
  ])
}

/** `size.large-file` → `Large file`. */
function inWords(rule: string): string {
  const words = rule.slice(rule.indexOf('.') + 1).replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
