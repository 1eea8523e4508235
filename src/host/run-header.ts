import { ControllerError } from '../errors.ts'
import type { WorkflowInput } from '../machines/workflow.types.ts'
import type { PlannerExecParams } from '../model/goal.ts'
import type { JournalEntry, MachineIdentity, RunHeader } from '../model/journal-entry.ts'
import type { Guard } from '../services/guard/guard.ts'
import { describeCharts, machineIdentity, sameCharts, shortHash } from './machine-identity.ts'
import type { MigratingJournal } from './migrating-journal.ts'
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
export function headerOf(setting: RunSetting, guard: Guard, { executor }: Pick<Ports, 'executor'>): RunHeader {
  return {
    ...machineIdentity(),
    policyHash: guard.policyHash,
    catalogDigest: executor.catalog.digest,
    input: JSON.parse(JSON.stringify(setting)) as RunHeader['input'],
  }
}

/** The first record of a journal. @throws ControllerError JOURNAL_CORRUPT when it is none */
export function headerIn(runId: string, entries: readonly JournalEntry[]): RunHeader {
  const first = entries[0]
  if (first?.kind === 'started') return first.header
  throw new ControllerError('JOURNAL_CORRUPT', `run ${runId} has no first record`)
}

/** A run goes on only with the machines, the policy and the capabilities it began with. @throws ControllerError RUN_INCOMPATIBLE with all that differs */
export function assertCompatible(runId: string, header: RunHeader, guard: Guard, { executor, journal }: Pick<Ports, 'executor' | 'journal'>): void {
  const [charts, digest] = [machineIdentity(), executor.catalog.digest]
  if (!sameCharts(header, charts)) assertNotCarriedOver(runId, journal)
  const differences = [
    sameCharts(header, charts) ? [] : [chartsDiffer(header)],
    header.policyHash === guard.policyHash ? [] : [policyDiffers(guard.policyName, header.policyHash, guard.policyHash)],
    header.catalogDigest === digest ? [] : [capabilitiesDiffer(header.catalogDigest, digest)],
  ].flat()
  if (differences.length === 0) return
  const what = differences.map((difference) => difference.what).join(', ')
  throw new ControllerError('RUN_INCOMPATIBLE', `run ${runId} was started with others: ${what} changed since`, {
    hint: differences.map(({ remedy }) => remedy).join(' '),
    details: { runId, seq: 0, problem: `${what} changed since` },
  })
}

interface Difference {
  readonly what: string
  readonly remedy: string
}

/** A run that was carried over once is read by its migration alone; its header names charts that it left. @throws ControllerError RUN_INCOMPATIBLE */
export function assertNotCarriedOver(runId: string, journal: MigratingJournal): void {
  try {
    journal.read(runId)
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'RUN_INCOMPATIBLE') throw error
  }
}

/** What differs where no migration leads to the present statecharts, and what to do. */
export function chartsDiffer(then: MachineIdentity): Difference {
  const now = machineIdentity()
  return {
    what: `the statecharts (${describeCharts(then)}, now ${describeCharts(now)})`,
    remedy: `Open it with the planner-exec that has ${describeCharts(then)}, or register a migration from there to ${describeCharts(now)}.`,
  }
}

function policyDiffers(name: string, then: string, now: string): Difference {
  return {
    what: `the policy ${name} (${shortHash(then)}, now ${shortHash(now)})`,
    remedy: `Give the policy ${name} the content back that it had (${shortHash(then)}): what was approved was approved under it.`,
  }
}

function capabilitiesDiffer(then: string, now: string): Difference {
  return {
    what: `the capabilities (${shortHash(then)}, now ${shortHash(now)})`,
    remedy: `Resume it with the version and the added capabilities that it was started with (${shortHash(then)}).`,
  }
}
