// Facts about this checkout that the scripts share. Plain Node: nothing is installed yet when setup runs.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's root folder, absolute. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** A path below the root, absolute. */
export const inRoot = (...parts) => join(root, ...parts)

/** SHA-256 (hex) over files' paths and contents, so that a renamed file counts as a change. */
export function hashFiles(paths) {
  const hash = createHash('sha256')
  for (const path of paths.toSorted())
    hash
      .update(`${path}\0`)
      .update(readFileSync(inRoot(path)))
      .update('\0')
  return hash.digest('hex')
}

/** Files below a folder of the project, as paths from its root; none when the folder is missing. */
export function filesIn(folder) {
  try {
    return readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** A JSON file's content, or null when it is missing or broken: it is then made again. */
export function readStamp(path) {
  try {
    return JSON.parse(readFileSync(inRoot(path), 'utf8'))
  } catch {
    return null
  }
}

export const writeStamp = (path, content) => writeFileSync(inRoot(path), `${JSON.stringify(content)}\n`)

/** What a script says when it cannot go on: what happened, why, and what to do. Shown without a stack trace. */
export class SetupError extends Error {
  constructor(what, { why, remedy }) {
    super([what, ...(why ? [`Why: ${why}`] : []), `What to do: ${remedy}`].join('\n'))
    this.name = 'SetupError'
  }
}

/** Runs a script's main function; a failure is told in words and ends the process with 1. */
export async function runScript(main) {
  try {
    await main()
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

/** True for the file that node was started with. */
export const isMain = (meta) => process.argv[1] !== undefined && fileURLToPath(meta.url) === process.argv[1]
