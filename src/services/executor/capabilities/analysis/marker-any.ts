import { ControllerError } from '../../../../errors.ts'
import type { ExecutionContext } from '../../executor.ts'
import { isSource, openFactsCache, parseSources, type Source } from './source/parse-sources.ts'
import { readText } from './text-files.ts'

/** What the parser says of a line: it has an explicit `any` type, it has none, or nothing, because the file could not be parsed. */
export type AnyOpinion = (file: string, line: number) => 'yes' | 'no' | null

/** Characters that are held and parsed at a time. */
const BATCH = 4 * 1024 * 1024

/**
 * Reads and parses files once more, for an opinion on `any` types of which their text alone does not show what they are. Where the parser does not work
 * there is none. The cache of facts is used and not kept: it belongs to the analyses that read every source.
 * @throws ControllerError ACTION_ABORTED
 */
export async function anyTypesOf(files: readonly string[], context: ExecutionContext): Promise<AnyOpinion> {
  const known = new Map<string, ReadonlySet<number>>()
  try {
    if (files.length > 0) await parse(files.filter(isSource), known, context)
  } catch (error) {
    if (!(error instanceof ControllerError) || error.code === 'ACTION_ABORTED') throw error
  }
  return (file, line) => {
    const lines = known.get(file)
    if (lines === undefined) return null
    return lines.has(line) ? 'yes' : 'no'
  }
}

async function parse(files: readonly string[], known: Map<string, ReadonlySet<number>>, context: ExecutionContext): Promise<void> {
  const cache = await openFactsCache(context)
  let batch: Source[] = []
  let size = 0
  const flush = async (): Promise<void> => {
    for (const [path, facts] of await parseSources(batch, cache, context))
      if (facts !== null && facts.problem === null) known.set(path, new Set(facts.anyTypes))
    batch = []
    size = 0
  }
  for (const path of files) {
    const text = await readText(context, path)
    if (text === null) continue
    batch.push({ path, text })
    size += text.length
    if (size >= BATCH) await flush()
  }
  await flush()
}
