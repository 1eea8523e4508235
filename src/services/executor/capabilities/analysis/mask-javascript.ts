const COMMENT = 1
const STRING = 2

const WORD = /[\p{L}\p{N}_$]+/uy
const SPACE = /\s+/y
/** Words after which a slash begins a regular expression, not a division. */
const BEFORE_VALUE = new Set('return typeof case in of delete void throw new else do yield await instanceof default extends'.split(' '))
/** Longer ones are taken for divisions, which bounds the work on hostile lines. */
const MAX_REGEX = 2_000
const BEFORE_CONDITION = new Set(['if', 'while', 'for', 'with'])

interface Scanner {
  readonly text: string
  readonly mask: Uint8Array
  at: number
  /** The last token that is neither space nor comment: a word, or one character. */
  previous: string
  /** For each open parenthesis: whether a statement may follow where it closes. */
  readonly parentheses: boolean[]
  closedCondition: boolean
  /** For each open `${`: how many braces are open inside it. */
  readonly templates: number[]
}

/** Comments, strings, templates (without their `${}`) and regular expressions of JavaScript and TypeScript, as a mask: see `maskOf`. */
export function scanJavaScript(text: string): Uint8Array {
  const scanner: Scanner = { text, mask: new Uint8Array(text.length), at: 0, previous: '', parentheses: [], closedCondition: false, templates: [] }
  if (text.startsWith('#!')) scanner.at = lineEnd(text, 0)
  while (scanner.at < text.length) step(scanner)
  return scanner.mask
}

function step(scanner: Scanner): void {
  const { text, at } = scanner
  const char = text.charAt(at)
  const space = sticky(SPACE, text, at)
  if (space !== null) scanner.at += space.length
  else if (char === '/' && text[at + 1] === '/') mark(scanner, COMMENT, lineEnd(text, at))
  else if (char === '/' && text[at + 1] === '*') mark(scanner, COMMENT, blockEnd(text, at))
  else if (char === '"' || char === "'") value(scanner, stringEnd(text, at, char))
  else if (char === '`') template(scanner)
  else if (char === '/' && regexAllowed(scanner)) value(scanner, regexEnd(text, at))
  else token(scanner, char)
}

function token(scanner: Scanner, char: string): void {
  const word = sticky(WORD, scanner.text, scanner.at)
  if (word !== null) {
    scanner.previous = scanner.previous === '.' ? 'member' : word
    scanner.at += word.length
    return
  }
  if (char === '(') scanner.parentheses.push(BEFORE_CONDITION.has(scanner.previous))
  if (char === ')') scanner.closedCondition = scanner.parentheses.pop() ?? false
  if (braces(scanner, char)) return
  scanner.previous = char + (char === scanner.previous && (char === '+' || char === '-') ? char : '')
  scanner.at += 1
}

/** Counts braces inside a template's `${}`; true when this one ends it, and the template's text goes on. */
function braces(scanner: Scanner, char: string): boolean {
  const open = scanner.templates.at(-1)
  if (open === undefined) return false
  if (char === '{') scanner.templates[scanner.templates.length - 1] = open + 1
  if (char !== '}') return false
  if (open > 0) {
    scanner.templates[scanner.templates.length - 1] = open - 1
    return false
  }
  scanner.templates.pop()
  template(scanner)
  return true
}

/** From a backtick, or the brace that ends a `${}`, to the closing backtick or the next `${`. */
function template(scanner: Scanner): void {
  const { text } = scanner
  let end = scanner.at + 1
  while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1
  if (text.startsWith('${', end)) {
    mark(scanner, STRING, end + 2)
    scanner.templates.push(0)
    scanner.previous = '{'
  } else value(scanner, Math.min(end + 1, text.length))
}

function mark(scanner: Scanner, as: number, end: number): void {
  scanner.mask.fill(as, scanner.at, end)
  scanner.at = end
}

function value(scanner: Scanner, end: number): void {
  mark(scanner, STRING, end)
  scanner.previous = 'value'
}

function regexAllowed(scanner: Scanner): boolean {
  const { previous, text, at } = scanner
  if (previous === '') return true
  // `</p>` and `<br />` of JSX; a comparison with a regular expression makes no sense.
  if (previous === '<' || previous === '++' || previous === '--' || previous === ']') return false
  if (previous === ')') return scanner.closedCondition && regexEnd(text, at) > at + 1
  if (previous === '}') return /\n\s*$/.test(text.slice(Math.max(0, at - 200), at)) && regexEnd(text, at) > at + 1
  if (/^[\p{L}\p{N}_$]/u.test(previous)) return BEFORE_VALUE.has(previous) && regexEnd(text, at) > at + 1
  return regexEnd(text, at) > at + 1
}

/** After the closing slash; one past the opening one when the line has none, which makes it a division. */
function regexEnd(text: string, at: number): number {
  let inClass = false
  const limit = Math.min(text.length, at + MAX_REGEX)
  for (let end = at + 1; end < limit && text[end] !== '\n'; end += 1) {
    const char = text[end]
    if (char === '\\') end += 1
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '/' && !inClass) return end + 1
  }
  return at + 1
}

function stringEnd(text: string, at: number, quote: string): number {
  for (let end = at + 1; end < text.length; end += 1) {
    const char = text[end]
    if (char === '\\') end += text.startsWith('\r\n', end + 1) ? 2 : 1
    else if (char === quote) return end + 1
    else if (char === '\n') return end
  }
  return text.length
}

function blockEnd(text: string, at: number): number {
  const end = text.indexOf('*/', at + 2)
  return end === -1 ? text.length : end + 2
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

function sticky(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? null
}
