import { createHash } from 'node:crypto'
import type { ExecutionContext } from '../../../executor.ts'
import { isFixture, isTest } from '../file-kind.ts'
import { named } from '../finding.ts'
import { isSource, openFactsCache, parseSources, type Source } from '../source/parse-sources.ts'
import type { ImportHow, ImportTarget, SourceFacts } from '../source/source-facts.ts'
import { lookAtFiles, readText } from '../text-files.ts'
import type { FileCache } from '../file-cache.ts'
import { IdleSlot } from '../idle-slot.ts'
import { isBuiltOf, withSources } from './built-from.ts'
import { resolveImports } from './resolve-imports.ts'
import { readPackages, type WorkspacePackage } from './workspace-packages.ts'

export interface ModuleImport {
  readonly specifier: string
  /** Where the statement begins, from 1. */
  readonly line: number
  /** Where it names the module. */
  readonly endLine: number
  readonly how: ImportHow
  /** A call in a function: the module is loaded when that runs. */
  readonly isLazy: boolean
  readonly target: ImportTarget
  /** It leads to what is built of the target, as far as the names tell. */
  readonly isAssumed: boolean
}

export interface Module {
  /** Relative to the workspace. */
  readonly path: string
  /** Written by the people who work here: neither generated, nor vendored, nor a fixture. Others are there when one of these leads to them. */
  readonly isOwn: boolean
  readonly isTest: boolean
  readonly lines: number
  readonly imports: readonly ModuleImport[]
  readonly open: SourceFacts['open']
  readonly functions: SourceFacts['functions']
  /** Not only types and imports. */
  readonly hasCode: boolean
}

/** The TypeScript and JavaScript modules of a folder and what they import. */
export interface ImportGraph {
  /** By path, in path order. */
  readonly modules: ReadonlyMap<string, Module>
  readonly packages: readonly WorkspacePackage[]
  /** Every file that people wrote, in path order, modules or not. */
  readonly files: readonly string[]
  /** Modules whose imports are not known. */
  readonly unread: readonly string[]
  /** What could not be looked at, and why. */
  readonly notExamined: readonly string[]
}

const MAX_FILES = 100_000
/** Rounds of following imports into generated and vendored files. */
const MAX_ROUNDS = 20

/** The graph of the last sources: each analysis of modules begins with the same one. */
const built = new IdleSlot<ImportGraph>()

/** Parses every module below `path` and resolves its imports. @throws ControllerError PATH_DENIED, ACTION_FAILED, ACTION_ABORTED */
export async function readImportGraph(path: string, context: ExecutionContext): Promise<ImportGraph> {
  const found = await readSources(path, context)
  return built.get(found.key) ?? built.set(found.key, await buildGraph(found, context))
}

async function buildGraph({ sources, generated, files, world, notExamined }: Sources, context: ExecutionContext): Promise<ImportGraph> {
  const all = new Set(sources.map((source) => source.path))
  const own = new Set([...all].filter((each) => !isBuiltOf(each, all)))
  const packages = await readPackages(files, context)
  const cache = await openFactsCache(context)
  const modules = new Map<string, Module>()
  const unread: string[] = []
  let round: readonly Source[] = [...sources, ...generated]
  for (let rounds = 0; round.length > 0 && rounds < MAX_ROUNDS; rounds += 1) {
    for (const [at, module] of await readModules(round, { packages, own, cache, world, context, unread }))
      modules.set(at, { ...module, isOwn: own.has(at) })
    round = await readTargets(modules, context)
  }
  await cache.save()
  return {
    modules: new Map([...modules].sort(([a], [b]) => (a < b ? -1 : 1))),
    packages,
    files,
    unread,
    notExamined:
      unread.length === 0 ? notExamined : [...notExamined, `imports of files that the parser or the resolver could not read: ${named(unread)}`],
  }
}

interface Sources extends Pick<ImportGraph, 'files' | 'notExamined'> {
  readonly sources: readonly Source[]
  /** What compilers and bundlers wrote: it may lead from one source to another. */
  readonly generated: readonly Source[]
  /** What stands for everything that decides where imports lead. */
  readonly world: string
  /** What stands for all of it. */
  readonly key: string
}

async function readSources(path: string, context: ExecutionContext): Promise<Sources> {
  const sources: Source[] = []
  const built: string[] = []
  const files: string[] = []
  const notExamined: string[] = []
  const skipped: string[] = []
  const world = createHash('sha256')
  const onTruncated = () => notExamined.push(`imports after the first ${MAX_FILES} files`)
  for await (const looked of lookAtFiles(context, { path, maxFiles: MAX_FILES, onTruncated })) {
    if (looked.kind === 'skipped' && isSource(looked.path)) skipped.push(looked.path)
    if (looked.kind === 'left-out' && looked.why === 'generated' && isSource(looked.path) && !isFixture(looked.path)) built.push(looked.path)
    if (looked.kind !== 'text' || isFixture(looked.path)) continue
    files.push(looked.path)
    // Where an import leads, the names of all files decide, and what manifests and configurations say, whatever their names.
    world.update(`${looked.path}\0${looked.path.endsWith('.json') ? looked.text : ''}\0`)
    if (isSource(looked.path)) sources.push({ path: looked.path, text: looked.text })
  }
  if (skipped.length > 0) notExamined.push(`imports of files that were skipped: ${named(skipped)}`)
  const all = createHash('sha256').update(JSON.stringify([context.workspace, path, notExamined, world.copy().digest('hex')]))
  const generated: Source[] = []
  for (const each of built) generated.push({ path: each, text: (await readText(context, each)) ?? '' })
  for (const source of [...sources, ...generated]) all.update(`\0${source.path}\0${source.text}`)
  return { sources, generated, files, world: world.digest('hex'), key: all.digest('hex'), notExamined }
}

/** What reading modules takes beside their texts. */
interface Reading {
  readonly packages: readonly WorkspacePackage[]
  readonly own: ReadonlySet<string>
  readonly cache: FileCache<SourceFacts>
  /** What stands for everything that decides where imports lead. */
  readonly world: string
  readonly context: ExecutionContext
  /** Added to. */
  readonly unread: string[]
}

async function readModules(sources: readonly Source[], reading: Reading): Promise<ReadonlyMap<string, Omit<Module, 'isOwn'>>> {
  const { packages, own, cache, world, context, unread } = reading
  const facts = await parseSources(sources, cache, context)
  const targets = await resolveImports(facts, { packages, world, context })
  const sourceOf = withSources(packages, own)
  return new Map(
    sources.map(({ path, text }) => {
      const found = facts.get(path) ?? null
      const resolved = targets.get(path) ?? null
      if (found === null || resolved === null) unread.push(path)
      const imports = (found?.imports ?? []).map((each) => ({
        ...each,
        ...sourceOf(resolved?.get(each.specifier) ?? { kind: 'unresolved' }, each.specifier),
      }))
      const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
      return [
        path,
        { path, isTest: isTest(path), lines, imports, open: found?.open ?? [], functions: found?.functions ?? [], hasCode: found?.hasCode ?? true },
      ]
    }),
  )
}

/** Files that modules lead to and that were not read yet: what lies behind them may lead back. */
async function readTargets(modules: ReadonlyMap<string, Module>, context: ExecutionContext): Promise<Source[]> {
  const wanted = new Set<string>()
  for (const { imports } of modules.values()) {
    for (const { target } of imports) if (target.kind === 'file' && isSource(target.path) && !modules.has(target.path)) wanted.add(target.path)
  }
  const sources: Source[] = []
  for (const path of [...wanted].sort()) {
    const text = await readText(context, path)
    sources.push({ path, text: text ?? '' })
  }
  return sources
}
