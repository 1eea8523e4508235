import type * as z from 'zod'
import { CapabilityName } from '../../model/plan.ts'
import { ControllerError } from '../../errors.ts'
import type { CapabilityDefinition } from './executor.ts'

/** Longest time, in ms, that a capability may take by default: an hour, as for a step. */
const MAX_TIMEOUT_MS = 3_600_000

/**
 * Declares a capability with the types of its arguments and output taken from its schemas:
 *
 *     export const wordCount = defineCapability({
 *       name: 'text.count.v1', title: 'Count words', description: 'Counts the words of a text.',
 *       args: z.strictObject({ text: z.string().describe('The text') }),
 *       output: z.strictObject({ words: z.number().int() }),
 *       effect: 'read', risk: 'low', needs: [], timeoutMs: 1_000,
 *       targets: () => [],
 *       run: async ({ text }) => ({ words: text.split(/\s+/).filter(Boolean).length }),
 *     })
 *
 * @throws ControllerError CONFIG_INVALID for a name without a version, or a timeout that is not 1..3 600 000 ms
 */
export function defineCapability<Args extends z.ZodObject, Output extends z.ZodType>(
  definition: CapabilityDefinition<Args, Output>,
): CapabilityDefinition<Args, Output> {
  const name = CapabilityName.safeParse(definition.name)
  if (!name.success) {
    throw new ControllerError('CONFIG_INVALID', `${JSON.stringify(definition.name)} is not the name of a capability.`, {
      hint: 'Use lower-case names with a version, such as fs.read.v1.',
    })
  }
  const { timeoutMs } = definition
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new ControllerError('CONFIG_INVALID', `${definition.name} has a timeoutMs of ${timeoutMs}.`, {
      hint: `Use a whole number from 1 to ${MAX_TIMEOUT_MS}.`,
    })
  }
  return Object.freeze(definition)
}
