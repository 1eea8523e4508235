import { printable } from '../../input/terminal-text.ts'
import type { Palette, Style } from './palette.ts'

/** A stretch of text in one style. A line is a list of them. */
export type Span = readonly [text: string, style?: Style]
export type Line = readonly Span[]

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const EMOJI_STYLE = '\ufe0f'
const ZERO = /^[\p{Mn}\p{Me}]+$/u

// Each segment that the segmenter gives brings a copy of the whole text along: long texts are given to it in pieces. A letter stays with the
// marks after it.
const PIECES = /[ -~]+(?![^ -~])|[ -~]?[^ -~]{1,64}/gu

/** Longer than any line of a terminal: what is beyond is counted, not measured. */
const MEASURED = 4_000

/** Terminal columns that printable text takes, counted high where terminals differ. */
export function widthOf(text: string): number {
  let width = Math.max(0, text.length - MEASURED)
  for (const { columns } of cellsOf(text.slice(0, MEASURED))) width += columns
  return width
}

/** What is seen as one character each: where it ends in the text, and the columns it takes. */
function* cellsOf(text: string): Generator<{ readonly end: number; readonly columns: number }> {
  let start = 0
  for (const [piece] of text.matchAll(PIECES)) {
    if (/^[ -~]+$/.test(piece)) for (let at = 1; at <= piece.length; at += 1) yield { end: start + at, columns: 1 }
    else for (const { segment, index } of graphemes.segment(piece)) yield { end: start + index + segment.length, columns: columnsOf(segment) }
    start += piece.length
  }
}

function columnsOf(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0
  // Letters that scripts join into one grapheme, without end, still stand side by side.
  const letters = grapheme.match(/\p{L}/gu)?.length ?? 0
  return Math.max(letters, WIDE.test(grapheme) || grapheme.includes(EMOJI_STYLE) ? 2 : 1)
}

/** Text as it may stand in a line: escaped, no line break, no tab. */
export function flat(text: string): string {
  return printable(text.replace(/[\s\u0085\u2028\u2029]+/gu, ' '))
}

/** A line cut to `columns`, a cut shown by `…`, and coloured; its texts must be `flat`. */
export function paint(line: Line, columns: number, palette: Palette): string {
  const total = line.reduce((width, [text]) => width + widthOf(text), 0)
  if (total <= columns) return line.map(([text, style]) => palette(style ?? null, text)).join('')
  const parts: string[] = []
  let left = Math.max(0, columns - 1)
  for (const [text, style] of line) {
    const head = headOf(text, left)
    if (head !== '') parts.push(palette(style ?? null, head))
    left -= widthOf(head)
    if (head !== text) break
  }
  return `${parts.join('')}${columns > 0 ? '…' : ''}`
}

/** The longest beginning of a text that fits. */
export function headOf(text: string, columns: number): string {
  let width = 0
  let head = 0
  for (const cell of cellsOf(text)) {
    width += cell.columns
    if (width > columns) break
    head = cell.end
  }
  return text.slice(0, head)
}

/** Text filled up with spaces to a width; longer text is cut. */
export function padded(text: string, columns: number): string {
  const width = widthOf(text)
  return width <= columns ? text + ' '.repeat(columns - width) : `${headOf(text, Math.max(0, columns - 1))}…`
}
