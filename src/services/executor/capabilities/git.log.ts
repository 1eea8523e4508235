import * as z from 'zod'
import { defineCapability } from '../define-capability.ts'
import { openRepository } from '../git-repository.ts'
import { readGit } from '../git.ts'
import { segmentsOf } from '../safe-path.ts'
import { count, WorkspacePath } from './arguments.ts'

const File = z.strictObject({ path: z.string(), insertions: z.number().int().nullable(), deletions: z.number().int().nullable() })
const Commit = z.strictObject({
  sha: z.string(),
  author: z.string(),
  /** ISO 8601 with the author's offset. */
  date: z.string(),
  subject: z.string(),
  parents: z.array(z.string()),
  filesChanged: z.number().int(),
  /** The first 100 files; the counts of a binary file are null. A merge has none. */
  files: z.array(File),
})
type Commit = z.infer<typeof Commit>

const MAX_FILES = 100
const FIELDS = 5
/** Every field ends with a NUL, which no field can hold. */
const FORMAT = '%x00%H%x00%an%x00%aI%x00%s%x00%P'

export const gitLog = defineCapability({
  name: 'git.log.v1',
  title: 'Read the history',
  description:
    'Lists the latest commits of the repository that the workspace is in, newest first; only those that touch the workspace when it is a folder of a larger repository.',
  args: z.strictObject({
    maxCommits: count(1, 10_000).default(50).describe('Most commits to return; 50 when absent.'),
    path: WorkspacePath.optional().describe('Only commits that touch this file or folder.'),
    since: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })])
      .optional()
      .describe('Only commits after this time, such as 2026-01-31.'),
  }),
  output: z.strictObject({ commits: z.array(Commit), truncated: z.boolean() }),
  effect: 'read',
  risk: 'low',
  needs: ['git'],
  timeoutMs: 60_000,
  targets: (args) => [{ kind: 'path', access: 'read', path: args.path ?? '.' }],
  async run(args, context) {
    context.meter.use('fsOperations')
    const path = args.path === undefined ? null : segmentsOf(context, args.path).join('/') || '.'
    const { prefix, hasCommits } = await openRepository(context)
    if (!hasCommits) return { commits: [], truncated: false }
    const where = path ?? (prefix === '' ? null : '.')
    const out = await readGit(
      [
        'log',
        '-z',
        '--no-renames',
        '--numstat',
        '--relative',
        '--no-ext-diff',
        '--no-textconv',
        '--no-show-signature',
        `--format=${FORMAT}`,
        `--max-count=${args.maxCommits + 1}`,
        ...(args.since === undefined ? [] : [`--since=${args.since}`]),
        'HEAD',
        '--',
        ...(where === null ? [] : [where]),
      ],
      context,
    )
    const commits = parseLog(out.toString('utf8'))
    return { commits: commits.slice(0, args.maxCommits), truncated: commits.length > args.maxCommits }
  },
})

function parseLog(text: string): Commit[] {
  const tokens = text.split('\0')
  const commits: Commit[] = []
  for (let at = 0; at + FIELDS < tokens.length;) {
    // An empty token opens a commit.
    const [sha = '', author = '', date = '', subject = '', parents = ''] = tokens.slice(at + 1, at + 1 + FIELDS)
    at += 1 + FIELDS
    const files = []
    for (let file = parseFile(tokens[at]); file !== null; file = parseFile(tokens[at])) {
      files.push(file)
      at += 1
    }
    commits.push({
      sha,
      author,
      date,
      subject,
      parents: parents.split(' ').filter(Boolean),
      filesChanged: files.length,
      files: files.slice(0, MAX_FILES),
    })
  }
  return commits
}

function parseFile(token: string | undefined): z.infer<typeof File> | null {
  const found = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s.exec(token ?? '')
  const [, insertions, deletions, path] = found ?? []
  if (insertions === undefined || deletions === undefined || path === undefined) return null
  return { path, insertions: toCount(insertions), deletions: toCount(deletions) }
}

function toCount(text: string): number | null {
  return text === '-' ? null : Number(text)
}
