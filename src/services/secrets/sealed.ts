import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import * as z from 'zod'
import type { VaultKey } from './vault-key.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** One value as it is kept: bound to its run and reference, so that it cannot be put in another's place. */
export const Sealed = z.strictObject({
  v: z.literal(1),
  ref: z.string().regex(/^[a-z][a-z0-9-]{0,99}$/),
  /** Of the key. */
  key: z.string().regex(/^[0-9a-f]{16}$/),
  nonce: z.string(),
  data: z.string(),
})
export type Sealed = z.infer<typeof Sealed>

export function seal(key: VaultKey, runId: string, ref: string, value: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, key.cipher, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(runId, ref))
  // UTF-16: a text may hold halves of surrogate pairs, and must come back as it was.
  const data = Buffer.concat([cipher.update(Buffer.from(value, 'utf16le')), cipher.final(), cipher.getAuthTag()])
  return { v: 1, ref, key: key.id, nonce: nonce.toString('base64'), data: data.toString('base64') }
}

/** Null when it is not what was sealed, or with another key. */
export function unseal(key: VaultKey, runId: string, { ref, nonce, data }: Sealed): string | null {
  try {
    const bytes = Buffer.from(data, 'base64')
    const decipher = createDecipheriv(CIPHER, key.cipher, Buffer.from(nonce, 'base64'), { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(runId, ref)).setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf16le')
  } catch {
    return null
  }
}

/** Hex digits that are the same for equal values of a store, and tell nothing about the value without the key. */
export const keyedHash = (key: VaultKey, value: string): string => createHmac('sha256', key.hash).update(value, 'utf16le').digest('hex')

const boundTo = (runId: string, ref: string): Buffer => Buffer.from(JSON.stringify([runId, ref]))
