/**
 * Globs over the parts of a path, in time linear in the path for each wildcard: a pattern turned into a backtracking regular expression
 * takes seconds for a name of 4,000 letters as soon as it has three `*` in one part.
 */
export interface Glob {
  /**
   * What every path that matches has: parts, or endings as `*.ts` of its last part. In lower case and of ASCII alone, so that they are the
   * same in every spelling.
   */
  readonly needs: readonly string[]
  /** Whether the glob matches a path, given as its parts; no part is empty, `.` or `..`. */
  matches(parts: readonly string[]): boolean
}

/** One run of a part's pattern between two `*`. */
interface Run {
  readonly length: number
  /** The text itself when the run has no `?` and no `[…]`. */
  readonly literal: string | null
  matchesAt(text: string, at: number): boolean
}

type Part = (text: string) => boolean
type CharTest = (char: string) => boolean
type Token = string | CharTest | typeof STAR

const STAR = Symbol('*')
/** Alternatives that braces may multiply to; the longest of the shipped patterns has 2. */
const MAX_ALTERNATIVES = 256
const MAX_LENGTH = 1000

/**
 * Compiles a glob: `*` and `?` within a part, `**` as a part for any number of parts, `[a-z]`, `[!a-z]`, `{a,b}` or `(a|b)`, and `\` before
 * a character that is meant as it is. With `anyCase`, letters match in both cases. A string is what is wrong with the glob.
 */
export function compileGlob(text: string, anyCase: boolean): Glob | string {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`
  const alternatives = expand(text)
  if (typeof alternatives === 'string') return alternatives
  const compiled: ((parts: readonly string[]) => boolean)[] = []
  for (const alternative of alternatives) {
    const one = compileAlternative(alternative, anyCase)
    if (typeof one === 'string') return one
    compiled.push(one)
  }
  const [only] = compiled
  const needs = neededBy(alternatives)
  if (compiled.length === 1 && only) return { needs, matches: only }
  return { needs, matches: (parts) => compiled.some((one) => one(parts)) }
}

/** What all alternatives need. */
function neededBy(alternatives: readonly string[]): readonly string[] {
  const [first = [], ...others] = alternatives.map((text) =>
    splitParts(text).flatMap((part, at, parts) => needOf(part, at === parts.length - 1) ?? []),
  )
  return [...new Set(first.filter((need) => others.every((needs) => needs.includes(need))))]
}

function needOf(part: string, isLast: boolean): string | null {
  if (/[[\\]|[^ -~]/.test(part)) return null
  if (!/[*?]/.test(part)) return part.toLowerCase()
  const [ending] = (isLast ? /\.[^.*?]+$/.exec(part) : null) ?? []
  return ending === undefined ? null : `*${ending.toLowerCase()}`
}

function compileAlternative(text: string, anyCase: boolean): ((parts: readonly string[]) => boolean) | string {
  const groups: Part[][] = [[]]
  const written = splitParts(text)
  for (const part of written) {
    if (/^\*\*+$/.test(part)) {
      groups.push([])
      continue
    }
    const compiled = compilePart(part, anyCase)
    if (typeof compiled === 'string') return compiled
    groups.at(-1)?.push(compiled)
  }
  // `a/**` is the folder a and all in it; of `*/**` only what is in folders is meant.
  if (written.at(-1) === '**' && /(?:^|[^\\*])\*$/.test(written.at(-2) ?? '')) groups.at(-1)?.push(() => true)
  return matcherOf(groups)
}

/** Between two `**` the parts stand next to each other; the first place where they fit is as good as any later one. */
function matcherOf(groups: readonly (readonly Part[])[]): (parts: readonly string[]) => boolean {
  const [head = [], ...others] = groups
  const tail = others.pop()
  if (tail === undefined) return (parts) => parts.length === head.length && fitsAt(head, parts, 0)
  const fewest = head.length + tail.length + others.reduce((sum, group) => sum + group.length, 0)
  return (parts) => {
    const tailAt = parts.length - tail.length
    if (parts.length < fewest || !fitsAt(tail, parts, tailAt) || !fitsAt(head, parts, 0)) return false
    let at = head.length
    for (const group of others) {
      while (at + group.length <= tailAt && !fitsAt(group, parts, at)) at += 1
      if (at + group.length > tailAt) return false
      at += group.length
    }
    return true
  }
}

function fitsAt(group: readonly Part[], parts: readonly string[], at: number): boolean {
  for (let index = 0; index < group.length; index += 1) {
    const part = parts[at + index]
    if (part === undefined || group[index]?.(part) !== true) return false
  }
  return true
}

function compilePart(text: string, anyCase: boolean): Part | string {
  const tokens = tokensOf(text, anyCase)
  if (typeof tokens === 'string') return tokens
  const runs: Token[][] = [[]]
  for (const token of tokens) {
    if (token === STAR) runs.push([])
    else runs.at(-1)?.push(token)
  }
  const [head = EMPTY_RUN, ...others] = runs.map(compileRun)
  const tail = others.pop()
  if (tail === undefined)
    return head.literal === null ? (part) => part.length === head.length && head.matchesAt(part, 0) : (part) => part === head.literal
  const fewest = head.length + tail.length
  return (part) => {
    const tailAt = part.length - tail.length
    if (part.length < fewest || !tail.matchesAt(part, tailAt) || !head.matchesAt(part, 0)) return false
    let at = head.length
    for (const run of others) {
      const found = firstMatch(run, part, at, tailAt)
      if (found < 0) return false
      at = found + run.length
    }
    return true
  }
}

const EMPTY_RUN: Run = compileRun([])

function compileRun(tokens: readonly Token[]): Run {
  const chars = tokens.filter((token) => token !== STAR)
  const literal = chars.every((token) => typeof token === 'string') ? chars.join('') : null
  if (literal !== null) return { length: literal.length, literal, matchesAt: (text, at) => text.startsWith(literal, at) }
  return {
    length: chars.length,
    literal: null,
    matchesAt: (text, at) =>
      chars.every((token, index) => {
        const char = text[at + index] ?? ''
        return typeof token === 'string' ? char === token : token(char)
      }),
  }
}

function firstMatch(run: Run, text: string, from: number, end: number): number {
  if (run.literal !== null) {
    const found = text.indexOf(run.literal, from)
    return found >= 0 && found + run.length <= end ? found : -1
  }
  for (let at = from; at + run.length <= end; at += 1) if (run.matchesAt(text, at)) return at
  return -1
}

function tokensOf(text: string, anyCase: boolean): readonly Token[] | string {
  const tokens: Token[] = []
  // By character, so that the lower case of one outside the basic plane is found; tokens are single code units.
  const chars = [...text]
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? ''
    if (char === '*') {
      if (tokens.at(-1) !== STAR) tokens.push(STAR)
    } else if (char === '?') tokens.push(() => true)
    else if (char === '[') {
      const end = chars.indexOf(']', at + 2)
      const test = end < 0 ? 'has a [ that is not closed' : charClass(chars.slice(at + 1, end).join(''), anyCase)
      if (typeof test === 'string') return test
      tokens.push(test)
      at = end
    } else {
      const meant = char === '\\' ? (chars[++at] ?? '\\') : char
      tokens.push(...(anyCase ? meant.toLowerCase() : meant).split(''))
    }
  }
  return tokens
}

/** The test of `[…]`; of a letter in any case, each case is looked up. */
function charClass(text: string, anyCase: boolean): CharTest | string {
  const negated = /^[!^]/.test(text)
  const body = negated ? text.slice(1) : text
  const ranges: (readonly [string, string])[] = []
  for (let at = 0; at < body.length; at += 1) {
    const low = body[at] ?? ''
    const high = body[at + 1] === '-' ? body[at + 2] : undefined
    ranges.push([low, high ?? low])
    if (high !== undefined) at += 2
    if (high !== undefined && high < low) return `has [${text}], whose range ${low}-${high} runs backwards`
  }
  const holds = (char: string): boolean => ranges.some(([low, high]) => low <= char && char <= high) !== negated
  return anyCase ? (char) => holds(char) || holds(char.toLowerCase()) || holds(char.toUpperCase()) : holds
}

/** The parts between slashes; a slash inside `[…]` is none of the glob's, since no part contains one. */
function splitParts(text: string): readonly string[] {
  return text.split('/').filter((part) => part !== '')
}

/** Writes out every `{a,b}` and `(a|b)`. */
function expand(text: string): readonly string[] | string {
  const pending = [text]
  const done: string[] = []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const group = firstGroup(next)
    if (typeof group === 'string') return group
    if (group === null) done.push(next)
    else pending.push(...group)
    if (done.length + pending.length > MAX_ALTERNATIVES) return `has more than ${MAX_ALTERNATIVES} alternatives`
  }
  return done
}

/** The text with its first innermost group replaced by each of its choices; null when it has none. */
function firstGroup(text: string): readonly string[] | string | null {
  const open: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === '\\') at += 1
    else if (char === '[') at = classEnd(text, at)
    else if (char === '{' || char === '(') open.push(at)
    else if (char === '}' || char === ')') {
      const start = open.pop()
      if (start === undefined || (text[start] === '{') !== (char === '}'))
        return `has a ${char} that nothing opens; write \\${char} for the character`
      return choicesOf(text, start, at)
    }
  }
  const [unclosed] = open
  return unclosed === undefined ? null : `has a ${text[unclosed] ?? ''} that is not closed; write \\${text[unclosed] ?? ''} for the character`
}

function choicesOf(text: string, start: number, end: number): readonly string[] | string {
  const braces = text[start] === '{'
  const inner = text.slice(start + 1, end)
  const [before, after] = [text.slice(0, start), text.slice(end + 1)]
  if (braces && /\.\./.test(inner)) return `has {${inner}}; write every choice out, as in {1,2,3}`
  const choices = splitUnescaped(inner, braces ? ',' : '|')
  // A single choice in braces is no choice: the braces are characters of the name.
  if (braces && choices.length === 1) return [`${before}\\{${inner}\\}${after}`]
  return choices.map((choice) => `${before}${choice}${after}`)
}

function splitUnescaped(text: string, separator: string): readonly string[] {
  const parts = ['']
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === separator) parts.push('')
    else parts.push(`${parts.pop() ?? ''}${char === '\\' ? char + (text[++at] ?? '') : char}`)
  }
  return parts
}

function classEnd(text: string, at: number): number {
  const end = text.indexOf(']', at + 2)
  return end < 0 ? text.length : end
}
