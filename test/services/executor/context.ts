import { join } from 'node:path'
import { ResourceLimits } from '../../../src/model/goal.ts'
import type { ExecutionContext } from '../../../src/services/executor/executor.ts'
import { createMeter } from '../../../src/services/executor/meter.ts'

/** The context of an action without an executor, also for programs that are no test. */
export function makeContext(
  workspace: string,
  stateDir = join(workspace, '.planner-exec'),
  changes: Partial<ExecutionContext> = {},
): ExecutionContext {
  const limits = changes.limits ?? ResourceLimits.parse({ max_fs_operations: 10_000 })
  return {
    runId: 'run-1',
    stepId: 'step',
    workspace,
    stateDir,
    signal: new AbortController().signal,
    idempotencyKey: 'key-1',
    heartbeat: () => undefined,
    meter: createMeter(limits),
    limits,
    ...changes,
  }
}
