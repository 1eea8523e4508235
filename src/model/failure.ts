import * as z from 'zod'

/** The stages of the flow, in the order a run meets them; a failure names the one it happened in. */
export const Stage = z.enum(['goal', 'plan', 'guard', 'action', 'result', 'journal', 'config', 'usage', 'engine'])
export type Stage = z.infer<typeof Stage>

/** A failure as data: what happened, where, and what to do about it. Branch on `code`, never on `message`. */
export const Failure = z.strictObject({
  code: z.string(),
  stage: Stage,
  message: z.string(),
  /** One imperative sentence: the way out. */
  hint: z.string(),
  /** Whether the same attempt may succeed when it is repeated unchanged. */
  retryable: z.boolean(),
})
export type Failure = z.infer<typeof Failure>
