import * as z from 'zod'

/** An event as an actor received it. Bodies are blobs; an event carries their references. */
export const JournaledEvent = z.looseObject({ type: z.string() })
export type JournaledEvent = z.infer<typeof JournaledEvent>

/** What a run was started with: enough to fold its journal again, and to refuse when the code no longer fits. */
export const RunHeader = z.strictObject({
  machineId: z.string(),
  machineVersion: z.string(),
  /** SHA-256 of the portable configuration of both machines. */
  machineHash: z.string(),
  policyHash: z.string(),
  catalogDigest: z.string(),
  input: z.record(z.string(), z.json()),
})
export type RunHeader = z.infer<typeof RunHeader>

/**
 * One record of a run's journal.
 * - `started` opens it; `event` is one external event and everything it caused (one run-to-completion cascade);
 * - `adopted` and `parked` bound the time in which a process owned the run: between them the run clock stands still.
 *
 * `at` is wall time and `runAt` the run clock, both ms. `timer` or `child` names what produced the event, so that the fold
 * removes it; without that, finished services would run again on resume.
 */
export const JournalEntry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('started'), seq: z.number().int(), at: z.number(), runAt: z.number(), header: RunHeader }),
  z.strictObject({
    kind: z.literal('event'),
    seq: z.number().int(),
    at: z.number(),
    runAt: z.number(),
    /** The actor that received it: `''` is the workflow, `s3` the action of step s3. */
    path: z.string(),
    event: JournaledEvent,
    timer: z.tuple([z.string(), z.string()]).optional(),
    child: z.string().optional(),
    /** The inbox row it came from, applied exactly once. */
    inbox: z.number().int().optional(),
  }),
  z.strictObject({
    kind: z.enum(['adopted', 'parked']),
    seq: z.number().int(),
    at: z.number(),
    runAt: z.number(),
    owner: z.string(),
    reason: z.string(),
  }),
])
export type JournalEntry = z.infer<typeof JournalEntry>
