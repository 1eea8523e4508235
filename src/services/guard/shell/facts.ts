import { posix } from 'node:path'
import type { Judgement } from './grammar.ts'
import { PROGRAMS } from './programs.ts'
import { readScript, type ShellScript, type SimpleCommand } from './script.ts'
import { staticWord, systemName } from './words.ts'

/** What can be known of a command without running it. When in doubt it is not read-only. */
export interface CommandFacts {
  /** Whether it only reads: it changes no file, starts no program but those listed, and needs no network and no terminal. */
  readonly readOnly: boolean
  /** Why it is not read-only; empty when it is. */
  readonly reasons: readonly string[]
  /** Base names of the programs that it would start, as far as they are known. */
  readonly programs: readonly string[]
  /**
   * Files and folders it reads, as written: relative ones to the working folder, `~` and patterns not expanded. Complete when it is
   * read-only, apart from what `recursive` says.
   */
  readonly reads: readonly string[]
  /** Targets of output redirections and of operands known to be written to, as written. */
  readonly writes: readonly string[]
  /** Whether some of its words are known only to the shell that runs it; when it is read-only, these are patterns of file names or tildes. */
  readonly dynamic: boolean
  /** Whether it reads the contents of whole folders, or of all files that match a pattern. */
  readonly recursive: boolean
}

/** The shells whose scripts are judged. What others make of the same text differs too much. */
const SHELLS = new Set(['sh', 'bash', 'dash'])
/** Builtins that change the shell which runs the script: nothing when nothing follows, and maybe anything otherwise. */
const ALONE = new Set(['shopt', 'set', 'read', 'unalias', 'pushd', 'popd', 'dirs', 'bg', 'fg', 'jobs', 'unset'])
/** Subscripts of variables are expanded again, substitutions included. */
const PLAIN_WORDS = /^[^[$`]*$/

/** Several checks of one action ask about the same argv, which is never changed. */
const factsOfArgv = new WeakMap<readonly string[], CommandFacts>()

/** Judges an argv, also the script of `sh -c SCRIPT`. Never throws. */
export function commandFacts(argv: readonly string[]): CommandFacts {
  const known = factsOfArgv.get(argv) ?? judgeArgv(argv)
  factsOfArgv.set(argv, known)
  return known
}

function judgeArgv(argv: readonly string[]): CommandFacts {
  const [program = '', flag, script] = argv
  const name = systemName(program)
  if (name !== null && SHELLS.has(name) && argv.length === 3 && flag === '-c' && script !== undefined) {
    const facts = scriptFacts(script)
    return { ...facts, programs: [...new Set([name, ...facts.programs])] }
  }
  return factsOf({
    commands: [{ words: argv.map(staticWord) }],
    problems: [],
    reads: [],
    writes: [],
    isDynamic: false,
    isComplete: true,
  })
}

/** Judges the text of a shell script. Never throws. */
export function scriptFacts(text: string): CommandFacts {
  return factsOf(readScript(text))
}

/** Every argv in a script, those of substitutions included; null when one is not static or the script cannot be parsed. */
export function scriptCommands(text: string): readonly (readonly string[])[] | null {
  const script = readScript(text)
  if (!script.isComplete || script.commands.some(({ words }) => words.some((word) => word.kind !== 'static'))) return null
  return script.commands.map(({ words }) => words.map((word) => word.text))
}

function factsOf(script: ShellScript): CommandFacts {
  const found = script.commands.map((command) => judge(command, script.commands.length === 1))
  const folders = script.commands.filter(({ words }) => words[0]?.text === 'cd').map(({ words }) => words.at(-1)?.text ?? '')
  const reasons = new Set([
    ...script.problems,
    ...(found.length === 0 ? ['it has no command'] : []),
    ...(folders.length > 1 ? ['it changes its folder more than once'] : []),
    ...found.flatMap((judgement) => judgement.reasons),
  ])
  const reads = [...new Set([...script.reads, ...found.flatMap((judgement) => judgement.reads)])]
  const [folder] = folders
  return {
    readOnly: reasons.size === 0,
    reasons: [...reasons],
    programs: [...new Set(script.commands.map(({ words }) => baseName(words[0]?.text ?? '')))],
    // Whether the change took place when a path is used is not known: so both places are said.
    reads: folder === undefined ? reads : [...new Set([...reads, ...reads.map((path) => inFolder(folder, path))])],
    writes: [...new Set([...script.writes, ...found.flatMap((judgement) => judgement.writes)])],
    dynamic: script.isDynamic,
    recursive: found.some((judgement) => judgement.recursive),
  }
}

function judge({ words }: SimpleCommand, isAlone: boolean): Judgement {
  const [program, ...args] = words
  const nothing = { reads: [], writes: [], recursive: false }
  if (program === undefined || program.kind !== 'static') return { ...nothing, reasons: ['which program it starts is not known'] }
  const name = systemName(program.text)
  if (isAlone && ALONE.has(program.text) && args.every((word) => word.kind === 'static' && PLAIN_WORDS.test(word.text)))
    return { ...nothing, reasons: [] }
  const known = name === null ? undefined : PROGRAMS.get(name)
  if (known === undefined) return { ...nothing, reasons: [`${program.text} is not known to only read`] }
  const unknown = args.find((word) => word.kind === 'dynamic')
  if (unknown !== undefined) return { ...nothing, reasons: [`an argument of ${program.text} is known only to the shell`] }
  return known(args)
}

function inFolder(folder: string, path: string): string {
  return /^[/~]/.test(path) ? path : posix.join(folder, path)
}

function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1)
}
