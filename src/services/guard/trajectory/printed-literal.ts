/** Reads what Python prints of a list, a record or a text: single or double quotes with backslash escapes, `None`, `True`, tuples, and calls as one word. */
export function readPrintedLiteral(text: string): unknown {
  const tokens = tokensOf(text)
  if (tokens === null) return undefined
  const reader = { tokens, at: 0, depth: 0 }
  const value = readValue(reader)
  return value !== undefined && reader.at === tokens.length ? value : undefined
}

interface Token {
  /** `text`: a quoted text. `bare`: anything else between the marks. `mark`: a bracket, a comma or a colon. */
  readonly kind: 'text' | 'bare' | 'mark'
  readonly value: string
}

const TOKEN = /\s+|'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)"|([[\]{}(),:])|([\p{L}_][\p{L}\p{N}_.]*\([^()'"]*\)|[^\s'"[\]{}(),:]+)/uy
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '(': ')', '{': '}' }
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** Null when some of it is no literal. */
function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let end = 0; end < text.length; end = TOKEN.lastIndex) {
    const match = TOKEN.exec(text)
    if (match === null) return null
    const [, single, double, mark, bare] = match
    const quoted = single ?? double
    if (quoted !== undefined) tokens.push({ kind: 'text', value: unescape(quoted) })
    else if (mark !== undefined) tokens.push({ kind: 'mark', value: mark })
    else if (bare !== undefined) tokens.push({ kind: 'bare', value: bare })
  }
  return tokens
}

function unescape(quoted: string): string {
  return quoted.replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([\s\S]))/gi, (_, x?: string, u?: string, plain = '') => {
    const code = x ?? u
    return code === undefined ? (ESCAPES[plain] ?? plain) : String.fromCharCode(Number.parseInt(code, 16))
  })
}

/** Deeper than any tool's records; the reader calls itself. */
const MAX_DEPTH = 64

interface Reader {
  readonly tokens: readonly Token[]
  at: number
  depth: number
}

function readValue(reader: Reader): unknown {
  const token = reader.tokens[reader.at]
  if (token === undefined) return undefined
  reader.at += 1
  if (token.kind !== 'mark') return token.value
  const close = CLOSING[token.value]
  if (close === undefined || reader.depth >= MAX_DEPTH) return undefined
  reader.depth += 1
  const value = token.value === '{' ? readRecord(reader) : readList(reader, close)
  reader.depth -= 1
  return value
}

function readList(reader: Reader, close: string): unknown {
  const list: unknown[] = []
  while (!isMark(reader, close)) {
    const value = readValue(reader)
    if (value === undefined || !(isMark(reader, ',') || comesNext(reader, close))) return undefined
    list.push(value)
  }
  return list
}

function readRecord(reader: Reader): unknown {
  const entries: [string, unknown][] = []
  while (!isMark(reader, '}')) {
    const key = reader.tokens[reader.at]
    reader.at += 1
    if (key === undefined || key.kind === 'mark' || !isMark(reader, ':')) return undefined
    const value = readValue(reader)
    if (value === undefined || !(isMark(reader, ',') || comesNext(reader, '}'))) return undefined
    entries.push([key.value, value])
  }
  return Object.fromEntries(entries)
}

/** Takes the mark when it comes next. */
function isMark(reader: Reader, mark: string): boolean {
  const isNext = comesNext(reader, mark)
  if (isNext) reader.at += 1
  return isNext
}

function comesNext(reader: Reader, mark: string): boolean {
  const token = reader.tokens[reader.at]
  return token?.kind === 'mark' && token.value === mark
}
