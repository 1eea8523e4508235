import { isUtf8 } from 'node:buffer'
import { squeeze } from './fold.ts'

/** A value as it would read without one of the usual coats. */
export interface Undressed {
  readonly coat: 'base64' | 'hex' | 'percent' | 'reversed'
  readonly value: string
}

const MIN_ENCODED_CHARACTERS = 12
const MAX_ENCODED_CHARACTERS = 64 * 1024
const MAX_TOKENS = 16
const MAX_HIDDEN = 256

/** What a value says once decoded, for each coat that fits it and each long token in it. */
export function undress(value: string): readonly Undressed[] {
  if (value.length > MAX_ENCODED_CHARACTERS) return []
  const tokens = [...value.matchAll(/[A-Za-z0-9+/_%.=-]{12,}/g)].slice(0, MAX_TOKENS).map(([token]) => token)
  const decoded = tokens.flatMap((token) => [...percent(token), ...hex(token), ...base64(token)])
  const squeezed = squeeze(value)
  const reversed: Undressed[] = squeezed.length >= MIN_ENCODED_CHARACTERS ? [{ coat: 'reversed', value: [...squeezed].reverse().join('') }] : []
  return [...decoded, ...reversed]
}

/** What the long tokens of a text say once decoded: a model reads an instruction in base64 as well as any other. */
export function decodedIn(text: string): readonly string[] {
  const tokens = [...text.matchAll(/[A-Za-z0-9+/_%.=-]{24,65536}/g)].slice(0, MAX_HIDDEN).map(([token]) => token)
  return tokens.flatMap((token) => [...percent(token), ...hex(token), ...base64(token)]).map(({ value }) => value)
}

function percent(token: string): readonly Undressed[] {
  if ((token.match(/%[0-9a-f]{2}/gi)?.length ?? 0) < 3) return []
  try {
    return [{ coat: 'percent', value: decodeURIComponent(token) }]
  } catch {
    return []
  }
}

function hex(token: string): readonly Undressed[] {
  if (!/^(?:[0-9a-f]{2})+$/i.test(token)) return []
  return printable(Buffer.from(token, 'hex')).map((value) => ({ coat: 'hex', value }))
}

function base64(token: string): readonly Undressed[] {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(token)) return []
  return printable(Buffer.from(token, 'base64')).map((value) => ({ coat: 'base64', value }))
}

function printable(bytes: Buffer): readonly string[] {
  if (bytes.length < 6 || !isUtf8(bytes)) return []
  const text = bytes.toString('utf8')
  return /^[\P{C}\n\t]+$/u.test(text) ? [text] : []
}
