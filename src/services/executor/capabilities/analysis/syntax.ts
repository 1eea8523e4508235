import type { SyntaxName } from './languages.ts'

/** A string as a language writes it. */
export interface StringRule {
  /** Sticky, not beginning with a letter; what it matches is the opening delimiter, its first group (when there is one) goes into `close`. */
  readonly open: RegExp
  /** Closing delimiter; `$1` stands for the first group. */
  readonly close: string
  /** Whether a backslash takes the meaning from what follows. */
  readonly escapes: boolean
  /** Whether it may span lines; one that may not ends with its line, whatever is wrong with it. */
  readonly multiline: boolean
}

/** How comments and strings of a family of languages look. */
export interface Syntax {
  /** Sticky patterns that open a comment to the end of the line. */
  readonly line: RegExp | null
  readonly blocks: readonly (readonly [open: string, close: string])[]
  readonly strings: readonly StringRule[]
  /** Sticky; group 1 is the word that ends a here-document. */
  readonly heredoc: RegExp | null
  readonly nested: boolean
  /** Sticky pattern of what would otherwise look like a string or comment, and is neither. */
  readonly skip: RegExp | null
  /** False where telling comments apart takes more than this table knows. */
  readonly exact: boolean
}

const rule = (open: RegExp, close: string, options: { escapes?: boolean; multiline?: boolean } = {}): StringRule => ({
  open,
  close,
  escapes: options.escapes ?? true,
  multiline: options.multiline ?? false,
})
const DOUBLE = rule(/"/y, '"')
const SINGLE = rule(/'/y, "'")
const LONG_DOUBLE = rule(/"/y, '"', { multiline: true })
const TRIPLE = rule(/"""/y, '"""', { multiline: true })
const CHARACTER = /'(?:\\[^\n]{1,10}?|[^\\'\n])'/y
const SLASHES = /\/\//y
const STARS = [['/*', '*/']] as const
const HASH = /#/y
const HASH_WORD = /(?<=^|\s)#/my

const define = (given: Partial<Syntax>): Syntax => ({
  line: null,
  blocks: [],
  strings: [],
  heredoc: null,
  nested: false,
  skip: null,
  exact: false,
  ...given,
})
const cLike = (strings: readonly StringRule[], given: Partial<Syntax> = {}): Syntax =>
  define({ line: SLASHES, blocks: STARS, strings, exact: true, ...given })

/** Every family but JavaScript, whose regular expressions and templates need a scanner of their own. */
export const SYNTAXES: Readonly<Record<Exclude<SyntaxName, 'javascript'>, Syntax>> = {
  c: cLike([rule(/(?<=R)"([^()\\\s]{0,16})\(/y, ')$1"', { escapes: false, multiline: true }), DOUBLE], { skip: CHARACTER }),
  go: cLike([rule(/`/y, '`', { escapes: false, multiline: true }), DOUBLE], { skip: CHARACTER }),
  rust: cLike([rule(/(?<=\bb?r)(#*)"/y, '"$1', { escapes: false, multiline: true }), LONG_DOUBLE], { skip: CHARACTER, nested: true }),
  java: cLike([TRIPLE, DOUBLE], { skip: CHARACTER }),
  kotlin: cLike([rule(/"""/y, '"""', { escapes: false, multiline: true }), rule(/'''/y, "'''", { multiline: true }), DOUBLE], {
    skip: CHARACTER,
    exact: false,
  }),
  swift: cLike([rule(/(#+)"/y, '"$1', { escapes: false }), TRIPLE, DOUBLE], { nested: true, exact: false }),
  csharp: cLike(
    [rule(/"""/y, '"""', { escapes: false, multiline: true }), rule(/(?:\$@|@\$|@)"/y, '"', { escapes: false, multiline: true }), DOUBLE],
    { skip: CHARACTER, exact: false },
  ),
  dart: cLike([TRIPLE, rule(/'''/y, "'''", { multiline: true }), DOUBLE, SINGLE], { nested: true, exact: false }),
  php: cLike([LONG_DOUBLE, rule(/'/y, "'", { multiline: true })], {
    line: /\/\/|#(?!\[)/y,
    heredoc: /<<<[ \t]*["']?([A-Za-z_]\w*)["']?/y,
    exact: false,
  }),
  python: define({ line: HASH, strings: [TRIPLE, rule(/'''/y, "'''", { multiline: true }), DOUBLE, SINGLE], exact: true }),
  ruby: define({
    line: HASH_WORD,
    blocks: [['\n=begin', '\n=end']],
    strings: [LONG_DOUBLE, rule(/'/y, "'", { multiline: true })],
    heredoc: /<<[~-]["'`]?([A-Za-z_]\w*)["'`]?/y,
  }),
  shell: define({
    line: HASH_WORD,
    strings: [LONG_DOUBLE, rule(/'/y, "'", { escapes: false, multiline: true })],
    heredoc: /<<-?[ \t]*["'\\]?([A-Za-z_]\w*)["']?/y,
    skip: /\\[^\n]/y,
  }),
  hash: define({ line: HASH_WORD, strings: [TRIPLE, rule(/'''/y, "'''", { multiline: true }), DOUBLE, SINGLE] }),
  yaml: define({ line: HASH_WORD, strings: [DOUBLE, rule(/(?<=[\s[{,:]|^)'/my, "'", { escapes: false })] }),
  css: define({ blocks: STARS, strings: [DOUBLE, SINGLE], skip: /url\([^)\n]*\)/y, exact: true }),
  scss: cLike([DOUBLE, SINGLE], { skip: /url\([^)\n]*\)/y, exact: false }),
  html: define({ blocks: [['<!--', '-->']] }),
  sql: define({ line: /--/y, blocks: STARS, strings: [rule(/'/y, "'", { escapes: false, multiline: true }), DOUBLE] }),
  lua: define({
    line: /--(?!\[=*\[)/y,
    blocks: [
      ['--[[', ']]'],
      ['--[=[', ']=]'],
    ],
    strings: [rule(/\[(=*)\[/y, ']$1]', { escapes: false, multiline: true }), DOUBLE, SINGLE],
  }),
  haskell: define({ line: /--+(?![!#$%&*+./<=>?@\\^|~:])/y, blocks: [['{-', '-}']], strings: [DOUBLE], nested: true, skip: CHARACTER }),
  lisp: define({ line: /;/y, strings: [LONG_DOUBLE], skip: /\\[^\n]/y }),
  percent: define({ line: /%/y, strings: [DOUBLE], skip: /\\%|\$./y }),
}
