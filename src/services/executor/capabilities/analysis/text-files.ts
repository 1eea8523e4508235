import { isUtf8 } from 'node:buffer'
import { ControllerError, toFailure } from '../../../../errors.ts'
import type { ExecutionContext } from '../../executor.ts'
import { fileIdentity, readWorkspaceFile, type WalkedFile } from '../../workspace-files.ts'
import { isBinary, type LeftOut, leftOutByPath, leftOutByText } from './file-kind.ts'
import { outputFolders } from './output-folders.ts'
import { ReadMemo } from './read-memo.ts'
import { type Language, languageOf } from './languages.ts'
import { filesBelow } from './tree.ts'

/** Larger files are not read; what is that large is data, whatever its name. */
export const MAX_FILE_BYTES = 5 * 1024 * 1024

/** Files read ahead of the one that is looked at. */
const AHEAD = 16

export interface TextFile {
  readonly kind: 'text'
  readonly path: string
  readonly bytes: number
  readonly language: Language
  readonly text: string
}

/** What became of one file of the workspace. */
export type Looked =
  | TextFile
  | { readonly kind: 'left-out'; readonly path: string; readonly bytes: number; readonly why: LeftOut }
  | { readonly kind: 'skipped'; readonly path: string; readonly bytes: number; readonly reason: string }

/**
 * Each file below `path` in path order, read when it is text that people wrote; `onTruncated` is told when `maxFiles` cut the walk short.
 * @throws ControllerError PATH_DENIED or ACTION_FAILED for `path` itself, ACTION_ABORTED
 */
export async function* lookAtFiles(
  context: ExecutionContext,
  options: { readonly path: string; readonly maxFiles: number; readonly onTruncated?: () => void },
): AsyncGenerator<Looked> {
  const files: WalkedFile[] = []
  for await (const file of filesBelow(options.path, context)) files.push(file)
  const isOutput = outputFolders(files.map(({ path }) => path))
  const ahead: Promise<Looked>[] = []
  let started = 0
  for (const file of files) {
    if (started === options.maxFiles) {
      options.onTruncated?.()
      break
    }
    started += 1
    ahead.push(
      isOutput(file.path)
        ? Promise.resolve({ kind: 'left-out', path: file.path, bytes: file.bytes, why: 'generated' } as const)
        : look(context, file),
    )
    const ready = ahead.length >= AHEAD ? ahead.shift() : undefined
    if (ready) yield await settled(context, ready)
  }
  for (const pending of ahead) yield await settled(context, pending)
}

/** The lines of a text without their ends (`\n` or `\r\n`); a last line without an end counts, an empty text has none. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (text.endsWith('\n')) lines.pop()
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}

const looks = new ReadMemo<Looked>()
const texts = new ReadMemo<string>()

/** A file read by its name: its text, or null when it is gone or cannot be read any more. */
export async function readText(context: ExecutionContext, path: string): Promise<string | null> {
  const identity = fileIdentity(context.workspace, path)
  const known = looks.recall(context, path, identity)
  const text = known?.kind === 'text' ? known.text : texts.recall(context, path, identity)
  if (text !== undefined) return text
  try {
    const { bytes, truncated } = await readWorkspaceFile(context.workspace, path, { maxBytes: MAX_FILE_BYTES, stateDir: context.stateDir })
    if (truncated) return null
    const read = decode(bytes)
    texts.remember(context, path, identity, read, read.length)
    return read
  } catch (error) {
    if (error instanceof ControllerError) return null
    throw error
  }
}

async function settled(context: ExecutionContext, pending: Promise<Looked>): Promise<Looked> {
  const looked = await pending
  if (context.signal.aborted) throw new ControllerError('ACTION_ABORTED', 'The analysis was stopped.', { cause: context.signal.reason })
  context.heartbeat()
  return looked
}

/** Never rejects: a promise read ahead may be dropped before anyone awaits it. */
async function look(context: ExecutionContext, file: WalkedFile): Promise<Looked> {
  const known = looks.recall(context, file.path, file.identity)
  if (known !== undefined) return known
  const looked = await lookInto(context, file)
  if (looked.kind !== 'skipped') looks.remember(context, file.path, file.identity, looked, looked.kind === 'text' ? looked.text.length : 0)
  return looked
}

async function lookInto(context: ExecutionContext, { path, bytes }: WalkedFile): Promise<Looked> {
  const why = leftOutByPath(path)
  if (why !== null) return { kind: 'left-out', path, bytes, why }
  if (bytes > MAX_FILE_BYTES) return { kind: 'skipped', path, bytes, reason: `larger than ${MAX_FILE_BYTES} bytes` }
  try {
    const content = await readWorkspaceFile(context.workspace, path, { maxBytes: MAX_FILE_BYTES, stateDir: context.stateDir })
    if (content.truncated) return { kind: 'skipped', path, bytes, reason: 'it grew while it was read' }
    if (isBinary(content.bytes)) return { kind: 'left-out', path, bytes, why: 'binary' }
    const text = decode(content.bytes)
    const noticed = leftOutByText(path, text)
    if (noticed !== null) return { kind: 'left-out', path, bytes, why: noticed }
    return { kind: 'text', path, bytes: content.bytes.length, language: languageOf(path), text }
  } catch (error) {
    return { kind: 'skipped', path, bytes, reason: toFailure(error).message }
  }
}

/** UTF-8 where it is that, otherwise Latin-1, which keeps every byte and every line end. */
function decode(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1')
}
