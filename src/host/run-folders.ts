import { closeSync, constants, existsSync, lstatSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { GcLeftover } from '../model/retention.ts'

/** What became of a run's folder. `done`: there is nothing more to try. */
export interface ClearedFolder {
  readonly done: boolean
  /** Whether the folder is gone now and was there before. */
  readonly removed: boolean
  readonly bytes: number
  readonly leftover: GcLeftover | null
}

/** As `workflow_id` has it. The database may have come with a workspace: an id from it could be a way to somewhere else. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/
/** What a report consists of, finished or half written. */
const OURS = /^(?:report\.(?:md|json|sarif)|[A-Za-z0-9][\w.-]*\.svg)(?:\.[0-9a-f-]{36}\.tmp)?$/
const HAS_HANDLES = process.platform === 'linux' && existsSync('/proc/self/fd')
const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants
const NOTHING: ClearedFolder = { done: true, removed: false, bytes: 0, leftover: null }

/**
 * Removes the folder of a run, `runs/<id>` in the state folder, with the files of its report. No link is followed, and what is not ours is
 * left where it is. Never throws.
 */
export function clearRunFolder(stateDir: string, runId: string): ClearedFolder {
  if (!RUN_ID.test(runId)) return NOTHING
  const runs = join(stateDir, 'runs')
  const path = join(runs, runId)
  try {
    if (!existsAsFolder(runs)) return left(runs, 'it is a link or no folder', true)
    if (!existsAsFolder(path)) return left(path, 'it is a link or no folder, which no run makes', false)
    return withFolder(runs, (above) => clear(above, runId, path))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return NOTHING
    return left(path, error instanceof Error ? error.message : String(error), true)
  }
}

function clear(above: string, runId: string, path: string): ClearedFolder {
  let bytes = 0
  const foreign = withFolder(`${above}/${runId}`, (folder) => {
    const entries = readdirSync(folder, { withFileTypes: true })
    const ours = entries.filter((entry) => OURS.test(entry.name) && !entry.isDirectory())
    for (const { name } of ours) bytes += unlink(`${folder}/${name}`)
    return entries.length - ours.length
  })
  if (foreign > 0) {
    const many = foreign === 1 ? 'something that is' : `${foreign} things that are`
    return { ...left(path, `it holds ${many} not of the run`, false), bytes }
  }
  rmdirSync(`${above}/${runId}`)
  return { done: true, removed: true, bytes, leftover: null }
}

/** Bytes that the file took. Another collection may be faster. */
function unlink(file: string): number {
  try {
    const stats = lstatSync(file)
    unlinkSync(file)
    return stats.isFile() ? stats.size : 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}

/** Takes hold of a folder, so that a link that is put in its place cannot lead elsewhere; by its path where there are no such handles. */
function withFolder<T>(folder: string, use: (path: string) => T): T {
  if (!HAS_HANDLES) return use(folder)
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    return use(`/proc/self/fd/${fd}`)
  } finally {
    closeSync(fd)
  }
}

function existsAsFolder(path: string): boolean {
  return lstatSync(path).isDirectory()
}

const left = (path: string, problem: string, retryable: boolean): ClearedFolder => ({
  done: !retryable,
  removed: false,
  bytes: 0,
  leftover: { path, problem, retryable },
})

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null)
