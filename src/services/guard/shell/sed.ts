import { grammar, parseArguments, refused, type Judge } from './grammar.ts'
import { isPlainFile } from './words.ts'

const SED = grammar(
  'sed',
  'nrEsuz e: l: --quiet --silent --regexp-extended --separate --unbuffered --null-data --expression: --line-length: --posix --sandbox --debug',
)
/** Commands that take nothing. `e`, `r`, `R`, `w`, `W` and `v` are not here. */
const PLAIN = new Set([...'dDgGhHnNpPxzF='])

/** Judges `sed`: its scripts may read and write files and start commands. */
export const judgeSed: Judge = (args) => {
  const parsed = parseArguments(SED, args)
  if (typeof parsed === 'string') return refused(`sed ${parsed} is not known to only read`)
  const pieces = parsed.flags.flatMap(({ name, value }) => (name === 'e' || name === '--expression' ? [value] : []))
  const [scripts, files] = pieces.length > 0 ? [pieces, parsed.operands] : [parsed.operands.slice(0, 1), parsed.operands.slice(1)]
  if (scripts.length === 0 && !parsed.flags.some(({ name }) => name === '--help' || name === '--version')) return refused('sed has no script')
  if (!scripts.every((script) => script?.kind === 'static' && sedOnlyReads(script.text)))
    return refused('the script of sed is not known to only read')
  const odd = files.find((word) => (word.kind === 'glob' && !word.isNoFlag) || !isPlainFile(word.text))
  if (odd !== undefined) return refused(`sed opens what ${odd.text} stands for`)
  return { reasons: [], reads: files.map((word) => word.text), writes: [], recursive: files.some((word) => word.kind === 'glob') }
}

/** Whether a script of sed, read by GNU sed's grammar, only edits what flows through. False when in doubt. */
export function sedOnlyReads(script: string): boolean {
  // Line by line, so that nothing that begins on one line can hide what is on the next: text and expressions over several lines are in doubt.
  let depth = 0
  for (const line of script.split('\n')) {
    const after = readLine(line, depth)
    if (after === null) return false
    depth = after
  }
  return depth === 0
}

/** The depth of braces after a line; null when in doubt. */
function readLine(line: string, depthBefore: number): number | null {
  let depth = depthBefore
  let at = 0
  for (;;) {
    at = skip(line, at, /[\s;]/)
    if (at >= line.length) return depth
    const command = readAddresses(line, at)
    if (command === null) return null
    const letter = line.charAt(command)
    if (letter === '{') {
      depth += 1
      at = command + 1
      continue
    }
    if (letter === '}') {
      depth -= 1
      if (depth < 0) return null
    }
    const end = letter === '}' ? command + 1 : readCommand(line, command)
    if (end === null) return null
    const next = skip(line, end, /[ \t]/)
    if (next < line.length && !/[;}#]/.test(line.charAt(next))) return null
    at = next
  }
}

/** Where the command begins, behind its addresses and `!`; null when in doubt. */
function readAddresses(line: string, from: number): number | null {
  let at = readAddress(line, from)
  if (at === null) return null
  if (at > from) {
    const comma = skip(line, at, /[ \t]/)
    if (line.charAt(comma) === ',') {
      const start = skip(line, comma + 1, /[ \t]/)
      const second = /^[+~]\d+/.exec(line.slice(start))?.[0].length
      at = second === undefined ? readAddress(line, start) : start + second
      if (at === null || at === start) return null
    }
  }
  return skip(line, at, /[ \t!]/)
}

function readAddress(line: string, from: number): number | null {
  const number = /^(?:\d+(?:~\d+)?|\$)/.exec(line.slice(from))?.[0]
  if (number !== undefined) return from + number.length
  const custom = line.charAt(from) === '\\'
  if (!custom && line.charAt(from) !== '/') return from
  const end = readDelimited(line, custom ? from + 1 : from)
  return end === null ? null : skip(line, end, /[IM]/)
}

function readCommand(line: string, at: number): number | null {
  const letter = line.charAt(at)
  const rest = line.slice(at + 1)
  if (PLAIN.has(letter)) return at + 1
  if (letter === '#') return line.length
  // Text to the end of the line, unless it goes on below.
  if ('aic'.includes(letter) && letter !== '') return /\\$|^\s*\\?\s*$/.test(rest) ? null : line.length
  if ('qQlL'.includes(letter) && letter !== '') return at + 1 + (/^ *\d*/.exec(rest)?.[0].length ?? 0)
  if (letter === ':') return endOf(/^ *[A-Za-z0-9_]+(?=\s*(?:$|;|\}))/, rest, at + 1)
  if ('btT'.includes(letter) && letter !== '') return endOf(/^ *[A-Za-z0-9_]*(?=\s*(?:$|;|\}))/, rest, at + 1)
  if (letter !== 's' && letter !== 'y') return null
  const middle = readDelimited(line, at + 1)
  const end = middle === null ? null : readDelimited(line, middle - 1)
  if (end === null) return null
  return letter === 'y' ? end : skip(line, end, /[gpiImM0-9]/)
}

function endOf(pattern: RegExp, rest: string, from: number): number | null {
  const found = pattern.exec(rest)
  return found === null ? null : from + found[0].length
}

/**
 * Where a part ends that the character at `from` delimits: behind the next one that no backslash stands before. Null when there is none,
 * or one in brackets, which sed and POSIX see differently, or when the delimiter is no plain sign.
 */
function readDelimited(line: string, from: number): number | null {
  const delimiter = line.charAt(from)
  if (!/^[/|,:;#@!%_~+=.&?^"'<>-]$/.test(delimiter)) return null
  let bracket = -1
  for (let at = from + 1; at < line.length; at += 1) {
    const sign = line.charAt(at)
    if (sign === '\\') {
      at += 1
      if (bracket >= 0 && line.charAt(at) === delimiter) return null
    } else if (sign === delimiter) return bracket >= 0 && line.slice(at).includes(']') ? null : at + 1
    else if (sign === '[' && bracket < 0) bracket = at
    else if (sign === ']' && bracket >= 0 && at > bracket + 1 && line.slice(bracket, at) !== '[^') bracket = -1
  }
  return null
}

function skip(line: string, from: number, signs: RegExp): number {
  let at = from
  while (at < line.length && signs.test(line.charAt(at))) at += 1
  return at
}
