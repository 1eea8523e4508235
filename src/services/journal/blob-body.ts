import { gunzipSync, gzipSync } from 'node:zlib'

/** Shorter bodies hardly shrink. */
const WORTH_IT = 512
/** Longer ones are stored as they are, so that no stored body can grow beyond this when it is read: the file may come with a workspace. */
const LONGEST_PACKED = 64 * 2 ** 20
/** Bodies are JSON, which repeats itself: level 1 leaves about a tenth, in a third of the time that the default takes. */
const LEVEL = 1

/** A body as it is stored: long ones compressed, the others as text, or as bytes where SQLite would end the text at its first NUL. */
export function packBody(text: string): string | Uint8Array {
  if (text.length >= WORTH_IT && text.length <= LONGEST_PACKED) {
    const bytes = Buffer.from(text, 'utf8')
    const packed = bytes.length <= LONGEST_PACKED ? gzipSync(bytes, { level: LEVEL }) : bytes
    if (packed.length < bytes.length) return packed
  }
  return text.includes('\0') ? Buffer.from(text, 'utf8') : text
}

/** The text of a stored body; null when it cannot be read as one. */
export function unpackBody(stored: unknown): string | null {
  if (typeof stored === 'string') return stored
  if (!(stored instanceof Uint8Array)) return null
  if (!isPacked(stored)) return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).toString('utf8')
  try {
    return gunzipSync(stored, { maxOutputLength: LONGEST_PACKED }).toString('utf8')
  } catch {
    return null
  }
}

/** The first two bytes of gzip; no UTF-8 text begins so. */
const isPacked = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b
