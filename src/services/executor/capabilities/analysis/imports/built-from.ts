import { isRelative, packageOf } from '../source/specifier.ts'
import type { ImportTarget } from '../source/source-facts.ts'
import type { WorkspacePackage } from './workspace-packages.ts'

/** Folders that compilers and bundlers write to, by custom. */
const BUILT = /^(?:(?:dist|build|lib|out|output|esm|cjs|es|umd|types|module|node|browser|package|bundles?)\/){1,3}/
const EXTENSIONS = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.vue', '.svelte']
const ROOTS = ['src/', '', 'source/', 'lib/']

type Target = { readonly target: ImportTarget; readonly isAssumed: boolean }

/**
 * Turns imports of a package of the workspace, whose `exports` name what is built, into imports of what it is built from, as far as the
 * names tell. Without this every module that only other packages use would look unused.
 */
export function withSources(packages: readonly WorkspacePackage[], own: ReadonlySet<string>): (target: ImportTarget, specifier: string) => Target {
  const byName = new Map(packages.map((each) => [each.name, each]))
  return (target, specifier) => {
    const isOwn = target.kind === 'file' && own.has(target.path)
    const found = isOwn || isRelative(specifier) ? undefined : byName.get(packageOf(specifier) ?? '')
    const built = found === undefined ? [] : target.kind === 'file' ? [target.path] : entriesOf(found, specifier.slice(found.name.length + 1))
    const source = found === undefined ? undefined : firstSource(found, built, own)
    return source === undefined ? { target, isAssumed: false } : { target: { kind: 'file', path: source }, isAssumed: true }
  }
}

/** The source that a file of a package may be built from; undefined when none fits. */
function firstSource({ folder }: WorkspacePackage, built: readonly string[], own: ReadonlySet<string>): string | undefined {
  const prefix = folder === '.' ? '' : `${folder}/`
  for (const path of built) {
    const inside = path.startsWith(prefix) ? path.slice(prefix.length) : path
    const stem = inside.replace(BUILT, '').replace(/(?:\.d)?\.[cm]?[jt]sx?$/, '')
    for (const root of ROOTS) {
      for (const end of ['', '/index']) {
        for (const extension of EXTENSIONS) {
          const candidate = `${prefix}${root}${stem}${end}${extension}`
          if (own.has(candidate)) return candidate
        }
      }
    }
  }
  return undefined
}

/** Whether a script is what a compiler made of a source that is here, too: `locales/ar.js` beside `src/locales/ar.ts`. */
export function isBuiltOf(path: string, all: ReadonlySet<string>): boolean {
  const built = /^(.*)(?:\.d\.[cm]?ts|\.[cm]?js)$/.exec(path)?.[1]
  if (built === undefined) return false
  const parts = built.split('/')
  return parts.some((_, at) => {
    const source = [...parts.slice(0, at), 'src', ...parts.slice(at)].join('/')
    return all.has(`${source}.ts`) || all.has(`${source}.tsx`)
  })
}

/** Every file that the manifest names for `.` or for a subpath; what is built need not be there. */
export function entriesOf({ folder, manifest }: WorkspacePackage, subpath = ''): string[] {
  const prefix = folder === '.' ? '' : `${folder}/`
  const exported = subpath === '' ? manifest['exports'] : undefined
  const named = [
    subpath === '' ? undefined : subpath,
    ...['source', 'module', 'main', 'types', 'typings', 'browser'].map((key) => (subpath === '' ? manifest[key] : undefined)),
  ]
  const texts = [...textsIn(exported), ...textsIn(subpathOf(manifest['exports'], subpath)), ...named.flatMap(textsIn)]
  const clean = texts.filter((text) => !text.includes('..') && !text.includes('*')).map((text) => prefix + text.replace(/^\.?\/+/, ''))
  return [...new Set(subpath === '' && clean.length === 0 ? [`${prefix}index.js`] : clean)]
}

function subpathOf(exported: unknown, subpath: string): unknown {
  return typeof exported === 'object' && exported !== null ? Object.entries(exported).find(([key]) => key === `./${subpath}`)?.[1] : undefined
}

/** Every text in a value of a manifest, however deep; manifests that nest deeper than sense are cut. */
export function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || depth > 8) return []
  return Object.values(value).flatMap((inner) => textsIn(inner, depth + 1))
}
