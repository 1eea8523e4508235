import { setImmediate } from 'node:timers/promises'
import type { Config } from '../model/config.ts'
import type { GcLeftover, GcOptions, GcResult, GcRun } from '../model/retention.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { Journal, RunSummary } from '../services/journal/journal.ts'
import type { Vault } from '../services/secrets/secrets.ts'
import { clearRunFolder } from './run-folders.ts'

/** A run that ended less than this ago is kept: its process still shows its report, and those who follow it look ten times a second. */
const SETTLE_MS = 60_000
/** Runs that are removed in one transaction, which keeps other writers waiting for some 10 ms. */
const BATCH = 50

export interface RetentionPorts {
  readonly journal: Journal
  readonly clock: Clock
  readonly stateDir: string
  readonly config: Pick<Config, 'retention'>
  readonly vault: Pick<Vault, 'remove'>
}

/**
 * Removes the finished runs that are too old or too many, with everything that is theirs alone. What was interrupted is finished first by
 * the next call. Safe beside any number of processes that start, resume, read or remove runs.
 * @throws ControllerError JOURNAL_UNWRITABLE, JOURNAL_CORRUPT
 */
export async function collectGarbage(ports: RetentionPorts, options: GcOptions = {}): Promise<GcResult> {
  const { journal, clock, config } = ports
  const { maxAgeMs = config.retention.maxAgeMs, maxFinished = config.retention.maxFinished, dryRun = false } = options
  const now = clock.now()
  const before = journal.space()
  const summaries = journal.list()
  const kept = await removeRuns(journal, surplusOf(summaries, { now, maxAgeMs, maxFinished }), { now, endedBy: now - SETTLE_MS, dryRun })
  const runs = summaries.map((summary): GcRun => {
    const { runId, state, updatedAt, finished } = summary
    const reason = kept.get(runId)
    return {
      runId,
      state,
      updatedAt,
      ageMs: Math.max(0, now - updatedAt),
      kept: reason === undefined ? (finished ? 'retained' : 'unfinished') : reason,
    }
  })
  if (dryRun) return { dryRun, runs, folders: 0, blobs: 0, bytesFreed: 0, bytesReusable: 0, leftovers: [] }
  const cleared = await clearFolders(ports)
  const blobs = await journal.sweep()
  journal.compact(now)
  const after = journal.space()
  const bytesFreed = cleared.bytes + Math.max(0, before.bytes - after.bytes)
  return { dryRun, runs, blobs, folders: cleared.folders, leftovers: cleared.leftovers, bytesFreed, bytesReusable: after.freeBytes }
}

/** The finished runs that are too old, or one too many, oldest first: what an interruption leaves is the newest. */
function surplusOf(
  summaries: readonly RunSummary[],
  { now, maxAgeMs, maxFinished }: { readonly now: number; readonly maxAgeMs: number; readonly maxFinished: number },
): readonly string[] {
  return summaries
    .filter(({ finished }) => finished)
    .toSorted((a, b) => b.updatedAt - a.updatedAt || b.createdAt - a.createdAt)
    .filter(({ updatedAt }, index) => index >= maxFinished || now - updatedAt > maxAgeMs)
    .map(({ runId }) => runId)
    .toReversed()
}

type RemovalOptions = Parameters<Journal['remove']>[1]

/** Why each of these runs is kept, null for those that are gone. */
async function removeRuns(journal: Journal, runIds: readonly string[], options: RemovalOptions): Promise<ReadonlyMap<string, GcRun['kept']>> {
  const kept = new Map<string, GcRun['kept']>()
  for (const batch of batchesOf(runIds)) {
    for (const removal of journal.remove(batch, options)) kept.set(removal.runId, removal.kept)
    await setImmediate()
  }
  return kept
}

async function clearFolders({
  journal,
  stateDir,
  vault,
}: RetentionPorts): Promise<{ folders: number; bytes: number; leftovers: readonly GcLeftover[] }> {
  const leftovers: GcLeftover[] = []
  let [folders, bytes] = [0, 0]
  for (const batch of batchesOf(journal.removed())) {
    journal.clearRemoved(batch, (runId) => {
      const forgotten = vault.remove(runId)
      const cleared = clearRunFolder(stateDir, runId)
      bytes += cleared.bytes
      folders += cleared.removed ? 1 : 0
      if (cleared.leftover !== null) leftovers.push(cleared.leftover)
      return cleared.done && forgotten
    })
    await setImmediate()
  }
  // `runs` itself stands in the way of all of them alike.
  return { folders, bytes, leftovers: [...new Map(leftovers.map((leftover) => [leftover.path, leftover])).values()] }
}

function batchesOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) => items.slice(index * BATCH, (index + 1) * BATCH))
}
