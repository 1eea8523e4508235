import type { ExecutionContext } from '../services/executor/executor.ts'
import type { FlowPorts, RunScope } from './run-scope.ts'

/** What an action of this run may use while it runs. */
export function executionContext(
  ports: FlowPorts,
  scope: RunScope,
  attempt: Pick<ExecutionContext, 'stepId' | 'idempotencyKey' | 'signal' | 'heartbeat'>,
): ExecutionContext {
  return {
    runId: scope.guardScope.runId,
    workspace: ports.workspace,
    stateDir: ports.stateDir,
    meter: scope.meter,
    limits: scope.params.resource_limits,
    ...attempt,
  }
}
