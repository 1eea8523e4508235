import { grammar, parseArguments, refused, type Judge } from './grammar.ts'
import { isPlainFile } from './words.ts'

const AWK = grammar('awk', 'F: v:', { inOrder: true })

/** Judges `awk`: its programs may read and write files, start commands and, with gawk, connect. */
export const judgeAwk: Judge = (args) => {
  const parsed = parseArguments(AWK, args)
  if (typeof parsed === 'string') return refused(`awk ${parsed} is not known to only read`)
  const [program, ...files] = parsed.operands
  if (parsed.flags.some(({ value }) => value?.kind === 'glob')) return refused('a flag of awk is a pattern')
  if (program?.kind !== 'static' || !awkOnlyReads(program.text)) return refused('the program of awk is not known to only read')
  const odd = files.find((word) => (word.kind === 'glob' && !word.isNoFlag) || !isPlainFile(word.text))
  if (odd !== undefined) return refused(`awk opens what ${odd.text} stands for`)
  const reads = files.map((word) => word.text).filter((text) => text !== '-' && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(text))
  return { reasons: [], reads, writes: [], recursive: files.some((word) => word.kind === 'glob') }
}

/**
 * Words that write, start or connect, or reach what does; a program that has one anywhere, be it in a string, is in doubt, so that no
 * disagreement on where a string or an expression ends can hide one.
 */
const DOUBTFUL = /system|getline|ARGV|ARGC|SYMTAB|FUNCTAB|PROCINFO|ENVIRON/
const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\\n]|\\[^\n])*"|[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+|[A-Za-z_][A-Za-z0-9_]*|\|\||&&|>>|>=|<=|==|!=|!~|\+\+|--|\+=|-=|\*=|\/=|%=|\^=|\*\*=?|[{}()[\];,<>=+\-*/%^!~?:$|&@\\]/y
/** After one of these, `/` begins an expression. */
const BEFORE_EXPRESSION = /^(?:|[({,;!~?:]|&&|\|\||!~|\n|==|!=|[<>=]|<=|>=|print|printf|return|in|case|else|do|exit|\})$/
const MAX_PROGRAM = 8192

/** What a parenthesis behind one of these closes is followed by a statement, which may begin with an expression. */
const OPENS_STATEMENT = new Set(['if', 'while', 'for', 'switch'])

/** Whether a program of awk only reads its input and prints to its output. False when in doubt. */
export function awkOnlyReads(program: string): boolean {
  if (program.length > MAX_PROGRAM || DOUBTFUL.test(program)) return false
  let before = ''
  let at = 0
  let braces = 0
  const parentheses: string[] = []
  while (at < program.length) {
    if (program.charAt(at) === '/' && BEFORE_EXPRESSION.test(before)) {
      const end = endOfExpression(program, at)
      if (end === null) return false
      at = end
      before = '/…/'
      continue
    }
    TOKEN.lastIndex = at
    const token = TOKEN.exec(program)?.[0]
    if (token === undefined) return false
    at += token.length
    if (/^[ \t\r]+$/.test(token) || token.startsWith('#')) continue
    if (token === '{') braces += 1
    else if (token === '}') braces -= 1
    else if (token === '(') parentheses.push(before)
    const opener = token === ')' ? parentheses.pop() : ''
    if (braces < 0 || opener === undefined) return false
    // Only behind a value is it surely a division; elsewhere one awk sees an expression, and another does not.
    if (/^\/=?$/.test(token) && !/^(?!length$)(?:[A-Za-z0-9_.]+|\)|\])$/.test(before)) return false
    if (token === '|' || token === '>>' || token === '@' || token === '\\' || token === '&') return false
    // Behind `print`, outside of parentheses, it names a file; in a pattern and in parentheses it compares.
    if (token === '>' && parentheses.length === 0 && braces > 0) return false
    before = /^\s+$/.test(token) ? '\n' : OPENS_STATEMENT.has(opener) ? `${opener} (…)` : token
  }
  return braces === 0 && parentheses.length === 0
}

/** Where `/…/` ends; null when it does not, or has a slash in brackets, where programs disagree. */
function endOfExpression(program: string, from: number): number | null {
  let bracket = -1
  for (let at = from + 1; at < program.length; at += 1) {
    const sign = program.charAt(at)
    if (sign === '\n') return null
    if (sign === '\\') {
      at += 1
      if (bracket >= 0 && program.charAt(at) === '/') return null
    } else if (sign === '/') return bracket >= 0 ? null : at + 1
    else if (sign === '[' && bracket < 0) bracket = at
    else if (sign === ']' && bracket >= 0 && at > bracket + 1 && program.slice(bracket, at) !== '[^') bracket = -1
  }
  return null
}
