import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A control group around one command, or the way to make one. */
export interface ControlGroup {
  /** Files that a process joins the group by, when its id is written to them. */
  readonly joinFiles: readonly string[]
  /** CPU time of everything that ever ran in it; null where it is not counted. */
  cpuMs(): number | null
  /** Whether the kernel killed something in it for lack of memory. */
  wasOutOfMemory(): boolean
  /** Removes it, once its last process has ended. */
  remove(): Promise<void>
}

export interface GroupLimits {
  readonly memoryBytes: number
  readonly tasks: number
}

export type CgroupVersion = 'cgroup-v1' | 'cgroup-v2'

const ROOT = '/sys/fs/cgroup'
const REMOVE_TRIES = 50

/** Makes a control group, or returns null where this process may not. */
export function createControlGroup(version: CgroupVersion, limits: GroupLimits): ControlGroup | null {
  try {
    return version === 'cgroup-v2' ? createV2(limits) : createV1(limits)
  } catch {
    return null
  }
}

function createV2(limits: GroupLimits): ControlGroup | null {
  const own = ownPath('0::')
  if (own === null || !existsSync(join(ROOT, 'cgroup.controllers'))) return null
  // A group with processes cannot hand its controllers down, so the parent, which systemd delegates, is the usual place.
  const base = [own, dirname(own)]
    .map((path) => join(ROOT, path))
    .find((path) => {
      const passedDown = readFileSync(join(path, 'cgroup.subtree_control'), 'latin1').split(/\s+/)
      return passedDown.includes('memory') && passedDown.includes('pids')
    })
  if (base === undefined) return null
  const dir = makeGroup(base)
  write(dir, 'memory.max', limits.memoryBytes)
  write(dir, 'pids.max', limits.tasks)
  // Without it the group would swap instead of ending; absent where swap is not accounted.
  if (existsSync(join(dir, 'memory.swap.max'))) write(dir, 'memory.swap.max', 0)
  return {
    joinFiles: [join(dir, 'cgroup.procs')],
    cpuMs: () => numberAfter(dir, 'cpu.stat', 'usage_usec', 1000),
    wasOutOfMemory: () => (numberAfter(dir, 'memory.events', 'oom_kill', 1) ?? 0) > 0,
    remove: () => removeAll([dir]),
  }
}

function createV1(limits: GroupLimits): ControlGroup | null {
  const bases = ['memory', 'pids', 'cpuacct'].map((controller) => ownV1(controller))
  const [memoryBase, pidsBase, cpuBase] = bases
  if (!memoryBase || !pidsBase) return null
  const dirs: string[] = []
  const make = (base: string) => {
    const dir = makeGroup(base)
    dirs.push(dir)
    return dir
  }
  try {
    const memory = make(memoryBase)
    const pids = make(pidsBase)
    const cpu = cpuBase ? make(cpuBase) : null
    write(memory, 'memory.limit_in_bytes', limits.memoryBytes)
    write(pids, 'pids.max', limits.tasks)
    return {
      joinFiles: dirs.map((dir) => join(dir, 'cgroup.procs')),
      cpuMs: () => (cpu === null ? null : Number(readFileSync(join(cpu, 'cpuacct.usage'), 'latin1')) / 1_000_000),
      wasOutOfMemory: () => (numberAfter(memory, 'memory.oom_control', 'oom_kill', 1) ?? 0) > 0,
      remove: () => removeAll(dirs),
    }
  } catch (error) {
    for (const dir of dirs) rmdirSync(dir)
    throw error
  }
}

function ownV1(controller: string): string | null {
  const own = ownPath(controller)
  return own === null ? null : join(ROOT, controller, own)
}

/** Where this process is in a hierarchy: `0::` for version 2, otherwise a controller's name. */
function ownPath(hierarchy: string): string | null {
  for (const line of readFileSync('/proc/self/cgroup', 'latin1').split('\n')) {
    const [, controllers = '', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (path === undefined) continue
    if (hierarchy === '0::' ? line.startsWith('0::') : controllers.split(',').includes(hierarchy)) return path
  }
  return null
}

function makeGroup(base: string): string {
  sweep(base)
  const dir = join(base, `planner-exec-${process.pid}-${randomUUID()}`)
  mkdirSync(dir)
  return dir
}

const swept = new Set<string>()

/** Removes, once per process, the empty groups that controllers left which were killed. The kernel keeps those that are not empty. */
function sweep(base: string): void {
  if (swept.has(base)) return
  swept.add(base)
  for (const name of readdirSync(base)) {
    const pid = /^planner-exec-(\d+)-/.exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    try {
      rmdirSync(join(base, name))
    } catch {
      // Still in use after all.
    }
  }
}

function write(dir: string, file: string, value: number): void {
  writeFileSync(join(dir, file), String(value))
}

function numberAfter(dir: string, file: string, word: string, divisor: number): number | null {
  const found = new RegExp(`^${word} (\\d+)$`, 'm').exec(readFileSync(join(dir, file), 'latin1'))?.[1]
  return found === undefined ? null : Number(found) / divisor
}

async function removeAll(dirs: readonly string[]): Promise<void> {
  for (const dir of dirs) await removeGroup(dir)
}

/** A group is busy for a moment after its last process has ended. One that stays is empty and harmless. */
async function removeGroup(dir: string): Promise<void> {
  for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
    try {
      return rmdirSync(dir)
    } catch {
      await delay(2)
    }
  }
}
