import { lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ControllerError } from '../../../errors.ts'
import type { ResourceLimits } from '../../../model/goal.ts'
import { runProcess, trustedPath, type ProcessEnd } from '../process.ts'
import { bubblewrapArgs } from './bubblewrap.ts'
import { withLimits, type LimitedCommand, type LimitsBackend } from './limits.ts'
import { untilGone } from './process-tree.ts'
import { watchTree, type Breach, type Watch } from './watch.ts'

/** A command for the sandbox. Paths are absolute and real. */
export interface SandboxedCommand {
  readonly argv: readonly string[]
  readonly workspace: string
  readonly stateDir: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** As `SandboxSpec.hidden`. */
  readonly hidden?: readonly string[]
  readonly stdin?: string | undefined
  readonly maxStdoutBytes: number
  readonly maxStderrBytes: number
  readonly limits: ResourceLimits
  readonly signal: AbortSignal
  readonly heartbeat: () => void
  readonly canDisableUserns: boolean
}

export interface SandboxedEnd extends ProcessEnd {
  readonly cpuMs: number
  readonly maxRssBytes: number
  readonly limitsBackend: LimitsBackend
}

const MIB = 1024 * 1024
/** What the gate of the sandbox says of a command that it cannot start. */
const REFUSALS = new Map([
  ['missing', 'No such file or directory'],
  ['denied', 'Permission denied'],
])
/**
 * Bubblewrap dies with this process, but while it sets up the sandbox its first process is not bound to it yet and would wait for it for
 * ever. So a bystander in their process group, which ends all of it when the lifeline does, starts with it.
 */
const WITH_BYSTANDER = '(exec </dev/null >/dev/null 2>&1 3>&- 4>&-; read -r _ <&5; kill -9 0) & exec 5<&-; exec "$@"'
/** How long bubblewrap may take to name the sandbox's first process when it is already to be stopped. */
const NAMING_MS = 2_000

/**
 * Runs a command in a sandbox of its own and returns, or throws, only when every process in it is gone.
 * A non-zero exit code is a normal end.
 * @throws ControllerError ACTION_FAILED when it cannot start, RESOURCE_LIMIT, ACTION_ABORTED
 */
export async function runSandboxed(command: SandboxedCommand): Promise<SandboxedEnd> {
  if (redirection(command.workspace) !== null) throw redirected(command, 'is there already')
  const args = bubblewrapArgs({ ...command, tmpBytes: command.limits.max_memory_mb * MIB })
  const limited = await withLimits('bwrap', args, command.limits, command.workspace)
  const sandbox = trackSandbox(command)
  try {
    const end = await runProcess({
      file: '/bin/sh',
      args: ['-c', WITH_BYSTANDER, 'sh', limited.file, ...limited.args],
      hasLifeline: true,
      cwd: '/',
      env: { PATH: trustedPath(command.workspace) },
      stdin: command.stdin,
      maxStdoutBytes: command.maxStdoutBytes,
      maxStderrBytes: command.maxStderrBytes,
      signal: sandbox.killed,
      onOutput: command.heartbeat,
      onStatus: sandbox.onStatus,
      onGate: sandbox.onGate,
    })
    return judge(command, end, sandbox, limited)
  } finally {
    await sandbox.settle()
    await limited.group?.remove()
    refuseRedirection(command)
  }
}

/**
 * With a file `commondir`, git takes its settings and hooks from the folder named there. A mount cannot keep a name free without taking
 * it, which would break the repository; so what a command made there goes when all its processes are gone.
 */
function refuseRedirection(command: SandboxedCommand): void {
  const made = redirection(command.workspace)
  if (made === null) return
  rmSync(made, { recursive: true, force: true })
  throw redirected(command, 'was made by the command and has been removed')
}

/** The file `commondir` of the workspace's own git folder; a link in place of that folder may lead to one of the user's, which may have it. */
function redirection(workspace: string): string | null {
  const folder = join(workspace, '.git')
  const file = join(folder, 'commondir')
  const isOwn = lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  return isOwn && lstatSync(file, { throwIfNoEntry: false }) !== undefined ? file : null
}

function redirected(command: SandboxedCommand, what: string): ControllerError {
  return new ControllerError(
    'PATH_DENIED',
    `${command.argv[0] ?? ''} is refused: .git/commondir, which gives git other settings and hooks, ${what}.`,
    {
      hint: 'Remove .git/commondir when it is there, and leave it out of commands.',
    },
  )
}

function judge(command: SandboxedCommand, end: ProcessEnd, sandbox: Sandbox, limited: LimitedCommand): SandboxedEnd {
  const shown = command.argv[0] ?? ''
  if (command.signal.aborted) throw new ControllerError('ACTION_ABORTED', `${shown} was stopped.`, { cause: command.signal.reason })
  const breach = sandbox.breach() ?? outOfMemory(command, limited)
  if (breach !== null) {
    throw new ControllerError('RESOURCE_LIMIT', `${shown} was stopped: ${breach.message}.`, {
      hint: breach.limit.startsWith('max_')
        ? `Raise \`resource_limits.${breach.limit}\`, or let the command do less.`
        : 'Let the command do less at a time.',
    })
  }
  const refused = sandbox.refused()
  if (refused !== null) throw notStarted(shown, refused)
  if (!sandbox.hasStarted()) throw cannotStart(shown, end)
  const seen = sandbox.seen()
  const cpuMs = Math.max(seen.cpuMs, limited.group?.cpuMs() ?? 0)
  return { ...end, cpuMs, maxRssBytes: seen.maxRssBytes, limitsBackend: limited.backend }
}

function outOfMemory(command: SandboxedCommand, limited: LimitedCommand): Breach | null {
  if (limited.group?.wasOutOfMemory() !== true) return null
  return { limit: 'max_memory_mb', message: `it needed more memory than max_memory_mb allows (${command.limits.max_memory_mb})` }
}

function notStarted(shown: string, why: string): ControllerError {
  return new ControllerError('ACTION_FAILED', `${shown} could not be started in the sandbox: ${why}.`, {
    hint: 'Use a program of /usr or of the workspace; the sandbox shows nothing else.',
  })
}

/** Bubblewrap reports an exit code only of a sandbox that it could set up. */
function cannotStart(shown: string, end: ProcessEnd): ControllerError {
  const said = end.stderr.bytes.toString('utf8').trim()
  return new ControllerError(
    'ACTION_FAILED',
    `The sandbox for ${shown} could not be set up: ${said || `bwrap ended with ${end.exitCode ?? end.signal}`}.`,
    {
      hint: 'Run `planner-exec doctor` to see what the sandbox lacks.',
    },
  )
}

interface Sandbox {
  /** Aborted when the outermost process has to go. */
  readonly killed: AbortSignal
  readonly onStatus: (chunk: Buffer) => void
  readonly onGate: (said: string, open: () => void) => void
  breach(): Breach | null
  hasStarted(): boolean
  /** Why the command cannot begin; null when it could. */
  refused(): string | null
  seen(): ReturnType<Watch['seen']>
  settle(): Promise<void>
}

/** Follows one sandbox through its status reports, and stops it when its command's signal or its limits say so. */
function trackSandbox(command: SandboxedCommand): Sandbox {
  const killer = new AbortController()
  let status = ''
  let firstPid: number | null = null
  let watch: Watch | null = null
  let breach: Breach | null = null
  let naming: NodeJS.Timeout | undefined
  let gate = ''

  const kill = () => {
    // Killing the first process ends its whole namespace. Before it is named, bubblewrap may have cloned it but not bound it to its own life.
    if (firstPid === null) {
      naming ??= setTimeout(() => killer.abort(), NAMING_MS)
      return
    }
    clearTimeout(naming)
    killProcess(firstPid)
    killer.abort()
  }
  const onBreach = (found: Breach) => {
    breach = found
    kill()
  }
  const onStatus = (chunk: Buffer) => {
    status += chunk.toString('latin1')
    const pid = /"child-pid": (\d+)\D/.exec(status)?.[1]
    if (firstPid !== null || pid === undefined) return
    firstPid = Number(pid)
    if (command.signal.aborted) kill()
    else watch = watchTree(firstPid, command.limits, onBreach, command.heartbeat)
  }
  command.signal.addEventListener('abort', kill)
  if (command.signal.aborted) kill()
  return {
    killed: killer.signal,
    onStatus,
    onGate: (said, open) => {
      gate += said
      if (gate === 'ready\n' && !command.signal.aborted) open()
    },
    refused: () => REFUSALS.get(gate.trim()) ?? null,
    breach: () => breach,
    hasStarted: () => status.includes('"exit-code"'),
    seen: () => watch?.seen() ?? { cpuMs: 0, maxRssBytes: 0 },
    async settle() {
      watch?.stop()
      clearTimeout(naming)
      command.signal.removeEventListener('abort', kill)
      if (firstPid !== null) await untilGone(firstPid)
    },
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
