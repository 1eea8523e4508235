import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import type { Bodies } from '../engine/bodies.ts'
import type { Fold, FoldImage } from '../engine/fold.ts'
import { unpackImage } from '../engine/fold-image.ts'
import type { PackedImage } from '../engine/fold-image.ts'
import { ControllerError } from '../errors.ts'
import { createRunRecord } from '../flow/run-record.ts'
import type { Noted, RunRecord } from '../flow/run-record.ts'
import type { JournalEntry } from '../model/journal-entry.ts'

/** The body of a snapshot: the charts as they were, and where what the run noted so far is kept. */
const RunSnapshot = z.strictObject({
  version: z.literal(1),
  /** The statecharts that can go on from it. */
  machineHash: z.string(),
  fold: z.strictObject({
    image: z.unknown(),
    shared: z.array(z.strictObject({ at: z.array(z.union([z.string(), z.number()])), ref: z.string() })),
  }),
  startedAt: z.number(),
  /** What was noted, the last part first. */
  notedRef: z.string(),
})

/** What was noted between two snapshots. Each names the part before it, so that no snapshot repeats what an earlier one has. */
interface NotedPart {
  readonly previousRef: string | null
  readonly noted: readonly Noted[]
}

/** A run as it was before a snapshot's record. */
export interface RestoredRun {
  readonly entry: Extract<JournalEntry, { readonly kind: 'snapshot' }>
  readonly image: FoldImage
  readonly record: RunRecord
  /** Where what was noted until then is kept. */
  readonly notedRef: string
}

/** Puts a run's state down again and again, each time only what is new. */
export function createSnapshotter(machineHash: string, bodies: Bodies, record: RunRecord, lastRef: string | null): (fold: PackedImage) => string {
  let previousRef = lastRef
  return (fold) => {
    const part: NotedPart = { previousRef, noted: record.takeNoted() }
    previousRef = bodies.put(part)
    return bodies.put({ version: 1, machineHash, fold, startedAt: record.startedAt(), notedRef: previousRef })
  }
}

/**
 * The state that a snapshot's record names. Null when it cannot be used: it is of other statecharts, or a body of it is gone or damaged;
 * the records before it then give the same. `refold` gives from those records what was noted, should only that be gone.
 */
export function restoreRun(
  entry: JournalEntry | undefined,
  { machineHash, bodies, refold }: { readonly machineHash: string; readonly bodies: Bodies; readonly refold: (toSeq: number) => readonly Noted[] },
): RestoredRun | null {
  if (entry?.kind !== 'snapshot') return null
  const body = RunSnapshot.safeParse(readable(bodies, entry.ref))
  if (!body.success || body.data.machineHash !== machineHash) return null
  const { fold, startedAt, notedRef } = body.data
  const image = unpackImage(fold, (ref) => readable(bodies, ref))
  if (image === null) return null
  const record = createRunRecord({ startedAt, noted: () => notedUntil(bodies, notedRef) ?? refold(entry.seq - 1) })
  return { entry, image, record, notedRef }
}

/**
 * Holds a run's snapshots against what its records give: `difference` says in words where one is not the state that `fold` and `record`
 * have come to; null when it is. To be asked at each snapshot, in order.
 */
export function createSnapshotCheck(fold: Fold, record: RunRecord, bodies: Bodies): { difference(entry: JournalEntry): string | null } {
  let lastRef: string | null = null
  const noted: Noted[] = []
  return {
    difference(entry) {
      if (entry.kind !== 'snapshot') return null
      noted.push(...record.takeNoted())
      const body = RunSnapshot.safeParse(readable(bodies, entry.ref))
      if (!body.success) return 'the body of the snapshot is gone or damaged'
      const image = unpackImage(body.data.fold, (ref) => readable(bodies, ref))
      if (!isDeepStrictEqual(image, asJson(fold.image()))) return 'the state that was put down is not the one that the records give'
      const part = readable(bodies, body.data.notedRef) as NotedPart | null
      // A run that was folded from its first record notes everything anew.
      const expected = part?.previousRef === null ? noted : noted.slice(noted.length - (part?.noted.length ?? 0))
      const follows = part !== null && (part.previousRef === null || part.previousRef === lastRef) && isDeepStrictEqual(part.noted, asJson(expected))
      lastRef = body.data.notedRef
      return follows ? null : 'the results that were put down are not those that the records give'
    },
  }
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** All that was noted, the oldest first; null when a part of it is gone. */
function notedUntil(bodies: Bodies, lastRef: string): readonly Noted[] | null {
  const parts: (readonly Noted[])[] = []
  for (let ref: string | null = lastRef; ref !== null;) {
    // The snapshot's hash covers its parts: what can be read is what was written.
    const part = readable(bodies, ref) as NotedPart | null
    if (part === null) return null
    parts.push(part.noted)
    ref = part.previousRef
  }
  return parts.toReversed().flat()
}

/** A damaged body is as good as none: everything in a snapshot can be had from the records, too. */
function readable(bodies: Bodies, ref: string): unknown {
  try {
    return bodies.get(ref)
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'JOURNAL_CORRUPT') return null
    throw error
  }
}
