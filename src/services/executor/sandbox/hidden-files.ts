import { isUtf8 } from 'node:buffer'
import { readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ControllerError } from '../../../errors.ts'

/** Files that a sandbox hides one by one: each is a mount. */
const MAX_HIDDEN = 1_000
/** Short enough that nobody at a terminal notices. */
const TURN_MS = 10
const MAX_SHOWN = 200
const SLASH = Buffer.from('/')

/**
 * The files of a workspace that a command must not see, as absolute paths; `mayRead` takes paths relative to it. Links are not followed: where
 * they lead is hidden itself. Git's objects are not looked at one by one.
 * @throws ControllerError RESOURCE_LIMIT when there are more than 1,000, or one of them cannot be hidden; ACTION_ABORTED
 */
export async function hiddenFiles(workspace: string, mayRead: (path: string) => boolean, signal: AbortSignal): Promise<readonly string[]> {
  const hidden: string[] = []
  // Names are bytes: one that is no UTF-8 would not be found again by its text.
  const open: Buffer[] = [Buffer.alloc(0)]
  let turn = performance.now()
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of entriesOf(below(Buffer.from(workspace), folder))) {
      const path = below(folder, entry.name)
      const text = path.toString('utf8')
      if (entry.isDirectory() && text !== '.git/objects') open.push(path)
      if (!entry.isFile() || mayRead(text)) continue
      if (!isUtf8(path)) throw cannotHide(text)
      hidden.push(join(workspace, text))
    }
    if (hidden.length > MAX_HIDDEN) throw tooMany()
    if (performance.now() - turn < TURN_MS) continue
    await nextTurn()
    if (signal.aborted) throw new ControllerError('ACTION_ABORTED', 'The command was stopped before it started.', { cause: signal.reason })
    turn = performance.now()
  }
  return hidden
}

function below(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, SLASH, name])
}

/** What nobody can list, the command cannot read either; what is gone it cannot read at all. Whatever else there is cannot be looked at. */
function entriesOf(folder: Buffer): readonly Dirent<Buffer>[] {
  try {
    return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return []
    throw cannotHide(folder.toString('utf8'), error)
  }
}

function cannotHide(path: string, cause?: unknown): ControllerError {
  const shown = path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path
  return new ControllerError('RESOURCE_LIMIT', `What the policy denies in ${JSON.stringify(shown)} cannot be hidden from the command.`, {
    hint: 'Rename it, or have a person approve the command.',
    cause,
  })
}

function tooMany(): ControllerError {
  return new ControllerError('RESOURCE_LIMIT', `More than ${MAX_HIDDEN} files of the workspace must be hidden from the command.`, {
    hint: 'Have a person approve the command, or use a workspace with fewer files that the policy denies.',
  })
}
