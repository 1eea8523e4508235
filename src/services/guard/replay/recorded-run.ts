import * as z from 'zod'

const Args = z.record(z.string(), z.unknown())
const Name = z.string().min(1).max(1_000)

const RecordedEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('call'), tool: Name, args: Args.default({}) }),
  z.strictObject({ type: z.literal('result'), tool: Name, output: z.unknown() }),
  z.strictObject({ type: z.literal('message'), role: z.string(), text: z.string() }),
])

/**
 * One recorded run of an agent, a line of a trajectory file. Unknown keys are errors. `labels`, what somebody found out about the run
 * afterwards, may be there and is dropped before anything looks at the run.
 */
export const RecordedRun = z
  .strictObject({
    id: z.string().max(1_000),
    goal: z.string(),
    /** What was pinned before anything untrusted was read; an argument that is absent was left open. */
    plan: z.array(z.strictObject({ tool: Name, args: Args.optional() })).nullish(),
    tools: z.array(z.strictObject({ name: Name, kind: z.enum(['read', 'write', 'sink']), schema: z.unknown().optional() })),
    events: z.array(RecordedEvent),
    labels: z.unknown().optional(),
  })
  .transform(({ id, goal, plan, tools, events }) => ({ id, goal, plan: plan ?? null, tools, events }))
export type RecordedRun = z.infer<typeof RecordedRun>
