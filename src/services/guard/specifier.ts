import { compileCommand, type CommandPattern } from './command.ts'
import { compilePath, type PathPattern } from './glob.ts'
import { baseName, type CheckedTarget, type MatchTarget } from './match-target.ts'
import { patternProblem } from './names.ts'
import { compileHost, type HostPattern } from './url.ts'

export type { CheckedTarget }

/** The kinds of target that a specifier can match. */
export type TargetKind = CheckedTarget['kind']

/** A compiled `capability(specifier)`. */
export interface Specifier {
  readonly text: string
  /** `fs.read`, `fs.*` or `*`. */
  readonly capability: string
  /** What is between the parentheses; null when there are none, and every target is meant. */
  readonly specifier: string | null
  /** The kinds of target it can match; all of them without a specifier. */
  readonly kinds: readonly TargetKind[]
  /** By kind of target, words (see `MatchTarget`) without which nothing is matched, be it by a grant or a prohibition. */
  readonly needs: Readonly<Record<TargetKind, readonly string[]>>
  /** Whether a grant covers the target: exact. */
  grants(target: MatchTarget): boolean
  /** Whether a prohibition reaches the target: every spelling of it. */
  reaches(target: MatchTarget): boolean
  /** For commands: the program is named, not left to `*`. */
  readonly namesProgram: boolean
}

interface Patterns {
  readonly path: PathPattern | null
  readonly command: NamedCommand | null
  readonly host: HostPattern | null
}

interface NamedCommand extends CommandPattern {
  /** Words, in lower case, without which no command matches. */
  readonly needs: readonly string[]
}

const EVERY_KIND: readonly TargetKind[] = ['path', 'command', 'url']

/** Compiles one entry of a rule; a string is what is wrong with it. */
export function compileSpecifier(text: string): Specifier | string {
  const open = text.indexOf('(')
  const capability = (open < 0 ? text : text.slice(0, open)).trim()
  const problem = patternProblem(capability)
  if (problem !== null) return problem
  if (open < 0) {
    const needs = { path: [], command: [], url: [] }
    return { text, capability, specifier: null, kinds: EVERY_KIND, needs, grants: () => true, reaches: () => true, namesProgram: false }
  }
  if (!text.trimEnd().endsWith(')')) return `"${text}" has no closing parenthesis`

  const specifier = text
    .trimEnd()
    .slice(open + 1, -1)
    .trim()
  if (specifier === '') return `"${text}" has nothing between its parentheses; write "${capability}" for every target`
  const patterns = compilePatterns(specifier)
  if (typeof patterns === 'string') return `${capability}: ${patterns}`
  return {
    text,
    capability,
    specifier,
    kinds: kindsOf(patterns),
    needs: { path: patterns.path?.needs ?? [], command: patterns.command?.needs ?? [], url: patterns.host?.needs ?? [] },
    grants: (target) => matches(patterns, target, false),
    reaches: (target) => matches(patterns, target, true),
    namesProgram: patterns.command?.namesProgram ?? false,
  }
}

function kindsOf(patterns: Patterns): readonly TargetKind[] {
  const has = { path: patterns.path !== null, command: patterns.command !== null, url: patterns.host !== null }
  return EVERY_KIND.filter((kind) => has[kind])
}

/** `{…}` is a host. A pattern with `${` or `**` is a path. Any other is read as the kind of target it meets, path or command. */
function compilePatterns(specifier: string): Patterns | string {
  if (specifier.startsWith('{') && specifier.endsWith('}')) {
    const host = compileHost(specifier.slice(1, -1))
    return typeof host === 'string' ? host : { path: null, command: null, host }
  }
  const path = compilePath(specifier)
  const pathOnly = specifier.includes('${') || specifier.includes('**')
  if (typeof path !== 'string') return { path, command: pathOnly ? null : compileNamed(specifier), host: null }
  // Words of a command need not be a valid glob: `awk {print}`.
  return pathOnly || !/\s/.test(specifier) ? path : { path: null, command: compileNamed(specifier), host: null }
}

/** A command pattern that is looked at closely only when the command contains the words that it needs: its program, and others that are no flags. */
function compileNamed(specifier: string): NamedCommand {
  const [program = '*', ...others] = specifier.split(/\s+/)
  const needs = [baseName(program), ...others.filter((word) => !word.startsWith('-'))].filter((word) => /^[\w.+@-]+$/.test(word))
  return { ...compileCommand(specifier), needs: needs.map((word) => word.toLowerCase()) }
}

function matches(patterns: Patterns, target: MatchTarget, wide: boolean): boolean {
  switch (target.kind) {
    case 'path': {
      const { path } = patterns
      if (path === null) return false
      return wide ? target.views.some((view) => path.matches(view, true)) : target.views.every((view) => path.matches(view, false))
    }
    case 'command': {
      const { command } = patterns
      const { words } = target
      if (command === null || (words !== null && !command.needs.every((word) => words.has(word)))) return false
      return wide ? command.reaches(target.checked.argv) : command.grants(target.checked.argv)
    }
    case 'url':
      return patterns.host?.matches(target.checked, wide) ?? false
  }
}
