import { isDeepStrictEqual } from 'node:util'
import { ControllerError } from '../errors.ts'
import type { Services } from '../machines/provide-services.ts'
import type { ExecuteInput, JudgeActionInput } from '../machines/action.types.ts'
import { isRepeatable } from '../model/action.ts'
import type { Usage } from '../model/result.ts'
import type { Action } from '../model/action.ts'
import type { EffectRecord } from '../services/journal/journal.ts'
import { resolveReferences } from '../services/oracle/resolve-references.ts'
import { executionContext } from './execution-context.ts'
import { judgedAction, outputOf, plannedAction, stored } from './run-scope.ts'
import type { FindRun, FlowPorts, RunScope } from './run-scope.ts'

/** How often, in ms, an action's heartbeat reaches the journal at most. */
const HEARTBEAT_MS = 1_000

/** From a step to an effect: resolved, judged, admitted, written down, done. */
export function actionServices(ports: FlowPorts, find: FindRun): Pick<Services, 'judgeAction' | 'execute' | 'reconcileEffect' | 'abortExecution'> {
  return {
    async judgeAction(input) {
      const scope = find(input.runId)
      const action = resolveAction(scope, input)
      const verdict = await scope.guard.judge(action, scope.guardScope)
      const isPlanned = input.modifiedRef === null && verdict.decision !== 'modify' && isDeepStrictEqual(action, plannedAction(scope.bodies, input))
      return { ...verdict, actionRef: isPlanned ? '' : scope.bodies.put(action) }
    },

    async execute(input, { signal, heartbeat }) {
      const scope = find(input.runId)
      const key = effectKey(input)
      // What can be repeated has no entry in the ledger.
      const earlier = isRepeatable(input.effect) ? null : scope.effect(key)
      if (earlier?.state === 'done' && earlier.outputRef !== null) return { outputRef: earlier.outputRef, usage: {} }
      if (earlier?.state === 'open' && earlier.attempt === input.attempt) {
        throw new ControllerError('EFFECT_IN_DOUBT', `attempt ${input.attempt} of step ${input.stepId} was under way when its process ended`, {
          retryable: true,
        })
      }
      return attempt(ports, scope, input, key, { signal, heartbeat: thinned(heartbeat, () => ports.clock.now()) })
    },

    async reconcileEffect(input, { signal }) {
      const scope = find(input.runId)
      const key = effectKey(input)
      const admitted = await scope.guard.admit(judgedAction(scope.bodies, input), scope.guardScope, input.approval ?? undefined)
      const context = executionContext(ports, scope, { stepId: input.stepId, idempotencyKey: key, signal, heartbeat: () => {} })
      const verdict = await ports.executor.reconcile(admitted, context)
      const outputRef = verdict === 'happened' ? scope.bodies.put({ reconciled: true }) : null
      if (verdict !== 'unknown') scope.bodies.note(ledgerRecord(ports, input, admitted, key, verdict === 'happened' ? 'done' : 'failed', outputRef))
      return { verdict, outputRef }
    },

    abortExecution: ({ runId, stepId }) => find(runId).attempts.get(stepId)?.abort(),
  }
}

/** One attempt: admitted again, the intent durable before the effect of anything that cannot be repeated, its end in the ledger. */
async function attempt(
  ports: FlowPorts,
  scope: RunScope,
  input: ExecuteInput,
  key: string,
  caller: { readonly signal: AbortSignal; readonly heartbeat: () => void },
) {
  const action = judgedAction(scope.bodies, input)
  const admitted = await scope.guard.admit(action, scope.guardScope, input.approval ?? undefined)
  if (input.effect !== 'read' && !scope.lockWorkspace()) {
    throw new ControllerError('WORKSPACE_BUSY', `another run is writing in ${ports.workspace}`, { retryable: true })
  }
  const aborter = abortsWith(caller.signal)
  scope.attempts.set(input.stepId, aborter)
  const { signal } = aborter
  const keepsLedger = !isRepeatable(input.effect)
  const note = (state: EffectRecord['state'], outputRef: string | null) => {
    if (keepsLedger) scope.bodies.note(ledgerRecord(ports, input, action, key, state, outputRef))
  }
  try {
    note('open', null)
    if (keepsLedger) await scope.flush()
    const context = executionContext(ports, scope, { stepId: input.stepId, idempotencyKey: key, signal, heartbeat: caller.heartbeat })
    const { output, usage } = await ports.executor.execute(admitted, context)
    const outputRef = scope.bodies.put(output)
    note('done', outputRef)
    return { outputRef, usage: withoutZeros(usage) }
  } catch (error) {
    // A failure that was reported is an end; an abort is not: nobody knows how far it came.
    if (!signal.aborted) note('failed', null)
    throw error
  } finally {
    if (scope.attempts.get(input.stepId) === aborter) scope.attempts.delete(input.stepId)
  }
}

function resolveAction(scope: RunScope, input: JudgeActionInput): Action {
  if (input.modifiedRef !== null) return stored<Action>(scope.bodies, input.modifiedRef, 'action')
  const planned = plannedAction(scope.bodies, input)
  const args =
    input.editRef === null
      ? resolveReferences(planned.args, (id) => outputOf(scope, id))
      : stored<Action['args']>(scope.bodies, input.editRef, 'arguments')
  return { ...planned, args }
}

/** What was consumed at all: most actions leave most of it at 0, and each record would carry it. */
const withoutZeros = (usage: Usage): Partial<Usage> => Object.fromEntries(Object.entries(usage).filter(([, amount]) => amount !== 0))

/** Aborted when `signal` is, or by itself: for a pair that is as short-lived, `AbortSignal.any` takes ten times as long. */
function abortsWith(signal: AbortSignal): AbortController {
  const aborter = new AbortController()
  const abort = () => aborter.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return aborter
}

/** The same for every attempt of one action: an approval and its idempotency cover them all. */
const effectKey = (input: ExecuteInput) => `${input.runId}/${input.planNumber}/${input.stepId}/${input.digest}`

function ledgerRecord(
  ports: FlowPorts,
  input: ExecuteInput,
  action: Action,
  key: string,
  state: EffectRecord['state'],
  outputRef: string | null,
): EffectRecord {
  const { runId, stepId, digest, attempt: number } = input
  return { key, runId, stepId, capability: action.capability, digest, attempt: number, state, outputRef, at: ports.clock.now() }
}

function thinned(heartbeat: () => void, now: () => number): () => void {
  let last = -Infinity
  return () => {
    if (now() - last < HEARTBEAT_MS) return
    last = now()
    heartbeat()
  }
}
