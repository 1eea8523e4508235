import { createBlobMarks } from './blob-marks.ts'
import type { Removal, Retention } from './journal.ts'
import { liveLease } from './lease-rules.ts'
import type { Memory } from './memory-state.ts'
import { keptBecause } from './retention-rules.ts'

/** The same rules as in a file; there is no space to give back. */
export function createMemoryRetention(memory: Memory): Retention {
  const judge = (runId: string, now: number, endedBy: number): Removal['kept'] => {
    const run = memory.runs.get(runId)
    if (run === undefined) return 'gone'
    const isOwned = liveLease(memory.claims.get(runId) ?? null, now) !== null
    const hasOpenEffects = [...memory.effects.values()].some((effect) => effect.runId === runId && effect.state === 'open')
    return keptBecause({ summary: run.summary, isOwned, hasOpenEffects }, endedBy)
  }
  return {
    remove: (runIds, { now, endedBy, dryRun = false }) => {
      const judged = runIds.map((runId): Removal => ({ runId, kept: judge(runId, now, endedBy) }))
      if (!dryRun) for (const { runId } of judged.filter(({ kept }) => kept === null)) deleteRun(memory, runId)
      return judged
    },
    removed: () => [...memory.removals].toSorted(),
    clearRemoved: (runIds, clear) => {
      for (const runId of runIds) if (memory.removals.has(runId) && clear(runId)) memory.removals.delete(runId)
    },
    sweep: () => Promise.resolve(sweep(memory)),
    compact: () => {},
    space: () => ({ bytes: 0, freeBytes: 0 }),
  }
}

function deleteRun({ runs, claims, workspaces, effects, requests, holds, removals }: Memory, runId: string): void {
  runs.delete(runId)
  claims.delete(runId)
  for (const [workspace, holder] of workspaces) if (holder === runId) workspaces.delete(workspace)
  for (const [key, effect] of effects) if (effect.runId === runId) effects.delete(key)
  for (const [inboxId, request] of requests) if (request.runId === runId) requests.delete(inboxId)
  for (const [ref, holders] of holds) if (holders.delete(runId) && holders.size === 0) holds.delete(ref)
  removals.add(runId)
}

function sweep({ runs, blobs, effects, holds }: Memory): number {
  const marks = createBlobMarks(blobs.keys(), (ref) => blobs.get(ref) ?? null)
  for (const { bodies } of runs.values()) for (const body of bodies) marks.keep(body)
  for (const { outputRef } of effects.values()) if (outputRef !== null) marks.keep(outputRef)
  for (const ref of holds.keys()) marks.keep(ref)
  const forgotten = marks.takeUnnamed(Infinity)
  for (const ref of forgotten) blobs.delete(ref)
  return forgotten.length
}
