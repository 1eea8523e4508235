import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import type { Action, Admitted, Approval } from '../../model/action.ts'
import { digestOf } from '../../model/digest.ts'
import { Policy, type RunAllowance } from '../../model/policy.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { CapabilityCatalog } from '../executor/executor.ts'
import { brand } from './admission.ts'
import { decide, deniesPath } from './decide.ts'
import { doubtful, doubtsAbout, factsOf, weigh } from './doubts.ts'
import { foreseeMasked, type Ruled } from './foresee.ts'
import { vetPhrases } from './goal-phrases.ts'
import { approvalDigest } from './approval.ts'
import type { Guard, GuardScope, Provenance, RunGrant, RunLimits } from './guard.ts'
import { inspectArgs, inspectCapability, inspectTargets } from './inspect.ts'
import { grantFor } from './grants.ts'
import { baseNameOf } from './names.ts'
import { homeOf, type Places } from './path.ts'
import { quote } from './quote.ts'
import { maskReferences } from './references.ts'
import { UTMOST, riskOf } from './risk.ts'
import { operandsOf } from './operands.ts'
import { compileRules, type RuleBook, type RuleOrigin } from './rules.ts'
import { isStricter, refusal, strictest, type Ruling } from './ruling.ts'
import { snapshotArgs } from './snapshot.ts'
import { suggestArgs } from './suggest.ts'

export interface PolicyGuardOptions {
  readonly policy: Policy
  /** Begins every rule id: `workstation:rules[3].deny`. */
  readonly name: string
  /** Where each rule was written, when the policy was merged of several. */
  readonly origins?: readonly RuleOrigin[]
  readonly catalog: CapabilityCatalog
  /** Absolute path of an existing folder; nothing outside it can be touched. */
  readonly workspace: string
  /** Absolute path; need not exist yet. Nothing in it can be read or changed. */
  readonly stateDir: string
  /** `host:port` on this machine or a private network that a rule may name; default none. */
  readonly privateHosts?: ReadonlySet<string>
  /** What `${home}` means; default the user's home folder. */
  readonly home?: string
}

/** Grows whenever the built-in checks change what they let pass: approvals given under other checks are then stale. */
const CHECKS_VERSION = 2

interface Judgement {
  readonly verdict: Verdict
  /** The frozen action that was judged; null when the given one is not readable as an action. */
  readonly action: Action | null
  /** A person let it pass, not the policy. */
  readonly grantedBy?: 'person'
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
  const setting: Setting = {
    book,
    catalog: options.catalog,
    places: placesOf(options),
    policyHash: digestOf({
      checks: CHECKS_VERSION,
      policy,
      narrows: (options.origins ?? []).map(({ narrows }) => narrows),
      privateHosts: [...(options.privateHosts ?? [])].toSorted(),
    }),
  }

  return {
    policyHash: setting.policyHash,
    policyName: options.name,
    runLimits: runLimitsOf(policy.limits.run),
    mayRead: (capability, path) => !deniesPath(book, baseNameOf(capability), path, setting.places),
    vetGoal: (goal) => vetPhrases(goal, policy.goals.deny),
    judge: async (action, scope) => judge(setting, action, scope).verdict,
    foresee: async (step, scope) => foresee(setting, step, scope),
    admit: async (action, scope, approval) => admit(setting, action, scope, approval),
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
      options.origins,
    )
    if (compiled.problems.length === 0) return { policy: parsed.data, book: compiled.book }
    problems.push(...compiled.problems.map(({ path, message }) => ({ path: [...originOf(options, path), ...path.map(String)], message })))
  }
  const lines = problems.map(({ path, message }) => `${path.join('.') || 'policy'}: ${message}`)
  throw new ControllerError('POLICY_INVALID', `The policy ${options.name} cannot be used: ${lines.join('; ')}`, { details: problems })
}

/** The layer that a rule of a merged policy was written in, with its file and line where it has one. */
function originOf({ origins = [] }: PolicyGuardOptions, [key, index]: readonly (string | number)[]): readonly string[] {
  const origin = key === 'rules' && typeof index === 'number' ? origins[index] : undefined
  return origin === undefined ? [] : [origin.at ?? `the rules of ${origin.policy}`]
}

function runLimitsOf(run: RunAllowance = {}): RunLimits {
  const { max_actions: actions, max_fs_operations: fsOperations, max_network_requests: networkRequests, max_bytes: bytes } = run
  const all = { actions, fsOperations, networkRequests, bytes, durationMs: run.max_duration_ms }
  return Object.fromEntries(Object.entries(all).filter(([, limit]) => limit !== undefined))
}

function placesOf({ workspace, stateDir, home, privateHosts = new Set() }: PolicyGuardOptions): Places {
  try {
    return {
      workspace: realpathSync.native(workspace),
      workspaceAlias: resolve(workspace),
      stateDir: resolve(stateDir),
      home: homeOf(home),
      privateHosts,
    }
  } catch (cause) {
    throw new ControllerError('WORKSPACE_INVALID', `The workspace ${workspace} is not an existing folder`, { cause })
  }
}

/** Never throws: what goes wrong while judging is a denial. */
function judge(setting: Setting, given: Action, scope: GuardScope): Judgement {
  try {
    return judgeFirmly(setting, given, scope)
  } catch (error) {
    return { verdict: verdictOf(setting, null, blocked(broken(error))), action: null }
  }
}

function judgeFirmly(setting: Setting, given: Action, scope: GuardScope): Judgement {
  const snapshot = snapshotArgs(given.args)
  if (!snapshot.ok) {
    const ruling = refusal(snapshot.what, snapshot.reason, 'Correct the arguments.')
    return { verdict: verdictOf(setting, null, blocked(ruling), given.capability), action: null }
  }
  const { runId, stepId, capability, plan } = given
  if (typeof runId !== 'string' || typeof stepId !== 'string' || typeof capability !== 'string' || (plan !== undefined && typeof plan !== 'string')) {
    return { verdict: verdictOf(setting, null, blocked(refusal('action', 'runId, stepId, capability and plan are not all texts'))), action: null }
  }
  const action: Action = Object.freeze({ runId, stepId, capability, args: snapshot.args, ...(plan === undefined ? {} : { plan }) })
  const ruled = rule(setting, action, scope)
  const suggestion = ruled.ruling.decision === 'allow' ? null : milder(setting, action, scope, ruled.ruling)
  const verdict = { ...verdictOf(setting, action, ruled, capability), ...(suggestion && { suggestion }) }
  return { verdict, action, ...(ruled.isGranted ? { grantedBy: 'person' } : {}) }
}

/** Everything that is known against an action, the policy's word among it; then what a person granted. */
function rule(setting: Setting, action: Action, scope: GuardScope): Ruled {
  const { catalog, book, places } = setting
  if (action.runId !== scope.runId) return blocked(refusal('scope', 'the action belongs to another run'))
  const refused = inspectCapability(action.capability, scope, catalog)
  const definition = catalog.get(action.capability)
  if (refused || !definition) return blocked(refused ?? refusal('unknown-capability', `there is no capability ${quote(action.capability)}`))
  const read = inspectArgs(definition, action.args)
  if ('ruleId' in read) return blocked(read)
  const { checked: named, refusals } = inspectTargets(read.targets, places)
  const checked = [...named, ...operandsOf(named, action.args, places)]
  const [first, ...others] = refusals
  if (first) return { ...blocked(strictest([first, ...others])), targets: checked }

  const provenance = scope.provenance?.(action) ?? FROM_THE_PLAN
  const said = decide(book, baseNameOf(action.capability), action.args, checked, places, factsOf(definition, checked, provenance))
  const doubts = doubtsAbout(definition, action.args, read.targets, provenance, book)
  const ruling = weigh(said, doubts)
  const found = { targets: checked, trespass: false, ...doubtful(doubts, provenance) }
  const grant = ruling.decision === 'ask' && grantFor(scope.grants?.() ?? [], { action, definition, targets: named, ruleId: ruling.ruleId }, places)
  return grant ? { ...found, ruling: granted(grant), isGranted: true } : { ...found, ruling }
}

const FROM_THE_PLAN: Provenance = { pinned: true, taint: [] }

function granted({ action, by, ruleId }: RunGrant): Ruling {
  const reason = `${quote(by)} allowed it for this run when ${quote(action.stepId)} asked (${ruleId})`
  return { decision: 'allow', ruleId: `grant:${action.stepId}`, reason, hint: null }
}

function blocked(ruling: Ruling): Ruled {
  return { ruling, targets: [], trespass: true, taint: [], findings: [] }
}

/** Arguments that would fare better, tried before they are offered. */
function milder(setting: Setting, action: Action, scope: GuardScope, ruling: Ruling): Action['args'] | null {
  const args = suggestArgs(action, ruling, setting.book.limits, setting.places)
  if (args === null) return null
  const instead = rule(setting, { ...action, args }, scope)
  return isStricter(ruling.decision, instead.ruling.decision) ? args : null
}

function foresee(setting: Setting, given: Omit<Action, 'runId'>, scope: GuardScope): Verdict & { readonly atDispatch: boolean } {
  try {
    const { stepId, capability, args, plan } = given
    const step: Action = { runId: scope.runId, stepId, capability, args, ...(plan === undefined ? {} : { plan }) }
    const snapshot = snapshotArgs(step.args)
    const masked = snapshot.ok ? maskReferences(snapshot.args) : null
    const definition = setting.catalog.get(step.capability)
    if (!masked || masked.paths.length === 0 || !definition || inspectCapability(step.capability, scope, setting.catalog)) {
      return { ...judge(setting, step, scope).verdict, atDispatch: false }
    }
    const provenance = scope.provenance?.(step) ?? FROM_THE_PLAN
    const ruled = foreseeMasked(setting.book, definition, masked, setting.places, provenance)
    const action: Action = { ...step, args: snapshot.ok ? snapshot.args : {} }
    return { ...verdictOf(setting, action, ruled, step.capability), atDispatch: ruled.ruling.decision !== 'deny' }
  } catch (error) {
    return { ...verdictOf(setting, null, blocked(broken(error))), atDispatch: false }
  }
}

function admit(setting: Setting, given: Action, scope: GuardScope, approval: Approval | undefined): Admitted {
  const { verdict, action, grantedBy } = judge(setting, given, scope)
  const { digest, ruleId, reason, hint, decision } = verdict
  if (action === null || decision === 'deny' || decision === 'modify') {
    throw new ControllerError('GUARD_DENIED', `${action?.capability ?? 'The action'} was denied by ${ruleId}: ${reason}`, {
      details: verdict,
      ...(hint === null ? {} : { hint }),
    })
  }
  if (decision === 'allow') return brand(action, { digest, ruleId, grantedBy: grantedBy ?? 'policy' })
  if (!approval)
    throw new ControllerError('APPROVAL_MISSING', `${action.capability} needs a person's approval (${ruleId}: ${reason})`, { details: verdict })
  if (approval.policyHash !== setting.policyHash)
    throw new ControllerError('APPROVAL_STALE', `The approval of this ${action.capability} was given under another policy`, { details: verdict })
  if (approval.digest !== digest)
    throw new ControllerError('APPROVAL_STALE', `The approval is for another action than this ${action.capability}`, { details: verdict })
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
function verdictOf(setting: Setting, action: Action | null, ruled: Ruled, capability?: string): Verdict {
  const definition = typeof capability === 'string' ? setting.catalog.get(capability) : undefined
  const { ruling, targets, taint, trespass, findings } = ruled
  return {
    ...ruling,
    digest: action ? approvalDigest(action, setting.policyHash) : '',
    policyHash: setting.policyHash,
    effect: definition?.effect ?? 'external',
    ...(definition && !trespass ? riskOf(definition, targets, findings) : UTMOST),
    ...(taint.length === 0 ? {} : { taint: [...taint] }),
    actionRef: '',
  }
}
