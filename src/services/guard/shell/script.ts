import {
  forEachChild,
  parse,
  type Assignment,
  type Command,
  type HereDoc,
  type ParsedScript,
  type Redirect,
  type Redirection,
  type SyntaxNode,
} from 'unbash'
import { isPlainFile, shellWord, type ShellWord } from './words.ts'

/** One program with its arguments, somewhere in a script. */
export interface SimpleCommand {
  /** The program first. */
  readonly words: readonly ShellWord[]
}

/** What a script holds, the insides of its substitutions, loops and functions included. */
export interface ShellScript {
  readonly commands: readonly SimpleCommand[]
  /** What in it, other than its commands, keeps it from being read-only. */
  readonly problems: readonly string[]
  /** Files its redirections read, and write. */
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly isDynamic: boolean
  /** Whether all of it could be parsed and followed. */
  readonly isComplete: boolean
}

/** Limits of what is looked at; a longer script is not judged. */
const MAX_CHARACTERS = 64 * 1024
const MAX_COMMANDS = 200
const MAX_NESTING = 32

/**
 * Constructs that only group or join what they hold, all of which is judged; `>(…)` is refused where it is met. Everything else runs commands again, later, elsewhere or under another name. */
const GROUPS = new Set([
  'Script',
  'Statement',
  'Pipeline',
  'AndOr',
  'Subshell',
  'BraceGroup',
  'CompoundList',
  'Redirected',
  'Command',
  'Negation',
  'If',
  'Elif',
  'ProcessSubstitution',
])
const REFUSED = new Map([
  ['Time', 'it uses `time`'],
  ['For', 'it uses a loop'],
  ['ArithmeticFor', 'it uses a loop'],
  ['While', 'it uses a loop'],
  ['Select', 'it uses a loop'],
  ['Case', 'it uses `case`'],
  ['Function', 'it defines a function'],
  ['Coproc', 'it starts a coprocess'],
  ['TestCommand', 'it uses `[[`'],
  ['ArithmeticCommand', 'it uses arithmetic'],
  ['Assignment', 'it sets a variable'],
  ['CommandExpansion', 'it uses a command substitution'],
  ['ArithmeticCommandExpansion', 'it uses a command substitution'],
  ['ArithmeticExpansion', 'it uses arithmetic'],
  ['SimpleExpansion', 'it uses a variable'],
  ['ParameterExpansion', 'it uses a variable'],
])
const LEVELS = new Set(['Script', 'Subshell', 'BraceGroup', 'If', 'For', 'ArithmeticFor', 'While', 'Select', 'Case', 'Function', 'Coproc'])

interface Findings {
  readonly commands: SimpleCommand[]
  readonly problems: Set<string>
  readonly reads: string[]
  readonly writes: string[]
  isDynamic: boolean
  isComplete: boolean
}

/** Reads a script. Never throws. */
export function readScript(text: string): ShellScript {
  const found: Findings = { commands: [], problems: new Set(), reads: [], writes: [], isDynamic: false, isComplete: true }
  try {
    if (text.length > MAX_CHARACTERS) giveUp(found, 'it is too long')
    else visit(parse(text), 0, found)
  } catch {
    giveUp(found, 'it cannot be parsed')
  }
  return { ...found, problems: [...found.problems] }
}

function giveUp(found: Findings, problem: string): void {
  found.problems.add(problem)
  found.isComplete = false
}

function visit(node: SyntaxNode, level: number, found: Findings): void {
  if (level > MAX_NESTING) return giveUp(found, 'it is nested too deeply')
  if (found.commands.length > MAX_COMMANDS) return giveUp(found, 'it has too many commands')
  const refused = REFUSED.get(node.type)
  if (refused !== undefined) found.problems.add(refused)
  else if (isConstruct(node) && !GROUPS.has(node.type)) found.problems.add('it uses a construct that is not followed')
  look(node, found)
  const below = LEVELS.has(node.type) ? level + 1 : level
  forEachChild(node, (child) => visit(child, below, found))
}

function isConstruct(node: SyntaxNode): boolean {
  return !/^(?:Word|Literal|SingleQuoted|DoubleQuoted|Glob|BraceExpansion|Redirect|FileDescriptor|HereDoc|HereDocDelimiter|HereDocBody|HereString)$/.test(
    node.type,
  )
}

function look(node: SyntaxNode, found: Findings): void {
  switch (node.type) {
    case 'Script':
      if (((node as ParsedScript).errors ?? []).length > 0) giveUp(found, 'it cannot be parsed')
      return
    case 'Statement':
      if (node.background === true) found.problems.add('it starts something in the background')
      return
    case 'Command':
      return addCommand(node, found)
    case 'Word':
      if (shellWord(node).kind !== 'static') found.isDynamic = true
      return
    case 'HereDoc':
      return lookAtDocument(node, found)
    case 'ProcessSubstitution':
      // Its word becomes one path below /dev/fd, and the program reads what the command in it prints, as from a pipe.
      if (node.operator !== '<' || node.script === undefined) found.problems.add('it writes to a process substitution')
      return
    case 'Redirect':
      return lookAtRedirect(node, found)
    default:
  }
}

function addCommand(command: Command, found: Findings): void {
  if (command.name === undefined) return
  const rest = command.suffix.filter((part) => !isRedirection(part)).map((part) => (part.type === 'Assignment' ? assigned(part) : shellWord(part)))
  found.commands.push({ words: [shellWord(command.name), ...rest] })
}

function isRedirection(part: Command['suffix'][number]): part is Redirection {
  return part.type === 'Redirect' || part.type === 'HereDoc' || part.type === 'HereString'
}

function assigned(assignment: Assignment): ShellWord {
  return { kind: 'dynamic', text: assignment.text, isNoFlag: true }
}

function lookAtDocument(document: HereDoc, found: Findings): void {
  const expands = document.delimiter?.quoted !== true && /[$`\\]/.test(document.body.text)
  if (!expands) return
  found.isDynamic = true
  found.problems.add('it uses a variable')
}

function lookAtRedirect(redirect: Redirect, found: Findings): void {
  const target = redirect.target === undefined ? null : shellWord(redirect.target)
  if (target === null || redirect.descriptor?.type === 'FileDescriptorVariable') return void found.problems.add('it redirects to what is not known')
  if (/^(?:\d+|-)$/.test(target.text) && target.kind === 'static' && redirect.operator.endsWith('&')) return
  if (redirect.operator === '<') {
    found.reads.push(target.text)
    if (target.kind === 'dynamic' || target.kind === 'glob') found.problems.add('it reads what only the shell knows')
    else if (!isPlainFile(target.text)) found.problems.add(`it opens ${target.text}`)
    return
  }
  if (target.kind === 'static' && target.text === '/dev/null' && redirect.operator !== '<>' && redirect.operator !== '<&') return
  found.writes.push(target.text)
  found.problems.add('it redirects output to a file')
}

/** Every command of a script as it is written, patterns and variables not expanded; as many as can be parsed. */
export function writtenCommands(text: string): readonly (readonly string[])[] {
  return readScript(text).commands.map(({ words }) => words.map((word) => word.text))
}
