import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { ControllerError } from '../../../errors.ts'
import { isWithin } from '../safe-path.ts'

/** What a sandbox shows and allows. Paths are absolute and real. */
export interface SandboxSpec {
  readonly workspace: string
  readonly stateDir: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  /** Files of the workspace that the command cannot read; absent: none. */
  readonly hidden?: readonly string[]
  /** Size of the private /tmp in bytes. */
  readonly tmpBytes: number
  /** Whether this bubblewrap can forbid further user namespaces (0.8 and later). */
  readonly canDisableUserns: boolean
}

const SYSTEM = ['/usr', '/etc', '/bin', '/sbin', '/lib', '/proc', '/dev', '/sys', '/run', '/var', '/boot']
const USR_MERGED = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
/** What programs need of /etc to start and to know their user; no host names, keys or service settings. */
const ETC = [
  'alternatives',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'passwd',
  'group',
  'nsswitch.conf',
  'protocols',
  'services',
  'mime.types',
  'ssl/openssl.cnf',
  'ssl/certs',
  'pki/tls/certs',
  'ca-certificates',
]
const SHM_BYTES = 64 * 1024 * 1024
const STATUS_FD = 3
/**
 * The command begins only when it is told to on descriptor 4. Bubblewrap binds its processes to the life of its parent only once they are
 * under way: a command whose controller was killed before that would go on alone. It reads the end of file instead, and ends.
 */
const GATE = `case "$1" in */*) [ -x "$1" ] && [ ! -d "$1" ] ;; *) command -v -- "$1" >/dev/null 2>&1 ;; esac ||
  { if [ -e "$1" ]; then echo denied; else echo missing; fi >&4; exit 127; }
echo ready >&4; read -r _ <&4 || exit 1; exec 4>&-; exec "$@"`

/**
 * The arguments for `bwrap`: no network, no capabilities, own processes and users, the system read-only, the workspace writable at its own
 * path, the state folder covered. Bubblewrap reports the sandbox's first process and the exit code on descriptor 3;
 * on descriptor 4 the command says `ready`, `missing` or `denied`, and waits for a line.
 * @throws ControllerError WORKSPACE_INVALID when the workspace holds a folder of the system
 */
export function bubblewrapArgs(spec: SandboxSpec): readonly string[] {
  refuseSystemWorkspace(spec.workspace)
  const runtime = runtimeMounts()
  return [
    '--unshare-all',
    '--unshare-user',
    '--uid',
    '65534',
    '--gid',
    '65534',
    '--cap-drop',
    'ALL',
    ...(spec.canDisableUserns ? ['--disable-userns'] : []),
    '--die-with-parent',
    '--new-session',
    '--json-status-fd',
    String(STATUS_FD),
    '--clearenv',
    ...environment(spec, runtime.path),
    ...systemMounts(),
    ...runtime.args,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--remount-ro',
    '/dev',
    '--perms',
    '1777',
    '--size',
    String(SHM_BYTES),
    '--tmpfs',
    '/dev/shm',
    '--perms',
    '1777',
    '--size',
    String(spec.tmpBytes),
    '--tmpfs',
    '/tmp',
    '--bind',
    spec.workspace,
    spec.workspace,
    ...gitMounts(spec.workspace),
    ...policyMount(spec.workspace),
    ...(spec.hidden ?? []).flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ...coverState(spec, runtime.roots),
    '--remount-ro',
    '/',
    '--chdir',
    spec.cwd,
    '--',
    '/bin/sh',
    '-c',
    GATE,
    'sh',
    ...spec.argv,
  ]
}

function refuseSystemWorkspace(workspace: string): void {
  const held = SYSTEM.find((folder) => isWithin(workspace, folder))
  if (held === undefined) return
  throw new ControllerError('WORKSPACE_INVALID', `The workspace ${workspace} holds ${held}, which a sandbox must keep read-only.`, {
    hint: 'Use a folder of its own as the workspace.',
  })
}

function environment(spec: SandboxSpec, path: readonly string[]): readonly string[] {
  const env = { PATH: [...path, '/usr/local/bin', '/usr/bin', '/bin'].join(':'), HOME: '/tmp', TMPDIR: '/tmp', LANG: 'C.UTF-8', ...spec.env }
  return Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value])
}

function systemMounts(): readonly string[] {
  const merged = USR_MERGED.flatMap((path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return []
    return stats.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
  })
  const etc = ETC.map((name) => join('/etc', name)).filter((path) => existsSync(path))
  return ['--ro-bind', '/usr', '/usr', ...merged, ...etc.flatMap((path) => ['--ro-bind', path, path])]
}

/** The Node that runs us, when it lives outside /usr (nvm, fnm, a tarball), so that `node` and `npm` inside are the same ones. */
function runtimeMounts(): { readonly args: readonly string[]; readonly path: readonly string[]; readonly roots: readonly string[] } {
  const node = realpathSync(process.execPath)
  if (isWithin('/usr', node)) return { args: [], path: [], roots: [] }
  const prefix = dirname(dirname(node))
  // A prefix such as the home folder would show everything in it: then only the program itself.
  const isOwnFolder = existsSync(join(prefix, 'lib', 'node_modules')) && !isWithin(prefix, homedir()) && prefix !== '/'
  const root = isOwnFolder ? prefix : node
  return { args: ['--ro-bind', root, root], path: [dirname(node)], roots: [root] }
}

/**
 * Git runs what `.git/hooks` and `.git/config` say, later and outside of the sandbox, so a command may commit but not change these. The
 * mount on `.git` itself keeps it from being renamed away.
 */
function gitMounts(workspace: string): readonly string[] {
  const git = join(workspace, '.git')
  const stats = lstatSync(git, { throwIfNoEntry: false })
  if (stats?.isFile() === true) return ['--ro-bind', git, git]
  if (stats?.isDirectory() !== true) return []
  const fixed = ['config', 'config.worktree', 'modules', 'worktrees', 'hooks'].map((name) => join(git, name))
  const hooks = join(git, 'hooks')
  return [
    '--bind',
    git,
    git,
    ...fixed.filter((path) => existsSync(path)).flatMap((path) => ['--ro-bind', path, path]),
    ...(existsSync(hooks) ? [] : ['--perms', '0555', '--size', '4096', '--tmpfs', hooks, '--remount-ro', hooks]),
  ]
}

/** What narrows the actions of a workspace is not theirs to change. */
function policyMount(workspace: string): readonly string[] {
  const policy = join(workspace, '.planner-exec.policy.yaml')
  return lstatSync(policy, { throwIfNoEntry: false })?.isFile() === true ? ['--ro-bind', policy, policy] : []
}

function coverState(spec: SandboxSpec, roots: readonly string[]): readonly string[] {
  const shown = [spec.workspace, '/usr', ...roots].some((root) => isWithin(root, spec.stateDir))
  if (!shown) return []
  return ['--perms', '0500', '--size', '4096', '--tmpfs', spec.stateDir, '--remount-ro', spec.stateDir]
}
