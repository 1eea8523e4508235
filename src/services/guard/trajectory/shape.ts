import { fold, wordsOf } from './fold.ts'

/**
 * What a value can be used for, told from its form alone, since names of arguments differ from tool to tool:
 *  - `plain`: says nothing about where something goes (a switch, an amount, one or two letters)
 *  - `time`: a date or a time of day
 *  - `key`: a short number in a string, as records are numbered
 *  - `identifier`: one token that singles out a place, a person or a thing (address, URL, path, file, account, code)
 *  - `name`: a few words
 *  - `prose`: more than that
 */
export type Shape = 'plain' | 'time' | 'key' | 'identifier' | 'name' | 'prose'

const NUMBER = /^[+-]?[\d.,' ]*\d%?$/
const TIME =
  /^(?:\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})?(?:(?:^|[t ,]+)\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:z|[ap]m|[+-]\d{2}:?\d{2}))?)?$/
/** Numbers shorter than this number rows and count things; longer ones are accounts and telephone numbers. */
const LONG_NUMBER_DIGITS = 6
const NAME_MAX_WORDS = 6
const NAME_MAX_CHARACTERS = 60
/** Codes shorter than this inside a longer text are too often part of ordinary language. */
const EMBEDDED_CODE_CHARACTERS = 8
const EMBEDDED_CODE_DIGITS = 4
const MAX_EMBEDDED = 64

export function shapeOf(value: unknown): Shape {
  if (typeof value === 'number') return Number.isInteger(value) && digitsOf(String(value)) >= LONG_NUMBER_DIGITS ? 'identifier' : 'plain'
  if (typeof value !== 'string') return 'plain'
  const text = fold(value)
  if (text.length <= 2 && !/\d/.test(text)) return 'plain'
  if (TIME.test(text)) return 'time'
  if (NUMBER.test(text)) return numberShape(text)
  if (isIdentifier(text)) return 'identifier'
  return text.length <= NAME_MAX_CHARACTERS && wordsOf(text).length <= NAME_MAX_WORDS ? 'name' : 'prose'
}

function numberShape(text: string): Shape {
  if (/^\d+$/.test(text) && text.length < LONG_NUMBER_DIGITS) return 'key'
  const grouped = /[.,]\d{1,2}%?$/.test(text)
  return digitsOf(text) >= LONG_NUMBER_DIGITS && !grouped ? 'identifier' : 'plain'
}

function isIdentifier(text: string): boolean {
  if (!text.includes(' ')) return isIdentifierToken(text)
  const compact = text.replaceAll(/[ -]/g, '')
  return /^[\p{L}\p{N}]+$/u.test(compact) && digitsOf(compact) >= 8 && digitsOf(compact) * 2 > compact.length
}

function isIdentifierToken(token: string): boolean {
  if (/[\p{L}\p{N}][@.:/\\][\p{L}\p{N}/\\]/u.test(token) || /^[#@~/\\].|_/u.test(token)) return true
  return /\p{L}/u.test(token) && /\p{N}/u.test(token)
}

/** Addresses, URLs and long codes within a longer text, at most 64. */
export function embeddedIdentifiers(text: string): readonly string[] {
  const found = new Set<string>()
  for (const match of text.matchAll(/[^\s<>()[\]{}"'`,;|]+/gu)) {
    const token = match[0].replace(/^[^\p{L}\p{N}#@]+|[^\p{L}\p{N}/=]+$/gu, '')
    if (isPlaceInText(token)) found.add(token)
    if (found.size >= MAX_EMBEDDED) break
  }
  return [...found]
}

/** Whether a value leads to some place on a network: a URL, or a host with a dot as the whole value or before a path. */
export function isLink(value: string): boolean {
  const text = fold(value)
  return (
    /^[a-z][a-z0-9+.-]*:\/\//.test(text) || text.startsWith('www.') || /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}(?::\d+)?\/\S*$/u.test(text)
  )
}

/** Whether a single token leads to a place, a person or an account, wherever it stands. */
export function isPlaceInText(token: string): boolean {
  if (isLink(token) || /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(token)) return true
  const folded = fold(token)
  if (TIME.test(folded) || /^[\d.,:%/-]+$/.test(folded)) return digitsOf(folded) >= 9 && /^\d+$/.test(folded)
  return token.length >= EMBEDDED_CODE_CHARACTERS && digitsOf(token) >= EMBEDDED_CODE_DIGITS && isIdentifierToken(token)
}

function digitsOf(text: string): number {
  return text.replaceAll(/\P{N}/gu, '').length
}
