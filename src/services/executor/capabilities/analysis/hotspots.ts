import * as z from 'zod'
import { ControllerError } from '../../../../errors.ts'
import { Figure, type Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { readGit, runGit } from '../../git.ts'
import { isFixture, leftOutByPath, leftOutByText } from './file-kind.ts'
import { analysisOutput, byText, inOrder, shellPath } from './finding.ts'
import { readHistory, type FileHistory } from './history.ts'
import { languageOf } from './languages.ts'
import { linesOf, readText } from './text-files.ts'

/** Files whose size is looked up: those with the most commits. */
const CANDIDATES = 200
const LISTED = 10
/** More points cannot be told apart in a picture. */
const DRAWN = 60
/** Below these a file is neither large nor often changed, and says nothing. */
const MIN_COMMITS = 5
const MIN_LINES = 200
const MIN_COMMITS_FOR_OWNERSHIP = 20
const OWNERSHIP_SHARE = 0.9

const Args = z.strictObject({
  path: analysisPath,
  maxCommits: z.number().int().min(1).max(5_000).default(500).describe('Newest commits to look at, without merges.'),
})

const Output = z.strictObject({
  path: z.string(),
  /** Commits that were looked at. */
  commits: z.number().int(),
  authors: z.number().int(),
  /** By commits × lines, the highest first. */
  hotspots: z.array(
    z.strictObject({ path: z.string(), commits: z.number().int(), authors: z.number().int(), lines: z.number().int(), score: z.number().int() }),
  ),
  /** The files of the highest scores as points, without names of authors. */
  figures: z.array(Figure),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>
type Hotspot = Output['hotspots'][number]

/** Where a code base changes most and is largest. */
export const hotspots = defineAnalysis({
  name: 'hotspots',
  title: 'Hotspots',
  description:
    'Multiplies how often each source file changed in the newest commits by its size, and tells whether one author made nearly all of them. Needs a git work tree.',
  args: Args,
  output: Output,
  needs: ['git'],
  run,
})

async function run({ path, maxCommits }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  await requireWorkTree(context)
  if (!(await hasCommits(context)))
    return { path, commits: 0, authors: 0, hotspots: [], figures: [], findings: [], notExamined: ['history: there is no commit yet'] }
  const history = await readHistory(path, maxCommits, context)
  const spots = await measure(history.files, context)
  const listed = spots.slice(0, LISTED)
  const large = await hotspotFindings(listed, path, maxCommits, context)
  const findings = [...large, ...(await ownership(history.commitsByAuthor, path, maxCommits, context))]
  const isShallow = (await readGit(['rev-parse', '--is-shallow-repository'], context)).toString('utf8').trim() === 'true'
  return {
    path,
    commits: history.commits,
    authors: history.commitsByAuthor.size,
    hotspots: listed,
    figures: figuresOf(spots.slice(0, DRAWN), large, history.commits),
    findings: inOrder(findings),
    notExamined: [
      ...(isShallow ? ['older history: this is a shallow clone'] : []),
      ...(history.commits === maxCommits ? [`history before the newest ${maxCommits} commits (maxCommits)`] : []),
    ],
  }
}

async function requireWorkTree(context: ExecutionContext): Promise<void> {
  const end = await runGit(['rev-parse', '--is-inside-work-tree'], context)
  if (end.exitCode === 0 && end.stdout.bytes.toString('utf8').trim() === 'true') return
  throw new ControllerError('ACTION_FAILED', 'The workspace is not a git work tree, so there is no history to look at.', {
    hint: 'Run it in a git work tree, or give the step `when: {git: true}` or `onFailure: skip`.',
  })
}

async function hasCommits(context: ExecutionContext): Promise<boolean> {
  return (await runGit(['rev-parse', '--verify', '-q', 'HEAD'], context)).exitCode === 0
}

async function measure(files: ReadonlyMap<string, FileHistory>, context: ExecutionContext): Promise<Hotspot[]> {
  const candidates = [...files]
    .filter(([path]) => languageOf(path).kind === 'code' && leftOutByPath(path) === null && !isFixture(path))
    .sort(([a, one], [b, other]) => other.commits.size - one.commits.size || byText(a, b))
    .slice(0, CANDIDATES)
  const spots: Hotspot[] = []
  for (const [path, { commits, authors }] of candidates) {
    const text = await readText(context, path)
    context.heartbeat()
    // Gone by now, or written by a program.
    if (text === null || leftOutByText(path, text) !== null) continue
    const lines = linesOf(text).length
    spots.push({ path, commits: commits.size, authors: authors.size, lines, score: commits.size * lines })
  }
  return spots.sort((a, b) => b.score - a.score || byText(a.path, b.path))
}

function figuresOf(spots: readonly Hotspot[], findings: readonly Finding[], commits: number): Figure[] {
  // A file that changed a few times says nothing yet about where work goes.
  if (!spots.some((spot) => spot.commits >= MIN_COMMITS)) return []
  const found = new Set(findings.map(({ file }) => file))
  return [
    {
      kind: 'scatter',
      name: 'hotspots',
      title: 'Files by size and change',
      note: `Source files in the newest ${commits} commits; marked are large files that change often. Top right is where work on structure pays first.`,
      xLabel: 'commits',
      yLabel: 'lines',
      points: spots.map(({ path, commits: x, lines: y }) => ({ label: path, x, y, marked: found.has(path) })),
    },
  ]
}

async function hotspotFindings(spots: readonly Hotspot[], path: string, maxCommits: number, context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const spot of spots) {
    if (spot.commits < MIN_COMMITS || spot.lines < MIN_LINES) continue
    // Git counts once more, by its own path filter instead of our reading of the log.
    const counted =
      (await readGit(['rev-list', '--full-history', '--no-merges', 'HEAD', '--', spot.path], context)).toString('utf8').split('\n').length - 1
    const isComplete = counted === spot.commits
    if (counted < spot.commits) continue
    findings.push(toFinding(spot, logCommand(path, maxCommits, '--relative --name-only --format='), isComplete ? null : counted))
  }
  return findings
}

function toFinding(spot: Hotspot, log: string, ever: number | null): Finding {
  const isSevere = spot.commits >= 20 && spot.lines >= 600
  return {
    rule: 'history.hotspot',
    severity: isSevere ? 'medium' : 'low',
    confidence: 'verified',
    title: 'Large file that changes often',
    file: spot.path,
    line: null,
    evidence: `${spot.lines} lines, changed in ${spot.commits} commits by ${spot.authors} ${spot.authors === 1 ? 'author' : 'authors'}${ever === null ? '' : ` (${ever} commits over all time)`}`,
    why: 'Most time goes into such files, and most mistakes are made there: work on their structure pays first.',
    fix: 'Split it where its changes fall apart, and test what changes most.',
    command: `${log} | grep -cxF -- ${shellPath(spot.path)}`,
  }
}

/** Knowledge in one head; for a person's own project that is simply so, hence only information. */
async function ownership(
  commitsByAuthor: ReadonlyMap<string, number>,
  path: string,
  maxCommits: number,
  context: ExecutionContext,
): Promise<Finding[]> {
  const [first] = [...commitsByAuthor].sort(([a, one], [b, other]) => other - one || byText(a, b))
  const total = [...commitsByAuthor.values()].reduce((sum, count) => sum + count, 0)
  if (first === undefined || total < MIN_COMMITS_FOR_OWNERSHIP || first[1] / total < OWNERSHIP_SHARE) return []
  const [author, commits] = first
  const summary = (
    await readGit(['shortlog', '-s', '-n', '--no-merges', '--full-history', `--max-count=${maxCommits}`, 'HEAD', '--', path], context)
  ).toString('utf8')
  const counts = summary.split('\n').map((line) => Number.parseInt(line, 10))
  if (counts[0] !== commits) return []
  return [
    {
      rule: 'history.single-author',
      severity: 'info',
      confidence: 'verified',
      title: `One author made ${commits} of ${total} commits`,
      file: null,
      line: null,
      evidence: `${author}: ${commits} of ${total}`,
      why: 'When this person is away, nobody knows the code from having written it.',
      fix: 'Let a second person change and review the files that change most.',
      command: `${logCommand(path, maxCommits, '--format=%aN')} | sort | uniq -c | sort -rn`,
    },
  ]
}

function logCommand(path: string, maxCommits: number, options: string): string {
  return `git -c core.quotePath=false log --no-merges --full-history --no-renames -n ${maxCommits} ${options} -- ${shellPath(path)}`
}
