import { posix } from 'node:path'
import type { Word, WordPart } from 'unbash'

/** One word of a command, as far as it is known before the shell runs. */
export interface ShellWord {
  /**
   * `static`: the program gets exactly `text`. `path`: a tilde or `<(…)`, which becomes one word that is no flag. `glob`: a pattern of file names, or
   * braces, which become any number of words. `dynamic`: a variable, a substitution or the like, which may become anything.
   */
  readonly kind: 'static' | 'path' | 'glob' | 'dynamic'
  /** The value when static; otherwise the word without its quotes. */
  readonly text: string
  /** Whether no word that it becomes begins with `-`. */
  readonly isNoFlag: boolean
}

const SYSTEM_FOLDERS = new Set(['/usr/bin', '/bin'])
/** Devices that can be read with no effect. */
const HARMLESS_DEVICE = /^\/dev\/(null|zero|full|random|urandom|stdin|fd\/\d+)$/

/** Whether to read a path is to read a file: bash makes connections of `/dev/tcp/…`, gawk of `/inet/…`, and some devices act when opened. */
export function isPlainFile(path: string): boolean {
  const normal = posix.normalize(path).replace(/^\/+/, '/')
  return !/^\/(?:dev|inet[46]?)(?:\/|$)/.test(normal) || HARMLESS_DEVICE.test(normal)
}

/** The name of a program that is found by its name alone or in a folder of the system; null for one at another place. */
export function systemName(program: string): string | null {
  const slash = program.lastIndexOf('/')
  return slash < 0 || SYSTEM_FOLDERS.has(program.slice(0, slash)) ? program.slice(slash + 1) : null
}

/** A word that stands for itself, as in an argv. */
export function staticWord(text: string): ShellWord {
  return { kind: 'static', text, isNoFlag: !text.startsWith('-') }
}

/** What a word of a script is. */
export function shellWord(word: Word): ShellWord {
  const text = word.value
  // Characters below a space other than tab and line break are read differently from shell to shell.
  if (/[\0-\x08\x0b-\x1f\x7f]/.test(text)) return dynamic(text)
  const kinds = (word.parts ?? []).map(kindOf)
  if (word.parts?.length === 1 && word.parts[0]?.type === 'ProcessSubstitution') return { kind: 'path', text: '/dev/fd/63', isNoFlag: true }
  if (kinds.includes('dynamic')) return dynamic(text)
  if (kinds.includes('glob')) return { kind: 'glob', text, isNoFlag: beginsWithPlainText(word) }
  if (word.text.startsWith('~')) return { kind: 'path', text, isNoFlag: true }
  return staticWord(text)
}

function dynamic(text: string): ShellWord {
  return { kind: 'dynamic', text, isNoFlag: false }
}

function kindOf(part: WordPart): 'static' | 'glob' | 'dynamic' {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
      return 'static'
    case 'DoubleQuoted':
      return part.parts.every((child) => child.type === 'Literal') ? 'static' : 'dynamic'
    case 'Glob':
    case 'BraceExpansion':
      return /[$`]/.test(part.text) ? 'dynamic' : 'glob'
    default:
      // `$'…'` and `!(…)` among them: what bash takes as one word, dash may take as several, or as a command.
      return 'dynamic'
  }
}

/** A pattern whose first character is given, and is no dash: so is the first character of every name that it matches. */
function beginsWithPlainText(word: Word): boolean {
  const [first] = word.parts ?? []
  const opensWithBrace = (word.parts ?? []).some((part) => part.type === 'BraceExpansion')
  return first?.type === 'Literal' && !opensWithBrace && /^[A-Za-z0-9_./~]/.test(first.value)
}
