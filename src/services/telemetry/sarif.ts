import type { Finding, Report, ReportedFinding, SuppressedFinding } from '../../model/report.ts'
import { isAnalysis, SEVERITIES } from './findings.ts'
import { oneLine, printable } from '../../input/terminal-text.ts'
import { ruleInWords, themeOf } from './themes.ts'

const LEVELS = { high: 'error', medium: 'warning', low: 'note', info: 'note' } as const

/** SARIF's `rank`, 0 to 100: the middle of each quarter, a heuristic ten below. */
const RANKS = { high: 87.5, medium: 62.5, low: 37.5, info: 12.5 } as const

const ROOT = '%SRCROOT%'

type Result = ReportedFinding | SuppressedFinding

/** A report's findings as a SARIF 2.1.0 log with one run. Paths are relative to the workspace, `%SRCROOT%`. */
export function toSarif(report: Report, version: string): Record<string, unknown> {
  const rules = rulesOf([...report.findings, ...report.suppressed])
  const indexes = new Map(rules.map(({ id }, index) => [id, index]))
  const resultOf = (result: Result) => sarifResult(result, indexes.get(ruleId(result.rule)) ?? -1)
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'planner-exec', version, semanticVersion: version, rules } },
        invocations: [
          {
            executionSuccessful: report.status === 'completed',
            startTimeUtc: new Date(report.startedAt).toISOString(),
            endTimeUtc: new Date(report.startedAt + report.durationMs).toISOString(),
            toolExecutionNotifications: report.notExamined.map((text) => ({ level: 'note', message: { text: message(`Not looked at: ${text}`) } })),
          },
        ],
        originalUriBaseIds: { [ROOT]: { description: { text: 'The workspace of the run.' } } },
        columnKind: 'utf16CodeUnits',
        results: [...report.findings.map(resultOf), ...report.suppressed.map(resultOf)],
      },
    ],
  }
}

/** Whether a report has a SARIF file: when it has findings, or a step looked for some. */
export function hasSarif(report: Report): boolean {
  return report.findings.length + report.suppressed.length > 0 || report.actions.some(isAnalysis)
}

function rulesOf(results: readonly Result[]) {
  const byRule = new Map<string, [Result, ...Result[]]>()
  for (const result of results) {
    const id = ruleId(result.rule)
    const known = byRule.get(id)
    if (known) known.push(result)
    else byRule.set(id, [result])
  }
  return [...byRule].map(([id, all]) => {
    const gravest = SEVERITIES.find((severity) => all.some((result) => result.severity === severity)) ?? 'info'
    const told = all.find((result): result is ReportedFinding => 'why' in result)
    return {
      id,
      shortDescription: { text: message(ruleInWords(id)) },
      fullDescription: { text: message(told?.why ?? ruleInWords(id)) },
      help: { text: message(told === undefined ? 'Suppressed wherever it was found.' : `${told.why} ${told.fix}`) },
      defaultConfiguration: { level: LEVELS[gravest] },
      properties: { tags: [message(themeOf(id))] },
    }
  })
}

function sarifResult(result: Result, ruleIndex: number) {
  const isReported = 'evidence' in result
  return {
    ruleId: ruleId(result.rule),
    ruleIndex,
    level: LEVELS[result.severity],
    kind: 'fail',
    rank: RANKS[result.severity] - (isReported && result.confidence === 'heuristic' ? 10 : 0),
    message: {
      text: message(
        isReported ? [`${result.title}: ${result.evidence}`, ...(result.remark === undefined ? [] : [result.remark])].join(', ') : result.title,
      ),
    },
    ...(result.file === null ? {} : { locations: [location(result.file, result.line)] }),
    partialFingerprints: { 'plannerExecFinding/v1': printable(result.id) },
    ...('reason' in result ? { suppressions: [{ kind: 'external', status: 'accepted', justification: message(result.reason) }] } : {}),
    ...(isReported ? { properties: { confidence: result.confidence, fix: message(result.fix), command: printable(result.command) } } : {}),
  }
}

function location(file: string, line: Finding['line']) {
  const artifactLocation = { uri: toUri(file), uriBaseId: ROOT }
  return { physicalLocation: line === null ? { artifactLocation } : { artifactLocation, region: { startLine: line } } }
}

/** A relative path as a relative URI reference: every byte that RFC 3986 does not leave as it is, is percent-encoded. */
export function toUri(path: string): string {
  return path
    .split('/')
    .map((name) =>
      [...Buffer.from(name, 'utf8')]
        .map((byte) => {
          const char = String.fromCharCode(byte)
          return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        })
        .join(''),
    )
    .join('/')
}

function ruleId(rule: string): string {
  return oneLine(rule, 200)
}

/** Plain text for a message: on one line, and without SARIF's embedded links (§3.11.6), which untrusted text could plant. */
function message(text: string): string {
  return oneLine(text, 1_000).replaceAll('[', '\\[').replaceAll(']', '\\]')
}
