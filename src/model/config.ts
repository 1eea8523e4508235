import * as z from 'zod'
import { EgressConfig } from './egress.ts'
import { Secrets } from './secrets.ts'

const ms = z.number().int().min(0)

/** Everything an operator can set; every key has an option or an environment variable of the same name, unknown keys are errors. */
export const Config = z.strictObject({
  /** A shipped profile's name or the path of a policy file. */
  policy: z.string().default('workstation'),
  /** Rules typed for this controller, over those of the policy: entries such as `fs.write(src/**)`. */
  rules: z
    .strictObject({
      allow: z.array(z.string().min(1)).default([]),
      ask: z.array(z.string().min(1)).default([]),
      deny: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  /** Whether changed policy files hold for runs that start afterwards; a policy that does not load leaves the last good one in force. */
  reloadPolicy: z.boolean().default(false),
  /** Another policy, on trial: what it says of each action is recorded beside the verdict, and decides nothing. */
  shadowPolicy: z.string().optional(),
  /** Where runs are kept; absent means `<workspace>/.planner-exec`. */
  state: z.string().optional(),
  /** Secrets that actions may use by `${secret:NAME}`, and that nothing ever shows: `{ NAME: { env: VARIABLE } }` or `{ NAME: { file: PATH } }`. */
  secrets: Secrets.default({}),
  /** Whether values of this process's environment whose names look secret are kept out of records as well. */
  hideEnvironment: z.boolean().default(true),
  /** Hosts of private networks that a policy may allow, and services whose credentials go along unseen. */
  egress: EgressConfig.prefault({}),
  /** The file with the key of the vault, made when first needed; absent means `planner-exec/vault.key` in the user's configuration folder. */
  vaultKey: z.string().optional(),
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
      /** How long an approval counts until its action begins; a day. 0 = without limit. */
      approvalValidMs: ms.default(24 * 60 * 60 * 1000),
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
