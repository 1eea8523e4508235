import * as z from 'zod'

/** What to do about a call that needs more than the plan and the goal say: ask a person, or refuse. */
const Answer = z.enum(['ask', 'deny'])

/** The block `trajectory` of a policy: how calls are held against what was asked for and planned before anything untrusted was read. */
export const TrajectorySettings = z.strictObject({
  /**
   * What of the plan is pinned once something untrusted was read. `tools`: which effects, and how often. `arguments`: also the arguments that
   * the plan fixed. `off`: nothing; the goal alone is then what effects are held against.
   */
  pin: z.enum(['off', 'tools', 'arguments']).default('arguments'),
  /**
   * Whose arguments are traced to where they came from. `sinks`: of calls with an effect. `everything`: also of reads that can carry data out,
   * since whoever is asked learns the question. `off`: nobody's.
   */
  taint: z.enum(['off', 'sinks', 'everything']).default('everything'),
  /** An effect that neither the plan nor the goal asks for. */
  unplanned: Answer.default('ask'),
  /** A planned effect, or a read, whose arguments came out of what was read. */
  tainted: Answer.default('ask'),
  /** Data that was read, leaving in disguise: encoded, reversed, cut up, or with letters that only look the same. */
  disguised: Answer.default('ask'),
})
export type TrajectorySettings = z.infer<typeof TrajectorySettings>
export type TrajectorySettingsInput = z.input<typeof TrajectorySettings>
