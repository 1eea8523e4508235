import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { defineCapability } from '../../define-capability.ts'
import type { ExecutionContext } from '../../executor.ts'
import { WorkspacePath } from '../arguments.ts'
import { isFixture } from './file-kind.ts'
import { type Candidate, findMarkers } from './find-markers.ts'
import { analysisOutput, asEvidence, byText, inOrder, named, showLine } from './finding.ts'
import { MARKER_RULES } from './marker-rules.ts'
import { secondLook } from './second-look.ts'
import { linesOf, lookAtFiles, readText } from './text-files.ts'

const MAX_FILES = 100_000

const Args = z.strictObject({
  path: WorkspacePath.default('.').describe('Folder to look at, relative to the workspace.'),
  maxMatches: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(500)
    .describe('Findings returned at most, shared out between the rules; the counts are of all.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Text files that were looked into. */
  files: z.number().int(),
  /** How many lines each rule is about, also beyond `maxMatches`. */
  counts: z.record(z.string(), z.number().int()),
  truncated: z.boolean(),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Unfinished work and switched-off checks that authors left in comments. Counts as one file-system operation. */
export const markers = defineCapability({
  name: 'analysis.markers.v1',
  title: 'Markers and escapes',
  description:
    'Finds markers of unfinished work in comments (never in strings), unexplained compiler and linter suppressions, and explicit `any` types ' +
    'in TypeScript outside tests. Leaves out generated, vendored and fixture files.',
  args: Args,
  output: Output,
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 120_000,
  targets: ({ path }) => [{ kind: 'path', access: 'read', path }],
  run,
})

async function run({ path, maxMatches }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  context.meter.use('fsOperations', 1)
  const candidates: Candidate[] = []
  const notExamined: string[] = []
  const skipped: string[] = []
  let files = 0
  const onTruncated = () => notExamined.push(`markers after the first ${MAX_FILES} files`)
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES, onTruncated })) {
    if (looked.kind === 'skipped') skipped.push(looked.path)
    if (looked.kind !== 'text' || isFixture(looked.path)) continue
    files += 1
    candidates.push(...plausible(findMarkers(looked), looked.text))
  }
  const kept = sharedOut(candidates, maxMatches)
  if (skipped.length > 0) notExamined.push(`markers in files that were skipped: ${named(skipped)}`)
  if (kept.length < candidates.length) notExamined.push(`${candidates.length - kept.length} more markers beyond maxMatches (${maxMatches})`)
  return {
    path,
    files,
    counts: countsOf(candidates),
    truncated: kept.length < candidates.length,
    findings: inOrder(await confirmed(kept, context)),
    notExamined,
  }
}

function plausible(candidates: readonly Candidate[], text: string): Candidate[] {
  if (candidates.length === 0) return []
  const lines = linesOf(text)
  return candidates.filter((candidate) => secondLook(candidate, lines) !== 'no')
}

/** At most `max`, shared out so that a rule with hundreds of places does not hide one with a few; of each rule the first by file and line. */
function sharedOut(candidates: readonly Candidate[], max: number): Candidate[] {
  const ascending = [...groupedBy(candidates, ({ rule }) => rule)].sort(([a, one], [b, other]) => one.length - other.length || byText(a, b))
  const kept: Candidate[] = []
  for (const [index, [, ofRule]] of ascending.entries()) kept.push(...ofRule.slice(0, Math.ceil((max - kept.length) / (ascending.length - index))))
  return kept.slice(0, max)
}

function countsOf(candidates: readonly Candidate[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { rule } of candidates) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => byText(a, b)))
}

/** Reads every file again: a line that is no longer the same is dropped, one that only the scanner believes in is a heuristic. */
async function confirmed(candidates: readonly Candidate[], context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [path, ofFile] of groupedBy(candidates, ({ file }) => file)) {
    const text = await readText(context, path)
    if (text === null) continue
    const lines = linesOf(text)
    for (const candidate of ofFile) {
      if (lines[candidate.line - 1] === candidate.text) findings.push(...toFinding(candidate, secondLook(candidate, lines) === 'yes'))
    }
    context.heartbeat()
  }
  return findings
}

function groupedBy(candidates: readonly Candidate[], key: (candidate: Candidate) => string): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>()
  for (const candidate of candidates) {
    const known = groups.get(key(candidate))
    if (known) known.push(candidate)
    else groups.set(key(candidate), [candidate])
  }
  return groups
}

function toFinding({ rule, file, line, text }: Candidate, isSure: boolean): Finding[] {
  const known = MARKER_RULES[rule]
  if (known === undefined) return []
  return [{ rule, ...known, confidence: isSure ? 'verified' : 'heuristic', file, line, evidence: asEvidence(text), command: showLine(file, line) }]
}
