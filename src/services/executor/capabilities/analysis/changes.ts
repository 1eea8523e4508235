import { join } from 'node:path'
import * as z from 'zod'
import { ControllerError } from '../../../../errors.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { readGit, runGit } from '../../git.ts'
import { isWithin, segmentsOf } from '../../safe-path.ts'
import { walkFiles } from '../../workspace-files.ts'
import { asText, type DiffedFile, type LineRange, parseHunks, parseSummary } from './changes-diff.ts'
import { baseOf } from './changes-revision.ts'
import { analysisOutput, byText } from './finding.ts'

/** More changed files than this are no longer a change to review, and a list of them would fill the run's record. */
const MAX_FILES = 50_000

const Args = z.strictObject({
  path: analysisPath,
  since: z
    .string()
    .min(1)
    .max(250)
    .refine((text) => !/\p{Cc}/u.test(text), 'must not have control characters')
    .describe('A branch, tag or commit; what changed is counted from where the work left it.'),
})

const Output = z.strictObject({
  path: z.string(),
  since: z.string(),
  /** Full hash of the commit that the files were compared with: the newest one that `since` and HEAD have in common. */
  commit: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      status: z.enum(['added', 'modified', 'renamed', 'deleted', 'untracked']),
      /** First and last line of each part of the new file that was added or changed; null: all of it, or not known. Empty: no line is new. */
      lines: z.array(z.tuple([z.number().int().min(1), z.number().int().min(1)])).nullable(),
    }),
  ),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>
type Change = Output['files'][number]

/**
 * What changed since a revision, committed or not. Submodules are left out, as they are from every analysis.
 */
export const changes = defineAnalysis({
  name: 'changes',
  title: 'Changes since a revision',
  description:
    'Lists the files, and the lines in them, that differ between the work tree (with uncommitted and untracked files) and the newest commit ' +
    'that a revision and HEAD have in common.',
  args: Args,
  output: Output,
  needs: ['git'],
  run,
})

async function run({ path, since }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const where = segmentsOf(context, path).join('/') || '.'
  const commit = await baseOf(since, context)
  context.heartbeat()
  const diffed = parseSummary(await readGit([...DIFF, '--raw', '--numstat', '-z', commit, '--', where], context))
  refuseTooMany(diffed.length)
  context.heartbeat()
  const ranges = await linesOfDiff(diffed, commit, where, context)
  const untracked = await untrackedFiles(where, context)
  refuseTooMany(diffed.length + untracked.length)
  const files = new Map<string, Change>()
  const nameless = new Set<string>()
  for (const file of diffed) {
    const name = asText(file.name)
    if (name === null) nameless.add(file.name)
    else files.set(name, { path: name, status: file.status, lines: linesOf(file, ranges) })
  }
  // Also what git no longer tracks but is still there.
  for (const name of untracked) {
    const text = asText(name)
    if (text === null) nameless.add(name)
    else files.set(text, { path: text, status: 'untracked', lines: null })
  }
  const listed = [...files.values()].filter((file) => !isWithin(context.stateDir, join(context.workspace, file.path)))
  const unread = listed.filter((file) => file.status === 'modified' && file.lines === null).length
  return {
    path,
    since,
    commit,
    files: listed.sort((a, b) => byText(a.path, b.path)),
    findings: [],
    notExamined: [
      ...(nameless.size === 0 ? [] : [`${nameless.size} changed ${nameless.size === 1 ? 'file' : 'files'} whose names are not UTF-8`]),
      ...(unread === 0
        ? []
        : [`which lines changed in ${unread} modified ${unread === 1 ? 'file' : 'files'} (binary, too large to compare, or a link now)`]),
    ],
  }
}

/** Nothing that the repository configures decides what is compared, in which order and how it is written. Larger files count as binary. */
const DIFF: readonly string[] = [
  '-c',
  'core.bigFileThreshold=5m',
  'diff',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--ignore-submodules=all',
  '--relative',
  '--find-renames',
  '-l1000',
  '--diff-algorithm=myers',
  '-O/dev/null',
  '--src-prefix=a/',
  '--dst-prefix=b/',
]

async function linesOfDiff(
  diffed: readonly DiffedFile[],
  commit: string,
  where: string,
  context: ExecutionContext,
): Promise<Map<string, LineRange[]>> {
  if (!diffed.some(hasRanges)) return new Map()
  try {
    const end = await runGit([...DIFF, '-U0', '--inter-hunk-context=0', '--diff-filter=MR', commit, '--', where], context)
    return end.exitCode === 0 ? parseHunks(end.stdout.bytes) : new Map()
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'RESOURCE_LIMIT') return new Map()
    throw error
  }
}

function hasRanges({ status, added }: DiffedFile): boolean {
  return (status === 'modified' || status === 'renamed') && added !== null && added > 0
}

/** Git counted the new lines in another way before; what disagrees, changed meanwhile or was cut is not known. */
function linesOf(file: DiffedFile, ranges: ReadonlyMap<string, readonly LineRange[]>): Change['lines'] {
  if (file.status === 'added' || file.added === null) return null
  if (!hasRanges(file)) return []
  const found = ranges.get(file.name) ?? []
  const total = found.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  return total === file.added ? found.map(([from, to]) => [from, to]) : null
}

/** Names as bytes, one a character. */
async function untrackedFiles(where: string, context: ExecutionContext): Promise<string[]> {
  const listed = await readGit(['ls-files', '-z', '--others', '--exclude-standard', '--', where], context)
  const names: string[] = []
  for (const name of listed.toString('latin1').split('\0')) {
    const folder = name.endsWith('/') ? asText(name) : null
    // A repository in the repository is one entry.
    if (folder !== null)
      for await (const file of walkFiles(context.workspace, { stateDir: context.stateDir, path: folder.slice(0, -1), signal: context.signal }))
        names.push(Buffer.from(file.path).toString('latin1'))
    else if (name !== '' && !name.endsWith('/')) names.push(name)
  }
  return names
}

function refuseTooMany(files: number): void {
  if (files > MAX_FILES)
    throw new ControllerError('RESOURCE_LIMIT', `More than ${MAX_FILES} files changed.`, {
      hint: 'Give a newer revision, a smaller path, or leave `since` out to look at everything.',
    })
}
