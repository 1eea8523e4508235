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

/** Which statecharts a run's records are folded with. */
export const MachineIdentity = RunHeader.pick({ machineId: true, machineVersion: true, machineHash: true })
export type MachineIdentity = z.infer<typeof MachineIdentity>

/**
 * One record of a run's journal.
 * - `started` opens it; `event` is one external event and everything it caused (one run-to-completion cascade);
 * - `adopted` and `parked` bound the time in which a process owned the run: between them the run clock stands still;
 * - `migrated` says that the records before it were written for other statecharts, and which migration brought them to these;
 * - `snapshot` names the body that holds the state after the records before it, for a resume that need not fold them.
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
  z.strictObject({
    kind: z.literal('migrated'),
    seq: z.number().int(),
    at: z.number(),
    runAt: z.number(),
    /** The migration's name. */
    migration: z.string(),
    from: MachineIdentity,
    to: MachineIdentity,
  }),
  z.strictObject({ kind: z.literal('snapshot'), seq: z.number().int(), at: z.number(), runAt: z.number(), ref: z.string() }),
])
export type JournalEntry = z.infer<typeof JournalEntry>

/** Whether a process owns the run after a record, when `before` says whether one did before it. */
export function isOwnedAfter(entry: JournalEntry, before: boolean): boolean {
  if (entry.kind === 'event' || entry.kind === 'snapshot') return before
  return entry.kind === 'started' || entry.kind === 'adopted'
}
