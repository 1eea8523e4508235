import type { ControllerOptions } from '../controller.types.ts'
import { analysisCapabilities } from '../services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../services/executor/capabilities/index.ts'
import type { CapabilityDefinition, Executor } from '../services/executor/executor.ts'
import { createLocalExecutor } from '../services/executor/local.executor.ts'
import type { Guard } from '../services/guard/guard.ts'
import { createPolicyGuard } from '../services/guard/policy.guard.ts'
import { loadPolicy } from '../services/guard/policy-file.ts'
import { loadPlaybooks } from '../services/oracle/playbook-file.ts'
import { playbookOracle } from '../services/oracle/playbook.oracle.ts'
import type { Oracle } from '../services/oracle/oracle.ts'
import { openPlaces, openStore } from './open-places.ts'
import type { Places, Store } from './open-places.ts'

/** Everything a controller works with, opened. */
export interface Ports extends Places, Store {
  readonly executor: Executor
  readonly guard: Guard
  readonly oracles: readonly Oracle[]
}

/** Opens the ports that were not given. @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_*, POLICY_*, PLAYBOOK_INVALID */
export async function openPorts(options: ControllerOptions): Promise<Ports> {
  const places = await openPlaces(options)
  const { config, workspace, stateDir } = places
  const capabilities = capabilitiesOf(options)
  // Finding out what the machine can do means waiting for other processes; the files are read meanwhile.
  const [executor, guarding, oracles] = await Promise.all([
    options.executor ?? createLocalExecutor({ capabilities, workspace, stateDir }),
    options.guard ?? loadPolicy(config.policy),
    options.oracles ?? loadPlaybooks().then((playbooks) => [playbookOracle({ playbooks })]),
  ])
  const guard = 'policy' in guarding ? guardOf(guarding, { executor, workspace, stateDir }) : guarding
  return { ...places, ...(await openStore(options, places)), executor, guard, oracles }
}

/** The shipped capabilities and those that were added. */
export function capabilitiesOf(options: ControllerOptions): readonly CapabilityDefinition[] {
  return [...baseCapabilities, ...analysisCapabilities, ...(options.capabilities ?? [])]
}

/** The guard of a policy, by profile name or path. */
export async function openGuard(nameOrPath: string, ports: GuardPorts): Promise<Guard> {
  return guardOf(await loadPolicy(nameOrPath), ports)
}

type GuardPorts = Pick<Ports, 'executor' | 'workspace' | 'stateDir'>

function guardOf({ policy, name }: Awaited<ReturnType<typeof loadPolicy>>, { executor, workspace, stateDir }: GuardPorts): Guard {
  return createPolicyGuard({ policy, name, catalog: executor.catalog, workspace, stateDir })
}
