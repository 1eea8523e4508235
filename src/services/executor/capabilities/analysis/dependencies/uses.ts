import { builtinModules } from 'node:module'
import { isFixture, isTest } from '../file-kind.ts'
import type { ImportGraph } from '../imports/import-graph.ts'
import { type Manifest, upwards } from './manifests.ts'

/** One place that imports a package. */
export interface Use {
  readonly name: string
  readonly specifier: string
  readonly file: string
  readonly line: number
  /** Erased by the compiler. */
  readonly isType: boolean
  /** By its place: delivered code, not tests, tools, examples or configuration. */
  readonly isProduction: boolean
  /** The manifests above the file, the nearest first; the first one has a name. */
  readonly manifests: readonly [Manifest, ...Manifest[]]
}

/** What npm allows as a name; `@/x`, `~/x` and `virtual:x` are something else. */
const PACKAGE_NAME = /^(?:@[a-z0-9][\w.~-]*\/[a-z0-9][\w.~-]*|[a-z0-9][\w.~-]*)$/i
/** Given by the program that runs the code, not by a package. */
const GIVEN: ReadonlySet<string> = new Set([...builtinModules, 'vscode', 'electron', 'bun', 'atom', 'figma', 'k6'])
const PRODUCTION = /^(?:src|lib|app|bin|cli|server|source)\/|^index\.[cm]?[jt]sx?$/
const SUPPORT =
  /(?:^|\/)(?:scripts?|tools?|bench(?:es|marks?)?|perf|examples?|demos?|docs?|website|\.?storybook|stories|mocks|__mocks__|testing|test-utils?|testutils?|playground|dev|devtools|e2e|dtslint)\//i
const SUPPORT_NAME =
  /\.(?:config|conf|setup|stories|story|bench|spec|test|test-d|tst|fixture|mock)\.[cm]?[jt]sx?$|^(?:gulpfile|gruntfile|setup-?tests?)\.[cm]?[jt]s$/i

/** The imports of packages in a graph, in path order; of tests only where `withTests`. */
export function usesIn(graph: ImportGraph, manifests: readonly Manifest[], options: { readonly withTests: boolean }): Use[] {
  const byFolder = new Map(manifests.map((manifest) => [manifest.folder, manifest]))
  return [...graph.modules.values()].flatMap((module) => {
    if (!module.isOwn || isFixture(module.path) || (!options.withTests && isTest(module.path))) return []
    const above = manifestsAbove(module.path, byFolder)
    if (above === null) return []
    return module.imports.flatMap(({ specifier, line, how, target }): Use[] => {
      if (target.kind !== 'package' || !PACKAGE_NAME.test(target.name) || GIVEN.has(target.name)) return []
      const isType = how === 'type' || /\.d\.[cm]?ts$/.test(module.path)
      return [{ name: target.name, specifier, file: module.path, line, isType, isProduction: isProduction(module.path, above[0]), manifests: above }]
    })
  })
}

/** A stub that only redirects an entry point has no name, and says nothing about dependencies. */
function manifestsAbove(path: string, byFolder: ReadonlyMap<string, Manifest>): [Manifest, ...Manifest[]] | null {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
  const found = upwards(folder).flatMap((above) => byFolder.get(above) ?? [])
  const [first, ...rest] = found.slice(
    Math.max(
      0,
      found.findIndex(({ name, declarations }) => name !== null || declarations.length > 0),
    ),
  )
  return first === undefined ? null : [first, ...rest]
}

/** Whether a file is part of what the package delivers, as far as its place tells. */
export function isProduction(path: string, owner: Pick<Manifest, 'folder'>): boolean {
  const inside = owner.folder === '' ? path : path.slice(owner.folder.length + 1)
  const name = inside.slice(inside.lastIndexOf('/') + 1)
  return PRODUCTION.test(inside) && !SUPPORT.test(inside) && !SUPPORT_NAME.test(name) && !isTest(path)
}

/** The package with the types of another: `@types/x`, `@types/scope__x`. */
export function typesOf(name: string): string {
  return `@types/${name.startsWith('@') ? name.slice(1).replace('/', '__') : name}`
}
