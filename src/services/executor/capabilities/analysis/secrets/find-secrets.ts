import { createHash } from 'node:crypto'
import { findAssigned } from './assigned.ts'
import { findPrivateKeys } from './private-keys.ts'
import type { Searched, Secret } from './secret.ts'
import { findTokens } from './token-rules.ts'
import { findUrlPasswords } from './url-passwords.ts'
import { findWebTokens } from './web-tokens.ts'

/** More in one file are a list of something else, or of inventions. */
const MAX_PER_FILE = 200

/** A secret without its value: from here on nobody can show it. */
export interface Sighting extends Omit<Secret, 'value'> {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Characters of the value. */
  readonly length: number
  /** Tells whether two are the same. */
  readonly digest: string
}

/** Everything in a text that looks like a secret, in order; what a known format explains is not guessed at again. */
export function findSecrets(searched: Searched): Sighting[] {
  const known = [findTokens, findPrivateKeys, findWebTokens, findUrlPasswords].flatMap((find) => find(searched))
  const guessed = findAssigned(searched).filter((guess) => !known.some((secret) => overlap(secret, guess)))
  const secrets = [...known, ...guessed].sort((a, b) => a.offset - b.offset).slice(0, MAX_PER_FILE)
  let line = 1
  let counted = 0
  return secrets.map(({ value, ...secret }) => {
    for (let at = searched.text.indexOf('\n', counted); at !== -1 && at < secret.offset; at = searched.text.indexOf('\n', at + 1)) {
      line += 1
      counted = at + 1
    }
    return { ...secret, file: searched.path, line, length: value.length, digest: createHash('sha256').update(value).digest('base64') }
  })
}

function overlap(a: Secret, b: Secret): boolean {
  return a.offset < b.offset + b.value.length && b.offset < a.offset + a.value.length
}
