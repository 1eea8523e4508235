import { lstat, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ControllerError } from '../errors.ts'
import type { ControllerOptions } from '../controller.types.ts'
import { Config } from '../model/config.ts'
import { listProblems, paramProblemsOf } from '../model/problems.ts'
import { createSystemClock } from '../services/clock/system.clock.ts'
import type { Clock } from '../services/clock/clock.ts'
import { analysisCapabilities } from '../services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../services/executor/capabilities/index.ts'
import type { CapabilityDefinition, Executor } from '../services/executor/executor.ts'
import { createLocalExecutor } from '../services/executor/local.executor.ts'
import { isWithin } from '../services/executor/safe-path.ts'
import type { Guard } from '../services/guard/guard.ts'
import { createPolicyGuard } from '../services/guard/policy.guard.ts'
import { isProfileName, loadPolicy } from '../services/guard/policy-file.ts'
import type { Journal } from '../services/journal/journal.ts'
import { createSqliteJournal } from '../services/journal/sqlite.journal.ts'
import { loadPlaybooks } from '../services/oracle/playbook-file.ts'
import { playbookOracle } from '../services/oracle/playbook.oracle.ts'
import type { Oracle } from '../services/oracle/oracle.ts'

/** Everything a controller works with, opened. */
export interface Ports {
  readonly workspace: string
  readonly stateDir: string
  readonly config: Config
  readonly clock: Clock
  readonly journal: Journal
  readonly executor: Executor
  readonly guard: Guard
  readonly oracles: readonly Oracle[]
}

/** Opens the ports that were not given. @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_*, POLICY_*, PLAYBOOK_INVALID */
export async function openPorts(options: ControllerOptions): Promise<Ports> {
  const places = await openPlaces(options)
  const { config, workspace, stateDir } = places
  const capabilities = capabilitiesOf(options)
  const executor = options.executor ?? (await createLocalExecutor({ capabilities, workspace, stateDir }))
  const guard = options.guard ?? (await openGuard(config.policy, { executor, workspace, stateDir }))
  const oracles = options.oracles ?? [playbookOracle({ playbooks: await loadPlaybooks() })]
  return { ...places, ...(await openStore(options, places)), executor, guard, oracles }
}

/** The places and settings that options name. @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, JOURNAL_UNWRITABLE */
export async function openPlaces(options: ControllerOptions): Promise<Pick<Ports, 'workspace' | 'stateDir' | 'config'>> {
  const given = configOf(options)
  // A run remembers its policy: by path it must be found again from any folder.
  const config = { ...given, policy: isProfileName(given.policy) ? given.policy : resolve(given.policy) }
  const workspace = await openWorkspace(options.workspace ?? '.')
  return { config, workspace, stateDir: config.state === undefined ? await defaultStateDir(workspace) : resolve(config.state) }
}

/** The workspace is not trusted: a link that came with it would have runs kept, and files written, wherever it leads. */
async function defaultStateDir(workspace: string): Promise<string> {
  const folder = join(workspace, '.planner-exec')
  const stats = await lstat(folder).catch(() => null)
  if (stats?.isSymbolicLink() !== true) return folder
  throw new ControllerError('JOURNAL_UNWRITABLE', `the state folder ${folder} is a symbolic link`, {
    hint: 'Remove it, or name the folder that you mean with `--state DIR`.',
  })
}

/** The store and the clock. @throws ControllerError JOURNAL_UNWRITABLE, JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED */
export async function openStore(
  options: ControllerOptions,
  { stateDir, config }: Pick<Ports, 'stateDir' | 'config'>,
): Promise<Pick<Ports, 'journal' | 'clock'>> {
  const journal = options.journal ?? (await createSqliteJournal({ file: join(stateDir, 'planner-exec.db'), sync: config.sync }))
  return { journal, clock: options.clock ?? createSystemClock() }
}

/** The shipped capabilities and those that were added. */
export function capabilitiesOf(options: ControllerOptions): readonly CapabilityDefinition[] {
  return [...baseCapabilities, ...analysisCapabilities, ...(options.capabilities ?? [])]
}

/** The guard of a policy, by profile name or path. */
export async function openGuard(nameOrPath: string, ports: Pick<Ports, 'executor' | 'workspace' | 'stateDir'>): Promise<Guard> {
  const { policy, name } = await loadPolicy(nameOrPath)
  return createPolicyGuard({ policy, name, catalog: ports.executor.catalog, workspace: ports.workspace, stateDir: ports.stateDir })
}

/**
 * The guard of a run that was begun earlier. Its journal may have come with the workspace, and so may a policy file in it: the two
 * together must not decide what is allowed. @throws ControllerError RUN_INCOMPATIBLE, POLICY_INVALID, POLICY_UNKNOWN
 */
export async function openGuardOfRun(runId: string, policy: string, ports: Ports): Promise<Guard> {
  if (policy === ports.config.policy) return ports.guard
  const names = isProfileName(policy) ? [] : [resolve(policy), await realpath(policy).catch(() => policy)]
  if (names.some((name) => isWithin(ports.workspace, name))) {
    throw new ControllerError('RUN_INCOMPATIBLE', `run ${runId} names a policy of the workspace itself, ${policy}, which is not taken from a stored run`, {
      hint: `Read that file; when it is yours, name it again with \`--policy ${policy}\`.`,
    })
  }
  return openGuard(policy, ports)
}

function configOf(options: ControllerOptions): Config {
  const given = Object.fromEntries(Object.entries(options).filter(([key, value]) => Object.hasOwn(Config.shape, key) && value !== undefined))
  const parsed = Config.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = paramProblemsOf(parsed.error, given)
  throw new ControllerError('CONFIG_INVALID', `the configuration is not valid: ${listProblems(problems)}`, { details: problems })
}

async function openWorkspace(path: string): Promise<string> {
  const absolute = resolve(path)
  const stats = await stat(absolute).catch((cause: unknown) => {
    throw new ControllerError(
      'WORKSPACE_INVALID',
      `the workspace ${absolute} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  })
  if (!stats.isDirectory()) throw new ControllerError('WORKSPACE_INVALID', `the workspace ${absolute} is not a folder`)
  return realpath(absolute)
}
