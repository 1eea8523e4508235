import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** What a process and everything below it uses right now. */
export interface TreeSample {
  readonly processes: number
  /** CPU time so far, of ended children too as far as somebody waited for them. */
  readonly cpuMs: number
  /** Resident memory, shared pages counted in each process. */
  readonly rssBytes: number
  /** Resident memory that is no file's: what a limit is about. */
  readonly privateBytes: number
}

/** Clock ticks a second in `/proc/PID/stat`: a constant of Linux' interface, whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100
const POLL_MS = 2

/** Samples a process tree through procfs; what has ended meanwhile counts as nothing. Stops counting at `maxProcesses`. */
export function sampleTree(rootPid: number, maxProcesses: number): TreeSample {
  let processes = 0
  let ticks = 0
  let rssKib = 0
  let privateKib = 0
  const open = [rootPid]
  for (let pid = open.pop(); pid !== undefined && processes <= maxProcesses; pid = open.pop()) {
    const stat = read(pid, 'stat')
    if (stat === null) continue
    processes += 1
    // The name in parentheses may hold anything; the numbers start after the last parenthesis, with field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    for (const field of [14, 15, 16, 17]) ticks += Number(fields[field - 3] ?? 0)
    const status = read(pid, 'status') ?? ''
    rssKib += kib(status, 'VmRSS')
    privateKib += kib(status, 'RssAnon') + kib(status, 'RssShmem')
    open.push(...childrenOf(pid))
  }
  return { processes, cpuMs: (ticks * 1000) / TICKS_PER_SECOND, rssBytes: rssKib * 1024, privateBytes: privateKib * 1024 }
}

/** Resolves once a process has ended and, where it is the first of a pid namespace, with it everything in the namespace. */
export async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await delay(POLL_MS)
}

function isRunning(pid: number): boolean {
  const stat = read(pid, 'stat')
  if (stat === null) return false
  // The kernel makes the first process of a namespace a zombie only after all the others are gone.
  const state = stat.charAt(stat.lastIndexOf(')') + 2)
  return state !== 'Z' && state !== 'X'
}

function childrenOf(pid: number): number[] {
  return (read(pid, `task/${pid}/children`) ?? '')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)
}

function kib(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return null
  }
}
