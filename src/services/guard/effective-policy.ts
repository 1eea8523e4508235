import { lstat, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { Policy } from '../../model/policy.ts'
import { loadPolicy, type LoadedPolicy } from './policy-file.ts'
import { mergeTiers, type MergedPolicy, type Tier, type TierKind } from './tiers.ts'

/** What a run's policy is made of. */
export interface PolicySources {
  /** A shipped profile's name, or the path of a file in its place. */
  readonly base: string
  /** Absolute path; its `.planner-exec.policy.yaml` counts when there is one. */
  readonly workspace: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Typed for this run: entries such as `fs.write(src/**)`. */
  readonly typed?: { readonly allow?: readonly string[]; readonly ask?: readonly string[]; readonly deny?: readonly string[] }
}

/** The file of a workspace that narrows what runs in it may do. */
export const WORKSPACE_POLICY = '.planner-exec.policy.yaml'

/** The user's own policy: `$XDG_CONFIG_HOME/planner-exec/policy.yaml`, by default below `~/.config`. */
export function userPolicyPath(env: PolicySources['env']): string {
  const configured = env['XDG_CONFIG_HOME']
  const folder = configured !== undefined && isAbsolute(configured) ? configured : join(env['HOME'] ?? homedir(), '.config')
  return join(folder, 'planner-exec', 'policy.yaml')
}

/** The files that lie over a policy, whether they exist or not. */
export function policyFilesOf(workspace: string, env: PolicySources['env']): readonly string[] {
  return [userPolicyPath(env), join(workspace, WORKSPACE_POLICY)]
}

/**
 * Loads every layer there is and lays them over each other.
 * @throws ControllerError POLICY_UNKNOWN, POLICY_INVALID also for a layer that widens what a lower one lets only be narrowed
 */
export async function loadEffectivePolicy(sources: PolicySources): Promise<MergedPolicy> {
  const [base, user, workspace] = await Promise.all([
    loadPolicy(sources.base),
    loadIfThere(userPolicyPath(sources.env), stat),
    loadIfThere(join(sources.workspace, WORKSPACE_POLICY), lstat),
  ])
  const merged = mergeTiers([
    tierOf('profile', base.name, base),
    ...(user ? [tierOf('user', 'user', user)] : []),
    ...(workspace ? [tierOf('workspace', 'workspace', workspace)] : []),
    ...typedTier(sources.typed ?? {}),
  ])
  const errors = merged.problems.filter(({ severity }) => severity === 'error').map(({ at, tier, message }) => `${at ?? tier}: ${message}`)
  if (errors.length > 0)
    throw new ControllerError('POLICY_INVALID', `The policies cannot be used together:\n${errors.join('\n')}`, { details: errors })
  return merged
}

function tierOf(kind: TierKind, name: string, { policy, source, given, locate }: LoadedPolicy): Tier {
  return { kind, name, source, policy, given, lineOf: (path) => locate(path).line }
}

function typedTier({ allow = [], ask = [], deny = [] }: NonNullable<PolicySources['typed']>): readonly Tier[] {
  const rules = [
    ...allow.map((text) => ({ allow: text, reason: 'allowed on the command line' })),
    ...ask.map((text) => ({ ask: text, reason: 'asked for on the command line' })),
    ...deny.map((text) => ({ deny: text, reason: 'denied on the command line' })),
  ]
  if (rules.length === 0) return []
  return [{ kind: 'command-line', name: 'command-line', source: null, policy: Policy.parse({ version: 1, rules }), given: ['version', 'rules'] }]
}

/** In a workspace no link is followed: whoever wrote it could otherwise have any file read as a policy and its words quoted in messages. */
async function loadIfThere(path: string, look: typeof lstat): Promise<LoadedPolicy | null> {
  const found = await look(path).catch((error: unknown) => (isAbsent(error) ? null : Promise.reject(error)))
  if (found === null) return null
  if (!found.isFile()) throw new ControllerError('POLICY_INVALID', `${path} is not a file`, { hint: 'Put the policy itself there, or remove it.' })
  return loadPolicy(path)
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
