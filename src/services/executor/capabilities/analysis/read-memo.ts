import type { ExecutionContext } from '../../executor.ts'
import { fileIdentity } from '../../workspace-files.ts'
import { IdleSlot } from './idle-slot.ts'

type Area = Pick<ExecutionContext, 'workspace' | 'stateDir'>

interface Read<Value> {
  /** By path: which file it was, in which state, and what was made of it. */
  readonly files: Map<string, { readonly identity: string; readonly value: Value }>
  characters: number
}

/** Characters kept at most; a code base of a million lines has about forty million. */
const MAX_CHARACTERS = 64 * 1024 * 1024
/** A change within the same tick of the file system's clock would not show; so what is that young is not remembered (as git does it). */
const SETTLED_MS = 2_000

/**
 * Remembers what was read of the files of one workspace, since each analysis of a run reads the same ones: what is still the same file in
 * the same state need not be opened again.
 */
export class ReadMemo<Value> {
  readonly #read = new IdleSlot<Read<Value>>()

  /** What was made of the file, if it is still that of `identity`. */
  recall(area: Area, path: string, identity: string | null): Value | undefined {
    if (identity === null) return undefined
    const known = this.#read.get(keyOf(area))?.files.get(path)
    return known?.identity === identity ? known.value : undefined
  }

  /** Keeps what was made of a file that was of `identity` before it was read, unless it has changed since or just before. */
  remember(area: Area, path: string, identity: string | null, value: Value, characters: number): void {
    const read = this.#read.get(keyOf(area)) ?? this.#read.set(keyOf(area), { files: new Map(), characters: 0 })
    if (identity === null || read.characters + characters > MAX_CHARACTERS) return
    if (fileIdentity(area.workspace, path) !== identity || Date.now() - changedAt(identity) < SETTLED_MS) return
    read.characters += characters
    read.files.set(path, { identity, value })
  }
}

/** What one state folder hides another may show. */
function keyOf({ workspace, stateDir }: Area): string {
  return `${workspace}\0${stateDir}`
}

function changedAt(identity: string): number {
  return Number(identity.slice(identity.lastIndexOf(':') + 1))
}
