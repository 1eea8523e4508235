import { join } from 'node:path'
import { ControllerError } from '../errors.ts'
import type { Admitted } from '../model/action.ts'
import type { ExecutionContext } from '../services/executor/executor.ts'
import type { FlowPorts, RunScope } from './run-scope.ts'

/** Where a redirect leads is judged like a step that names it; nobody is asked on the way. @throws ControllerError GUARD_DENIED */
async function admitRedirect({ guard, guardScope }: RunScope, action: Admitted, url: string, method: string): Promise<void> {
  const isFetch = method === 'GET' || method === 'HEAD'
  const args = isFetch ? { url, method } : { ...action.args, url, method }
  const { runId, stepId, plan, grantedBy } = action
  const capability = isFetch ? 'http.fetch.v1' : action.capability
  const place = plan === undefined ? { runId, stepId } : { runId, stepId, plan }
  // The other side writes where it leads out of what it was sent: what was in the request may be anywhere in it.
  const { pinned, taint } = guardScope.provenance?.(action) ?? { pinned: true, taint: [] }
  const carried = { pinned, taint: taint.map((one) => ({ ...one, path: 'url' })) }
  const { decision, ruleId, reason } = await guard.judge({ ...place, capability, args }, { ...guardScope, provenance: () => carried })
  // Who approved a request to a host meant that host.
  const isMeant = decision === 'ask' && grantedBy === 'person' && hasOrigin(action.args['url'], url)
  if (decision !== 'allow' && !isMeant) throw new ControllerError('GUARD_DENIED', `The redirect to ${url} was not allowed by ${ruleId}: ${reason}`)
}

const hasOrigin = (given: unknown, url: string): boolean => typeof given === 'string' && new URL(given).origin === new URL(url).origin

/** What an action of this run may use while it runs. */
export function executionContext(
  ports: FlowPorts,
  scope: RunScope,
  action: Admitted,
  attempt: Pick<ExecutionContext, 'idempotencyKey' | 'signal' | 'heartbeat'>,
): ExecutionContext {
  const { runId } = scope.guardScope
  const { guard } = scope
  const mayRead = guard.mayRead && ((path: string) => guard.mayRead?.(action.capability, join(ports.workspace, path)) ?? true)
  return {
    runId,
    stepId: action.stepId,
    workspace: ports.workspace,
    stateDir: ports.stateDir,
    meter: scope.meter,
    limits: scope.params.resource_limits,
    ...(mayRead === undefined || action.grantedBy === 'person' ? {} : { mayRead }),
    restore: (args) => ports.redactor.restore(args, { runId }),
    admitUrl: (url, method) => admitRedirect(scope, action, url, method),
    ...attempt,
  }
}
