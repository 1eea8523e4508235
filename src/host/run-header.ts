import { ControllerError } from '../errors.ts'
import type { WorkflowInput } from '../machines/workflow.types.ts'
import type { PlannerExecParams } from '../model/goal.ts'
import type { JournalEntry, RunHeader } from '../model/journal-entry.ts'
import type { Guard } from '../services/guard/guard.ts'
import { machineIdentity } from './machine-identity.ts'
import type { Ports } from './open-ports.ts'

/** What a run was asked for besides its parameters, kept in its first record so that a resume finds it. */
export interface RunSetting {
  readonly params: PlannerExecParams
  readonly policy: string
  readonly planRef: string | null
  readonly playbook: string | null
  readonly workflow: WorkflowInput
}

/** A run's first record: enough to fold its journal again, and to refuse when the code no longer fits. */
export function headerOf(setting: RunSetting, ports: Ports): RunHeader {
  return {
    ...machineIdentity(),
    policyHash: ports.guard.policyHash,
    catalogDigest: ports.executor.catalog.digest,
    input: JSON.parse(JSON.stringify(setting)) as RunHeader['input'],
  }
}

/** The first record of a journal. @throws ControllerError JOURNAL_CORRUPT when it is none */
export function headerIn(runId: string, entries: readonly JournalEntry[]): RunHeader {
  const first = entries[0]
  if (first?.kind === 'started') return first.header
  throw new ControllerError('JOURNAL_CORRUPT', `run ${runId} has no first record`)
}

/** A run goes on only with the machines, the policy and the capabilities it began with. @throws ControllerError RUN_INCOMPATIBLE */
export function assertCompatible(runId: string, header: RunHeader, guard: Guard, ports: Ports): void {
  const now = machineIdentity()
  const differences = [
    header.machineHash === now.machineHash ? [] : [`the statecharts (version ${header.machineVersion}, now ${now.machineVersion})`],
    header.policyHash === guard.policyHash ? [] : [`the policy ${guard.policyName}`],
    header.catalogDigest === ports.executor.catalog.digest ? [] : ['the capabilities'],
  ].flat()
  if (differences.length > 0)
    throw new ControllerError('RUN_INCOMPATIBLE', `run ${runId} was started with others: ${differences.join(', ')} changed since`)
}
