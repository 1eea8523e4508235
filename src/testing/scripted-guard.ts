import { ControllerError } from '../errors.ts'
import type { Action } from '../model/action.ts'
import { digestOf } from '../model/digest.ts'
import type { Verdict } from '../model/verdict.ts'
import type { CapabilityCatalog } from '../services/executor/executor.ts'
import { brand } from '../services/guard/admission.ts'
import type { Guard, GuardScope } from '../services/guard/guard.ts'
import { snapshotArgs } from '../services/guard/snapshot.ts'

/** What a scripted guard says of an action. */
export type ScriptedDecision = 'allow' | 'ask' | 'deny'

export interface GuardScript {
  /** The executor's: an action of a capability that is not in it is denied. */
  readonly catalog: CapabilityCatalog
  /** Called for each judgement and once more at the door, so it must answer alike; default: allow everything. What it throws is a denial. */
  readonly decide?: (action: Action) => ScriptedDecision
  /** Its name, which stands for the policy: approvals and runs are bound to it. Default `scripted`. */
  readonly name?: string
}

/**
 * A guard by a function in place of a policy file: for tests of runs, never for runs that touch anything real. It has no built-in checks;
 * everything else holds as with a policy: an `ask` needs an approval for these very arguments, and nothing passes unjudged.
 */
export function scriptedGuard({ catalog, decide = () => 'allow', name = 'scripted' }: GuardScript): Guard {
  const policyHash = digestOf({ scripted: name })

  function decisionFor(action: Action, scope: GuardScope): ScriptedDecision {
    const allowed = scope.allowedCapabilities.length === 0 || scope.allowedCapabilities.includes(action.capability)
    if (!allowed || action.runId !== scope.runId || catalog.get(action.capability) === undefined) return 'deny'
    try {
      return decide(action)
    } catch {
      return 'deny'
    }
  }

  function verdictOn(action: Action, scope: GuardScope): Verdict {
    const definition = catalog.get(action.capability)
    const decision = decisionFor(action, scope)
    return {
      decision,
      digest: digestOf({ runId: action.runId, capability: action.capability, args: action.args }),
      policyHash,
      ruleId: `${name}:${decision}`,
      reason: `the script says ${decision}`,
      hint: null,
      effect: definition?.effect ?? 'external',
      risk: definition?.risk ?? 'critical',
      actionRef: '',
    }
  }

  return {
    policyHash,
    policyName: name,
    vetGoal: () => ({ decision: 'allow', reason: 'the script has nothing against it', question: null, choices: [] }),
    judge: async (action, scope) => verdictOn(action, scope),
    foresee: async (step, scope) => ({ ...verdictOn({ runId: scope.runId, ...step }, scope), atDispatch: false }),
    async admit(action, scope, approval) {
      const { decision, digest, ruleId } = verdictOn(action, scope)
      const snapshot = snapshotArgs(action.args)
      if (decision === 'deny' || !snapshot.ok) throw new ControllerError('GUARD_DENIED', `${ruleId}: ${action.capability} is denied`)
      if (decision === 'ask' && approval === undefined) throw new ControllerError('APPROVAL_MISSING', `${action.capability} needs an approval`)
      if (decision === 'ask' && (approval?.digest !== digest || approval.policyHash !== policyHash))
        throw new ControllerError('APPROVAL_STALE', `the approval is not for this ${action.capability}`)
      return brand({ ...action, args: snapshot.args }, { digest, ruleId, grantedBy: decision === 'ask' ? 'person' : 'policy' })
    },
  }
}
