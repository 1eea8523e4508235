import type { ControllerOptions } from '../controller.types.ts'
import { analysisCapabilities } from '../services/executor/capabilities/analysis/index.ts'
import { createHttpCapabilities } from '../services/executor/capabilities/http.fetch.ts'
import { baseCapabilities } from '../services/executor/capabilities/index.ts'
import type { Egress } from '../services/executor/http/egress.ts'
import type { CapabilityDefinition, Executor } from '../services/executor/executor.ts'
import { createLocalExecutor } from '../services/executor/local.executor.ts'
import { loadPlaybooks } from '../services/oracle/playbook-file.ts'
import { playbookOracle } from '../services/oracle/playbook.oracle.ts'
import type { Oracle } from '../services/oracle/oracle.ts'
import { openGuardSource } from './open-guard.ts'
import type { GuardSource } from './open-guard.ts'
import { openPlaces, openStore } from './open-places.ts'
import type { Places, Store } from './open-places.ts'
import { openSecrets } from './open-secrets.ts'
import type { SecretPorts } from './open-secrets.ts'

/** Everything a controller works with, opened. */
export interface Ports extends Places, Store, SecretPorts {
  readonly executor: Executor
  readonly guards: GuardSource
  readonly oracles: readonly Oracle[]
}

/** Opens the ports that were not given. @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_*, POLICY_*, PLAYBOOK_INVALID */
export async function openPorts(options: ControllerOptions): Promise<Ports> {
  const places = await openPlaces(options)
  const { workspace, stateDir } = places
  const secrets = await openSecrets(options, places)
  const capabilities = capabilitiesOf(options, secrets.egress)
  // Finding out what the machine can do means waiting for other processes; the files are read meanwhile.
  const executing = Promise.resolve(options.executor ?? createLocalExecutor({ capabilities, workspace, stateDir }))
  const [executor, guards, oracles] = await Promise.all([
    executing,
    openGuardSource(options, { ...places, ...secrets, executor: executing }),
    options.oracles ?? loadPlaybooks().then((playbooks) => [playbookOracle({ playbooks })]),
  ])
  return { ...places, ...secrets, ...(await openStore(options, places)), executor, guards, oracles }
}

/** The shipped capabilities and those that were added; without an egress, what they are, not where they may go. */
export function capabilitiesOf(options: ControllerOptions, egress?: Egress): readonly CapabilityDefinition[] {
  const http = createHttpCapabilities(egress ? { egress } : {})
  return [...baseCapabilities, ...http, ...analysisCapabilities, ...(options.capabilities ?? [])]
}
