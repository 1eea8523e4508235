import { isTest } from './file-kind.ts'
import { MARKER_WORDS, ruleOfWord } from './marker-rules.ts'
import { CODE, COMMENT, maskOf } from './mask.ts'
import type { TextFile } from './text-files.ts'

/** One place that a rule of `MARKER_RULES` is about. */
export interface Candidate {
  readonly rule: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 0, in UTF-16 units. */
  readonly column: number
  /** The line without its end. */
  readonly text: string
}

interface Scan {
  readonly file: TextFile
  readonly mask: Uint8Array
  /** Offset of each line's first unit. */
  readonly starts: readonly number[]
}

const WORDS = new RegExp(`\\b(?:${MARKER_WORDS.join('|')})\\b`, 'g')
const WORTH_SCANNING = new RegExp(`${MARKER_WORDS.join('|')}|@ts-|(?:es|ox)lint-disable|\\bany\\b`)
// Nothing but what opens a comment or a list item: the marker is the first word of its line.
const LEAD = /^[\s/*#;%!<{([@-]*$/
// `WORD:` and `WORD(name):` are markers wherever they stand in a comment, unless quoted.
const LABEL = /^(?:\([^)\n]{0,80}\))?:/
// Comments about lists of such things are not such things.
const TOPIC = /^[ \t]+(?:apps?|lists?|items?|comments?|markers?|tags?|entries|entry|keywords?)\b|^[^\s:(,.!?\])-]|^[.-]\w/i
/** Longer lines are data; looking around in them would take quadratic time. */
const MAX_LINE = 2_000
const TS_DIRECTIVE = /@ts-(ignore|nocheck|expect-error)\b(.*)/g
const LINT_DIRECTIVE = /\b(?:es|ox)lint-disable(?:-next-line|-line)?(?![\w-])(.*)/g
const ANY = /(?::[ \t]*|\bas[ \t]+)(any)\b(?![ \t]*[(.:?]|[$-])/g
// A file that binds the name itself may mean its own thing by it.
const OWN_ANY = /\b(?:const|let|var|function)\s+any\b|\b(?:const|let|var|import|import\s+type)\s*\{[^{}]{0,2000}\bany\b[^{}]{0,2000}\}/

/** Several suppressions of one statement share an explanation, which stands at the first of them. */
const EXPLAINED_WITHIN = 5
const MAX_BLOCK = 20

/** Every line with a marker, an unexplained suppression or an explicit `any`, once for each rule, in line order. Pure. */
export function findMarkers(file: TextFile): Candidate[] {
  const { syntax } = file.language
  if (syntax === null || !WORTH_SCANNING.test(file.text)) return []
  const scan: Scan = { file, mask: maskOf(file.text, syntax), starts: lineStarts(file.text) }
  const found = [...words(scan), ...(syntax === 'javascript' ? [...tsDirectives(scan), ...lintDirectives(scan), ...explicitAny(scan)] : [])]
  return oncePerLine(found.sort((a, b) => a.line - b.line || a.column - b.column))
}

function oncePerLine(found: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>()
  return found.filter(({ rule, line }) => !seen.has(`${rule}:${line}`) && seen.add(`${rule}:${line}`))
}

function words(scan: Scan): Candidate[] {
  const { text } = scan.file
  return matches(scan, WORDS, COMMENT).flatMap((match) => {
    const lead = text.slice(commentStart(scan, match.index), match.index)
    const rest = restOfLine(text, match.index + match[0].length)
    const isLabel = LABEL.test(rest) && !/["'`\w]$/.test(lead)
    const isFirst = LEAD.test(lead) && !TOPIC.test(rest)
    return isLabel || isFirst ? [candidate(scan, ruleOfWord(match[0]), match.index)] : []
  })
}

function tsDirectives(scan: Scan): Candidate[] {
  if (!isTypeScript(scan.file.path)) return []
  return matches(scan, TS_DIRECTIVE, COMMENT).flatMap((match) => {
    const name = match[1] ?? ''
    // In tests an expected error is often the assertion itself.
    if (name === 'expect-error' && isTest(scan.file.path)) return []
    return opensComment(scan, match.index) && !isExplained(scan, match.index, match[2] ?? '')
      ? [candidate(scan, `types.ts-${name}`, match.index)]
      : []
  })
}

function lintDirectives(scan: Scan): Candidate[] {
  return matches(scan, LINT_DIRECTIVE, COMMENT).flatMap((match) => {
    if (!opensComment(scan, match.index)) return []
    const [rules = '', reason = ''] = withoutEnd(match[1] ?? '').split(/\s-{2,}\s/)
    if (isExplained(scan, match.index, reason)) return []
    return [candidate(scan, /\w/.test(rules) ? 'lint.disabled' : 'lint.disabled-all', match.index)]
  })
}

function explicitAny(scan: Scan): Candidate[] {
  const { path, text } = scan.file
  if (!isTypeScript(path) || isTest(path) || OWN_ANY.test(text)) return []
  return matches(scan, ANY, CODE).flatMap((match) => {
    const at = match.index + match[0].length - 'any'.length
    return scan.mask[at] === CODE ? [candidate(scan, 'types.any', at)] : []
  })
}

function matches({ file, mask, starts }: Scan, pattern: RegExp, as: number): RegExpExecArray[] {
  return [...file.text.matchAll(pattern)].filter((match) => mask[match.index] === as && lengthOfLine(file.text, starts, match.index) <= MAX_LINE)
}

function lengthOfLine(text: string, starts: readonly number[], at: number): number {
  const line = lineAt(starts, at)
  return (starts[line + 1] ?? text.length) - (starts[line] ?? 0)
}

function candidate({ file, starts }: Scan, rule: string, at: number): Candidate {
  const line = lineAt(starts, at)
  const start = starts[line] ?? 0
  return { rule, file: file.path, line: line + 1, column: at - start, text: restOfLine(file.text, start) }
}

/** Where the comment, or its part on this line, begins. */
function commentStart({ file, mask }: Scan, at: number): number {
  let start = at
  while (start > 0 && mask[start - 1] === COMMENT && file.text[start - 1] !== '\n') start -= 1
  return start
}

/** Whether a directive is the first thing in its comment, which is where tools look for it. */
function opensComment(scan: Scan, at: number): boolean {
  return /^(?:\/\/+|\/\*+)\s*$/.test(scan.file.text.slice(commentStart(scan, at), at))
}

/** A reason may stand behind the directive or in a comment on the line above. */
function isExplained(scan: Scan, at: number, behind: string): boolean {
  if (/[\p{L}\p{N}]/u.test(withoutEnd(behind))) return true
  const line = lineAt(scan.starts, at)
  const above = scan.starts.slice(Math.max(0, line - EXPLAINED_WITHIN), line)
  return above.some((start, index) => (index === above.length - 1 ? isExplanation(scan, start) : isExplainedDirective(scan, start)))
}

function isExplanation(scan: Scan, start: number): boolean {
  const text = restOfLine(scan.file.text, start)
  if (!isComment(scan, start)) return false
  return /^\s*\*\/\s*$/.test(text) ? isReasonAbove(scan, start) : /\p{L}/u.test(text) && !/@ts-|lint-disable/.test(text)
}

/** The last line with words of a block comment that ends here; a tag for a documentation tool is no reason. */
function isReasonAbove({ file, starts }: Scan, end: number): boolean {
  const line = lineAt(starts, end)
  for (const start of starts.slice(Math.max(0, line - MAX_BLOCK), line).reverse()) {
    const text = restOfLine(file.text, start)
    if (/\p{L}/u.test(text)) return !/^\s*(?:\/\*)?\**\s*@/.test(text)
    if (text.includes('/*')) return false
  }
  return false
}

function isExplainedDirective(scan: Scan, start: number): boolean {
  const text = restOfLine(scan.file.text, start)
  return isComment(scan, start) && /@ts-(?:ignore|expect-error)\b.*\p{L}|lint-disable.*\s-{2,}\s.*\p{L}/u.test(text)
}

function isComment({ file, mask }: Scan, start: number): boolean {
  const text = restOfLine(file.text, start)
  return mask[start + text.length - text.trimStart().length] === COMMENT
}

function withoutEnd(comment: string): string {
  return comment.replace(/\*\/.*$/, '')
}

function restOfLine(text: string, from: number): string {
  const end = text.indexOf('\n', from)
  const line = text.slice(from, end === -1 ? text.length : end)
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The index of the line that holds an offset, by halving. */
function lineAt(starts: readonly number[], at: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  return low
}

function isTypeScript(path: string): boolean {
  return /\.[mc]?tsx?$/.test(path)
}
