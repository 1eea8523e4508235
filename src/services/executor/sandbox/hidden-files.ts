import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ControllerError } from '../../../errors.ts'

/** Files that a sandbox hides one by one: each is a mount. */
const MAX_HIDDEN = 1_000
/** Short enough that nobody at a terminal notices. */
const TURN_MS = 10

/**
 * The files of a workspace that a command must not see, as absolute paths; `mayRead` takes paths relative to it. Links are not followed: where
 * they lead is hidden itself. Git's objects are not looked at one by one.
 * @throws ControllerError RESOURCE_LIMIT when there are more than 1,000; ACTION_ABORTED
 */
export async function hiddenFiles(workspace: string, mayRead: (path: string) => boolean, signal: AbortSignal): Promise<readonly string[]> {
  const hidden: string[] = []
  const open = ['']
  let turn = performance.now()
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of entriesOf(join(workspace, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && path !== '.git/objects') open.push(path)
      if (entry.isFile() && !mayRead(path)) hidden.push(join(workspace, path))
    }
    if (hidden.length > MAX_HIDDEN) throw tooMany()
    if (performance.now() - turn < TURN_MS) continue
    await nextTurn()
    if (signal.aborted) throw new ControllerError('ACTION_ABORTED', 'The command was stopped before it started.', { cause: signal.reason })
    turn = performance.now()
  }
  return hidden
}

/** What nobody can list, the command cannot read either. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function tooMany(): ControllerError {
  return new ControllerError('RESOURCE_LIMIT', `More than ${MAX_HIDDEN} files of the workspace must be hidden from the command.`, {
    hint: 'Have a person approve the command, or use a workspace with fewer files that the policy denies.',
  })
}
