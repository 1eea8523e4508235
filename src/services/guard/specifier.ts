import { compileCommand, type CheckedCommand, type CommandPattern } from './command.ts'
import { compilePath, type PathPattern } from './glob.ts'
import { patternProblem } from './names.ts'
import type { CheckedPath, Places } from './path.ts'
import { compileHost, type CheckedUrl, type HostPattern } from './url.ts'

/** A target that passed the checks no policy can lift. */
export type CheckedTarget = CheckedPath | CheckedCommand | CheckedUrl

/** A compiled `capability(specifier)`. */
export interface Specifier {
  readonly text: string
  /** `fs.read`, `fs.*` or `*`. */
  readonly capability: string
  /** What is between the parentheses; null when there are none, and every target is meant. */
  readonly specifier: string | null
  /** Whether a grant covers the target: exact. */
  grants(target: CheckedTarget, places: Places): boolean
  /** Whether a prohibition reaches the target: every spelling of it. */
  reaches(target: CheckedTarget, places: Places): boolean
  /** For commands: the program is named, not left to `*`. */
  readonly namesProgram: boolean
}

interface Patterns {
  readonly path: PathPattern | null
  readonly command: CommandPattern | null
  readonly host: HostPattern | null
}

/** Compiles one entry of a rule; a string is what is wrong with it. */
export function compileSpecifier(text: string): Specifier | string {
  const open = text.indexOf('(')
  const capability = (open < 0 ? text : text.slice(0, open)).trim()
  const problem = patternProblem(capability)
  if (problem !== null) return problem
  if (open < 0) return { text, capability, specifier: null, grants: () => true, reaches: () => true, namesProgram: false }
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
    grants: (target, places) => matches(patterns, target, places, false),
    reaches: (target, places) => matches(patterns, target, places, true),
    namesProgram: patterns.command?.namesProgram ?? false,
  }
}

/** `{…}` is a host. A pattern with `${` or `**` is a path. Any other is read as the kind of target it meets, path or command. */
function compilePatterns(specifier: string): Patterns | string {
  if (specifier.startsWith('{') && specifier.endsWith('}')) {
    const host = compileHost(specifier.slice(1, -1))
    return typeof host === 'string' ? host : { path: null, command: null, host }
  }
  const path = compilePath(specifier)
  const pathOnly = specifier.includes('${') || specifier.includes('**')
  if (typeof path !== 'string') return { path, command: pathOnly ? null : compileCommand(specifier), host: null }
  // Words of a command need not be a valid glob: `awk {print}`.
  return pathOnly || !/\s/.test(specifier) ? path : { path: null, command: compileCommand(specifier), host: null }
}

function matches(patterns: Patterns, target: CheckedTarget, places: Places, wide: boolean): boolean {
  switch (target.kind) {
    case 'path': {
      const { path } = patterns
      if (path === null) return false
      return wide ? target.names.some((name) => path.matches(name, places, true)) : target.names.every((name) => path.matches(name, places, false))
    }
    case 'command':
      return (wide ? patterns.command?.reaches(target.argv) : patterns.command?.grants(target.argv)) ?? false
    case 'url':
      return patterns.host?.matches(target, wide) ?? false
  }
}
