import { closeSync, fstatSync, readSync } from 'node:fs'
import { fsync as fsyncCallback, write as writeCallback } from 'node:fs'
import { promisify } from 'node:util'
import { Sealed } from './sealed.ts'
import { openExistingRunFile, openRunFile } from './vault-folder.ts'

const fsync = promisify(fsyncCallback)
const write = promisify(writeCallback)

/** The sealed values of one run: a file that only grows, a line each. */
export interface SealedLog {
  /** Those of a reference, oldest first, as the file has them now. @throws Error when it cannot be read */
  of(ref: string): readonly Sealed[]
  all(): readonly Sealed[]
  /** Lines that hold nothing, as a crash leaves them, or a change by others. */
  readonly unreadable: number
  /** Resolves once they would survive a crash. @throws Error when they cannot be written */
  append(sealed: readonly Sealed[]): Promise<void>
}

export function createSealedLog(stateDir: string, runId: string): SealedLog {
  let entries = new Map<string, Sealed[]>()
  let [readTo, inode, unreadable] = [0, 0, 0]

  function add(line: string): void {
    if (line === '') return
    const entry = parsedLine(line)
    if (entry === null) unreadable += 1
    else entries.set(entry.ref, [...(entries.get(entry.ref) ?? []), entry])
  }

  /** Reads what has come since. */
  function refresh(): void {
    const fd = openExistingRunFile(stateDir, runId)
    try {
      const stats = fd === null ? { size: 0, ino: 0 } : fstatSync(fd)
      if (stats.ino !== inode || stats.size < readTo) [entries, readTo, inode, unreadable] = [new Map(), 0, stats.ino, 0]
      if (fd === null || stats.size === readTo) return
      const bytes = Buffer.alloc(stats.size - readTo)
      const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, readTo))
      // What has no end is being written, or never will be.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1)
      whole.split('\n').forEach(add)
      readTo += whole.length
    } finally {
      if (fd !== null) closeSync(fd)
    }
  }

  return {
    of(ref) {
      refresh()
      return entries.get(ref) ?? []
    },
    all() {
      refresh()
      return [...entries.values()].flat()
    },
    get unreadable() {
      return unreadable
    },
    async append(sealed) {
      if (sealed.length === 0) return
      // A line end before each line: another writer may have died within its own.
      const bytes = Buffer.from(sealed.map((entry) => `\n${JSON.stringify(entry)}\n`).join(''), 'latin1')
      const fd = openRunFile(stateDir, runId)
      try {
        // One call: the system keeps appends of two processes apart, and the rest of one that was cut short would not follow it.
        const { bytesWritten } = await write(fd, bytes, 0, bytes.length, null)
        if (bytesWritten < bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes could be written`)
        await fsync(fd)
      } finally {
        closeSync(fd)
      }
    },
  }
}

function parsedLine(line: string): Sealed | null {
  try {
    return Sealed.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}
