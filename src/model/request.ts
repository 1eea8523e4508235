import * as z from 'zod'
import { Plan, StepId } from './plan.ts'

const by = z.string().max(200).default('person')
const reason = z.string().max(2_000).nullable().default(null)
/** The digest the person looked at; absent = whatever it is when the request is sent. */
const digest = z.string().optional()
const body = z.record(z.string(), z.json())

/** A change to a run under way: limits, plan, results, or a call for a person. */
export const Amendment = z.strictObject({
  maxSteps: z.number().int().min(1).optional(),
  /** Steps in plan form, added at the end. */
  addSteps: z.array(z.unknown()).default([]),
  removeSteps: z.array(StepId).default([]),
  /** Outputs that stand in for steps that have not begun. */
  overrides: z.record(StepId, body).default({}),
  escalate: z.boolean().default(false),
})
export type Amendment = z.infer<typeof Amendment>

export const InterventionOption = z.enum(['continue', 'replan', 'accept', 'fail'])
export type InterventionOption = z.infer<typeof InterventionOption>

/** What a person, a program or another terminal may ask of a run. The engine turns it into the statechart's event. */
export const RunRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('run.pause'), mode: z.enum(['finish', 'abort']).default('finish'), by }),
  z.strictObject({ type: z.literal('run.resume'), by }),
  z.strictObject({ type: z.literal('run.cancel'), reason, by }),
  z.strictObject({ type: z.literal('run.modify'), amendment: Amendment, by }),
  z.strictObject({ type: z.literal('goal.answer'), text: z.string().min(1).max(10_000), by }),
  z.strictObject({ type: z.literal('plan.approve'), digest, reason, by }),
  z.strictObject({ type: z.literal('plan.edit'), digest, plan: Plan, by }),
  z.strictObject({ type: z.literal('plan.reject'), digest, reason, by }),
  z.strictObject({
    type: z.literal('action.approve'),
    actionId: StepId,
    digest,
    reason,
    by,
    /** `run`: also for what is like it in this run, as the guard's `covers` says. */
    scope: z.enum(['once', 'run']).default('once'),
  }),
  z.strictObject({ type: z.literal('action.edit'), actionId: StepId, digest, args: body, reason, by }),
  z.strictObject({ type: z.literal('action.reject'), actionId: StepId, digest, reason, by }),
  z.strictObject({ type: z.literal('action.respond'), actionId: StepId, digest, output: body, reason, by }),
  z.strictObject({ type: z.literal('action.skip'), actionId: StepId, digest, reason, by }),
  z.strictObject({ type: z.literal('action.restart'), actionId: StepId, by }),
  z.strictObject({ type: z.literal('action.override'), actionId: StepId, output: body, by }),
  z.strictObject({ type: z.literal('action.resolve'), actionId: StepId, resolution: z.enum(['happened', 'did-not', 'failed']), reason, by }),
  z.strictObject({ type: z.literal('intervention.choose'), option: InterventionOption, by }),
])
export type RunRequest = z.infer<typeof RunRequest>
export type RunRequestInput = z.input<typeof RunRequest>
