import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, lstatSync, openSync, read as readCallback, readdirSync, readSync, type Dirent, type Stats } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ControllerError } from '../../errors.ts'
import { runGit, type GitContext } from './git.ts'
import { isWithin, segmentsOf, withFile, withFolder, type Area, type Folder } from './safe-path.ts'
import { fromSystemError } from './system-error.ts'
import { withHandle } from './workspace-handle.ts'

/** A regular file of the workspace: its path relative to it with `/` between names, and its size. */
export interface WalkedFile {
  readonly path: string
  readonly bytes: number
  /** Which file it is, in which state: whoever changes it changes this, too. */
  readonly identity: string
}

export interface WalkOptions {
  readonly stateDir: string
  /** Only this folder or file, relative to the workspace; absent means all of it. */
  readonly path?: string | undefined
  /** Stops after so many files; absent means all. */
  readonly maxFiles?: number | undefined
  readonly signal: AbortSignal
}

export interface ReadOptions {
  /** At most so many bytes are read, from the start of the file. */
  readonly maxBytes: number
  /** Refuses paths in this folder. */
  readonly stateDir?: string | undefined
}

export interface FileContent {
  readonly bytes: Buffer
  /** The file is longer than `bytes`. */
  readonly truncated: boolean
  /** The file's whole size in bytes when it was opened. */
  readonly size: number
}

/** Folders that hold no work of their own. */
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules'])
const CHUNK = 1024 * 1024
const SMALL = 64 * 1024
/** Short enough that nobody at a terminal notices. */
const TURN_MS = 10
const { O_DIRECTORY, O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants
const readAt = promisify(readCallback)

/**
 * Reads a regular file of the workspace. No link on the way is followed, and no race can lead outside; FIFOs, sockets and devices are
 * refused without waiting for them.
 * @throws ControllerError PATH_DENIED, ACTION_FAILED, ACTION_TRANSIENT
 */
export async function readWorkspaceFile(workspace: string, path: string, options: ReadOptions): Promise<FileContent> {
  const area: Area = { workspace, stateDir: options.stateDir }
  const segments = segmentsOf(area, path)
  await takeTurns()
  const fd = openPlainFile(area, segments)
  if (fd === null) return withFile(area, segments, (opened) => readOpenFile(opened, options.maxBytes))
  try {
    return await readOpenFile(fd, options.maxBytes)
  } catch (error) {
    throw fromSystemError(error, segments.join('/'))
  } finally {
    closeSync(fd)
  }
}

/** Opens a regular file, or null where `withFile` has to do it. */
function openPlainFile(area: Area, segments: readonly string[]): number | null {
  return withHandle(area, segments, 0, (path, fd) => (fstatSync(fd).isFile() ? openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY) : null))
}

/** Reads an open file from its start, at most `maxBytes`. */
export async function readOpenFile(fd: number, maxBytes: number): Promise<FileContent> {
  const size = fstatSync(fd).size
  const chunks: Buffer[] = []
  let total = 0
  // One byte more than wanted tells whether there is more; sizes lie for files that grow and for procfs.
  while (total <= maxBytes) {
    // No larger than the file needs: megabyte buffers for kilobyte files keep the garbage collector busier than the disk.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, maxBytes + 1 - total, Math.max(size + 1 - total, 4096)))
    const bytesRead = await readSome(fd, buffer, total)
    if (bytesRead === 0) break
    chunks.push(buffer.subarray(0, bytesRead))
    total += bytesRead
    // A short read at the size that was told is the end; asking once more would double the calls for small files.
    if (bytesRead < buffer.byteLength && total === size) break
  }
  const [only, ...more] = chunks
  const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(chunks)
  return { bytes: bytes.subarray(0, maxBytes), truncated: total > maxBytes, size: Math.max(size, total) }
}

/** What is small is read at once: handing it to another thread and back takes longer than reading it. */
async function readSome(fd: number, buffer: Buffer, position: number): Promise<number> {
  if (buffer.byteLength <= SMALL) return readSync(fd, buffer, 0, buffer.byteLength, position)
  return (await readAt(fd, buffer, 0, buffer.byteLength, position)).bytesRead
}

/**
 * The regular files below a folder in path order: what git would show (tracked, or untracked and not ignored) where the workspace is
 * a git work tree, otherwise all. Leaves out `.git`, `node_modules`, the state folder, links, unreadable folders and names that are not
 * UTF-8. What it yields existed a moment ago: reading it may still fail.
 * @throws ControllerError PATH_DENIED or ACTION_FAILED for `path` itself, ACTION_ABORTED
 */
export async function* walkFiles(workspace: string, options: WalkOptions): AsyncGenerator<WalkedFile> {
  const area: Area = { workspace, stateDir: options.stateDir }
  const start = segmentsOf(area, options.path ?? '.')
  const found = (await isFile(area, start)) ? [start.join('/')] : await candidates(area, start, options.signal)
  let left = options.maxFiles ?? Number.POSITIVE_INFINITY
  const statsOf = regularFilesBelow(area)
  for (const path of found) {
    await takeTurns()
    stopIfAborted(options.signal)
    if (left <= 0) return
    const stats = statsOf(path)
    if (stats === null) continue
    left -= 1
    yield { path, bytes: stats.size, identity: identityOf(stats) }
  }
}

async function isFile(area: Area, segments: readonly string[]): Promise<boolean> {
  const name = segments.at(-1)
  if (name === undefined) return false
  const isRegular = await withFolder(
    area,
    segments.slice(0, -1),
    (folder) => lstatSync(folder.child(name), { throwIfNoEntry: false })?.isFile() ?? false,
  )
  // Opening it as a folder gives the right error for what is neither.
  if (!isRegular) await withFolder(area, segments, () => undefined)
  return isRegular
}

async function candidates(area: Area, start: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const known = await fromGit(area, start, signal)
  const paths: string[] = []
  for (const path of known ?? []) {
    // Git shows a repository inside the repository as one folder.
    if (path.endsWith('/')) await walk(area, path.split('/').filter(Boolean), paths, signal)
    else paths.push(path)
  }
  if (known === null) await walk(area, start, paths, signal)
  return [...new Set(paths)].sort()
}

/** The paths that git knows or would add, or null where git has no say. */
async function fromGit(area: Area, start: readonly string[], signal: AbortSignal): Promise<readonly string[] | null> {
  const where = start.length === 0 ? [] : ['--', start.join('/')]
  try {
    const context = { workspace: area.workspace, signal }
    const listed = await runGit(['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...where], context)
    if (listed.exitCode !== 0 || listed.stdout.truncated) return null
    const paths = splitNul(listed.stdout.bytes)
    // Asked only when in doubt: a process more for each walk is not nothing.
    const isDoubtful = paths[0] === undefined || peek(join(area.workspace, paths[0])) === null
    if (isDoubtful && !(await isInWorkTree(context))) return null
    if (paths.length > 0) return paths
    // A folder that an outer repository ignores as a whole is still what the person asked about.
    const ignored = await runGit(['check-ignore', '-q', '--', join(area.workspace, ...start)], context)
    return ignored.exitCode === 0 ? null : paths
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'ACTION_ABORTED') throw error
    return null
  }
}

/** Whether the work tree is where the workspace is: `core.worktree` of a repository can name any other folder, and git then lists that one. */
async function isInWorkTree(context: GitContext): Promise<boolean> {
  const top = await runGit(['rev-parse', '--show-toplevel'], context)
  return top.exitCode === 0 && isWithin(top.stdout.bytes.toString('utf8').replace(/\n$/, ''), context.workspace)
}

function splitNul(bytes: Buffer): string[] {
  const names: string[] = []
  let from = 0
  for (let to = bytes.indexOf(0); to !== -1; to = bytes.indexOf(0, from)) {
    const name = bytes.subarray(from, to)
    if (isUtf8(name)) names.push(name.toString('utf8'))
    from = to + 1
  }
  return names
}

async function walk(area: Area, start: readonly string[], into: string[], signal: AbortSignal): Promise<void> {
  const open = [start]
  for (let segments = open.pop(); segments !== undefined; segments = open.pop()) {
    stopIfAborted(signal)
    for (const entry of await entriesOf(area, segments)) {
      const path = [...segments, entry.name]
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) open.push(path)
      if (entry.isFile()) into.push(path.join('/'))
    }
  }
}

async function entriesOf(area: Area, segments: readonly string[]): Promise<readonly Dirent[]> {
  await takeTurns()
  const entries = withHandle(area, segments, O_DIRECTORY, (path, fd) => listFolder({ fd, child: (name) => `${path}/${name}` }))
  if (entries !== null) return entries
  try {
    return await withFolder(area, segments, listFolder)
  } catch {
    // Unreadable, gone, a link by now, or the state folder: nothing in it belongs to the walk.
    return []
  }
}

/** The entries of an open folder whose names are UTF-8, in name order. */
export function listFolder(folder: Folder): readonly Dirent[] {
  // Names that are not UTF-8 come back with U+FFFD and would name another file, if any.
  const entries = readdirSync(folder.child('.'), { withFileTypes: true })
  return entries.filter((entry) => !entry.name.includes('\uFFFD')).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Looks at a path that is a regular file below plain folders only; null for any other. Looks at each folder once. */
function regularFilesBelow({ workspace, stateDir }: Area): (path: string) => Stats | null {
  const state = stateDir === undefined ? null : peek(stateDir)
  const known = new Map([['', true]])
  const isPlain = (folder: string): boolean => {
    const already = known.get(folder)
    if (already !== undefined) return already
    const { parent, name } = parted(folder)
    const stats = !SKIPPED.has(name) && isPlain(parent) ? peek(`${workspace}/${folder}`) : null
    const isState = stats?.ino === state?.ino && stats?.dev === state?.dev
    const isOpen = stats?.isDirectory() === true && !isState && `${workspace}/${folder}` !== stateDir
    known.set(folder, isOpen)
    return isOpen
  }
  return (path) => {
    const { parent, name } = parted(path)
    const stats = !SKIPPED.has(name) && isPlain(parent) ? peek(`${workspace}/${path}`) : null
    return stats?.isFile() === true ? stats : null
  }
}

function identityOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`
}

/** The identity of a regular file as it is now, or null. */
export function fileIdentity(workspace: string, path: string): string | null {
  const stats = peek(`${workspace}/${path}`)
  return stats?.isFile() === true ? identityOf(stats) : null
}

function parted(path: string): { readonly parent: string; readonly name: string } {
  const at = path.lastIndexOf('/')
  return { parent: path.slice(0, Math.max(at, 0)), name: path.slice(at + 1) }
}

function peek(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    return null
  }
}

let changes = 0

/** How many actions of this process may have changed files: what was found out before the last of them may be true no more. */
export function workspaceChanges(): number {
  return changes
}

/** To be called before and after an action that may change files. */
export function noteWorkspaceChange(): void {
  changes += 1
}

let turnedAt = 0

/** Lets timers, signals and other steps have their turn now and then: the calls to the file system here do not wait, so nothing else would. */
async function takeTurns(): Promise<void> {
  if (performance.now() - turnedAt < TURN_MS) return
  await nextTurn()
  turnedAt = performance.now()
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ControllerError('ACTION_ABORTED', 'The walk over the files was stopped.', { cause: signal.reason })
}
