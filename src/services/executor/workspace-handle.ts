import { closeSync, constants, existsSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { Area } from './safe-path.ts'

const { O_DIRECTORY, O_NOFOLLOW } = constants
/** Linux: a handle that names a thing without opening it, so that no device notices. Node has no name for it; the number is the same on all its platforms. */
const O_PATH = 0o10000000
const HAS_HANDLES = process.platform === 'linux' && existsSync('/proc/self/fd')

/**
 * Takes hold of a thing in a few calls however deep it lies, where `withFile` and `withFolder` need some for each folder: an analysis looks
 * at thousands. Null where that cannot be done, or anything is not as it should be: they then find out what.
 */
export function withHandle<T>(area: Area, segments: readonly string[], flags: number, use: (path: string, fd: number) => T): T | null {
  if (!HAS_HANDLES) return null
  const path = join(area.workspace, ...segments)
  let fd: number | undefined
  try {
    fd = openSync(path, O_PATH | O_NOFOLLOW | flags)
    const handle = `/proc/self/fd/${fd}`
    // The kernel's own name for what was found: with a link anywhere on the way it would be another.
    const isThere = readlinkSync(handle, { encoding: 'buffer' }).equals(Buffer.from(path))
    const folders = (flags & O_DIRECTORY) === 0 ? segments.slice(0, -1) : segments
    return isThere && !isInState(area, folders) ? use(handle, fd) : null
  } catch {
    return null
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Folders that were found not to lie in a state folder, each with its identity then. */
const cleared = new Map<string, Stats>()
const MAX_CLEARED = 10_000

/**
 * Whether one of these nested folders is the state folder under another name, which a mount can give it. A folder that is the same as before
 * is not asked about again with all those above it.
 */
function isInState({ workspace, stateDir }: Area, segments: readonly string[]): boolean {
  const isState = (depth: number): boolean => {
    if (depth === 0 || stateDir === undefined) return false
    const path = `${workspace}/${segments.slice(0, depth).join('/')}`
    const key = `${stateDir}\0${path}`
    const stats = lstatSync(path)
    const before = cleared.get(key)
    if (before !== undefined && isSame(before, stats)) return false
    const state = lstatSync(stateDir, { throwIfNoEntry: false })
    if ((state !== undefined && isSame(state, stats)) || isState(depth - 1)) return true
    clear(key, stats)
    return false
  }
  return isState(segments.length)
}

function clear(key: string, stats: Stats): void {
  if (cleared.size >= MAX_CLEARED) cleared.clear()
  cleared.set(key, stats)
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}
