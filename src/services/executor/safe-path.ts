import { closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { fromSystemError, systemCode } from './system-error.ts'

/** Where file operations may go: inside the workspace, never inside the state folder. Both absolute and real. */
export interface Area {
  readonly workspace: string
  readonly stateDir?: string | undefined
}

/** An open folder whose children can be named without any of its parents being looked up again. */
export interface Folder {
  readonly fd: number
  /** A path for `node:fs` that means this child of this very folder, wherever the folder is by now. */
  child(name: string): string
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants

/** With procfs, `/proc/self/fd/N/name` is what `openat(N, name)` is in C; elsewhere identity is compared after opening. */
const HAS_OPENAT = existsSync('/proc/self/fd')

const denied = (message: string, hint?: string) => new ControllerError('PATH_DENIED', message, hint === undefined ? {} : { hint })

/**
 * The names from the workspace to `path`, which may be relative or absolute; empty for the workspace itself. Looks at the text only.
 * @throws ControllerError PATH_DENIED when it leaves the workspace, enters the state folder or has a NUL
 */
export function segmentsOf(area: Area, path: string): readonly string[] {
  if (path.includes('\0')) throw denied('The path has a NUL character.')
  const absolute = isAbsolute(path) ? join(path) : join(area.workspace, path)
  if (!isWithin(area.workspace, absolute)) throw denied(`${path} lies outside the workspace.`)
  if (area.stateDir !== undefined && isWithin(area.stateDir, absolute)) {
    throw denied(`${path} lies in the state folder of planner-exec.`, 'Use `planner-exec show` and `events` to look at runs.')
  }
  return relative(area.workspace, absolute)
    .split(sep)
    .filter((segment) => segment !== '')
}

/** Whether `path` is `folder` or lies below it. Both absolute; looks at the text only. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

/**
 * Opens the folder at `segments` one name at a time, following no link, and hands it to `use`. Whoever swaps a folder for a link
 * meanwhile gets an error, never a file outside.
 * @throws ControllerError PATH_DENIED, ACTION_FAILED, ACTION_TRANSIENT
 */
export async function withFolder<T>(
  area: Area,
  segments: readonly string[],
  use: (folder: Folder) => Promise<T> | T,
  options: { readonly create?: boolean } = {},
): Promise<T> {
  const state = identityOf(area.stateDir)
  let folder = openFolder(area.workspace, area.workspace, '.')
  try {
    for (const [depth, name] of segments.entries()) {
      const shown = segments.slice(0, depth + 1).join('/')
      if (options.create === true) createFolder(folder, name, shown)
      const next = openFolder(folder.child(name), join(area.workspace, ...segments.slice(0, depth + 1)), shown)
      closeSync(folder.fd)
      folder = next
      if (isSame(state, fstatSync(folder.fd))) throw denied(`${shown} is the state folder of planner-exec.`)
    }
    return await use(folder)
  } finally {
    closeSync(folder.fd)
  }
}

/**
 * Opens the regular file at `segments` for reading and hands its descriptor to `use`; links are refused, and so are FIFOs, sockets
 * and devices, without waiting for them.
 * @throws ControllerError PATH_DENIED, ACTION_FAILED, ACTION_TRANSIENT
 */
export async function withFile<T>(area: Area, segments: readonly string[], use: (fd: number, stats: Stats) => Promise<T>): Promise<T> {
  const name = segments.at(-1)
  const shown = segments.join('/')
  if (name === undefined) throw fromSystemError(Object.assign(new Error('EISDIR'), { code: 'EISDIR' }), 'The workspace')
  return withFolder(area, segments.slice(0, -1), (folder) => withRegularFile(folder, name, shown, use))
}

/** The same for a child of an open folder. */
export async function withRegularFile<T>(folder: Folder, name: string, shown: string, use: (fd: number, stats: Stats) => Promise<T>): Promise<T> {
  // Opening a device can do something (a watchdog, a tape), so what is no file is refused before it is opened, and again after.
  refuseSpecial(
    attempt(shown, () => lstatSync(folder.child(name))),
    shown,
    () => readlinkSync(folder.child(name)),
  )
  const fd = attempt(shown, () => openSync(folder.child(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY))
  try {
    const stats = fstatSync(fd)
    refuseSpecial(stats, shown)
    return await use(fd, stats)
  } catch (error) {
    throw fromSystemError(error, shown)
  } finally {
    closeSync(fd)
  }
}

function refuseSpecial(stats: Stats, shown: string, target?: () => string): void {
  if (stats.isFile()) return
  if (stats.isSymbolicLink()) {
    throw denied(
      `${shown} is a symbolic link${target === undefined ? '' : ` to ${target()}`}.`,
      'Use the path of the file itself; links are not followed.',
    )
  }
  if (stats.isDirectory()) throw fromSystemError(Object.assign(new Error('EISDIR'), { code: 'EISDIR' }), shown)
  throw denied(`${shown} is not a regular file but a ${kindOf(stats)}.`, 'Only regular files can be read and written.')
}

/** What a thing of the file system is, in one word of our own. */
export function kindOf(stats: Stats): 'file' | 'folder' | 'link' | 'fifo' | 'socket' | 'device' {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isFIFO()) return 'fifo'
  return stats.isSocket() ? 'socket' : 'device'
}

function openFolder(path: string, real: string, shown: string): Folder {
  let fd: number
  try {
    fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    // Linux reports a link as ENOTDIR when both flags are set.
    const isLink = systemCode(error) === 'ENOTDIR' && (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false)
    if (isLink) throw denied(`${shown} is a symbolic link.`, 'Use the path of the folder itself; links are not followed.')
    throw fromSystemError(error, shown)
  }
  if (HAS_OPENAT) return { fd, child: (name) => `/proc/self/fd/${fd}/${name}` }
  const identity = fstatSync(fd)
  return { fd, child: (name) => join(confirmed(real, identity, shown), name) }
}

/** Without openat a path is only as good as its last look: the folder there must still be the one that was opened. */
function confirmed(real: string, identity: Stats, shown: string): string {
  const now = lstatSync(real, { throwIfNoEntry: false })
  if (now === undefined || !isSame(identity, now)) throw denied(`${shown} was replaced while it was used.`)
  return real
}

function createFolder(parent: Folder, name: string, shown: string): void {
  try {
    mkdirSync(parent.child(name))
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw fromSystemError(error, shown)
  }
}

function attempt<T>(shown: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw fromSystemError(error, shown)
  }
}

function identityOf(path: string | undefined): Stats | null {
  return path === undefined ? null : (lstatSync(path, { throwIfNoEntry: false }) ?? null)
}

function isSame(a: Stats | null, b: Stats): boolean {
  return a !== null && a.dev === b.dev && a.ino === b.ino
}
