import type { Action, Target } from '../../model/action.ts'
import { secretRefsIn } from '../../model/secrets.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'

/** A name that an operator gave: capitals. What was found in what a run has read is called by its kind. */
const NAMED = /^[A-Z]/

/**
 * What the secrets that an action would use say against it: null when nothing. A secret goes where a person has seen that it goes; what was
 * found in a file may go back into the workspace without a question.
 */
export function judgeSecrets(
  definition: Pick<CapabilityDefinition, 'name' | 'effect'>,
  args: Action['args'],
  targets: readonly Target[],
): Ruling | null {
  const refs = secretRefsIn(args)
  if (refs.length === 0) return null
  if (refs.includes(''))
    return refusal('secret', 'the arguments contain what looks like a reference to a secret and is none', 'Write ${secret:NAME}.')
  const staysHere = definition.effect !== 'external' && targets.length > 0 && targets.every(({ kind }) => kind === 'path')
  if (staysHere && !refs.some((ref) => NAMED.test(ref))) return null
  const reason = `${definition.name} would be given ${refs.length === 1 ? 'the secret' : 'the secrets'} ${refs.slice(0, 5).map(quote).join(', ')}`
  return { decision: 'ask', ruleId: 'builtin:secret', reason, hint: 'Look where the secret would go, then approve it; or use an egress service.' }
}
