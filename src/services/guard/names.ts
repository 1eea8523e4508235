import { nearest } from '../../input/nearest.ts'

/** Capabilities a policy may name even when this controller is built without them; a shipped profile then still loads. */
const SHIPPED_CAPABILITIES = [
  'analysis.changes',
  'analysis.dependencies',
  'analysis.duplicates',
  'analysis.functions',
  'analysis.hotspots',
  'analysis.hygiene',
  'analysis.imports',
  'analysis.inventory',
  'analysis.markers',
  'analysis.oxlint',
  'analysis.secrets',
  'analysis.tests',
  'analysis.unfinished',
  'fs.list',
  'fs.read',
  'fs.search',
  'fs.stat',
  'fs.write',
  'git.log',
  'git.status',
  'http.fetch',
  'http.send',
  'shell.exec',
]

const PATTERN = /^(?:\*|[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*(?:\.\*)?)$/

/** A capability's name without its version: `fs.read` of `fs.read.v1`. */
export function baseNameOf(capability: string): string {
  return capability.replace(/\.v[1-9][0-9]*$/, '')
}

/** Names without version that a policy may use. */
export function knownNames(catalogNames: readonly string[]): readonly string[] {
  return [...new Set([...catalogNames.map(baseNameOf), ...SHIPPED_CAPABILITIES])].sort()
}

/** Whether `*`, `fs.*` or `fs.read` covers a name without version. */
export function coversName(pattern: string, name: string): boolean {
  if (pattern === '*' || pattern === name) return true
  return pattern.endsWith('.*') && name.startsWith(pattern.slice(0, -1))
}

/** An exact name is more specific than any wildcard, a longer wildcard than a shorter one. */
export function specificity(pattern: string): number {
  return pattern.endsWith('*') ? pattern.length : Number.MAX_SAFE_INTEGER
}

/** What is wrong with a capability pattern's form; null when nothing is. */
export function patternProblem(pattern: string): string | null {
  if (baseNameOf(pattern) !== pattern) return `"${pattern}" names a version; write "${baseNameOf(pattern)}"`
  return PATTERN.test(pattern) ? null : `"${pattern}" is not a capability; write a name such as fs.read, fs.* or *`
}

/** Says that a pattern covers no known capability, with the nearest name; null when it covers one. */
export function unknownNameProblem(pattern: string, names: readonly string[]): string | null {
  if (names.some((name) => coversName(pattern, name))) return null
  const meant = nearest(pattern, names)
  return `no capability is called "${pattern}"${meant === null ? '' : `; did you mean "${meant}"?`}`
}
