import { closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { corrupt } from './journal-failure.ts'

/** What SQLite opens beside a database by name alone. */
const COMPANIONS = ['', '-wal', '-shm', '-journal'] as const
/** The last bytes of a rollback journal that names a super-journal: a file that SQLite deletes after the rollback, wherever it is. */
const SUPER_JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex')
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants

/**
 * Creates the folder of a database file (mode 0700, with a `.gitignore` that hides it from git) and the file itself (mode 0600).
 * A folder that was there before keeps its mode, and gets no `.gitignore` unless it bears our name: `--state .` must not hide a
 * whole repository.
 * @throws the file system's error when it cannot, JOURNAL_UNWRITABLE and JOURNAL_CORRUPT for files that would lead SQLite elsewhere
 */
export function prepareStateFolder(file: string): void {
  const folder = dirname(file)
  const isNew = createFolder(folder)
  if (isNew || basename(folder) === '.planner-exec') ignoreFolder(folder)
  refusePlanted(file)
  // SQLite gives its companion files the mode of the database.
  closeSync(openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600))
}

/**
 * The folder may have come with the workspace, in an archive or a clone. A link would have SQLite write elsewhere, a FIFO would never
 * open, and a rollback journal can name a file of the user for SQLite to delete.
 */
function refusePlanted(file: string): void {
  for (const companion of COMPANIONS) {
    const stats = lstatSync(`${file}${companion}`, { throwIfNoEntry: false })
    if (stats === undefined || stats.isFile()) continue
    throw new ControllerError(
      'JOURNAL_UNWRITABLE',
      `The journal ${file}${companion} is ${stats.isSymbolicLink() ? 'a symbolic link' : 'no regular file'}.`,
      {
        hint: 'Remove it, or use another state folder with `--state DIR`.',
      },
    )
  }
  if (!endsWith(`${file}-journal`, SUPER_JOURNAL_MAGIC)) return
  const problem = 'its rollback journal tells SQLite to delete another file, which planner-exec never writes'
  throw corrupt(`The journal ${file} cannot be used: ${problem}.`, { file, problem })
}

function endsWith(file: string, ending: Buffer): boolean {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false
  const fd = openSync(file, constants.O_RDONLY | O_NOFOLLOW)
  try {
    const tail = Buffer.alloc(ending.length)
    const start = fstatSync(fd).size - ending.length
    return start >= 0 && readSync(fd, tail, 0, tail.length, start) === tail.length && tail.equals(ending)
  } finally {
    closeSync(fd)
  }
}

/** Creates a folder and its missing parents; false when it was there. Node's own `recursive` never returns for a path below /proc. */
function createFolder(folder: string): boolean {
  const attempt = tryToMake(folder)
  if (attempt !== 'no parent') return attempt === 'made'
  createFolder(dirname(folder))
  return tryToMake(folder) === 'made'
}

function tryToMake(folder: string): 'made' | 'exists' | 'no parent' {
  try {
    mkdirSync(folder, { mode: 0o700 })
    return 'made'
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return 'exists'
    if (hasCode(error, 'ENOENT') && !existsSync(dirname(folder))) return 'no parent'
    throw error
  }
}

function ignoreFolder(folder: string): void {
  try {
    writeFileSync(join(folder, '.gitignore'), '*\n', { flag: 'wx' })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
