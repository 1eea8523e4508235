import * as z from 'zod'
import { CapabilityName } from './plan.ts'

/** What running it again would do: nothing, the same thing, a second local change, a second change elsewhere. */
export const EffectClass = z.enum(['read', 'idempotent', 'write', 'external'])
export type EffectClass = z.infer<typeof EffectClass>

/** True when running an action of this class twice leaves the world as once would. */
export function isRepeatable(effect: EffectClass): boolean {
  return effect === 'read' || effect === 'idempotent'
}

/** One concrete call, every reference resolved: what the guard judges and an approval is bound to. */
export const Action = z.strictObject({
  runId: z.string(),
  stepId: z.string(),
  capability: CapabilityName,
  args: z.record(z.string(), z.json()),
  /** The plan it belongs to, by the reference of its body; absent for what no plan asked for, such as research. */
  plan: z.string().optional(),
})
export type Action = z.infer<typeof Action>

/** What an action touches, as its capability declares it from the arguments alone. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('path'), access: z.enum(['read', 'write']), path: z.string() }),
  z.strictObject({ kind: z.literal('command'), argv: z.array(z.string()).min(1) }),
  z.strictObject({ kind: z.literal('url'), url: z.string() }),
])
export type Target = z.infer<typeof Target>

/** A person's yes to one exact action of one plan under one exact policy, for one use. */
export const Approval = z.strictObject({
  digest: z.string(),
  policyHash: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
  /** Wall time, ms since the epoch, from which on it counts no more; absent: it does not expire. */
  expiresAt: z.number().optional(),
})
export type Approval = z.infer<typeof Approval>

declare const admitted: unique symbol
/** An action that passed `guard.admit()`. Nothing else can be executed, and nothing else can make one. */
export type Admitted<A extends Action = Action> = A & {
  readonly [admitted]: true
  readonly digest: string
  readonly ruleId: string
  /** Who let it pass: a rule of the policy, or a person. */
  readonly grantedBy: 'policy' | 'person'
}
