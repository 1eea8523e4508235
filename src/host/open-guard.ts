import { resolve } from 'node:path'
import type { ControllerOptions } from '../controller.types.ts'
import type { Config } from '../model/config.ts'
import { isProfileName } from '../model/policy.ts'
import type { Egress } from '../services/executor/http/egress.ts'
import type { CapabilityCatalog, Executor } from '../services/executor/executor.ts'
import { loadEffectivePolicy, policyFilesOf } from '../services/guard/effective-policy.ts'
import type { Guard } from '../services/guard/guard.ts'
import { createPolicyGuard } from '../services/guard/policy.guard.ts'
import { loadPolicy } from '../services/guard/policy-file.ts'
import { createReloadingPolicy, watchFiles } from '../services/guard/policy-watch.ts'
import { withShadow } from '../services/guard/shadow.guard.ts'

/** What a guard is made of besides its policy. */
export interface GuardPorts {
  /** Known later than the files: finding out what the machine can do takes a while. */
  readonly executor: Executor | Promise<Executor>
  readonly workspace: string
  readonly stateDir: string
  readonly egress: Egress
  readonly config: Config
}

/** The guard in force, and what in its policies has no effect. */
export interface OpenedGuard {
  readonly guard: Guard
  readonly warnings: readonly string[]
}

/** A guard that may follow the files of its policy: runs under way keep the one they began with. */
export interface GuardSource {
  readonly current: OpenedGuard
  close(): void
}

/**
 * The guard of a policy by profile name or path, with the layers over it: the user's, the workspace's, what was typed; and the policy on trial.
 * @throws ControllerError POLICY_UNKNOWN, POLICY_INVALID
 */
export async function openGuard(base: string, ports: GuardPorts): Promise<OpenedGuard> {
  const { config, workspace } = ports
  const [{ catalog }, merged, trial] = await Promise.all([
    ports.executor,
    loadEffectivePolicy({ base, workspace, env: process.env, typed: config.rules }),
    config.shadowPolicy === undefined ? null : loadPolicy(config.shadowPolicy),
  ])
  const guard = guardOf(merged, catalog, ports)
  const warnings = merged.problems.map(({ at, tier, message }) => `${at ?? tier}: ${message}`)
  return { guard: trial === null ? guard : withShadow(guard, guardOf(trial, catalog, ports)), warnings }
}

/** The guard that new runs get, read anew whenever its files change and `reloadPolicy` wants it. @throws ControllerError as `openGuard` */
export async function openGuardSource({ guard, log }: Pick<ControllerOptions, 'guard' | 'log'>, ports: GuardPorts): Promise<GuardSource> {
  const { config, workspace } = ports
  if (guard) return { current: { guard, warnings: [] }, close: () => undefined }
  const load = () => openGuard(config.policy, ports)
  if (!config.reloadPolicy) return { current: await load(), close: () => undefined }
  const base = isProfileName(config.policy) ? [] : [resolve(config.policy)]
  return createReloadingPolicy<OpenedGuard>({
    load,
    watch: watchFiles([...base, ...policyFilesOf(workspace, process.env)], (quietMs, then) => {
      const timer = setTimeout(then, quietMs).unref()
      return () => clearTimeout(timer)
    }),
    onChange: (next) => log?.info({ policyHash: next.guard.policyHash }, 'the policy was read anew: it holds for runs that start from now on'),
    onProblem: (problem, inForce) =>
      log?.warn(
        { problem: String(problem), policyHash: inForce.guard.policyHash },
        'the changed policy cannot be used: the last good one stays in force',
      ),
  })
}

type Loaded = Pick<Parameters<typeof createPolicyGuard>[0], 'policy' | 'name' | 'origins'>

function guardOf({ policy, name, origins = [] }: Loaded, catalog: CapabilityCatalog, { workspace, stateDir, egress }: GuardPorts): Guard {
  return createPolicyGuard({ policy, name, origins, catalog, workspace, stateDir, privateHosts: egress.privateHosts })
}
