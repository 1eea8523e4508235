import { CODE, COMMENT, maskOf, STRING } from '../mask.ts'
import type { SyntaxName } from '../languages.ts'
import { importLines } from './import-lines.ts'

/** What a line is to a reader: does something, is a row of a table, or only closes and opens. */
export const LOGIC = 0
export const LITERALS = 1
export const PUNCTUATION = 2

/** Receives the code lines of a file in order. A break parts what must not become one block. */
export interface LineSink {
  line(hash: number, line: number, tokens: number, kind: number): void
  gap(): void
}

/** Longer lines are data, whatever the file's name. */
const MAX_LINE = 2_000
const NEWLINE = 10
const COLON = 58
const LITERAL_WORDS = new Set(['true', 'false', 'null', 'undefined', 'None', 'True', 'False', 'nil'])

/**
 * Each line of `text` that has code, as a hash of what is left without comments and indentation, with every stretch of blanks outside strings
 * as one. Tokens are words, numbers, strings, and single signs. Statements that only import are gaps. Linear.
 */
export function readCodeLines(text: string, syntax: SyntaxName, sink: LineSink): void {
  const mask = maskOf(text, syntax)
  const isImport = importLines(text, syntax)
  let start = 0
  for (let line = 1; start < text.length; line += 1) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const first = firstCode(text, mask, start, end)
    if (first < end) {
      if (end - start > MAX_LINE || (mask[first] === CODE && isImport(first, end))) sink.gap()
      else hashLine({ text, mask, first, end }, line, sink)
    }
    start = end + 1
  }
}

interface Line {
  readonly text: string
  readonly mask: Uint8Array
  readonly first: number
  readonly end: number
}

function firstCode(text: string, mask: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && (mask[at] === COMMENT || isBlank(text.charCodeAt(at)))) at += 1
  return at
}

function hashLine({ text, mask, first, end }: Line, line: number, sink: LineSink): void {
  let hash = 0x811c9dc5
  let tokens = 0
  let kind = PUNCTUATION
  let blank = false
  let at = first
  while (at < end) {
    const as = mask[at]
    const unit = text.charCodeAt(at)
    if (as === COMMENT || (as === CODE && isBlank(unit))) {
      blank = true
      at += 1
      continue
    }
    const stop = as === STRING ? endOfString(mask, at, end) : isWord(unit) ? endOfWord(text, mask, at, end) : at + 1
    if (blank) hash = Math.imul(hash ^ 32, 0x01000193)
    blank = false
    for (let unitAt = at; unitAt < stop; unitAt += 1) {
      const next = text.charCodeAt(unitAt)
      if (next !== 13) hash = Math.imul(hash ^ next, 0x01000193)
    }
    tokens += 1
    if (kind !== LOGIC && (as === STRING || isWord(unit))) kind = as === STRING || isLiteral(text, at, stop) ? LITERALS : LOGIC
    at = stop
  }
  sink.line(hash, line, tokens, kind)
}

/** A number, a word such as `true`, or the key of an entry. */
function isLiteral(text: string, from: number, to: number): boolean {
  const unit = text.charCodeAt(from)
  if (unit >= 48 && unit <= 57) return true
  let next = to
  while (text.charCodeAt(next) === 32) next += 1
  return text.charCodeAt(next) === COLON || LITERAL_WORDS.has(text.slice(from, to))
}

function endOfString(mask: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && mask[at] === STRING) at += 1
  return at
}

function endOfWord(text: string, mask: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && mask[at] === CODE && isWord(text.charCodeAt(at))) at += 1
  return at
}

function isBlank(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13 && unit !== NEWLINE) || unit === 0xa0 || unit === 0xfeff
}

/** Letters, digits, `_` and `$`; every unit outside ASCII counts as a letter. */
function isWord(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || (unit >= 48 && unit <= 57) || unit === 95 || unit === 36 || unit > 127
}
