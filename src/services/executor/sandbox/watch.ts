import type { ResourceLimits } from '../../../model/goal.ts'
import { sampleTree, type TreeSample } from './process-tree.ts'

/** Why a command was stopped, in words for a person. */
export interface Breach {
  readonly limit: string
  readonly message: string
}

/** What was seen of a process tree while it ran. */
export interface Watch {
  /** CPU at the last look, memory at its peak; work between two looks is missed. */
  seen(): { readonly cpuMs: number; readonly maxRssBytes: number }
  stop(): void
}

const FIRST_LOOK_MS = 10
const LONGEST_WAIT_MS = 250
/** Processes, not threads. */
const MAX_PROCESSES = 512
const MIB = 1024 * 1024

/**
 * Looks at a process tree again and again, quickly at first and every 250 ms in the end, and calls `onBreach` once when the sum over the
 * tree passes a limit: limits of the kernel count each process alone, and do not hold root's process count at all.
 */
export function watchTree(rootPid: number, limits: ResourceLimits, onBreach: (breach: Breach) => void, onLook: () => void): Watch {
  let cpuMs = 0
  let maxRssBytes = 0
  let waitMs = FIRST_LOOK_MS
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    const sample = sampleTree(rootPid, MAX_PROCESSES)
    cpuMs = Math.max(cpuMs, sample.cpuMs)
    maxRssBytes = Math.max(maxRssBytes, sample.rssBytes)
    onLook()
    const breach = breachOf(sample, limits)
    if (breach !== null) return onBreach(breach)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    timer = setTimeout(look, waitMs)
  }
  timer = setTimeout(look, waitMs)
  return { seen: () => ({ cpuMs, maxRssBytes }), stop: () => clearTimeout(timer) }
}

function breachOf(sample: TreeSample, limits: ResourceLimits): Breach | null {
  const usedMib = Math.ceil(sample.privateBytes / MIB)
  if (sample.cpuMs >= limits.max_cpu_seconds * 1000) {
    return { limit: 'max_cpu_seconds', message: `it used ${(sample.cpuMs / 1000).toFixed(1)} s of CPU, max_cpu_seconds is ${limits.max_cpu_seconds}` }
  }
  if (usedMib > limits.max_memory_mb)
    return { limit: 'max_memory_mb', message: `it used ${usedMib} MiB of memory, max_memory_mb is ${limits.max_memory_mb}` }
  if (sample.processes > MAX_PROCESSES) return { limit: 'processes', message: `it had more than ${MAX_PROCESSES} processes` }
  return null
}
