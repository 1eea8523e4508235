import { oneLine } from '../../input/terminal-text.ts'

// Characters that mean something inside a line of GitHub-flavoured Markdown; `|` is an entity because tables split before escapes,
// and `_` inside a word means nothing.
const INLINE = /[\\`*{}[\]<>&~#!$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
// What some renderers turn into a link by themselves; a code span is the only thing that keeps it text everywhere.
const LINK_LIKE = /:\/\/|www\.|@|(?:mailto|xmpp|javascript|data):\S/i

// A word or words between backticks, standing alone: our code spans must never touch each other or a backtick.
const QUOTED = /(?<=(?:^|\s)\(?)`([^`]*[^`\s][^`]*)`(?=[.,;:!?)]*(?:\s|$))/

/**
 * Untrusted text as one line of Markdown prose: no heading, list, link, image, HTML, table, emphasis or terminal escape can come of it.
 * What stands between two backticks becomes a code span of ours.
 */
export function prose(text: string, max = 500): string {
  return oneLine(text, max)
    .split(QUOTED)
    .map((part, index) => (index % 2 === 1 ? cellCode(part, max) : part.split(/( )/).map(plain).join('')))
    .join('')
    .replace(/^([-+=]|\d+(?=[.)]))/, (lead) => (/\d/.test(lead) ? `${lead}\\` : `\\${lead}`))
}

/** Untrusted text as a code span, with fences that it cannot close. Not for tables: see `cellCode`. */
export function code(text: string, max = 200): string {
  const flat = oneLine(text, max)
  return flat === '' ? '(empty)' : span(flat)
}

/** `code` for a table cell: a `|` leaves the span, for GitHub splits cells before it looks at spans. */
export function cellCode(text: string, max = 200): string {
  return oneLine(text, max)
    .split('|')
    .map((part) => (part === '' ? '' : span(part)))
    .join('&#124;')
}

function plain(word: string): string {
  if (!LINK_LIKE.test(word)) return escapeInline(word)
  const [, before = '', core = '', after = ''] = /^([(["']*)(.*?)([)\]"',;:.!?]*)$/s.exec(word) ?? []
  return `${escapeInline(before)}${cellCode(core, word.length)}${escapeInline(after)}`
}

function escapeInline(word: string): string {
  return word.replace(INLINE, '\\$&').replaceAll('|', '&#124;')
}

function span(text: string): string {
  const runs = text.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1)
  const pad = /^[` ]|[` ]$/.test(text) ? ' ' : ''
  return `${fence}${pad}${text}${pad}${fence}`
}
