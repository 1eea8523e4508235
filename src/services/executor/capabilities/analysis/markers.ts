import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { type Ages, type BlamedLines, datesOf } from './blame.ts'
import { isFixture } from './file-kind.ts'
import { type Candidate, findMarkers } from './find-markers.ts'
import { analysisOutput, asEvidence, byText, inOrder, named, showLine } from './finding.ts'
import { type AnyOpinion, anyTypesOf } from './marker-any.ts'
import { MARKER_RULES } from './marker-rules.ts'
import { secondLook } from './second-look.ts'
import { groupedBy, sharedOut } from './groups.ts'
import { linesOf, lookAtFiles, readText } from './text-files.ts'

const MAX_FILES = 100_000

const Args = z.strictObject({
  path: analysisPath,
  maxMatches: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(500)
    .describe('Findings returned at most, shared out between the rules; the counts are of all.'),
  age: z.boolean().default(false).describe('Tells since when each marker and suppression is there, from the history of the git repository.'),
  maxDatedFiles: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .optional()
    .describe(
      'Files whose markers get an age, those with the most first; absent: as many as the length of the history lets be dated in about two seconds.',
    ),
})

/** One marker of unfinished work. */
export const UnfinishedWork = z.strictObject({
  rule: z.string(),
  file: z.string(),
  line: z.number().int().min(1),
  /** The evidence of its finding. */
  text: z.string(),
  /** The day, in UTC, since when the line exists; null: not committed yet, or not known. */
  since: z.string().nullable(),
})
export type UnfinishedWork = z.infer<typeof UnfinishedWork>

const Output = z.strictObject({
  path: z.string(),
  /** Text files that were looked into. */
  files: z.number().int(),
  /** How many lines each rule is about, also beyond `maxMatches`. */
  counts: z.record(z.string(), z.number().int()),
  truncated: z.boolean(),
  /** The markers among the findings, in their order. */
  unfinished: z.array(UnfinishedWork),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Unfinished work and switched-off checks that authors left in comments. */
export const markers = defineAnalysis({
  name: 'markers',
  title: 'Markers and escapes',
  description:
    'Finds markers of unfinished work in comments (never in strings), unexplained compiler and linter suppressions, and explicit `any` types ' +
    'in TypeScript outside tests. Leaves out generated, vendored and fixture files.',
  args: Args,
  output: Output,
  run,
})

async function run({ path, maxMatches, age, maxDatedFiles }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const likely: Candidate[] = []
  const doubtful: string[] = []
  const notExamined: string[] = []
  const skipped: string[] = []
  let files = 0
  const onTruncated = () => notExamined.push(`markers after the first ${MAX_FILES} files`)
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES, onTruncated })) {
    if (looked.kind === 'skipped') skipped.push(looked.path)
    if (looked.kind !== 'text' || isFixture(looked.path)) continue
    files += 1
    const found = plausible(findMarkers(looked), looked.text)
    likely.push(...found.map(({ candidate }) => candidate))
    if (found.some(({ candidate, isSure }) => isAny(candidate) && !isSure)) doubtful.push(looked.path)
  }
  const opinion = await anyTypesOf(doubtful, context)
  const candidates = likely.filter((candidate) => !isAny(candidate) || opinion(candidate.file, candidate.line) !== 'no')
  const kept = sharedOut(candidates, maxMatches)
  if (skipped.length > 0) notExamined.push(`markers in files that were skipped: ${named(skipped)}`)
  if (kept.length < candidates.length) notExamined.push(`${candidates.length - kept.length} more markers beyond maxMatches (${maxMatches})`)
  const sure = await confirmed(kept, opinion, context)
  const ages = await datesOf(age ? datable(sure) : [], maxDatedFiles ?? null, context)
  const findings = inOrder(sure.map((finding) => withAge(finding, ages)))
  return {
    path,
    files,
    counts: countsOf(candidates),
    truncated: kept.length < candidates.length,
    unfinished: findings.flatMap((finding) => unfinishedWork(finding, ages)),
    findings,
    notExamined: [...notExamined, ...ages.notExamined],
  }
}

function isAny({ rule }: Pick<Candidate, 'rule'>): boolean {
  return rule === 'types.any'
}

/** Without those that the second look denies; `isSure` are those that it confirms. */
function plausible(candidates: readonly Candidate[], text: string): { readonly candidate: Candidate; readonly isSure: boolean }[] {
  if (candidates.length === 0) return []
  const lines = linesOf(text)
  return candidates.flatMap((candidate) => {
    const opinion = secondLook(candidate, lines)
    return opinion === 'no' ? [] : [{ candidate, isSure: opinion === 'yes' }]
  })
}

function countsOf(candidates: readonly Candidate[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { rule } of candidates) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => byText(a, b)))
}

/** Reads every file again: a line that is no longer the same is dropped, one that neither the parser nor the second look confirms is a heuristic. */
async function confirmed(candidates: readonly Candidate[], opinion: AnyOpinion, context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [path, ofFile] of groupedBy(candidates, ({ file }) => file)) {
    const text = await readText(context, path)
    if (text === null) continue
    const lines = linesOf(text)
    for (const candidate of ofFile) {
      if (lines[candidate.line - 1] !== candidate.text) continue
      const isParsed = isAny(candidate) && opinion(candidate.file, candidate.line) === 'yes'
      findings.push(...toFinding(candidate, isParsed || secondLook(candidate, lines) === 'yes'))
    }
    context.heartbeat()
  }
  return findings
}

/** An explicit `any` has no age: it is not something that waits to be done. */
function datable(findings: readonly Finding[]): BlamedLines[] {
  const waiting = findings.filter((finding) => !isAny(finding))
  return [...groupedBy(waiting, ({ file }) => file ?? '')].map(([file, ofFile]) => ({
    file,
    lines: [...new Set(ofFile.map(({ line }) => line ?? 1))],
  }))
}

function withAge(finding: Finding, ages: Ages): Finding {
  const age = isAny(finding) ? null : ages.of(finding.file ?? '', finding.line ?? 1)
  if (age === null) return finding
  return { ...finding, remark: age === 'uncommitted' ? 'not committed yet' : `since ${age}` }
}

function unfinishedWork({ rule, file, line, evidence }: Finding, ages: Ages): UnfinishedWork[] {
  if (!rule.startsWith('marker.') || file === null || line === null) return []
  const age = ages.of(file, line)
  return [{ rule, file, line, text: evidence, since: age === 'uncommitted' ? null : age }]
}

function toFinding({ rule, file, line, text }: Candidate, isSure: boolean): Finding[] {
  const known = MARKER_RULES[rule]
  if (known === undefined) return []
  return [{ rule, ...known, confidence: isSure ? 'verified' : 'heuristic', file, line, evidence: asEvidence(text), command: showLine(file, line) }]
}
