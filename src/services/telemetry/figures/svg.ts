import { oneLine } from '../../../input/terminal-text.ts'

/** Every figure is this wide, in user units that a page shows as pixels; a narrower page scales it down. */
export const WIDTH = 960
export const MARGIN = 24

/** Room that title and note take above the picture. */
const HEAD = 64
const MAX_NOTE_LINES = 3
const NOTE_CHARS = 140
const NOTE_LEADING = 17

const STYLE = `
text{font-family:ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.paper{fill:#ffffff}.title{font-size:18px;font-weight:600}.note,.legend,.tick,.axis{font-size:12px;fill:#59636e}.axis{font-size:13px}
.label{font-size:11px}.node{fill:#eaeef2;stroke:#8c959f}.node.marked{fill:#ffebe9;stroke:#cf222e}.label.marked{fill:#a40e26;font-weight:600}
.edge{fill:none;stroke:#59636e;stroke-opacity:.28}.edge.marked{stroke:#cf222e;stroke-opacity:.9}.edge.crowded{stroke-opacity:.17}.head{fill:#cf222e}.faint{fill:#8c959f}
.grid{stroke:#d1d9e0}.rule{stroke:#8c959f}.point{fill:#0969da;fill-opacity:.55;stroke:#0969da}.point.marked{fill:#cf222e;fill-opacity:.65;stroke:#a40e26}
.lead{stroke:#8c959f;stroke-opacity:.7}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.paper{fill:#0d1117}.note,.legend,.tick,.axis{fill:#9198a1}
.node{fill:#21262d;stroke:#6e7681}.node.marked{fill:#4b1113;stroke:#f85149}.label.marked{fill:#ffb3ad}
.edge{stroke:#9198a1}.faint{fill:#6e7681}.edge.marked{stroke:#f85149}.head{fill:#f85149}
.grid{stroke:#30363d}.rule{stroke:#6e7681}.point{fill:#4493f8;stroke:#4493f8}.point.marked{fill:#f85149;stroke:#ff7b72}.lead{stroke:#6e7681}
}`

export interface Drawing {
  /** SVG elements, with y counted from the drawing's own top. */
  readonly body: readonly string[]
  readonly height: number
}

/** A standalone SVG document: title, note, drawing, on paper that follows the reader's colour scheme. Nothing in it is fetched or run. */
export function svgDocument(figure: { readonly title: string; readonly note: string }, drawing: Drawing): string {
  const title = oneLine(figure.title, 100)
  const note = wrapped(oneLine(figure.note, NOTE_CHARS * MAX_NOTE_LINES))
  const top = HEAD + note.length * NOTE_LEADING - (note.length === 0 ? NOTE_LEADING : 0)
  const height = Math.ceil(top + drawing.height + MARGIN)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${xml(title)}</title>`,
    `<desc>${xml(oneLine(figure.note, 1_000))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    text('title', MARGIN, 36, title),
    ...note.map((line, index) => text('note', MARGIN, 58 + index * NOTE_LEADING, line)),
    `<g transform="translate(0 ${top})">`,
    ...drawing.body,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** A text element; `anchor` is where its x is. */
export function text(kind: string, x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return `<text class="${kind}" x="${px(x)}" y="${px(y)}"${anchored}>${xml(content)}</text>`
}

/** The element that browsers show when the pointer rests on its parent. */
export function hover(content: string): string {
  return `<title>${xml(oneLine(content, 400))}</title>`
}

/** Untrusted text as XML text or attribute value. */
export function xml(content: string): string {
  // What XML 1.0 has no way to write at all.
  const legal = content.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
  return legal.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** A coordinate with at most one decimal: more cannot be seen, and all machines round the same. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** How wide a label gets at most, near enough to keep labels apart: fonts differ from machine to machine. */
export function labelWidth(label: string, isBold: boolean): number {
  const width = [...label].reduce(
    (sum, char) => sum + (/[\u2e80-\uffef]|\p{Emoji_Presentation}/u.test(char) ? 12 : /[A-Zmw@]/.test(char) ? 8 : 6.1),
    0,
  )
  return isBold ? width * 1.12 : width
}

/** A label cut to `max` characters at its beginning, at a folder where one is near: the end of a path tells more. */
export function shortLabel(label: string, max: number): string {
  const chars = [...oneLine(label, 400)]
  if (chars.length <= max) return chars.join('')
  const tail = chars.slice(chars.length - max + 1)
  const folder = tail.indexOf('/')
  return `…${tail.slice(folder > 0 && folder <= max / 2 ? folder : 0).join('')}`
}

function wrapped(note: string): string[] {
  const lines: string[] = []
  for (const word of note.split(' ').filter((part) => part !== '')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length + 1 <= NOTE_CHARS) lines[lines.length - 1] = `${last} ${word}`
    else if (lines.length < MAX_NOTE_LINES) lines.push(word.slice(0, NOTE_CHARS))
  }
  return lines
}
