import type { RunRequest } from '../model/request.ts'
import type { Redactor } from '../services/secrets/secrets.ts'

/**
 * A request as it may be kept: without the secrets that are known. An output that a person gives in place of an action's may have been copied from
 * anywhere, so it is looked through like one; arguments may refer to secrets, as a plan's do.
 */
export async function redactedRequest(request: RunRequest, runId: string, redactor: Redactor): Promise<RunRequest> {
  const from = { runId, source: request.type }
  if (request.type === 'action.respond' || request.type === 'action.override') {
    return { ...redactor.redactKnownJson(request), output: (await redactor.redactBody(request.output, from)).value }
  }
  const known = redactor.redactKnownJson(request)
  if (known.type !== 'run.modify' || request.type !== 'run.modify') return known
  return { ...known, amendment: { ...known.amendment, overrides: (await redactor.redactBody(request.amendment.overrides, from)).value } }
}
