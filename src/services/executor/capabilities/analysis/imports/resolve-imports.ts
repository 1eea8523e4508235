import type { ExecutionContext } from '../../../executor.ts'
import { contentKey, openFileCache } from '../file-cache.ts'
import { runReader } from '../source/run-reader.ts'
import { ResolvedLine, type ImportTarget, type SourceFacts } from '../source/source-facts.ts'
import { barredFolders } from './barred-folders.ts'
import type { WorkspacePackage } from './workspace-packages.ts'

/** Raise it when the resolver is another one, or is asked in another way. */
const CACHE_VERSION = 1

interface Resolving {
  readonly packages: readonly WorkspacePackage[]
  /** What stands for everything that decides where imports lead. */
  readonly world: string
  readonly context: ExecutionContext
}

type Targets = ReadonlyMap<string, ImportTarget>

/** Where the specifiers of each file lead; files that the resolver could not cope with are missing. */
export async function resolveImports(
  facts: ReadonlyMap<string, SourceFacts | null>,
  { packages, world, context }: Resolving,
): Promise<ReadonlyMap<string, Targets>> {
  const isBarred = barredFolders(context)
  const cache = await openFileCache(context, { name: 'resolved-imports', version: CACHE_VERSION, facts: ResolvedLine })
  const targets = new Map<string, Targets>()
  const unknown: { path: string; specifiers: string[]; key: string }[] = []
  for (const [path, found] of facts) {
    if (found === null || isBarred(path)) continue
    const specifiers = [...new Set(found.imports.map(({ specifier }) => specifier))]
    const key = contentKey(JSON.stringify([path, specifiers]), world)
    const known = cache.get(key)
    if (known === undefined) unknown.push({ path, specifiers, key })
    else targets.set(path, byName(specifiers, known))
  }
  const files = unknown.map(({ path, specifiers }) => ({ path, specifiers }))
  const known = packages.map(({ name, folder }) => ({ name, folder }))
  const answers = await runReader({ task: 'resolve', workspace: context.workspace, files, packages: known }, ResolvedLine, context)
  for (const [at, { path, specifiers, key }] of unknown.entries()) {
    const answer = answers[at] ?? null
    if (answer === null) continue
    cache.set(key, answer)
    targets.set(path, byName(specifiers, answer))
  }
  await cache.save()
  return targets
}

function byName(specifiers: readonly string[], targets: readonly ImportTarget[]): Targets {
  return new Map(specifiers.map((specifier, at) => [specifier, targets[at] ?? { kind: 'unresolved' }]))
}
