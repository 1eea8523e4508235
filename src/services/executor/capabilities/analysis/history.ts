import type { ExecutionContext } from '../../executor.ts'
import { readGit } from '../../git.ts'

/** Who changed one file, and when. */
export interface FileHistory {
  readonly commits: ReadonlySet<string>
  readonly authors: ReadonlySet<string>
}

export interface History {
  readonly commits: number
  /** By name, as `.mailmap` has it. */
  readonly commitsByAuthor: ReadonlyMap<string, number>
  /** By path relative to the workspace, also of files that are gone. */
  readonly files: ReadonlyMap<string, FileHistory>
}

/** The newest `maxCommits` commits below `path`, without merges. @throws ControllerError ACTION_FAILED, RESOURCE_LIMIT, ACTION_ABORTED */
export async function readHistory(path: string, maxCommits: number, context: ExecutionContext): Promise<History> {
  const format = '%x01%H%x00%aN'
  const log = await readGit(
    [
      'log',
      '--no-merges',
      '--full-history',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      '--no-show-signature',
      '-z',
      '--relative',
      '--name-only',
      '-n',
      String(maxCommits),
      `--format=${format}`,
      'HEAD',
      '--',
      path,
    ],
    context,
  )
  context.heartbeat()
  return parseLog(log.toString('utf8'))
}

/**
 * Reads `git log -z --name-only --format=%x01%H%x00%aN`: a commit begins with \x01, its fields and names end with NUL, and the first
 * name comes after a newline. Pure.
 */
export function parseLog(log: string): History {
  const files = new Map<string, { commits: Set<string>; authors: Set<string> }>()
  const commitsByAuthor = new Map<string, number>()
  let commits = 0
  let current: { readonly hash: string; readonly author: string } | null = null
  const fields = log.split('\0')
  for (let index = 0; index < fields.length; index += 1) {
    const field = (fields[index] ?? '').replace(/^\n/, '')
    const hash = /^\x01([0-9a-f]{40,64})$/.exec(field)?.[1]
    if (hash !== undefined) {
      index += 1
      current = { hash, author: (fields[index] ?? '').trim() }
      commits += 1
      commitsByAuthor.set(current.author, (commitsByAuthor.get(current.author) ?? 0) + 1)
    } else if (field !== '' && current !== null) {
      const known = files.get(field) ?? { commits: new Set(), authors: new Set() }
      known.commits.add(current.hash)
      known.authors.add(current.author)
      files.set(field, known)
    }
  }
  return { commits, commitsByAuthor, files }
}
