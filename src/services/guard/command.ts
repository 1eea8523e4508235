import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'
import { commandFacts } from './shell/facts.ts'
import { writtenCommands } from './shell/script.ts'

/** A command target that may be looked at by rules. */
export interface CheckedCommand {
  readonly kind: 'command'
  readonly argv: readonly string[]
}

/** A compiled `program word --flag *`. */
export interface CommandPattern {
  /** Whether a grant covers this command: token by token, in place, and only a program the system owns. */
  grants(argv: readonly string[]): boolean
  /**
   * Whether a prohibition reaches this command: the program at any path, also behind `env`, `timeout` and the like; the flags anywhere, in
   * any spelling (`-rf`, `-f -r`, `--forc`); the other words in order; whatever follows.
   */
  reaches(argv: readonly string[]): boolean
  /** True when the pattern names its program instead of leaving it to `*`. */
  readonly namesProgram: boolean
}

const SYSTEM_FOLDERS = new Set(['/usr/bin', '/bin'])
/** Programs whose arguments are another command. */
const LAUNCHERS = new Set([
  'env',
  'nice',
  'nohup',
  'timeout',
  'time',
  'stdbuf',
  'setsid',
  'ionice',
  'chrt',
  'taskset',
  'xargs',
  'parallel',
  'command',
  'exec',
  'builtin',
  'busybox',
  'toybox',
  'sudo',
  'doas',
  'unshare',
  'nsenter',
  'chroot',
  'flock',
  'watch',
  'strace',
  'ltrace',
  'script',
  'setpriv',
  'npx',
])
const RUNS_WHAT_FOLLOWS = new Set(['-exec', '-execdir', '-ok', '-okdir'])
const INTERPRETER = /^(?:(?:ba|da|z|k|mk|a|fi|c|tc)?sh|python[0-9.]*|node|nodejs|deno|bun|perl|ruby|php|lua|osascript|pwsh)$/
const INLINE_CODE = /^(?:-[a-z]*[cepr]|--?(?:command|eval|print|code|execute)(?:=.*)?|eval)$/i
const SHELL = /^(?:ba|da|z|k|mk|a)?sh$/
const MAX_COMMANDS = 32
/** Scripts within scripts that are looked into. */
const MAX_SCRIPTS = 8

/** Refuses what cannot be started at all. */
export function checkCommand(argv: readonly string[]): CheckedCommand | Ruling {
  if (!argv[0]) return refusal('command', 'the command has no program', 'Give the program as the first element.')
  if (argv.some((token) => token.includes('\0')))
    return refusal('command', `an argument of ${quote(argv[0])} contains a NUL character`, 'Leave it out.')
  if (nestedCommands(argv).length > MAX_COMMANDS)
    return refusal('command', `the command ${quote(argv[0])} starts more than ${MAX_COMMANDS} others`, 'Run them one by one.')
  return { kind: 'command', argv }
}

/**
 * Whether a command carries program text, which rules on its words cannot look into: `python -c …`, `node -e …`, and `sh -c …` unless its
 * script only reads.
 */
export function runsInlineCode(argv: readonly string[]): boolean {
  if (commandFacts(argv).readOnly) return false
  return nestedCommands(argv).some(([program = '', ...rest]) => INTERPRETER.test(baseName(program)) && rest.some((token) => INLINE_CODE.test(token)))
}

/** Whether a command is about others, or about program text: its own words then say little of what happens. */
export function startsOthers(argv: readonly string[]): boolean {
  const program = baseName(argv[0] ?? '')
  return LAUNCHERS.has(program) || INTERPRETER.test(program) || nestedCommands(argv).length > 1
}

/** Compiles the text of a command specifier; it is split at spaces and knows no quotes. */
export function compileCommand(text: string): CommandPattern {
  const all = text.split(/\s+/).filter((token) => token !== '')
  const open = all.at(-1) === '*'
  const tokens = open ? all.slice(0, -1) : all
  return {
    namesProgram: tokens[0] !== undefined && tokens[0] !== '*',
    grants: (argv) => grantsArgv(tokens, open, argv),
    reaches: (argv) => nestedCommands(argv).some((command) => reachesArgv(tokens, command)),
  }
}

function grantsArgv(tokens: readonly string[], open: boolean, argv: readonly string[]): boolean {
  const [program, ...words] = tokens
  const [asked = '', ...rest] = argv
  if (program === undefined) return open
  if (open ? rest.length < words.length : rest.length !== words.length) return false
  return grantsProgram(program, asked) && words.every((word, index) => matchesToken(word, rest[index] ?? ''))
}

function grantsProgram(pattern: string, asked: string): boolean {
  const slash = asked.lastIndexOf('/')
  if (!pattern.includes('/')) return (slash < 0 || SYSTEM_FOLDERS.has(asked.slice(0, slash))) && matchesToken(pattern, asked.slice(slash + 1))
  const [wanted, given] = [pattern.split('/'), asked.split('/')]
  // Part by part, so that `*` never crosses a `/` and `..` never hides behind it.
  return wanted.length === given.length && !given.includes('..') && wanted.every((part, index) => matchesToken(part, given[index] ?? ''))
}

function reachesArgv(tokens: readonly string[], argv: readonly string[]): boolean {
  const [program, ...words] = tokens
  const [asked = '', ...rest] = argv
  if (program === undefined) return true
  if (!matchesToken(baseName(program).toLowerCase(), baseName(asked).toLowerCase())) return false
  const flags = words.filter((word) => word.startsWith('-'))
  return (
    flags.every((flag) => hasFlag(flag, rest)) &&
    appearInOrder(
      words.filter((word) => !word.startsWith('-')),
      rest,
    )
  )
}

function hasFlag(flag: string, argv: readonly string[]): boolean {
  if (argv.some((token) => matchesToken(flag, token) || token.startsWith(`${flag}=`))) return true
  // GNU programs take any unambiguous beginning of a long flag.
  if (flag.startsWith('--')) return argv.some((token) => /^--[a-z]/.test(token) && flag.startsWith(token.split('=', 1)[0] ?? token))
  if (!/^-[A-Za-z0-9]{1,3}$/.test(flag)) return false
  const given = new Set(argv.filter((token) => /^-[A-Za-z0-9]/.test(token)).flatMap((token) => [...token.slice(1)]))
  return [...flag.slice(1)].every((letter) => given.has(letter))
}

function appearInOrder(words: readonly string[], argv: readonly string[]): boolean {
  let at = 0
  for (const token of argv) {
    const word = words[at]
    if (word !== undefined && matchesToken(word, token)) at += 1
  }
  return at === words.length
}

/** Every rule asks for them, and each script would be parsed anew. An argv is never changed. */
const nestedOf = new WeakMap<readonly string[], readonly (readonly string[])[]>()

/** The command itself, and those it would start in turn; one more than the limit at most, so that hostile arguments cost little. */
function nestedCommands(argv: readonly string[]): readonly (readonly string[])[] {
  const known = nestedOf.get(argv)
  if (known !== undefined) return known
  const found: (readonly string[])[] = []
  const open: (readonly string[])[] = [argv]
  let scripts = 0
  for (const command of open) {
    for (const started of startedBy(command)) {
      if (found.length > MAX_COMMANDS) break
      found.push(started)
      const script = scriptOf(started)
      if (script === null || scripts >= MAX_SCRIPTS) continue
      scripts += 1
      open.push(...writtenCommands(script).slice(0, MAX_COMMANDS + 1))
    }
  }
  nestedOf.set(argv, found)
  return found
}

/** The text that a shell is given to run, be it among other flags. */
function scriptOf([program = '', ...rest]: readonly string[]): string | null {
  if (!SHELL.test(baseName(program))) return null
  const at = rest.findIndex((token) => /^-[A-Za-z]*c[A-Za-z]*$/.test(token))
  // What follows `-c` may be more flags: `sh -c -x SCRIPT`.
  return at < 0 ? null : (rest.slice(at + 1).find((token) => !/^[-+]/.test(token)) ?? null)
}

/** A command and those in its own words. */
function startedBy(argv: readonly string[]): readonly (readonly string[])[] {
  const starts = new Set([0])
  for (const [index, token] of argv.entries()) if (index > 0 && starts.size <= MAX_COMMANDS && RUNS_WHAT_FOLLOWS.has(token)) starts.add(index + 1)
  for (const start of starts) {
    for (const inner of launchedAt(argv.slice(start))) if (starts.size <= MAX_COMMANDS) starts.add(start + inner)
  }
  return [...starts].filter((start) => start < argv.length).map((start) => argv.slice(start))
}

/** Where the launched command may begin: past flags, assignments and numbers; a word right after a flag may be its value or the command. */
function launchedAt(argv: readonly string[]): readonly number[] {
  if (!LAUNCHERS.has(baseName(argv[0] ?? ''))) return []
  const starts: number[] = []
  for (let index = 1; index < argv.length && starts.length <= MAX_COMMANDS; index += 1) {
    const token = argv[index] ?? ''
    if (/^-|^[A-Za-z_][A-Za-z0-9_]*=|^[0-9.]+[a-z]?$/.test(token)) continue
    starts.push(index)
    const before = argv[index - 1] ?? ''
    if (!before.startsWith('-')) break
  }
  return starts
}

function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}

/** `*` in a token stands for any characters, none included. */
function matchesToken(pattern: string, token: string): boolean {
  const [head = '', ...others] = pattern.split('*')
  const tail = others.pop()
  if (tail === undefined) return token === pattern
  if (token.length < head.length + tail.length || !token.startsWith(head) || !token.endsWith(tail)) return false
  let rest = token.slice(head.length, token.length - tail.length)
  for (const part of others) {
    const at = rest.indexOf(part)
    if (at < 0) return false
    rest = rest.slice(at + part.length)
  }
  return true
}
