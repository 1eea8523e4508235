import { closeSync, constants, existsSync, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

const HAS_HANDLES = process.platform === 'linux' && existsSync('/proc/self/fd')
const { O_APPEND, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants
/** As `workflow_id` has it. The state folder may have come with a workspace: an id from there could be a way to somewhere else. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/

const nameOf = (runId: string): string => {
  if (!RUN_ID.test(runId)) throw new Error(`${JSON.stringify(runId.slice(0, 40))} is no id of a run`)
  return `${runId}.jsonl`
}

/**
 * Opens the file of a run for appending and reading, and makes it when there is none (mode 0600, in `vault` of mode 0700). No link is
 * followed below the state folder. The name is durable when this returns; the caller closes the file.
 * @throws Error when it cannot, or the file or its folder is not what this makes
 */
export function openRunFile(stateDir: string, runId: string): number {
  const name = nameOf(runId)
  const folder = join(stateDir, 'vault')
  makeFolder(folder)
  return withFolder(folder, (path, folderFd) => {
    const isNew = lstatSync(`${path}/${name}`, { throwIfNoEntry: false }) === undefined
    const fd = checked(openSync(`${path}/${name}`, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600), name)
    if (isNew) fsyncSync(folderFd)
    return fd
  })
}

/** The same for reading only; null when there is none. */
export function openExistingRunFile(stateDir: string, runId: string): number | null {
  const name = nameOf(runId)
  const folder = join(stateDir, 'vault')
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return null
  return withFolder(folder, (path) => {
    if (lstatSync(`${path}/${name}`, { throwIfNoEntry: false }) === undefined) return null
    return checked(openSync(`${path}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), name)
  })
}

/** Removes the file of a run, or the link that is in its place. @throws Error when it cannot */
export function removeRunFile(stateDir: string, runId: string): void {
  const name = nameOf(runId)
  const folder = join(stateDir, 'vault')
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return
  withFolder(folder, (path) => {
    if (lstatSync(`${path}/${name}`, { throwIfNoEntry: false }) !== undefined) unlinkSync(`${path}/${name}`)
  })
}

function checked(fd: number, name: string): number {
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new Error(`${name} is no regular file`)
}

/** Takes hold of a folder, so that a link that is put in its place cannot lead elsewhere; by its path where there are no such handles. */
function withFolder<T>(folder: string, use: (path: string, fd: number) => T): T {
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    return use(HAS_HANDLES ? `/proc/self/fd/${fd}` : folder, fd)
  } finally {
    closeSync(fd)
  }
}

/** Node's own `recursive` never returns for a path below /proc. */
export function makeFolder(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
