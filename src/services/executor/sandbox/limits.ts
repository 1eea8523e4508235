import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ResourceLimits } from '../../../model/goal.ts'
import { runProcess, trustedPath } from '../process.ts'
import { createControlGroup, type CgroupVersion, type ControlGroup } from './cgroup.ts'

/** What enforces the limits on a command, beside the sampling that always happens; strongest first. */
export type LimitsBackend = CgroupVersion | 'prlimit' | 'sampling'

/** Processes and threads that one command may have at a time. */
export const MAX_TASKS = 1024
/** Open files of each process. */
const MAX_OPEN_FILES = 4096
const MAX_FILE_BYTES = 1024 * 1024 * 1024
const MIB = 1024 * 1024

/** Writes the own process id into each file named before `--`, then becomes the program named after it. */
const JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'

let found: Promise<LimitsBackend> | undefined

/** The strongest backend that works here, found by using it; once per process. */
export function limitsBackend(): Promise<LimitsBackend> {
  found ??= findBackend()
  return found
}

/** A command with its limits around it. */
export interface LimitedCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly group: ControlGroup | null
  /** What really limits this command. */
  readonly backend: LimitsBackend
}

/** Wraps a program so that it starts under its limits; it stays the same process, so killing it kills the program. */
export async function withLimits(file: string, args: readonly string[], limits: ResourceLimits, workspace: string): Promise<LimitedCommand> {
  const backend = await limitsBackend()
  const each = withPrlimit(file, args, limits, workspace)
  const memoryBytes = limits.max_memory_mb * MIB
  const group = backend === 'cgroup-v1' || backend === 'cgroup-v2' ? createControlGroup(backend, { memoryBytes, tasks: MAX_TASKS }) : null
  if (group === null) return { ...each, group }
  return { file: '/bin/sh', args: joinArgs(group, each.file, each.args), group, backend }
}

function withPrlimit(file: string, args: readonly string[], limits: ResourceLimits, workspace: string) {
  if (!hasProgram('prlimit', workspace)) return { file, args, backend: 'sampling' } as const
  return { file: 'prlimit', args: [...prlimitArgs(limits), '--', file, ...args], backend: 'prlimit' } as const
}

/**
 * Limits of each single process. One CPU second above the limit, so that the sampled total of all of them, which can say what happened,
 * comes first. Memory by data size: V8 reserves far more addresses than it uses.
 */
function prlimitArgs(limits: ResourceLimits): readonly string[] {
  return [
    `--cpu=${limits.max_cpu_seconds + 1}`,
    `--data=${limits.max_memory_mb * MIB}`,
    `--fsize=${MAX_FILE_BYTES}`,
    `--nofile=${MAX_OPEN_FILES}`,
    '--core=0',
  ]
}

function joinArgs(group: ControlGroup, file: string, args: readonly string[]): readonly string[] {
  return ['-c', JOIN, 'sh', ...group.joinFiles, '--', file, ...args]
}

async function findBackend(): Promise<LimitsBackend> {
  for (const version of ['cgroup-v2', 'cgroup-v1'] as const) {
    if (await canUse(version)) return version
  }
  return hasProgram('prlimit', '/nonexistent') ? 'prlimit' : 'sampling'
}

async function canUse(version: CgroupVersion): Promise<boolean> {
  const group = createControlGroup(version, { memoryBytes: 64 * MIB, tasks: 16 })
  if (group === null) return false
  try {
    const signal = AbortSignal.timeout(5_000)
    const end = await runProcess({
      file: '/bin/sh',
      args: joinArgs(group, 'true', []),
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      maxStdoutBytes: 0,
      maxStderrBytes: 0,
      signal,
    })
    return end.exitCode === 0
  } catch {
    return false
  } finally {
    await group.remove()
  }
}

/** Whether a program is on the trusted PATH. */
export function hasProgram(name: string, workspace: string): boolean {
  return trustedPath(workspace)
    .split(delimiter)
    .some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
