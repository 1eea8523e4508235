import { isPlainFile, type ShellWord } from './words.ts'

/** What judging one program's arguments found. */
export interface Judgement {
  /** Why the command is not read-only; empty when it is. */
  readonly reasons: readonly string[]
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** Whether it reads the contents of whole folders. */
  readonly recursive: boolean
}

/** Judges the arguments of one program; none of them is dynamic. */
export interface Judge {
  (args: readonly ShellWord[]): Judgement
  /** Whether no argument at all makes the program do more than read, so that it may get arguments which nobody knows yet. */
  readonly isHarmless?: boolean
}

/** Arguments sorted by the rules of `getopt_long`. */
export interface ParsedArguments {
  /** The name of each flag given, with its value where it takes one; long ones with their dashes. */
  readonly flags: readonly { readonly name: string; readonly value: ShellWord | null }[]
  readonly operands: readonly ShellWord[]
}

/** What a program takes. */
export interface Grammar {
  readonly name: string
  readonly takes: ReadonlyMap<string, FlagKind>
  /** Whether `-5` is a number, as of `head`. */
  readonly numbers: boolean
  /** What the operands are; `pattern` is a text and then files. */
  readonly operands: 'files' | 'pattern' | 'text'
  /** Operands it may have at most: with one more, some programs write to the last. */
  readonly max: number
  /** What it reads when it has no operand; null for its standard input, or nothing. */
  readonly reads: string | null
  /**
   * Whether no argument at all makes the program write, start or connect, so that patterns of file names can do no harm, whatever the names:
   * a file may be called `--output=x`.
   */
  readonly isHarmless: boolean
  /** Whether it shows what is in its files, and not only names, sizes and the like. */
  readonly showsContents: boolean
  /** Whether an operand that is a folder stands for the files in it, whatever the flags. */
  readonly opensFolders: boolean
  /** Whether everything after the first operand is one too, whatever it looks like. */
  readonly inOrder: boolean
  /** Flags that make it go down into folders. */
  readonly descends: ReadonlySet<string>
}

type FlagKind = 'plain' | 'valued' | 'optional' | 'file'
const KINDS: Readonly<Record<string, FlagKind>> = { ':': 'valued', '?': 'optional', '<': 'file' }

/**
 * Makes a grammar of the flags a program may have, parted by spaces: `abc` three letters, `k:` with a value, `k?` with one glued to it at most,
 * `k<` with a file that it reads; `--all`, `--size:`, `--color?`, `--file<` the same in long; `#` a number such as `-5`.
 */
export function grammar(name: string, flags: string, more: Partial<Omit<Grammar, 'name' | 'takes' | 'numbers'>> = {}): Grammar {
  const takes = new Map<string, FlagKind>([
    ['--help', 'plain'],
    ['--version', 'plain'],
  ])
  const tokens = flags.split(' ').filter((token) => token !== '' && token !== '#')
  for (const token of tokens) {
    const kind = KINDS[token.slice(-1)] ?? 'plain'
    const names = kind === 'plain' ? token : token.slice(0, -1)
    for (const flag of names.startsWith('--') ? [names] : names) takes.set(flag, kind)
  }
  const defaults: Omit<Grammar, 'name' | 'takes' | 'numbers'> = {
    operands: 'files',
    max: Infinity,
    reads: null,
    isHarmless: false,
    showsContents: true,
    opensFolders: false,
    inOrder: false,
    descends: new Set<string>(),
  }
  return { ...defaults, ...more, name, takes, numbers: flags.split(' ').includes('#') }
}

/** Sorts arguments as the program would, or says which of them it is that is not known. */
export function parseArguments(known: Grammar, args: readonly ShellWord[]): ParsedArguments | string {
  const flags: { name: string; value: ShellWord | null }[] = []
  const operands: ShellWord[] = []
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at]
    if (word === undefined) break
    const { text } = word
    if (word.kind === 'static' && text === '--') return { flags, operands: [...operands, ...args.slice(at + 1)] }
    if (word.kind !== 'static' || !text.startsWith('-') || text === '-') {
      if (known.inOrder) return { flags, operands: [...operands, ...args.slice(at)] }
      operands.push(word)
      continue
    }
    if (known.numbers && /^-\d+$/.test(text)) continue
    const found = text.startsWith('--') ? longFlag(known, text) : shortFlags(known, text)
    if (found === null) return text
    flags.push(...found.flags)
    if (found.wants === null) continue
    at += 1
    const value = args[at]
    if (value === undefined) return text
    // A program that does not sort its arguments as we do could take it for a flag.
    const isFlag = value.kind === 'static' && /^-[^\d]/.test(value.text)
    if ((value.kind === 'glob' || isFlag) && !known.isHarmless) return `${text} ${value.text}`
    flags.push({ name: found.wants, value })
  }
  return { flags, operands }
}

interface Found {
  readonly flags: { name: string; value: ShellWord | null }[]
  /** The flag whose value is the next word. */
  readonly wants: string | null
}

/** A long flag counts in full only: programs take any beginning of one, but which one it means is theirs to know. */
function longFlag(known: Grammar, text: string): Found | null {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const kind = known.takes.get(name)
  if (kind === undefined || (kind === 'plain' && equals >= 0)) return null
  if (equals >= 0) return { flags: [{ name, value: glued(text.slice(equals + 1)) }], wants: null }
  if (kind === 'valued' || kind === 'file') return { flags: [], wants: name }
  return { flags: [{ name, value: null }], wants: null }
}

function shortFlags(known: Grammar, text: string): Found | null {
  const flags: { name: string; value: ShellWord | null }[] = []
  for (let at = 1; at < text.length; at += 1) {
    const name = text.charAt(at)
    const kind = known.takes.get(name)
    if (kind === undefined) return null
    const rest = text.slice(at + 1)
    if (kind === 'plain') flags.push({ name, value: null })
    else if (kind === 'optional' || rest !== '') return { flags: [...flags, { name, value: rest === '' ? null : glued(rest) }], wants: null }
    else return { flags, wants: name }
  }
  return { flags, wants: null }
}

function glued(text: string): ShellWord {
  return { kind: 'static', text, isNoFlag: true }
}

/** Judges by a grammar alone; `check` may add what else keeps these arguments from being read-only. */
export function judgeBy(known: Grammar, check: (parsed: ParsedArguments) => readonly string[] = () => []): Judge {
  const judge = (args: readonly ShellWord[]): Judgement => {
    const parsed = parseArguments(known, args)
    const globs = args.filter((word) => word.kind === 'glob')
    if (typeof parsed === 'string') return refused(`${known.name} ${parsed} is not known to only read`)
    const [files, texts] = splitOperands(known, parsed)
    const open = known.isHarmless ? [] : globs.filter((word) => !word.isNoFlag || known.max !== Infinity || texts.includes(word))
    const fileFlags = parsed.flags.flatMap(({ name, value }) => (value !== null && known.takes.get(name) === 'file' ? [value.text] : []))
    const reads = [
      ...new Set([...fileFlags, ...files.map((word) => word.text), ...(known.operands === 'text' ? [] : globs.map((word) => word.text))]),
    ]
    const descends = parsed.flags.some(({ name }) => known.descends.has(name))
    const folder = descends && known.reads === null ? '.' : known.reads
    return {
      reasons: [
        ...(parsed.operands.length > known.max ? [`${known.name} has more operands than it reads`] : []),
        ...open.map((word) => `the names that ${word.text} stands for could be flags of ${known.name}`),
        ...reads.filter((path) => !isPlainFile(path)).map((path) => `${known.name} opens ${path}`),
        ...check(parsed),
      ],
      reads: files.length === 0 && globs.length === 0 && folder !== null ? [...reads, folder] : reads,
      writes: [],
      recursive: known.showsContents && (descends || known.opensFolders || (known.operands !== 'text' && globs.length > 0)),
    }
  }
  return Object.assign(judge, { isHarmless: known.isHarmless })
}

/** The operands that are files, and those that are text. */
function splitOperands(known: Grammar, parsed: ParsedArguments): readonly [readonly ShellWord[], readonly ShellWord[]] {
  if (known.operands === 'text') return [[], parsed.operands]
  const hasPattern = known.operands === 'files' || parsed.flags.some(({ name }) => PATTERN_FLAGS.has(name))
  return hasPattern ? [parsed.operands, []] : [parsed.operands.slice(1), parsed.operands.slice(0, 1)]
}

/** Flags that give the text which is the first operand otherwise. */
const PATTERN_FLAGS = new Set(['e', 'f', '--regexp', '--file', '--expression', '--files'])

/** A judgement that only says why not. */
export function refused(reason: string): Judgement {
  return { reasons: [reason], reads: [], writes: [], recursive: false }
}
