import { isBuiltin } from 'node:module'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ResolverFactory } from 'oxc-resolver'
import type { ImportTarget, ReaderTask } from './source-facts.ts'
import { isRelative, packageOf } from './specifier.ts'

type ResolveTask = Extract<ReaderTask, { task: 'resolve' }>

const SOURCES = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.d.ts', '.d.mts', '.d.cts', '.vue', '.svelte', '.astro', '.json']

/** Resolves as compilers and bundlers do: sources before what is built of them. */
const OPTIONS = {
  extensions: SOURCES,
  extensionAlias: {
    '.js': ['.ts', '.tsx', '.d.ts', '.js', '.jsx'],
    '.jsx': ['.tsx', '.d.ts', '.jsx'],
    '.mjs': ['.mts', '.d.mts', '.mjs'],
    '.cjs': ['.cts', '.d.cts', '.cjs'],
  },
  conditionNames: ['source', 'development', 'import', 'require', 'node', 'default'],
  mainFields: ['source', 'module', 'main'],
  // What lies in node_modules is not of interest, and not to be trusted.
  modules: [],
  nodePath: false,
}

/** Tells for each file where its specifiers lead. A package that is no part of the workspace is named, and not looked for. */
export function* resolveSpecifiers({ workspace, files, packages }: ResolveTask): Generator<ImportTarget[]> {
  const plain = new ResolverFactory(OPTIONS)
  const withConfig = plain.cloneWithOptions({ ...OPTIONS, tsconfig: 'auto' })
  const folders = new Map(packages.map(({ name, folder }) => [name, join(workspace, folder)]))
  for (const { path, specifiers } of files) {
    const file = join(workspace, path)
    yield specifiers.map((specifier) => targetOf(specifier, file))
  }

  function targetOf(specifier: string, file: string): ImportTarget {
    const wanted = specifier.replace(/[?].*$/s, '')
    if (isRelative(wanted)) return inWorkspace(found(plain, file, wanted)) ?? { kind: 'unresolved' }
    if (isBuiltin(wanted)) return { kind: 'builtin' }
    const name = packageOf(wanted)
    const folder = name === null ? undefined : folders.get(name)
    if (name !== null && folder !== undefined) return fromPackage(name, folder, wanted)
    // An alias of the configuration, or of the package's own `imports`; never a search in node_modules.
    const aliased = inWorkspace(found(withConfig, file, wanted))
    if (aliased !== null) return aliased
    return name === null || wanted.startsWith('#') ? { kind: 'unresolved' } : { kind: 'package', name }
  }

  /** A package of the workspace: by its `exports` as it sees itself, otherwise by its folder. */
  function fromPackage(name: string, folder: string, wanted: string): ImportTarget {
    const inside = join(folder, 'package.json')
    const own = inWorkspace(found(plain, inside, wanted))
    if (own !== null) return own
    const rest = wanted.slice(name.length)
    return inWorkspace(found(plain, inside, rest === '' ? '.' : `.${rest}`)) ?? { kind: 'package', name }
  }

  function found(resolver: ResolverFactory, file: string, wanted: string): string | null {
    try {
      const result = resolver === withConfig ? resolver.resolveFileSync(file, wanted) : resolver.sync(dirname(file), wanted)
      return result.path ?? null
    } catch {
      return null
    }
  }

  function inWorkspace(path: string | null): ImportTarget | null {
    if (path === null || !isAbsolute(path)) return null
    const inside = relative(workspace, resolve(path.replace(/[?#].*$/s, '')))
    if (inside === '' || inside.startsWith('..') || isAbsolute(inside) || inside.split(sep).includes('node_modules')) return null
    return { kind: 'file', path: inside.split(sep).join('/') }
  }
}
