import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync as fsyncCallback,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  write as writeCallback,
  type Stats,
} from 'node:fs'
import { promisify } from 'node:util'
import { ControllerError } from '../../errors.ts'
import { hashOpenFile } from './file-content.ts'
import { kindOf, withFolder, withRegularFile, type Area, type Folder } from './safe-path.ts'
import { fromSystemError, systemCode } from './system-error.ts'

export interface AtomicWrite {
  readonly segments: readonly string[]
  readonly bytes: Uint8Array
  readonly createDirs: boolean
  /** The digest the file must have now; null: it must not exist; undefined: anything. */
  readonly ifSha256: string | null | undefined
  /** Permission bits; undefined keeps those of the file that is replaced. */
  readonly mode: number | undefined
  /** The same for each attempt of one write, so that a new attempt clears away what a killed one left. */
  readonly attemptKey: string
  readonly signal: AbortSignal
}

export interface Written {
  readonly created: boolean
  /** Digest of what was replaced; null when there was nothing. */
  readonly previousSha256: string | null
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
const fsync = promisify(fsyncCallback)
const writeAt = promisify(writeCallback)

/**
 * Replaces a whole file or creates it: whoever reads, and whenever this is killed, there is the old content or the new one. The new
 * content and its name have reached the disk when this returns. Links and folders are refused, never followed or replaced.
 * @throws ControllerError PATH_DENIED, ACTION_FAILED, ACTION_TRANSIENT, ACTION_ABORTED
 */
export async function writeAtomically(area: Area, request: AtomicWrite): Promise<Written> {
  const name = request.segments.at(-1)
  if (name === undefined)
    throw new ControllerError('ACTION_FAILED', 'The workspace is a folder and cannot be written as a file.', { hint: 'Give the path of a file.' })
  return withFolder(area, request.segments.slice(0, -1), (folder) => writeChild(folder, name, request), { create: request.createDirs })
}

async function writeChild(folder: Folder, name: string, request: AtomicWrite): Promise<Written> {
  const shown = request.segments.join('/')
  const before = await examine(folder, name, shown, request)
  const temporary = folder.child(`.planner-exec-${request.attemptKey}.tmp`)
  try {
    await writeTemporary(temporary, before.stats, request)
    // Again, now that the slow part is over: what changed meanwhile must not be lost.
    if (request.ifSha256 !== undefined) await examine(folder, name, shown, request)
    stopIfAborted(request.signal, shown)
    place(temporary, folder.child(name), request.ifSha256 === null)
    await fsync(folder.fd)
  } catch (error) {
    removeIfThere(temporary)
    throw fromSystemError(error, shown)
  }
  return { created: before.stats === null, previousSha256: before.sha256 }
}

async function examine(
  folder: Folder,
  name: string,
  shown: string,
  request: AtomicWrite,
): Promise<{ readonly stats: Stats | null; readonly sha256: string | null }> {
  const stats = lstatSync(folder.child(name), { throwIfNoEntry: false }) ?? null
  if (stats !== null && !stats.isFile()) {
    throw new ControllerError('PATH_DENIED', `${shown} is a ${kindOf(stats)} and is not replaced.`, {
      hint: 'Write to the path of a regular file, or to a new one.',
    })
  }
  const sha256 = stats === null ? null : await withRegularFile(folder, name, shown, (fd) => hashOpenFile(fd, request.signal))
  if (request.ifSha256 !== undefined && request.ifSha256 !== sha256) {
    throw new ControllerError(
      'ACTION_FAILED',
      `${shown} is not what it was expected to be: ${describe(sha256)}, not ${describe(request.ifSha256)}.`,
      {
        hint: 'Read the file again and decide anew.',
      },
    )
  }
  return { stats, sha256 }
}

async function writeTemporary(path: string, previous: Stats | null, request: AtomicWrite): Promise<void> {
  const fd = createExclusively(path)
  try {
    if (request.mode !== undefined || previous !== null) fchmodSync(fd, request.mode ?? (previous?.mode ?? 0) & 0o777)
    // Only root can keep the owner of a file it replaces; for anybody else the owner is the same already.
    if (previous !== null && process.getuid?.() === 0) fchownSync(fd, previous.uid, previous.gid)
    for (let offset = 0; offset < request.bytes.byteLength;) {
      stopIfAborted(request.signal, request.segments.join('/'))
      const { bytesWritten } = await writeAt(fd, request.bytes, offset, Math.min(1024 * 1024, request.bytes.byteLength - offset), offset)
      offset += bytesWritten
    }
    await fsync(fd)
  } finally {
    closeSync(fd)
  }
}

function createExclusively(path: string): number {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
  try {
    return openSync(path, flags, 0o666)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    // Left by an attempt that was killed.
    unlinkSync(path)
    return openSync(path, flags, 0o666)
  }
}

/** Gives the finished file its name in one step; a name that must be free is linked, because a rename would replace it. */
function place(temporary: string, target: string, mustBeFree: boolean): void {
  if (!mustBeFree) return renameSync(temporary, target)
  linkSync(temporary, target)
  unlinkSync(temporary)
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was never made, or is gone.
  }
}

function stopIfAborted(signal: AbortSignal, shown: string): void {
  if (signal.aborted) throw new ControllerError('ACTION_ABORTED', `Writing ${shown} was stopped; it is unchanged.`, { cause: signal.reason })
}

function describe(sha256: string | null): string {
  return sha256 === null ? 'absent' : `sha256 ${sha256}`
}
