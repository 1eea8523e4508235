import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'

/** Stands for a start time that this system cannot tell. */
const UNKNOWN_START = '0'

/** This process as a lease's owner: `host:pid:startTime`. The start time tells it from a later process with the same pid. */
export function processOwner(): string {
  return `${hostname()}:${process.pid}:${statOf(process.pid)?.startTime ?? UNKNOWN_START}`
}

/**
 * True when `owner` is a process of this host that has ended. False for other hosts and for anything that cannot be told:
 * their leases end by time alone.
 */
export function ownerIsDead(owner: string): boolean {
  const [, host, pidText, startTime] = /^(.+):([1-9]\d{0,9}):(\d+)$/.exec(owner) ?? []
  if (host !== hostname() || pidText === undefined) return false
  const pid = Number(pidText)
  const stat = statOf(pid)
  // Another user's process may be hidden from /proc, hence the signal.
  if (stat === null) return !acceptsSignals(pid)
  if (stat.state === 'Z' || stat.state === 'X') return true
  return startTime !== UNKNOWN_START && startTime !== stat.startTime
}

/** State and start time (clock ticks since boot) from Linux's /proc; null elsewhere, or when there is no such process. */
function statOf(pid: number): { readonly state: string; readonly startTime: string } | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  if (text === null) return null
  // Field 2 is the program's name in parentheses and may itself hold spaces and parentheses; field 3 follows the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  return state === undefined || startTime === undefined ? null : { state, startTime }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function acceptsSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
