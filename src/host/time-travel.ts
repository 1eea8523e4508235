import type { AnyStateMachine } from 'xstate'
import type { RunReader } from '../controller.types.ts'
import type { Clock } from '../services/clock/clock.ts'
import { createUuidIds } from '../services/ids/ids.ts'
import type { Ids } from '../services/ids/ids.ts'
import { processOwner } from '../services/journal/process-owner.ts'
import { createSilentLog } from '../services/log/log.ts'
import type { Log } from '../services/log/log.ts'
import type { Vault } from '../services/secrets/secrets.ts'
import type { MigratingJournal } from './migrating-journal.ts'
import { checkedRun, momentOf } from './run-moment.ts'

export interface TimeTravelOptions {
  readonly journal: MigratingJournal
  readonly clock: Clock
  readonly machine: AnyStateMachine
  readonly ids: Ids | undefined
  readonly log: Log | undefined
  readonly vault: Pick<Vault, 'copy'>
}

/** The runs of a store at any of their records. Runs nothing itself. */
export function createTimeTravel({
  ids = createUuidIds(),
  log = createSilentLog(),
  vault,
  ...shared
}: TimeTravelOptions): Pick<RunReader, 'stateAt' | 'fork'> {
  return {
    stateAt: (runId, seq) => shared.journal.atOneMoment(() => momentOf(checkedRun({ runId, ...shared }, seq))),
    // Loaded when a run is forked: whoever only looks at runs must not wait for it.
    async fork(runId, seq) {
      const { forkRun } = await import('./fork-run.ts')
      return forkRun({ ...shared, ids, log, owner: processOwner(), vault }, runId, seq)
    },
  }
}
