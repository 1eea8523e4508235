import * as z from 'zod'
import { CapabilityName, Check, PlanStep, StepId } from '../../model/plan.ts'

const ParamName = z.string().regex(/^[a-z][a-zA-Z0-9_]{0,31}$/, 'a letter a-z, then letters, 0-9 and _, at most 32')

/** Under which circumstances a step belongs to the plan; all that are given must hold. */
export const Condition = z
  .strictObject({
    /** A file, or a glob that some file fits. */
    exists: z.string().min(1).max(200).optional(),
    missing: z.string().min(1).max(200).optional(),
    /** The workspace is in a git repository. */
    git: z.literal(true).optional(),
    /** The value of this parameter is neither '' nor false: the caller asked for it. */
    param: ParamName.optional(),
  })
  .refine((when) => Object.keys(when).length > 0, 'must hold exists, missing, git or param')
export type Condition = z.infer<typeof Condition>

export const PlaybookStep = PlanStep.extend({ when: Condition.optional() })
export type PlaybookStep = z.infer<typeof PlaybookStep>

/** A value that the caller may give in the run's `context`; without a default it must. */
const Param = z.strictObject({ description: z.string().min(1).max(500), default: z.union([z.string(), z.number(), z.boolean()]).optional() })

/** A way to reach a kind of goal, written by people. */
export const Playbook = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'a-z, 0-9 and -, starting with a letter, at most 64'),
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(2_000),
  match: z.strictObject({
    /** Phrases, in any language, that goals of this kind are made of. */
    any: z.array(z.string().min(3).max(200)).min(1).max(100),
    /** What the workspace must have: `git`, a file or a glob. */
    needs: z.array(z.string().min(1).max(200)).max(20).default([]),
  }),
  params: z.record(ParamName, Param).default({}),
  assumptions: z.array(z.string()).default([]),
  successCriteria: z.array(Check).default([]),
  steps: z.array(PlaybookStep).min(1).max(1_000),
  /** What takes the place, and the id, of a step that failed or was refused. */
  fallbacks: z.record(StepId, PlaybookStep.extend({ id: StepId.optional() })).default({}),
  /** Reads that it wants done before it plans. */
  research: z
    .array(z.strictObject({ capability: CapabilityName, args: z.record(z.string(), z.json()).default({}), question: z.string().min(1).max(500) }))
    .max(20)
    .default([]),
  /** What a run of it leaves out, for the report. */
  notExamined: z.array(z.string()).default([]),
})
export type Playbook = z.infer<typeof Playbook>
