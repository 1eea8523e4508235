import type { Report, ReportedFinding } from '../../model/report.ts'
import { type FindingGroup, groupFindings, placeOf, severities } from './findings.ts'
import { code, prose } from './markdown-text.ts'
import { counted } from './overview.ts'
import { themeOf } from './themes.ts'

type Group = FindingGroup<ReportedFinding>

/** Places shown of one group, by severity; the others are in `report.json`. What is grave is worth more of the reader's minute. */
const MAX_PLACES = { high: 10, medium: 6, low: 4, info: 3 } as const
/** Groups shown in full, of one theme and of all; of the others only how many there are. A group takes about ten lines. */
const MAX_GROUPS_OF_THEME = 6
const MAX_GROUPS = 30

const EVIDENCE_CHARS = 160

/** The findings by theme, the theme with the most valuable finding first; each group says once why, what to do and how to see it. */
export function findingSections(report: Report): string[] {
  const groups = groupFindings(report.findings)
  if (groups.length === 0) return []
  const best = new Set(groups.slice(0, MAX_GROUPS))
  const opening = ['## Findings', 'Ids are for `planner-exec report RUN --explain ID` and for the suppressions file; `report.json` has every place.']
  return [...opening, ...[...byTheme(groups)].map(([theme, members]) => themeSection(theme, members, best))]
}

/** One line a suppressed finding, up to ten. */
export function suppressedLines({ suppressed }: Report): string[] {
  const shown = suppressed.slice(0, 10).map((item) => {
    const place = placeOf(item)
    return `- ${item.severity}: ${prose(item.title)}${place === null ? '' : ` in ${code(place, 400)}`} (${code(item.id)}): ${prose(item.reason)}`
  })
  return suppressed.length > shown.length ? [...shown, `- and ${suppressed.length - shown.length} more, in \`report.json\``] : shown
}

function byTheme(groups: readonly Group[]): Map<string, Group[]> {
  const themes = new Map<string, Group[]>()
  for (const group of groups) {
    const theme = themeOf(group.findings[0].rule)
    const known = themes.get(theme)
    if (known) known.push(group)
    else themes.set(theme, [group])
  }
  return themes
}

function themeSection(theme: string, groups: readonly Group[], best: ReadonlySet<Group>): string {
  const all = groups.flatMap(({ findings }) => findings)
  const shown = groups.slice(0, MAX_GROUPS_OF_THEME).filter((group) => best.has(group))
  const hidden = groups.slice(shown.length).flatMap(({ findings }) => findings)
  return [
    `### ${prose(theme)} (${severities(all)})`,
    ...shown.map(renderGroup),
    ...(hidden.length === 0 ? [] : [`And ${counted(hidden.length, 'finding')} more (${severities(hidden)}), in \`report.json\`.`]),
  ].join('\n\n')
}

function renderGroup(group: Group): string {
  const [first] = group.findings
  const label = `${first.severity}, ${first.confidence}`
  const count = group.findings.length
  const heading = `**${prose(group.title)}**${count === 1 ? '' : `: ${count} places`} (${label})`
  const most = MAX_PLACES[first.severity]
  // One more is no longer than the line that says so.
  const shown = group.findings.slice(0, count === most + 1 ? count : most)
  const places = shown.flatMap((finding) => renderPlace(finding, group))
  if (count > shown.length) places.push(`- and ${count - shown.length} more`)
  return [
    heading,
    '',
    ...places,
    ...forMost('Why', group, ({ why }) => why, group.most.why),
    ...forMost('Fix', group, ({ fix }) => fix, group.most.fix),
    `- Show${count === 1 ? '' : ' the first'}: ${code(first.command, 1_000)}`,
  ].join('\n')
}

/** What is said once for the group; the places that it does not hold for say their own. */
function forMost(name: string, { findings }: Group, textOf: (finding: ReportedFinding) => string, most: string | null): string[] {
  if (most === null) return []
  return [`- ${name}${findings.every((finding) => textOf(finding) === most) ? '' : ' of most'}: ${prose(most)}`]
}

/** One line, and below it what the group says otherwise. */
function renderPlace(finding: ReportedFinding, { findings, most }: Group): string[] {
  const place = placeOf(finding)
  const title = findings.every((other) => other.title === finding.title) ? [] : [prose(finding.title)]
  const said = [...(place === null ? [] : [code(place, 400)]), ...title, code(finding.evidence, EVIDENCE_CHARS)].join(': ')
  const remark = finding.remark === undefined ? '' : `, ${prose(finding.remark)}`
  return [
    `- ${said}${remark} (${code(finding.id)})`,
    ...(finding.why === most.why ? [] : [`  - Why: ${prose(finding.why)}`]),
    ...(finding.fix === most.fix ? [] : [`  - Fix: ${prose(finding.fix)}`]),
  ]
}
