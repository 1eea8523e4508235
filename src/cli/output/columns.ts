import { printable } from '../../services/telemetry/terminal-text.ts'
import type { Palette, Style } from './palette.ts'

/** A stretch of text in one style. A line is a list of them. */
export type Span = readonly [text: string, style?: Style]
export type Line = readonly Span[]

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u
const EMOJI_STYLE = '\ufe0f'
const ZERO = /^[\p{Mn}\p{Me}]+$/u

/** Terminal columns that printable text takes, counted high where terminals differ. */
export function widthOf(text: string): number {
  return [...graphemes.segment(text)].reduce((width, { segment }) => width + columnsOf(segment), 0)
}

function columnsOf(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0
  return WIDE.test(grapheme) || grapheme.includes(EMOJI_STYLE) ? 2 : 1
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
  let end = 0
  for (const { segment, index } of graphemes.segment(text)) {
    width += columnsOf(segment)
    if (width > columns) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

/** Text filled up with spaces to a width; longer text is cut. */
export function padded(text: string, columns: number): string {
  const width = widthOf(text)
  return width <= columns ? text + ' '.repeat(columns - width) : `${headOf(text, Math.max(0, columns - 1))}…`
}
