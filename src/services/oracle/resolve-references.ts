import type { JsonObject } from '../../model/json.ts'
import type { PlanStep } from '../../model/plan.ts'
import { substituteReferences } from '../../model/reference.ts'
import { ControllerError } from '../../errors.ts'

/**
 * A step's arguments with every `${steps.<id>.output.<path>}` replaced, ready to be judged. `read` gives the recorded output of a
 * step, null when it has none. The result is not to be resolved again: text that looks like a reference in it came from a tool.
 * @throws ControllerError BAD_REFERENCE naming the first reference that cannot be resolved
 */
export function resolveReferences(args: JsonObject, read: (stepId: string) => JsonObject | null): PlanStep['args'] {
  const resolved = substituteReferences(args, read)
  if ('args' in resolved) return resolved.args
  const subject = resolved.reference === '' ? 'The arguments cannot be resolved' : `The reference ${resolved.reference} cannot be resolved`
  throw new ControllerError('BAD_REFERENCE', `${subject}: ${resolved.problem}.`, { details: resolved })
}
