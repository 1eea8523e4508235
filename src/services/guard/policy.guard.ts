import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import type { Action, Admitted, Approval } from '../../model/action.ts'
import { digestOf } from '../../model/digest.ts'
import { Policy } from '../../model/policy.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { CapabilityCatalog } from '../executor/executor.ts'
import { brand } from './admission.ts'
import { decide } from './decide.ts'
import { foreseeMasked, type Ruled } from './foresee.ts'
import { vetPhrases } from './goal-phrases.ts'
import type { Guard, GuardScope } from './guard.ts'
import { inspectArgs, inspectCapability, inspectTargets } from './inspect.ts'
import { baseNameOf } from './names.ts'
import { homeOf, type Places } from './path.ts'
import { quote } from './quote.ts'
import { maskReferences } from './references.ts'
import { riskOf } from './risk.ts'
import { compileRules, type RuleBook } from './rules.ts'
import { refusal, strictest, type Ruling } from './ruling.ts'
import { snapshotArgs } from './snapshot.ts'

export interface PolicyGuardOptions {
  readonly policy: Policy
  /** Begins every rule id: `workstation:rules[3].deny`. */
  readonly name: string
  readonly catalog: CapabilityCatalog
  /** Absolute path of an existing folder; nothing outside it can be touched. */
  readonly workspace: string
  /** Absolute path; need not exist yet. Nothing in it can be read or changed. */
  readonly stateDir: string
  /** What `${home}` means; default the user's home folder. */
  readonly home?: string
}

/** Grows whenever the built-in checks change what they let pass: approvals given under other checks are then stale. */
const CHECKS_VERSION = 1

interface Judgement {
  readonly verdict: Verdict
  /** The frozen action that was judged; null when the given one is not readable as an action. */
  readonly action: Action | null
}

interface Setting {
  readonly book: RuleBook
  readonly catalog: CapabilityCatalog
  readonly places: Places
  readonly policyHash: string
}

/**
 * The guard that applies a policy file on top of the built-in checks. The policy is copied: changing it afterwards changes nothing.
 * @throws ControllerError POLICY_INVALID (details: `{ path, message }[]`), WORKSPACE_INVALID
 */
export function createPolicyGuard(options: PolicyGuardOptions): Guard {
  const { policy, book } = compileStrictly(options)
  const setting: Setting = { book, catalog: options.catalog, places: placesOf(options), policyHash: digestOf({ checks: CHECKS_VERSION, policy }) }

  return {
    policyHash: setting.policyHash,
    policyName: options.name,
    vetGoal: (goal) => vetPhrases(goal, policy.goals.deny),
    judge: async (action, scope) => (await judge(setting, action, scope)).verdict,
    foresee: (step, scope) => foresee(setting, step, scope),
    admit: (action, scope, approval) => admit(setting, action, scope, approval),
  }
}

function compileStrictly(options: PolicyGuardOptions): { readonly policy: Policy; readonly book: RuleBook } {
  const parsed = Policy.safeParse(options.policy)
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ path: path.map(String), message }))
  if (parsed.success) {
    const compiled = compileRules(
      parsed.data,
      options.name,
      options.catalog.list().map((definition) => definition.name),
    )
    if (compiled.problems.length === 0) return { policy: parsed.data, book: compiled.book }
    problems.push(...compiled.problems.map(({ path, message }) => ({ path: path.map(String), message })))
  }
  const lines = problems.map(({ path, message }) => `${path.join('.') || 'policy'}: ${message}`)
  throw new ControllerError('POLICY_INVALID', `The policy ${options.name} cannot be used: ${lines.join('; ')}`, { details: problems })
}

function placesOf({ workspace, stateDir, home }: PolicyGuardOptions): Places {
  try {
    return { workspace: realpathSync.native(workspace), workspaceAlias: resolve(workspace), stateDir: resolve(stateDir), home: homeOf(home) }
  } catch (cause) {
    throw new ControllerError('WORKSPACE_INVALID', `The workspace ${workspace} is not an existing folder`, { cause })
  }
}

/** Never throws: what goes wrong while judging is a denial. */
async function judge(setting: Setting, given: Action, scope: GuardScope): Promise<Judgement> {
  try {
    return await judgeFirmly(setting, given, scope)
  } catch (error) {
    return { verdict: verdictOf(setting, null, broken(error)), action: null }
  }
}

async function judgeFirmly(setting: Setting, given: Action, scope: GuardScope): Promise<Judgement> {
  const { runId, stepId, capability } = given
  const snapshot = snapshotArgs(given.args)
  if (!snapshot.ok)
    return { verdict: verdictOf(setting, null, refusal(snapshot.what, snapshot.reason, 'Correct the arguments.'), capability), action: null }
  if (typeof runId !== 'string' || typeof stepId !== 'string' || typeof capability !== 'string') {
    return { verdict: verdictOf(setting, null, refusal('action', 'runId, stepId and capability are not all texts')), action: null }
  }
  const action: Action = Object.freeze({ runId, stepId, capability, args: snapshot.args })
  const ruled = await rule(setting, action, scope)
  return { verdict: verdictOf(setting, action, ruled.ruling, capability, ruled), action }
}

async function rule(setting: Setting, action: Action, scope: GuardScope): Promise<Ruled> {
  const { catalog, book, places } = setting
  if (action.runId !== scope.runId) return blocked(refusal('scope', 'the action belongs to another run'))
  const refused = inspectCapability(action.capability, scope, catalog)
  const definition = catalog.get(action.capability)
  if (refused || !definition) return blocked(refused ?? refusal('unknown-capability', `there is no capability ${quote(action.capability)}`))
  const read = inspectArgs(definition, action.args)
  if ('ruleId' in read) return blocked(read)
  const { checked, refusals } = await inspectTargets(read.targets, places)
  const [first, ...others] = refusals
  if (first) return { ruling: strictest([first, ...others]), targets: checked, trespass: true }
  return { ruling: decide(book, baseNameOf(action.capability), action.args, checked, places), targets: checked, trespass: false }
}

function blocked(ruling: Ruling): Ruled {
  return { ruling, targets: [], trespass: false }
}

async function foresee(setting: Setting, given: Omit<Action, 'runId'>, scope: GuardScope): Promise<Verdict & { readonly atDispatch: boolean }> {
  try {
    const step: Action = { runId: scope.runId, stepId: given.stepId, capability: given.capability, args: given.args }
    const snapshot = snapshotArgs(step.args)
    const masked = snapshot.ok ? maskReferences(snapshot.args) : null
    const definition = setting.catalog.get(step.capability)
    if (!masked || masked.paths.length === 0 || !definition || inspectCapability(step.capability, scope, setting.catalog)) {
      return { ...(await judge(setting, step, scope)).verdict, atDispatch: false }
    }
    const ruled = await foreseeMasked(setting.book, definition, masked, setting.places)
    const action: Action = { ...step, args: snapshot.ok ? snapshot.args : {} }
    return { ...verdictOf(setting, action, ruled.ruling, step.capability, ruled), atDispatch: ruled.ruling.decision !== 'deny' }
  } catch (error) {
    return { ...verdictOf(setting, null, broken(error)), atDispatch: false }
  }
}

async function admit(setting: Setting, given: Action, scope: GuardScope, approval: Approval | undefined): Promise<Admitted> {
  const { verdict, action } = await judge(setting, given, scope)
  const { digest, ruleId, reason, hint, decision } = verdict
  if (action === null || decision === 'deny' || decision === 'modify') {
    throw new ControllerError('GUARD_DENIED', `${action?.capability ?? 'The action'} was denied by ${ruleId}: ${reason}`, {
      details: verdict,
      ...(hint === null ? {} : { hint }),
    })
  }
  if (decision === 'allow') return brand(action, { digest, ruleId, grantedBy: 'policy' })
  if (!approval)
    throw new ControllerError('APPROVAL_MISSING', `${action.capability} needs a person's approval (${ruleId}: ${reason})`, { details: verdict })
  if (approval.digest !== digest)
    throw new ControllerError('APPROVAL_STALE', `The approval is for another action than this ${action.capability}`, { details: verdict })
  if (approval.policyHash !== setting.policyHash)
    throw new ControllerError('APPROVAL_STALE', `The approval of this ${action.capability} was given under another policy`, { details: verdict })
  return brand(action, { digest, ruleId, grantedBy: 'person' })
}

function broken(error: unknown): Ruling {
  return refusal(
    'error',
    `the action could not be judged: ${quote(error instanceof Error ? error.message : String(error))}`,
    'Report this as a bug; until then the action stays denied.',
  )
}

/** The verdict for a ruling. What is not readable as an action has an empty digest, so nothing can approve it. */
function verdictOf(
  setting: Setting,
  action: Action | null,
  ruling: Ruling,
  capability?: string,
  found: Pick<Ruled, 'targets' | 'trespass'> = { targets: [], trespass: false },
): Verdict {
  const definition = typeof capability === 'string' ? setting.catalog.get(capability) : undefined
  return {
    ...ruling,
    digest: action ? digestOf({ runId: action.runId, capability: action.capability, args: action.args }) : '',
    policyHash: setting.policyHash,
    effect: definition?.effect ?? 'external',
    risk: definition && !found.trespass ? riskOf(definition, found.targets) : 'critical',
    actionRef: '',
  }
}
