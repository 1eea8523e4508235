import * as z from 'zod'
import { Config } from '../model/config.ts'
import { Verbosity, WorkflowType } from '../model/goal.ts'

/**
 * Everything the command line can be told: the controller's configuration, and what `run` starts with. Each key is also an
 * environment variable and, where it makes sense on one command, an option. Unknown keys are errors.
 */
export const Settings = Config.extend({
  /** The folder that runs work in. */
  workspace: z.string().min(1).default('.'),
  workflowType: WorkflowType.optional(),
  maxSteps: z.number().int().min(1).optional(),
  timeoutMs: z.number().int().min(1_000).max(3_600_000).optional(),
  /** Actions that run at the same time at most. */
  parallel: z.number().int().min(1).max(256).optional(),
  /** A plan file to carry out instead of drafting one. */
  plan: z.string().min(1).optional(),
  /** The only playbook to plan with. */
  playbook: z.string().min(1).optional(),
  /** A file with parameters in wire form. */
  params: z.string().min(1).optional(),
  /** Capabilities that runs may use; empty = all that the policy allows. */
  allow: z.array(z.string().min(1)).default([]),
  context: z.record(z.string(), z.json()).default({}),
  /** Absent: interactive when both ends are a terminal. */
  interactive: z.boolean().optional(),
  /** Plan and explain only. */
  dryRun: z.boolean().default(false),
  /** A folder that gets a copy of each report. */
  out: z.string().min(1).optional(),
  /** Report only what changed since this revision of git. */
  since: z
    .string()
    .max(250)
    .regex(/^[^-\p{Cc}][^\p{Cc}]*$/u, 'must be a revision such as main, HEAD~3 or a commit id')
    .optional(),
  /** A completed run fails when a finding is at least this grave. */
  failOn: z.enum(['high', 'medium', 'low', 'info']).optional(),
  json: z.boolean().default(false),
  verbosity: Verbosity.default('normal'),
})
export type Settings = z.infer<typeof Settings>

/** Settings that name a file or folder; in a configuration file they are relative to that file. */
export const PATH_KEYS: ReadonlySet<string> = new Set(['workspace', 'state', 'plan', 'params', 'out', 'vaultKey'])

/** One setting that holds a value, as opposed to a group of settings. */
export interface Leaf {
  /** Dotted: `limits.maxReplans`. */
  readonly path: string
  readonly env: string
  readonly schema: z.ZodType
}

/** Every setting there is, in the order of the schema. */
export const LEAVES: readonly Leaf[] = leavesOf(Settings, [])

function leavesOf(group: z.ZodObject, prefix: readonly string[]): Leaf[] {
  return Object.entries(group.shape).flatMap(([key, schema]) => {
    const path = [...prefix, key]
    const inner: unknown = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
    if (inner instanceof z.ZodObject) return leavesOf(inner, path)
    return schema instanceof z.ZodType ? [{ path: path.join('.'), env: envNameOf(path), schema }] : []
  })
}

/** `['limits', 'maxReplans']` → `PLANNER_EXEC_LIMITS_MAX_REPLANS`. */
function envNameOf(path: readonly string[]): string {
  return `PLANNER_EXEC_${path.map((key) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')}`
}
