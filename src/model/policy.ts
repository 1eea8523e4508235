import * as z from 'zod'
import { Decision } from './verdict.ts'

export const EnforcementLevel = z.enum(['strict', 'permissive', 'monitor', 'disabled'])
export type EnforcementLevel = z.infer<typeof EnforcementLevel>

const Specifiers = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value))

/**
 * One rule: exactly one of `allow`, `ask`, `deny`, each a `capability(specifier)` or a list of them, such as
 * `fs.read(${workspace}/**)`, `shell.exec(git status *)`, `fs.*`. Deny wins over ask, ask over allow; order does not matter.
 */
export const PolicyRule = z
  .strictObject({ allow: Specifiers.optional(), ask: Specifiers.optional(), deny: Specifiers.optional(), reason: z.string().optional() })
  .superRefine((rule, ctx) => {
    const given = ['allow', 'ask', 'deny'].filter((key) => key in rule)
    if (given.length !== 1) ctx.addIssue({ code: 'custom', message: 'a rule has exactly one of allow, ask, deny' })
  })
export type PolicyRule = z.infer<typeof PolicyRule>

/** A policy file. Unknown keys are errors. */
export const Policy = z.strictObject({
  version: z.literal(1),
  enforcement: EnforcementLevel.default('strict'),
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
    })
    .prefault({}),
})
export type Policy = z.infer<typeof Policy>

/** Whether a policy is meant by its profile's name; anything else is a path. */
export function isProfileName(nameOrPath: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(nameOrPath)
}
