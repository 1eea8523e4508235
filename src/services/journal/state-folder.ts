import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Creates the folder of a database file (mode 0700, with a `.gitignore` that hides it from git) and the file itself (mode 0600).
 * A folder that was there before keeps its mode, and gets no `.gitignore` unless it bears our name: `--state .` must not hide a
 * whole repository.
 * @throws the file system's error when it cannot
 */
export function prepareStateFolder(file: string): void {
  const folder = dirname(file)
  const isNew = createFolder(folder)
  if (isNew || basename(folder) === '.planner-exec') ignoreFolder(folder)
  // SQLite gives its companion files the mode of the database.
  closeSync(openSync(file, 'a', 0o600))
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
