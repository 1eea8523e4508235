import { ControllerError } from '../../../../errors.ts'
import { openRepository } from '../../git-repository.ts'
import { type GitContext, readGit, runGit } from '../../git.ts'

/**
 * The commit that a revision's changes are counted from: the newest one that it and HEAD have in common. For a revision that HEAD goes back
 * to that is the revision itself; for a branch that moved on it is where the work left it, so that what others did meanwhile is not told as
 * changed here. Nx, Turborepo, Jest and Vitest count the same way. The revision is text from anywhere, and never becomes an option.
 * @throws ControllerError ACTION_FAILED without git, commits, such a revision, or a common commit; PATH_DENIED, ACTION_ABORTED
 */
export async function baseOf(revision: string, context: GitContext): Promise<string> {
  const { hasCommits } = await openRepository(context)
  if (!hasCommits)
    throw new ControllerError('ACTION_FAILED', 'There is no commit yet, so nothing can be compared with one.', {
      hint: 'Commit first, or leave `since` out to look at everything.',
    })
  const commit = await firstLine(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], context)
  if (commit === null) throw await unknown(`There is no revision ${JSON.stringify(revision)} in this repository.`, context)
  const base = await firstLine(['merge-base', commit, 'HEAD'], context)
  if (base === null) throw await unknown(`Revision ${JSON.stringify(revision)} has no commit in common with HEAD.`, context)
  return base
}

async function firstLine(args: readonly string[], context: GitContext): Promise<string | null> {
  const end = await runGit(args, context)
  const line = end.stdout.bytes.toString('latin1').split('\n')[0] ?? ''
  return end.exitCode === 0 && /^[0-9a-f]{40,64}$/.test(line) ? line : null
}

async function unknown(message: string, context: GitContext): Promise<ControllerError> {
  const isShallow = (await readGit(['rev-parse', '--is-shallow-repository'], context)).toString('latin1').trim() === 'true'
  const hint = isShallow
    ? 'This is a shallow clone: get the rest of the history with `git fetch --unshallow` (in CI: check out with full depth), then try again.'
    : 'Give a branch, a tag or a commit that `git log` shows, such as HEAD~1 or origin/main; `git fetch` gets new ones.'
  return new ControllerError('ACTION_FAILED', message, { hint })
}
