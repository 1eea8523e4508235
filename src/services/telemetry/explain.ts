import { ControllerError } from '../../errors.ts'
import { nearest } from '../../input/nearest.ts'
import type { Report, ReportedFinding, SuppressedFinding } from '../../model/report.ts'
import { placeOf } from './findings.ts'
import { SUPPRESSIONS_FILE } from './suppressions.ts'
import { oneLine, printable } from '../../input/terminal-text.ts'
import { themeOf } from './themes.ts'

const MAX_OTHERS = 20
const MAX_NEAREST = 5

const CONFIDENCE = {
  verified: 'verified: a second look, in another way, found the same; what it did not confirm is not reported',
  heuristic: 'heuristic: found in one way only, and no second look could settle it; look yourself before you act',
} as const

/**
 * The finding of a report that a person means by its id or a unique beginning of it; also a suppressed one.
 * @throws ControllerError USAGE with the nearest ids
 */
export function findFinding(report: Report, given: string): ReportedFinding | SuppressedFinding {
  const all = [...report.findings, ...report.suppressed]
  const exact = all.find(({ id }) => id === given)
  const matching = all.filter(({ id }) => given !== '' && id.startsWith(given))
  const [only, second] = matching
  if (exact !== undefined) return exact
  if (only !== undefined && second === undefined) return only
  if (second !== undefined) {
    throw new ControllerError('USAGE', `${matching.length} findings begin with ${oneLine(given, 100)}.`, {
      hint: `Give more of the id: ${listed(matching.map(({ id }) => id))}.`,
    })
  }
  const near = nearestIds(
    given,
    all.map(({ id }) => id),
  )
  throw new ControllerError('USAGE', `The report has no finding ${oneLine(given, 100)}.`, {
    hint: near.length === 0 ? 'The report has no findings.' : `The nearest ids are ${listed(near)}.`,
  })
}

/** Everything there is to say about one finding, as lines for a terminal. All untrusted text is escaped. */
export function explainFinding(report: Report, finding: ReportedFinding | SuppressedFinding): string[] {
  return 'reason' in finding ? explainSuppressed(finding) : explainReported(report, finding)
}

function explainReported(report: Report, finding: ReportedFinding): string[] {
  const others = report.findings.filter(({ rule, id }) => rule === finding.rule && id !== finding.id)
  return [
    `${oneLine(finding.id)}: ${oneLine(finding.title, 400)}`,
    '',
    ...field('severity', `${finding.severity} (${themeOf(finding.rule)})`),
    ...field('where', placeOf(finding) ?? 'the workspace as a whole'),
    ...field('evidence', finding.evidence),
    ...(finding.remark === undefined ? [] : field('remark', finding.remark)),
    ...field('why', finding.why),
    ...field('fix', finding.fix),
    ...field('show it', finding.command),
    ...field('confidence', CONFIDENCE[finding.confidence]),
    '',
    ...(others.length === 0 ? [`No other finding of rule ${oneLine(finding.rule)}.`] : [`Other findings of rule ${oneLine(finding.rule)}:`]),
    ...others.slice(0, MAX_OTHERS).map((other) => `  ${oneLine(other.id)}  ${oneLine(placeOf(other) ?? other.title, 300)}`),
    ...(others.length > MAX_OTHERS ? [`  and ${others.length - MAX_OTHERS} more, in report.json`] : []),
    '',
    `To suppress it, add to ${SUPPRESSIONS_FILE} in the root of the workspace:`,
    '',
    '  version: 1',
    '  suppressions:',
    `    - id: ${printable(JSON.stringify(finding.id))}`,
    '      reason: "why it may stay"',
  ]
}

function explainSuppressed(finding: SuppressedFinding): string[] {
  return [
    `${oneLine(finding.id)}: ${oneLine(finding.title, 400)}`,
    '',
    ...field('severity', `${finding.severity} (${themeOf(finding.rule)})`),
    ...field('where', placeOf(finding) ?? 'the workspace as a whole'),
    ...field('suppressed', finding.reason),
    '',
    `To see it in full again, remove its entry from ${SUPPRESSIONS_FILE} and run again.`,
  ]
}

function field(name: string, value: string): string[] {
  return [`  ${name.padEnd(11)}${oneLine(value, 2_000)}`]
}

/** Those with the same beginning first, as rules have names; then the one with the fewest edits. */
function nearestIds(given: string, ids: readonly string[]): string[] {
  const misspelt = nearest(given, ids)
  const common = (id: string): number => {
    let length = 0
    while (length < id.length && id[length] === given[length]) length += 1
    return length
  }
  const alike = ids.map((id) => ({ id, length: common(id) })).sort((a, b) => b.length - a.length)
  return [...new Set([...(misspelt === null ? [] : [misspelt]), ...alike.map(({ id }) => id)])].slice(0, MAX_NEAREST)
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, MAX_NEAREST).map((id) => oneLine(id))
  return `${shown.join(', ')}${ids.length > shown.length ? ` and ${ids.length - shown.length} more` : ''}`
}
