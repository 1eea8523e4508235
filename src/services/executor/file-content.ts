import { createHash } from 'node:crypto'
import { read as readCallback } from 'node:fs'
import { promisify } from 'node:util'
import { ControllerError } from '../../errors.ts'

const CHUNK = 1024 * 1024
const readAt = promisify(readCallback)

/** SHA-256 (hex) of an open file's whole content. @throws ControllerError ACTION_ABORTED */
export async function hashOpenFile(fd: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(CHUNK)
  for (let position = 0; ;) {
    if (signal.aborted) throw new ControllerError('ACTION_ABORTED', 'Reading the file was stopped.', { cause: signal.reason })
    const { bytesRead } = await readAt(fd, buffer, 0, CHUNK, position)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
  }
}

/** SHA-256 (hex) of bytes. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes as UTF-8 text, or null when they are not; a character that was cut at the end of a truncated part is left out. */
export function decodeUtf8(bytes: Uint8Array, truncated: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: truncated })
  } catch {
    return null
  }
}

/** Whether bytes look like something other than text, by the rule of git: a NUL among the first 8000. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8000).includes(0)
}
