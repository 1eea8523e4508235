import { readFile, readdir } from 'node:fs/promises'
import { posix } from 'node:path'

/** One import of a source file. `to` is a file of the project as a path from its root, or a package's name. */
export interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const STATEMENT = /\b(?:import|export)\s+(type\s+)?[\w\s{},*$]*?\bfrom\s*['"]([^'"]+)['"]/g
const BARE = /\bimport\s*['"]([^'"]+)['"]/g
const CALL = /(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** What a source imports in any form: statements, re-exports, `import()` and `typeof import()`; type-only ones included. */
export function importsOf(file: string, source: string): readonly Import[] {
  const found = (specifier: string, typeOnly: boolean): Import => ({ from: file, to: resolveFrom(file, specifier), typeOnly })
  return [
    ...[...source.matchAll(STATEMENT)].map(([, type, specifier = '']) => found(specifier, type !== undefined)),
    ...[...source.matchAll(BARE)].map(([, specifier = '']) => found(specifier, false)),
    ...[...source.matchAll(CALL)].map(([, type, specifier = '']) => found(specifier, type !== undefined)),
  ]
}

/** Every source file below a folder of the project, by its path from the project's root. */
export async function readSources(folder: string): Promise<ReadonlyMap<string, string>> {
  const root = new URL('../', import.meta.url)
  const names = await readdir(new URL(`${folder}/`, root), { recursive: true })
  const paths = names.filter((name) => name.endsWith('.ts')).map((name) => posix.join(folder, name.replaceAll('\\', '/')))
  const sources = paths.map(async (path): Promise<[string, string]> => [path, await readFile(new URL(path, root), 'utf8')])
  return new Map(await Promise.all(sources))
}

/** The groups of files that import each other in a circle, each in name order; empty when there are none. */
export function cyclesIn(imports: readonly Import[]): readonly (readonly string[])[] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to])
  const reachable = new Map([...targets.keys()].map((file) => [file, reachableFrom(file, targets)]))
  const groups = [...reachable.keys()]
    .filter((file) => reachable.get(file)?.has(file))
    .map((file) => [...reachable.keys()].filter((other) => reachable.get(file)?.has(other) && reachable.get(other)?.has(file)).toSorted())
  return [...new Map(groups.map((group) => [group.join(), group])).values()]
}

function reachableFrom(file: string, targets: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [...(targets.get(file) ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...(targets.get(next) ?? []))
  }
  return seen
}

function resolveFrom(file: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier
}
