import { createHash, randomUUID } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { ExecutionContext } from '../../executor.ts'

/** What an analysis found out about each content it has read, kept from run to run. */
export interface FileCache<Facts> {
  get(key: string): Facts | undefined
  set(key: string, facts: Facts): void
  /** Keeps what is known, or only what was asked for or set when that is a small part. Never throws: a cache that cannot be kept is none. */
  save(): Promise<void>
}

/** Bound to the analysis and to how it works, so that a changed analysis asks anew. */
export interface CacheOptions<Facts> {
  readonly name: string
  readonly version: number
  readonly facts: z.ZodType<Facts>
}

const MAX_BYTES = 256 * 1024 * 1024
/** Contents of former times are dropped when there are so many times more of them than of present ones; few do not matter. */
const LITTER_SHARE = 4
const SMALL = 250

/** The key of a file: what it holds, and the name where the analysis depends on it (its extension, say). */
export function contentKey(text: string | Uint8Array, kind = ''): string {
  return createHash('sha256').update(kind).update('\0').update(text).digest('base64url')
}

/**
 * Opens the cache of an analysis: one file in the state folder, read whole. A missing, damaged or foreign one is empty. The workspace is not
 * trusted, and may bring a state folder along; what it cannot know beforehand is where and when that folder is made here.
 */
export async function openFileCache<Facts>(context: ExecutionContext, options: CacheOptions<Facts>): Promise<FileCache<Facts>> {
  const seal = sealOf(context.stateDir)
  const path = join(context.stateDir, 'cache', `${options.name}-v${options.version}.json`)
  const known = seal === null ? new Map<string, unknown>() : await read(path, seal)
  const used = new Map<string, Facts>()
  let isNew = false
  return {
    get(key) {
      const already = used.get(key)
      if (already !== undefined) return already
      const parsed = options.facts.safeParse(known.get(key))
      if (!parsed.success) return undefined
      used.set(key, parsed.data)
      return parsed.data
    },
    set(key, facts) {
      used.set(key, facts)
      isNew = true
    },
    async save() {
      const isLitter = known.size > LITTER_SHARE * (used.size + SMALL)
      if (seal === null || (!isNew && !isLitter)) return
      await write(path, { seal, entries: Object.fromEntries(isLitter ? used : [...known, ...used]) })
    },
  }
}

/** Which folder this is, and since when: nobody who made a folder elsewhere can have written it down. Null when there is none. */
function sealOf(folder: string): string | null {
  const stats = lstatSync(folder, { throwIfNoEntry: false, bigint: true })
  return stats?.isDirectory() === true ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : null
}

const Kept = z.strictObject({ seal: z.string(), entries: z.record(z.string(), z.unknown()) })

async function read(path: string, seal: string): Promise<Map<string, unknown>> {
  try {
    const stats = lstatSync(path)
    if (!stats.isFile() || stats.size > MAX_BYTES) return new Map()
    const kept = Kept.parse(JSON.parse(await readFile(path, 'utf8')))
    return new Map(kept.seal === seal ? Object.entries(kept.entries) : [])
  } catch {
    return new Map()
  }
}

async function write(path: string, kept: z.infer<typeof Kept>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // A link in its place would lead the writing elsewhere.
    if (!lstatSync(dirname(path)).isDirectory()) return
    await writeFile(temporary, JSON.stringify(kept), { flag: 'wx', mode: 0o600 })
    await rename(temporary, path)
  } catch {
    await rm(temporary, { force: true })
  }
}
