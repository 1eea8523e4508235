import type { Candidate } from './find-markers.ts'
import { languageOf, type SyntaxName } from './languages.ts'
import { SYNTAXES } from './syntax.ts'

/** In longer comments the second look gives up. */
const MAX_BLOCK_LINES = 500
const QUOTED = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g

/** `no` where text between JSX tags may look like a comment, `unsure` where only the scanner can tell, or does not know the language well. */
export type SecondOpinion = 'yes' | 'no' | 'unsure'

/**
 * Judges a candidate once more, from the lines of its file alone and without the scanner that found it: by the quotes and comment
 * signs around it.
 */
export function secondLook(candidate: Candidate, lines: readonly string[]): SecondOpinion {
  const { syntax } = languageOf(candidate.file)
  if (syntax === null || (syntax !== 'javascript' && !SYNTAXES[syntax].exact)) return 'unsure'
  if (candidate.rule === 'types.any') return !isJsx(candidate.file) && isBareAny(candidate) ? 'yes' : 'unsure'
  if (opensBefore(candidate.text.slice(0, candidate.column), candidate.file, syntax) || isInsideBlock(candidate, lines, syntax)) return 'yes'
  return isJsx(candidate.file) || candidate.file.endsWith('.js') ? 'no' : 'unsure'
}

function isBareAny({ text, column }: Candidate): boolean {
  if (/^\s*(?:\*|\/\/|\/\*)/.test(text)) return false
  const before = text
    .slice(0, column)
    .replace(QUOTED, '""')
    .replace(/\/\*.*?\*\//g, '')
  return hasEvenQuotes(before, 'javascript') && !/\/\/|\/\*/.test(before) && /(?::|\bas)\s*$/.test(before)
}

/** A comment sign before the marker, on its line, that stands outside quotes. */
function opensBefore(before: string, file: string, syntax: SyntaxName): boolean {
  for (const match of before.matchAll(openers(syntax))) {
    const ahead = before.slice(0, match.index)
    if (isJsx(file) && !/^\s*$|\{\s*$|[;,)}\]]\s+$/.test(ahead)) continue
    if (hasEvenQuotes(ahead.replace(QUOTED, '""'), syntax) && !ahead.endsWith(':')) return true
  }
  return false
}

/** The nearest block sign before the line opens a comment, and does so outside quotes. */
function isInsideBlock(candidate: Candidate, lines: readonly string[], syntax: SyntaxName): boolean {
  const ahead = lines.slice(Math.max(0, candidate.line - 1 - MAX_BLOCK_LINES), candidate.line - 1)
  for (const line of ahead.reverse()) {
    const opened = Math.max(line.lastIndexOf('/*'), line.lastIndexOf('<!--'), line.lastIndexOf('{-'))
    const closed = Math.max(line.lastIndexOf('*/'), line.lastIndexOf('-->'), line.lastIndexOf('-}'))
    if (closed > opened) return false
    if (opened !== -1) return opensBefore(line.slice(0, opened + 4), candidate.file, syntax)
  }
  return false
}

function openers(syntax: SyntaxName): RegExp {
  if (syntax === 'python') return /(?:^|\s)#/g
  if (syntax === 'css') return /\/\*/g
  return /\/\/|\/\*/g
}

/** Rust's lifetimes have lone apostrophes; everywhere else a lone quote before a comment sign is a reason to doubt. */
function hasEvenQuotes(text: string, syntax: SyntaxName): boolean {
  const quotes = syntax === 'rust' ? ['"'] : ['"', "'", '`']
  return quotes.every((quote) => text.split(quote).length % 2 === 1)
}

function isJsx(file: string): boolean {
  return /\.[jt]sx$/.test(file)
}
