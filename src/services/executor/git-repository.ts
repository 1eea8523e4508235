import { readFile, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { readGit, runGit, type GitContext } from './git.ts'
import { isWithin } from './safe-path.ts'

/** The repository that a workspace is in. */
export interface Repository {
  /** The workspace's place in the work tree, with a `/` at its end; empty when it is the top. */
  readonly prefix: string
  readonly hasCommits: boolean
}

const REDIRECTED = 'Use the repository itself as the workspace.'

/**
 * Finds the repository around the workspace, and makes sure that it is that of the workspace: files in a workspace can point git at any
 * folder of the machine, whose history would then be shown as the workspace's.
 * @throws ControllerError ACTION_FAILED when there is none, PATH_DENIED when it belongs elsewhere, ACTION_ABORTED
 */
export async function openRepository(context: GitContext): Promise<Repository> {
  const asked = ['rev-parse', '--path-format=absolute', '--show-toplevel', '--git-dir', '--git-common-dir', '--show-prefix']
  const [top = '', gitDir = '', commonDir = '', prefix = ''] = (await readGit(asked, context)).toString('utf8').split('\n')
  const realTop = await real(top)
  const realGitDir = await real(gitDir)
  const realCommonDir = await real(commonDir)
  if (!isWithin(realTop, context.workspace)) {
    throw new ControllerError('PATH_DENIED', `The git configuration of the workspace names another work tree, ${top}.`, { hint: REDIRECTED })
  }
  const isOwn = isWithin(realTop, realGitDir) ? isWithin(realTop, realCommonDir) : await pointsBack(realGitDir, realTop, context)
  if (!isOwn) throw new ControllerError('PATH_DENIED', `The workspace points git at ${gitDir}, which does not belong to it.`, { hint: REDIRECTED })
  const head = await runGit(['rev-parse', '--quiet', '--verify', 'HEAD'], context)
  return { prefix, hasCommits: head.exitCode === 0 }
}

/** Whether a git folder outside of the work tree names the work tree as its own: a linked work tree does, and so does a submodule. */
async function pointsBack(gitDir: string, top: string, context: GitContext): Promise<boolean> {
  const linked = await readFile(join(gitDir, 'gitdir'), 'utf8').catch(() => null)
  if (linked !== null) return (await real(linked.trim())) === (await real(join(top, '.git')))
  const config = await runGit(['config', '--file', join(gitDir, 'config'), '--no-includes', '--get', 'core.worktree'], context)
  const workTree = config.stdout.bytes.toString('utf8').trim()
  return workTree !== '' && (await real(resolve(gitDir, workTree))) === top
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}
