import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { Action } from '../../../src/model/action.ts'
import { Policy } from '../../../src/model/policy.ts'
import type { CapabilityCatalog, CapabilityDefinition } from '../../../src/services/executor/executor.ts'
import type { GuardScope } from '../../../src/services/guard/guard.ts'
import { createPolicyGuard, type PolicyGuardOptions } from '../../../src/services/guard/policy.guard.ts'

const RUN = 'run-1'
export const SCOPE: GuardScope = { runId: RUN, allowedCapabilities: [] }

function capability<Args extends z.ZodObject>(
  definition: Pick<CapabilityDefinition<Args>, 'name' | 'args' | 'effect' | 'risk' | 'targets'>,
): CapabilityDefinition {
  const made: CapabilityDefinition<Args> = {
    title: definition.name,
    description: definition.name,
    output: z.unknown(),
    needs: [],
    timeoutMs: 1000,
    run: async () => {
      throw new Error('the guard never runs a capability')
    },
    ...definition,
  }
  // A catalog holds definitions of every argument type; its readers parse before they call.
  return made as unknown as CapabilityDefinition
}

const path = z.string()
const reader = (name: string): CapabilityDefinition =>
  capability({
    name,
    args: z.strictObject({ path: path.default('.'), maxBytes: z.number().optional() }),
    effect: 'read',
    risk: 'low',
    targets: (args) => [{ kind: 'path', access: 'read', path: args.path }],
  })

const DEFINITIONS: readonly CapabilityDefinition[] = [
  ...['analysis.inventory.v1', 'analysis.markers.v1', 'fs.list.v1', 'fs.read.v1', 'fs.search.v1', 'fs.stat.v1', 'git.log.v1', 'git.status.v1'].map(
    reader,
  ),
  capability({
    name: 'fs.write.v1',
    args: z.strictObject({ path, content: z.string().default('') }),
    effect: 'idempotent',
    risk: 'medium',
    targets: (args) => [{ kind: 'path', access: 'write', path: args.path }],
  }),
  capability({
    name: 'fs.copy.v1',
    args: z.strictObject({ from: path, to: path }),
    effect: 'idempotent',
    risk: 'medium',
    targets: (args) => [
      { kind: 'path', access: 'read', path: args.from },
      { kind: 'path', access: 'write', path: args.to },
    ],
  }),
  capability({
    name: 'shell.exec.v1',
    args: z.strictObject({ argv: z.array(z.string()).min(1), timeoutMs: z.number().optional() }),
    effect: 'external',
    risk: 'high',
    targets: (args) => [{ kind: 'command', argv: args.argv }],
  }),
  capability({
    name: 'http.fetch.v1',
    args: z.strictObject({ url: z.string(), retries: z.number().default(0) }),
    effect: 'external',
    risk: 'medium',
    targets: (args) => [{ kind: 'url', url: args.url }],
  }),
  capability({ name: 'note.add.v1', args: z.strictObject({ body: z.json().optional() }), effect: 'write', risk: 'low', targets: () => [] }),
  capability({
    name: 'broken.targets.v1',
    args: z.strictObject({}),
    effect: 'read',
    risk: 'low',
    targets: () => {
      throw new Error('targets are out of order')
    },
  }),
]

export function tinyCatalog(unavailable: Readonly<Record<string, { reason: string; hint: string }>> = {}): CapabilityCatalog {
  const byName = new Map(DEFINITIONS.map((definition) => [definition.name, definition]))
  return {
    digest: 'catalog',
    get: (name) => byName.get(name),
    list: () => [...byName.values()],
    unavailable: (name) => unavailable[name] ?? null,
  }
}

export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'guard-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A guard over a policy written in place, in a workspace of its own. */
export async function makeGuard(policy: object = {}, options: Partial<Omit<PolicyGuardOptions, 'policy'>> = {}) {
  const workspace = options.workspace ?? (await temporaryFolder())
  const guard = createPolicyGuard({
    policy: Policy.parse({ version: 1, ...policy }),
    name: 'test',
    catalog: tinyCatalog(),
    stateDir: join(workspace, '.planner-exec'),
    home: '/home/somebody',
    ...options,
    workspace,
  })
  return { guard, workspace }
}

export function action(capability: string, args: Action['args'] = {}): Action {
  return { runId: RUN, stepId: 'step', capability, args }
}

export const exec = (...argv: string[]): Action => action('shell.exec.v1', { argv })
