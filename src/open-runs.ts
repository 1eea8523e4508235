import type { AnyStateMachine } from 'xstate'
import type { ControllerOptions, RunReader } from './controller.types.ts'
import { withoutServices } from './machines/provide-services.ts'
import type { CapabilityCatalog } from './services/executor/executor.ts'
import { detectLoop } from './services/stall/detectors.ts'
import { openPlaces, openStore } from './host/open-places.ts'
import { openSecrets } from './host/open-secrets.ts'
import { collectGarbage } from './host/retention.ts'
import { createRunStore } from './host/run-store.ts'
import { wholeRuns } from './host/whole-runs.ts'
import type { GcOptions } from './model/retention.ts'
import { createTimeTravel } from './host/time-travel.ts'

export { machineIdentity } from './host/machine-identity.ts'

/**
 * Opens the runs of a workspace to look at them and to steer them. It runs nothing, so it needs no sandbox, no policy and no oracle,
 * and opens faster than a controller.
 * @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED
 */
export async function openRuns(options: ControllerOptions = {}): Promise<RunReader> {
  const places = await openPlaces(options)
  const { config, workspace, stateDir } = places
  const { journal, clock } = await openStore(options, places)
  const { redactor, vault } = await openSecrets(options, places)
  const machine = withoutServices({ loopDetected: detectLoop }) as unknown as AnyStateMachine
  const runs = createRunStore({
    journal,
    clock,
    machine,
    catalog: () => catalogOf(options),
    actionMs: config.timeouts.actionMs,
    maxStepsCeiling: config.limits.maxStepsCeiling,
    redactor,
  })
  const { list, show, events, follow, report, request } = wholeRuns(runs, journal)
  const gc = (given?: GcOptions) => collectGarbage({ journal, clock, stateDir, config, vault }, given)
  const travel = createTimeTravel({ journal, clock, machine, ids: options.ids, log: options.log, vault })
  return { workspace, stateDir, list, show, events, follow, report, request, gc, ...travel, close: () => journal.close() }
}

/** What capabilities are, not whether this machine has what they need; loaded when it is first asked for. */
async function catalogOf(options: ControllerOptions): Promise<CapabilityCatalog> {
  const [{ createCatalog }, { capabilitiesOf }] = await Promise.all([import('./services/executor/catalog.ts'), import('./host/open-ports.ts')])
  return createCatalog(capabilitiesOf(options), { git: null, sandbox: null })
}
