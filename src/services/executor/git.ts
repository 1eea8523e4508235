import { ControllerError } from '../../errors.ts'
import { runProcess, trustedPath, type ProcessEnd } from './process.ts'

/** Where and how long a git command may run. */
export interface GitContext {
  readonly workspace: string
  readonly signal: AbortSignal
}

/**
 * Settings that keep git from running anything the repository names: hooks, monitors, pagers, signature programs, transports.
 * Given through the environment, because `-c` cannot express a driver whose name has an `=`.
 */
const HARDENED: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.pager', 'cat'],
  ['core.editor', 'false'],
  ['core.sshCommand', 'false'],
  ['core.askPass', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.quotePath', 'false'],
  ['color.ui', 'false'],
  ['diff.external', ''],
  ['gpg.program', 'false'],
  ['log.showSignature', 'false'],
  ['protocol.allow', 'never'],
  ['credential.helper', ''],
  ['submodule.recurse', 'false'],
  ['diff.ignoreSubmodules', 'all'],
  // The workspace was named by the operator and nothing in it is run, so it may belong to another user.
  ['safe.directory', '*'],
]

const BASE_ENV = {
  HOME: '/nonexistent',
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_PAGER: 'cat',
} as const

/** Commands that compare no file's content with the index, and so run no filter. */
const INDEX_ONLY: ReadonlySet<string> = new Set(['rev-parse', 'ls-files', 'check-ignore', 'config', 'log'])

const MAX_GIT_BYTES = 64 * 1024 * 1024

/**
 * Runs a git command that only reads, without ever running what the repository configures.
 * @throws ControllerError ACTION_FAILED when git is missing, ACTION_ABORTED
 */
export async function runGit(args: readonly string[], context: GitContext): Promise<ProcessEnd> {
  const looksAtFiles = !INDEX_ONLY.has(args[0] ?? '')
  return git(args, context, looksAtFiles ? [...HARDENED, ...(await withoutFilters(context))] : HARDENED)
}

/** The same, with a failure of git as an error, and its standard output. @throws ControllerError ACTION_FAILED, RESOURCE_LIMIT, ACTION_ABORTED */
export async function readGit(args: readonly string[], context: GitContext): Promise<Buffer> {
  const end = await runGit(args, context)
  if (end.exitCode !== 0) throw gitFailure(args, end)
  if (end.stdout.truncated) {
    throw new ControllerError('RESOURCE_LIMIT', `git ${args[0] ?? ''} wrote more than ${MAX_GIT_BYTES} bytes.`, {
      hint: 'Ask for fewer commits or a smaller path.',
    })
  }
  return end.stdout.bytes
}

/** `git status` runs the clean filters that a repository configures; each is switched off by name. */
async function withoutFilters(context: GitContext): Promise<readonly (readonly [string, string])[]> {
  const listed = await git(['config', '--list', '--name-only', '-z'], context, HARDENED)
  const drivers = new Set<string>()
  for (const key of listed.stdout.bytes.toString('utf8').split('\0')) {
    const driver = /^(filter\..+)\.(?:clean|smudge|process|required)$/s.exec(key)?.[1]
    if (driver !== undefined) drivers.add(driver)
  }
  return [...drivers].flatMap(
    (driver) =>
      [
        [`${driver}.clean`, ''],
        [`${driver}.smudge`, ''],
        [`${driver}.process`, ''],
        [`${driver}.required`, 'false'],
      ] as const,
  )
}

async function git(args: readonly string[], context: GitContext, settings: readonly (readonly [string, string])[]): Promise<ProcessEnd> {
  const end = await runProcess({
    file: 'git',
    // `check-ignore` knows no magic and refuses to be told so.
    args: ['--no-pager', ...(args[0] === 'check-ignore' ? [] : ['--literal-pathspecs']), ...args],
    cwd: context.workspace,
    env: { ...BASE_ENV, PATH: trustedPath(context.workspace), ...asEnvironment(settings) },
    maxStdoutBytes: MAX_GIT_BYTES,
    maxStderrBytes: 64 * 1024,
    signal: context.signal,
  })
  if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', `git ${args[0] ?? ''} was stopped.`, { cause: context.signal.reason })
  return end
}

function asEnvironment(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length) }
  for (const [index, [key, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key
    env[`GIT_CONFIG_VALUE_${index}`] = value
  }
  return env
}

function gitFailure(args: readonly string[], end: ProcessEnd): ControllerError {
  const said = end.stderr.bytes.toString('utf8').trim()
  if (said.includes('not a git repository')) {
    return new ControllerError('ACTION_FAILED', 'The workspace is not in a git repository.', {
      hint: 'Run `git init` in it, or leave the git steps out of the plan.',
    })
  }
  const code = end.exitCode === null ? (end.signal ?? 'a signal') : `exit code ${end.exitCode}`
  return new ControllerError('ACTION_FAILED', `git ${args[0] ?? ''} failed with ${code}: ${said || 'it said nothing'}`, {
    hint: 'Correct the arguments, or repair the repository with `git fsck`.',
  })
}
