import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'

/** SHA-256 of a text's UTF-8 bytes, hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** SHA-256 (hex) of a value's canonical JSON (RFC 8785): equal values have equal digests, whatever their key order. */
export function digestOf(value: unknown): string {
  return sha256(canonicalize(value) ?? 'undefined')
}
