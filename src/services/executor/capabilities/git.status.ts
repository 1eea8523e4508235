import { join } from 'node:path'
import * as z from 'zod'
import { defineCapability } from '../define-capability.ts'
import { openRepository } from '../git-repository.ts'
import { readGit } from '../git.ts'
import { isWithin } from '../safe-path.ts'
import { count } from './arguments.ts'

const Entry = z.strictObject({
  path: z.string(),
  state: z.enum(['modified', 'added', 'deleted', 'typeChanged', 'conflicted', 'untracked']),
  /** Whether the next commit would hold the change; untracked files are never staged. */
  staged: z.boolean(),
  /** Whether the file differs from what is staged. */
  unstaged: z.boolean(),
})
type Entry = z.infer<typeof Entry>

export const gitStatus = defineCapability({
  name: 'git.status.v1',
  title: 'Look at the changes',
  description: 'Tells the branch and what has changed in the workspace since the last commit. Submodules are left out.',
  args: z.strictObject({
    maxEntries: count(1, 50_000).default(1000).describe('Most changed files to return; 1000 when absent.'),
  }),
  output: z.strictObject({
    /** Null when no branch is checked out. */
    branch: z.string().nullable(),
    /** The last commit; null before the first. */
    head: z.string().nullable(),
    /** Commits that the upstream branch lacks; null without one. */
    ahead: z.number().int().nullable(),
    behind: z.number().int().nullable(),
    clean: z.boolean(),
    entries: z.array(Entry),
    truncated: z.boolean(),
  }),
  effect: 'read',
  risk: 'low',
  needs: ['git'],
  timeoutMs: 60_000,
  targets: () => [{ kind: 'path', access: 'read', path: '.' }],
  async run(args, context) {
    context.meter.use('fsOperations')
    const { prefix } = await openRepository(context)
    const out = await readGit(
      ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--ignore-submodules=all', '--no-renames', '--', '.'],
      context,
    )
    const lines = out
      .toString('utf8')
      .split('\0')
      .filter((line) => line !== '')
    const isOfRun = (entry: Entry) => isWithin(context.stateDir, join(context.workspace, entry.path))
    const entries = lines.flatMap((line) => parseEntry(line, prefix)).filter((entry) => !isOfRun(entry))
    return {
      ...parseBranch(lines),
      clean: entries.length === 0,
      entries: entries.slice(0, args.maxEntries),
      truncated: entries.length > args.maxEntries,
    }
  },
})

function parseBranch(lines: readonly string[]) {
  const header = (name: string) => lines.find((line) => line.startsWith(`# branch.${name} `))?.slice(`# branch.${name} `.length)
  const branch = header('head')
  const head = header('oid')
  const [, ahead, behind] = /^\+(\d+) -(\d+)$/.exec(header('ab') ?? '') ?? []
  return {
    branch: branch === undefined || branch === '(detached)' ? null : branch,
    head: head === undefined || head === '(initial)' ? null : head,
    ahead: ahead === undefined ? null : Number(ahead),
    behind: behind === undefined ? null : Number(behind),
  }
}

/** One line of porcelain v2; its paths start at the top of the work tree. */
function parseEntry(line: string, prefix: string): Entry[] {
  const [, kind, rest = ''] = /^([12u?]) (.*)$/s.exec(line) ?? []
  if (kind === undefined) return []
  // Fields before the path: `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`.
  const fields = kind === '?' ? 0 : kind === 'u' ? 9 : 7
  const full = rest.split(' ').slice(fields).join(' ')
  if (!full.startsWith(prefix)) return []
  const path = full.slice(prefix.length)
  if (kind === '?') return [{ path, state: 'untracked', staged: false, unstaged: true }]
  const staged = rest.charAt(0)
  const unstaged = rest.charAt(1)
  const state = kind === 'u' ? 'conflicted' : stateOf(staged === '.' ? unstaged : staged)
  return [{ path, state, staged: staged !== '.', unstaged: unstaged !== '.' }]
}

function stateOf(letter: string): Entry['state'] {
  if (letter === 'A') return 'added'
  if (letter === 'D') return 'deleted'
  return letter === 'T' ? 'typeChanged' : 'modified'
}
