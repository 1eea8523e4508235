import type { SyntaxName } from './languages.ts'
import { scanJavaScript } from './mask-javascript.ts'
import { type StringRule, type Syntax, SYNTAXES } from './syntax.ts'

/** What no delimiter of any language begins with. */
const PLAIN = /[\w \t\r]+/y

/** What each UTF-16 unit of a text is part of. */
export const CODE = 0
export const COMMENT = 1
export const STRING = 2

/** One number per UTF-16 unit of `text`: CODE, COMMENT or STRING, delimiters included. Linear in the text's length. */
export function maskOf(text: string, syntax: SyntaxName): Uint8Array {
  return syntax === 'javascript' ? scanJavaScript(text) : scan(text, SYNTAXES[syntax])
}

function scan(text: string, syntax: Syntax): Uint8Array {
  const mask = new Uint8Array(text.length)
  const pendingHeredocs: string[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '\n' && pendingHeredocs.length > 0) {
      const end = endOfHeredocs(text, at, pendingHeredocs.splice(0))
      mask.fill(STRING, at, end)
      at = end
      continue
    }
    const found = next(text, at, syntax)
    if (found.heredoc !== undefined) pendingHeredocs.push(found.heredoc)
    if (found.as !== CODE) mask.fill(found.as, at, found.end)
    at = found.end
  }
  return mask
}

interface Found {
  readonly end: number
  readonly as: number
  readonly heredoc?: string
}

function next(text: string, at: number, syntax: Syntax): Found {
  const plain = matchAt(PLAIN, text, at)
  if (plain) return { end: at + plain[0].length, as: CODE }
  const block = syntax.blocks.find(([open]) => text.startsWith(open, at))
  if (block) return { end: endOfBlock(text, at, block, syntax.nested), as: COMMENT }
  if (matchAt(syntax.line, text, at)) return { end: endOfLine(text, at), as: COMMENT }
  const skipped = matchAt(syntax.skip, text, at)
  if (skipped) return { end: at + skipped[0].length, as: CODE }
  for (const rule of syntax.strings) {
    const opened = matchAt(rule.open, text, at)
    if (opened) return { end: endOfString(text, at + opened[0].length, rule, rule.close.replace('$1', opened[1] ?? '')), as: STRING }
  }
  const heredoc = matchAt(syntax.heredoc, text, at)
  if (heredoc?.[1] !== undefined) return { end: at + heredoc[0].length, as: CODE, heredoc: heredoc[1] }
  return { end: at + 1, as: CODE }
}

function matchAt(pattern: RegExp | null, text: string, at: number): RegExpExecArray | null {
  if (pattern === null) return null
  pattern.lastIndex = at
  return pattern.exec(text)
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

function endOfBlock(text: string, at: number, [open, close]: readonly [string, string], nested: boolean): number {
  let depth = 1
  let cursor = at + open.length
  while (depth > 0) {
    const closing = text.indexOf(close, cursor)
    if (closing === -1) return text.length
    const inner = nested ? text.indexOf(open, cursor) : -1
    if (inner !== -1 && inner < closing) {
      depth += 1
      cursor = inner + open.length
    } else {
      depth -= 1
      cursor = closing + close.length
    }
  }
  return cursor
}

function endOfString(text: string, from: number, rule: StringRule, close: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (rule.escapes && text[at] === '\\') at += 1
    else if (text.startsWith(close, at)) return at + close.length
    else if (text[at] === '\n' && !rule.multiline) return at
  }
  return text.length
}

/** The bodies of here-documents, which start on the next line, in the order they were announced. */
function endOfHeredocs(text: string, newline: number, words: readonly string[]): number {
  return words.reduce((from, word) => {
    const end = new RegExp(`\\n[ \\t]*${word}\\b`, 'g')
    end.lastIndex = from
    const closing = end.exec(text)
    return closing ? closing.index + closing[0].length : text.length
  }, newline)
}
