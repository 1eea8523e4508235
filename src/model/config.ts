import * as z from 'zod'

const ms = z.number().int().min(0)

/** Everything an operator can set; every key has an option or an environment variable of the same name, unknown keys are errors. */
export const Config = z.strictObject({
  /** A shipped profile's name or the path of a policy file. */
  policy: z.string().default('workstation'),
  /** Where runs are kept; absent means `<workspace>/.planner-exec`. */
  state: z.string().optional(),
  /** `full` survives power loss, `normal` survives a crash of the process. */
  sync: z.enum(['full', 'normal']).default('full'),
  /** What to do when an action needs a person and nobody is at the terminal. */
  ask: z.enum(['park', 'deny']).default('park'),
  signOff: z.boolean().default(false),
  limits: z
    .strictObject({
      maxStepsCeiling: z.number().int().min(1).default(1000),
      maxReplans: z.number().int().min(0).default(3),
      maxRounds: z.number().int().min(0).default(2),
      maxRepairs: z.number().int().min(0).default(2),
      maxRungs: z.number().int().min(0).default(3),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      guardMs: ms.default(10_000),
      oracleMs: ms.default(120_000),
      researchMs: ms.default(60_000),
      actionMs: ms.default(30_000),
      drainMs: ms.default(60_000),
      reconcileMs: ms.default(30_000),
      reportMs: ms.default(30_000),
      settleGraceMs: ms.default(5_000),
      killGraceMs: ms.default(1_000),
      /** 0 = an approval waits without limit. */
      approvalMs: ms.default(0),
    })
    .prefault({}),
  /** Which finished runs `planner-exec gc` keeps: upstream's numbers. */
  retention: z
    .strictObject({
      /** Runs that ended longer ago are removed. */
      maxAgeMs: ms.default(24 * 60 * 60 * 1000),
      /** Of the finished runs at most so many are kept, those that ended last. */
      maxFinished: z.number().int().min(0).default(100),
    })
    .prefault({}),
  /** What a stalled run does when nobody answers in time. */
  onInterventionTimeout: z.enum(['fail', 'continue', 'replan']).default('fail'),
})
export type Config = z.infer<typeof Config>
export type ConfigInput = z.input<typeof Config>
