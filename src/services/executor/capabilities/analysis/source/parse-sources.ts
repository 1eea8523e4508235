import type { ExecutionContext } from '../../../executor.ts'
import { contentKey, openFileCache, type FileCache } from '../file-cache.ts'
import { runReader } from './run-reader.ts'
import { SourceFacts } from './source-facts.ts'

/** A module's path, relative to the workspace, and its text. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** Raise it when the facts mean something else, or the parser is another one. */
const FACTS_VERSION = 3
/** Text given to one process: enough to be worth its start, little enough for its memory. */
const BATCH_CHARACTERS = 4 * 1024 * 1024

const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx|vue|svelte|astro)$/

/** Whether a file is one that can be parsed: TypeScript, JavaScript, or a component that holds some. */
export function isSource(path: string): boolean {
  return SOURCE.test(path)
}

/** The facts of what was parsed before. Whoever opens it saves it. */
export function openFactsCache(context: ExecutionContext): Promise<FileCache<SourceFacts>> {
  return openFileCache(context, { name: 'source-facts', version: FACTS_VERSION, facts: SourceFacts })
}

/** The facts of each source by its path; null for one that the parser could not cope with. What the cache knows is not parsed again. */
export async function parseSources(
  sources: readonly Source[],
  cache: FileCache<SourceFacts>,
  context: ExecutionContext,
): Promise<ReadonlyMap<string, SourceFacts | null>> {
  const facts = new Map<string, SourceFacts | null>()
  const unknown: (Source & { readonly key: string })[] = []
  for (const { path, text } of sources) {
    const key = contentKey(text, kindOf(path))
    const known = cache.get(key)
    if (known === undefined) unknown.push({ path, text, key })
    facts.set(path, known ?? null)
  }
  for (const batch of batchesOf(unknown)) {
    const files = batch.map(({ path, text }) => ({ path, text }))
    const answers = await runReader({ task: 'parse', files }, SourceFacts, context)
    for (const [at, { path, key }] of batch.entries()) {
      const answer = answers[at] ?? null
      facts.set(path, answer)
      if (answer !== null) cache.set(key, answer)
    }
  }
  return facts
}

/** The same text means something else in a file of another kind. */
function kindOf(path: string): string {
  return /(?:\.d)?\.[a-z]+$/.exec(path)?.[0] ?? ''
}

function* batchesOf<Item extends Source>(sources: readonly Item[]): Generator<readonly Item[]> {
  let batch: Item[] = []
  let characters = 0
  for (const source of sources) {
    if (batch.length > 0 && characters + source.text.length > BATCH_CHARACTERS) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push(source)
    characters += source.text.length
  }
  if (batch.length > 0) yield batch
}
