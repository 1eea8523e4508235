import * as z from 'zod'
import { TrajectorySettings } from './trajectory.ts'
import { Decision } from './verdict.ts'

/** How firmly a policy is applied, from the firmest: as it says; denials pass; questions too; no rules at all. All but `strict` say what they let pass. */
export const EnforcementLevel = z.enum(['strict', 'permissive', 'monitor', 'disabled'])
export type EnforcementLevel = z.infer<typeof EnforcementLevel>

const Specifiers = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value))

/** Characters of one condition; the longest of the shipped profiles has 20. */
const MAX_CONDITION = 2000
const Condition = z.string().trim().min(1).max(MAX_CONDITION)

/**
 * What a rule is tried on when the policy is loaded: an argv, a path, a URL, or arguments as the capability takes them. A text with `://`
 * is a URL, any other a path.
 */
export const PolicyExample = z.union([
  z.string().min(1),
  z.array(z.string()).min(1),
  z.strictObject({ capability: z.string().optional(), args: z.record(z.string(), z.json()).default({}) }),
])
export type PolicyExample = z.infer<typeof PolicyExample>

/**
 * One rule: exactly one of `allow`, `ask`, `deny`, each a `capability(specifier)` or a list of them, such as
 * `fs.read(${workspace}/**)`, `shell.exec(git status *)`, `fs.*`. Deny wins over ask, ask over allow; order does not matter.
 * `when` and `unless` are conditions in CEL: the rule applies when the first holds and the second does not.
 */
export const PolicyRule = z
  .strictObject({
    /** A stable name; the rule is then called `<policy>:<id>` instead of by its place. */
    id: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,63}$/, 'an id is lower-case letters, digits and dashes, such as secret-files')
      .optional(),
    allow: Specifiers.optional(),
    ask: Specifiers.optional(),
    deny: Specifiers.optional(),
    when: Condition.optional(),
    unless: Condition.optional(),
    reason: z.string().optional(),
    /** What the rule must and must not apply to; a policy whose examples fail is not used. */
    examples: z.strictObject({ match: z.array(PolicyExample).default([]), not_match: z.array(PolicyExample).default([]) }).optional(),
  })
  .superRefine((rule, ctx) => {
    const given = ['allow', 'ask', 'deny'].filter((key) => key in rule)
    if (given.length !== 1) ctx.addIssue({ code: 'custom', message: 'a rule has exactly one of allow, ask, deny' })
  })
export type PolicyRule = z.infer<typeof PolicyRule>

/** Sums over one run: of actions that are started, file operations, network requests, bytes read and written, and ms of work. */
export const RunAllowance = z
  .strictObject({
    max_actions: z.number().int().min(1),
    max_fs_operations: z.number().int().min(0),
    max_network_requests: z.number().int().min(0),
    max_bytes: z.number().int().min(0),
    max_duration_ms: z.number().int().min(1_000),
  })
  .partial()
export type RunAllowance = z.infer<typeof RunAllowance>

/** A policy file. Unknown keys are errors. */
export const Policy = z.strictObject({
  version: z.literal(1),
  enforcement: EnforcementLevel.default('strict'),
  /** What the policies laid over this one may only make stricter: everything, or the capabilities named (`shell.exec`, `http.*`). Absent means nothing. */
  narrow_only: z.union([z.boolean(), z.array(z.string()).min(1)]).optional(),
  /** The decision when no rule matches, by capability without its version (`fs.write`) or `*`; absent means deny. */
  defaults: z.record(z.string(), Decision).default({}),
  rules: z.array(PolicyRule).default([]),
  /** Goals that are refused outright, as RegExp-free, case-insensitive phrases. */
  goals: z.strictObject({ deny: z.array(z.string().min(1)).default([]) }).prefault({}),
  limits: z
    .strictObject({
      max_file_bytes: z
        .number()
        .int()
        .min(1)
        .default(100 * 1024 * 1024),
      max_timeout_ms: z.number().int().min(1).default(3_600_000),
      /** What one run may use in all, whatever it asks for; absent: what it asks for. */
      run: RunAllowance.optional(),
    })
    .prefault({}),
  /** How actions are held against what was asked for and planned before anything untrusted was read; absent: with the defaults. */
  trajectory: TrajectorySettings.optional(),
})
export type Policy = z.infer<typeof Policy>

/** Whether a policy is meant by its profile's name; anything else is a path. */
export function isProfileName(nameOrPath: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(nameOrPath)
}
