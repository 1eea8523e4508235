import type { AnyStateMachine } from 'xstate'
import type { RunCheck } from '../controller.types.ts'
import { ControllerError, toFailure } from '../errors.ts'
import type { Failure } from '../model/failure.ts'
import type { RunSummary } from '../services/journal/journal.ts'
import { restorableRun } from './migrate-run.ts'
import { openGuard } from './open-guard.ts'
import type { Ports } from './open-ports.ts'
import { assertCompatible, headerIn } from './run-header.ts'
import type { RunSetting } from './run-header.ts'
import { checkedRun } from './run-moment.ts'

/**
 * Whether a stored run would replay and be resumed here: what `resume` looks at before it begins anything, without a lease.
 * @throws ControllerError RUN_UNKNOWN, and what keeps the store from being read at all
 */
export async function checkRun(ports: Ports, machine: AnyStateMachine, runId: string): Promise<RunCheck> {
  const { journal } = ports
  const run = { runId, machine, journal }
  const { summary, replay, migrations } = journal.atOneMoment(() => {
    const found = journal.summary(runId)
    if (found === null) throw new ControllerError('RUN_UNKNOWN', `there is no run ${runId} in this store`)
    const failed = problemOf(() => (found.finished ? checkedRun(run) : restorableRun(run)))
    return { summary: found, replay: failed, migrations: failed === null ? journal.outstanding(runId).migrations.map(({ name }) => name) : [] }
  })
  const { state, finished, needsPerson } = summary
  const resume = finished ? toFailure(ended(runId)) : await obstacleTo(ports, summary, replay)
  return { runId, state, finished, needsPerson, migrations, replay, resume }
}

/** What `resume` would refuse an unfinished run with. All that changed since is told before what follows from it. */
async function obstacleTo(ports: Ports, { runId }: RunSummary, replay: Failure | null): Promise<Failure | null> {
  const { journal, clock, config } = ports
  try {
    const owner = journal.owner(runId, clock.now())
    if (owner !== null) throw new ControllerError('RUN_OWNED', `run ${runId} belongs to a process that is running it (${owner.owner})`)
    const header = headerIn(runId, journal.read(runId, 0, 0))
    const { policy } = header.input as unknown as RunSetting
    assertCompatible(runId, header, policy === config.policy ? ports.guards.current.guard : (await openGuard(policy, ports)).guard, ports)
    return replay
  } catch (error) {
    return replay?.code === 'JOURNAL_CORRUPT' ? replay : toFailure(error)
  }
}

const ended = (runId: string) => new ControllerError('RUN_FINISHED', `run ${runId} has ended`)

function problemOf(work: () => unknown): Failure | null {
  try {
    work()
    return null
  } catch (error) {
    return toFailure(error)
  }
}
