import type { ExecutionContext } from '../../executor.ts'
import { walkFiles, workspaceChanges, type WalkedFile } from '../../workspace-files.ts'
import { IdleSlot } from './idle-slot.ts'

/** Files of one listing; the folders of larger trees are walked each time. */
const MAX_LISTED = 200_000
/** How long a listing stands for the analyses of one run. What others change meanwhile they may see as it was; no finding is told unverified. */
const FRESH_MS = 5_000

interface Listing {
  readonly files: readonly WalkedFile[]
  readonly at: number
  readonly changes: number
}

const listings = new IdleSlot<Listing>()

/**
 * The files below a folder, as `walkFiles` gives them. The analyses of a run follow each other closely and ask for the same ones, so a listing
 * stands for all of them until an action changes something, and for some seconds at most.
 * @throws ControllerError PATH_DENIED or ACTION_FAILED for `path` itself, ACTION_ABORTED
 */
export async function* filesBelow(path: string, context: ExecutionContext): AsyncGenerator<WalkedFile> {
  const { runId, workspace, stateDir, signal } = context
  const key = JSON.stringify([runId, workspace, stateDir, path])
  const known = listings.get(key)
  if (known !== undefined && known.changes === workspaceChanges() && performance.now() - known.at < FRESH_MS) {
    for (const file of known.files) {
      signal.throwIfAborted()
      yield file
    }
    return
  }
  const [at, changes] = [performance.now(), workspaceChanges()]
  const files: WalkedFile[] = []
  for await (const file of walkFiles(workspace, { stateDir, path, signal })) {
    if (files.length <= MAX_LISTED) files.push(file)
    yield file
  }
  // Only a walk that came to its end is a listing.
  if (files.length <= MAX_LISTED) listings.set(key, { files, at, changes })
}
