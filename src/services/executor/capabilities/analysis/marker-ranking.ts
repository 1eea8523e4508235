import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { defineCapability } from '../../define-capability.ts'
import type { ExecutionContext } from '../../executor.ts'
import { openRepository } from '../../git-repository.ts'
import { count } from '../arguments.ts'
import { analysisOutput, asEvidence, byText, shellPath } from './finding.ts'
import { readHistory } from './history.ts'
import { MARKER_RULES } from './marker-rules.ts'
import { UnfinishedWork } from './markers.ts'
import { linesOf, readText } from './text-files.ts'

/** Those that the report puts before a reader; the whole ranking is in the output. */
const FIRST = 10
const FOREMOST = 5

const Args = z.strictObject({
  work: z.array(UnfinishedWork).max(10_000).describe('The markers to rank: the output `unfinished` of analysis.markers.v1.'),
  maxCommits: count(1, 5_000).default(500).describe('Newest commits to look at, without merges.'),
})

const Ranked = UnfinishedWork.extend({
  /** How many of the newest commits changed the file. */
  commits: z.number().int(),
})
type Ranked = z.infer<typeof Ranked>

const Output = z.strictObject({
  /** Commits that were looked at. */
  commits: z.number().int(),
  /** The best to take up first. */
  ranked: z.array(Ranked),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Which unfinished work to take up first. Counts as one file-system operation. */
export const unfinished = defineCapability({
  name: 'analysis.unfinished.v1',
  title: 'Ranked unfinished work',
  description:
    'Ranks markers of unfinished work: old ones first, in files that change often first, by the sum of both places. What is not committed yet ' +
    'comes last. Needs a git work tree.',
  args: Args,
  output: Output,
  effect: 'read',
  risk: 'low',
  needs: ['git'],
  timeoutMs: 120_000,
  targets: () => [{ kind: 'path', access: 'read', path: '.' }],
  run,
})

async function run({ work, maxCommits }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  context.meter.use('fsOperations', 1)
  const { hasCommits } = await openRepository(context)
  const history = hasCommits ? await readHistory('.', maxCommits, context) : null
  const present = await stillThere(work, context)
  const ranked = rank(present.map((item) => ({ ...item, commits: history?.files.get(item.file)?.commits.size ?? 0 })))
  const commits = history?.commits ?? 0
  const dated = ranked.filter(({ since }) => since !== null)
  return {
    commits,
    ranked,
    findings: dated.slice(0, FIRST).map((item, at) => toFinding(item, at + 1, dated.length, commits)),
    notExamined: hasCommits ? [] : ['which unfinished work is oldest: there is no commit yet'],
  }
}

/** What was changed since it was found is not told. */
async function stillThere(work: readonly UnfinishedWork[], context: ExecutionContext): Promise<UnfinishedWork[]> {
  const files = new Map<string, readonly string[]>()
  for (const path of new Set(work.map(({ file }) => file))) {
    const text = await readText(context, path)
    files.set(path, text === null ? [] : linesOf(text))
    context.heartbeat()
  }
  return work.filter(({ file, line, text }) => {
    const now = files.get(file)?.[line - 1]
    return now !== undefined && asEvidence(now) === text
  })
}

/** By the sum of two places, that by age and that by how often the file changes; equals share a place. Then by age, severity, file and line. Pure. */
export function rank(items: readonly Ranked[]): Ranked[] {
  const byAge = placesOf(
    items.flatMap(({ since }) => (since === null ? [] : [since])),
    byText,
  )
  const byChurn = placesOf(
    items.map(({ commits }) => commits),
    (a, b) => b - a,
  )
  const sum = ({ since, commits }: Ranked): number =>
    since === null ? Number.POSITIVE_INFINITY : (byAge.get(since) ?? 0) + (byChurn.get(commits) ?? 0)
  const keyed = items.map((item) => ({ item, sum: sum(item) }))
  keyed.sort(
    (a, b) =>
      order(a.sum, b.sum) ||
      byText(a.item.since ?? '', b.item.since ?? '') ||
      order(severityOf(a.item), severityOf(b.item)) ||
      byText(a.item.file, b.item.file) ||
      a.item.line - b.item.line,
  )
  return keyed.map(({ item }) => item)
}

/** Infinity is not subtracted from itself. */
function order(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function placesOf<Value>(values: readonly Value[], compare: (a: Value, b: Value) => number): Map<Value, number> {
  return new Map([...new Set(values)].sort(compare).map((value, at) => [value, at]))
}

function severityOf({ rule }: Ranked): number {
  return MARKER_RULES[rule]?.severity === 'low' ? 0 : 1
}

function toFinding({ rule, file, line, text, since, commits }: Ranked, place: number, of: number, looked: number): Finding {
  return {
    rule: 'unfinished.first',
    severity: place <= FOREMOST ? 'medium' : 'low',
    confidence: 'verified',
    title: `Unfinished work to take up first, no. ${place} of ${of}`,
    file,
    line,
    evidence: text,
    remark: `since ${since}; the file changed in ${commits} of the newest ${looked} commits`,
    why: 'Put off long ago, in a file that people keep working in: everybody who comes by has to think about it again.',
    fix: MARKER_RULES[rule]?.fix ?? 'Do it, or turn it into an issue and link that from the comment.',
    command: `TZ=UTC0 git blame -w --date=short-local -L ${line},${line} -- ${shellPath(file)}`,
  }
}
