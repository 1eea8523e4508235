import canonicalize from 'canonicalize'
import { sha256 } from '../../model/digest.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Evidence } from '../../model/report.ts'
import type { CapabilityCatalog } from '../executor/executor.ts'
import type { ResearchRead } from './oracle.ts'

export interface ResearchOptions {
  readonly reads: readonly ResearchRead[]
  readonly catalog: CapabilityCatalog
  /** Has one read admitted and done. */
  readonly run: (capability: string, args: JsonObject) => Promise<JsonObject>
  /** Reads that are done at most; default 6. */
  readonly maxReads?: number
  readonly signal: AbortSignal
}

export interface ResearchResult {
  readonly evidence: readonly Evidence[]
  /** What could not be read, and why, one sentence each. */
  readonly gaps: readonly string[]
}

const MAX_PARALLEL = 3
const MAX_QUOTE = 200

/**
 * Does the reads that are wanted, three at a time, and keeps what each says. Only capabilities whose effect is `read` are used.
 * What is refused, fails, comes after the limit or after the signal is a gap. Resolves at once when the signal aborts; never rejects.
 */
export async function runResearch({ reads, catalog, run, maxReads = 6, signal }: ResearchOptions): Promise<ResearchResult> {
  const wanted = [...new Map(reads.map((read) => [sourceOf(read), read])).values()]
  const refused = wanted.map((read) => refusalOf(read, catalog))
  const allowed = wanted.filter((_, at) => refused[at] === null)
  const answers = new Map<ResearchRead, JsonObject | Error>()
  const queue = allowed.slice(0, maxReads)
  const stopped = stopOf(signal)
  const worker = async (): Promise<void> => {
    for (let read = queue.shift(); read !== undefined && !signal.aborted; read = queue.shift()) {
      answers.set(read, await Promise.race([run(read.capability, read.args), stopped.promise]).catch(asError))
    }
  }
  await Promise.all(Array.from({ length: MAX_PARALLEL }, worker))
  stopped.release()
  const outcomes = wanted.map((read, at) => outcomeOf(read, refused[at] ?? null, answers.get(read), signal.aborted, maxReads))
  const found = outcomes.filter((outcome) => typeof outcome !== 'string')
  return { evidence: found.map((one, at) => ({ id: `e${at + 1}`, ...one })), gaps: outcomes.filter((outcome) => typeof outcome === 'string') }
}

/** What evidence of a read is called: `fs.stat.v1 package.json`. Equal reads have equal names. */
export function sourceOf({ capability, args }: Pick<ResearchRead, 'capability' | 'args'>): string {
  const keys = Object.keys(args)
  if (keys.length === 0) return capability
  const { path } = args
  return `${capability} ${keys.length === 1 && typeof path === 'string' ? path : canonicalJson(args)}`
}

function refusalOf({ capability }: ResearchRead, catalog: CapabilityCatalog): string | null {
  const effect = catalog.get(capability)?.effect
  if (effect === undefined) return 'there is no such capability'
  return effect === 'read' ? null : `research only reads, and this is of effect ${effect}`
}

function outcomeOf(
  read: ResearchRead,
  refused: string | null,
  answer: JsonObject | Error | undefined,
  aborted: boolean,
  maxReads: number,
): string | Omit<Evidence, 'id'> {
  const source = sourceOf(read)
  const gap = (reason: string): string => `${read.question} Not known: ${source} — ${reason}.`
  if (refused !== null) return gap(refused)
  if (answer === undefined) return gap(aborted ? 'research was stopped' : `research is limited to ${maxReads} reads`)
  if (answer instanceof Error) return gap(answer.message.replace(/\.$/, ''))
  try {
    const text = canonicalJson(answer)
    return { source, sha256: sha256(text), quote: quoteOf(text) }
  } catch (error) {
    return gap(`its answer is not JSON: ${asError(error).message}`)
  }
}

function canonicalJson(value: JsonObject): string {
  return canonicalize(value) ?? ''
}

function quoteOf(text: string): string {
  if (text.length <= MAX_QUOTE) return text
  return `${text.slice(0, MAX_QUOTE - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Rejects when the signal aborts; `release` lets go of the signal. */
function stopOf(signal: AbortSignal): { readonly promise: Promise<never>; readonly release: () => void } {
  const listening = new AbortController()
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new Error('research was stopped'))
    signal.addEventListener('abort', onAbort, { once: true, signal: listening.signal })
    if (signal.aborted) onAbort()
  })
  // Nobody may be listening when the signal aborts.
  promise.catch(() => undefined)
  return { promise, release: () => listening.abort() }
}
