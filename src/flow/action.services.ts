import { isDeepStrictEqual } from 'node:util'
import { ControllerError, toFailure } from '../errors.ts'
import type { FailureCode } from '../errors.ts'
import type { Services } from '../machines/provide-services.ts'
import type { ExecuteInput, JudgeActionInput } from '../machines/action.types.ts'
import { isRepeatable } from '../model/action.ts'
import type { Usage } from '../model/result.ts'
import type { Action, Approval } from '../model/action.ts'
import { referencesIn } from '../model/reference.ts'
import { conjuredSecretRefs, secretRefsIn } from '../model/secrets.ts'
import type { EffectRecord } from '../services/journal/journal.ts'
import { resolveReferences } from '../services/oracle/resolve-references.ts'
import { executionContext } from './execution-context.ts'
import { judgedAction, outputOf, plannedAction, stored } from './run-scope.ts'
import type { FindRun, FlowPorts, RunScope } from './run-scope.ts'

/** Whether an approval still counts. */
const isValid = ({ expiresAt }: Approval, now: number): boolean => expiresAt === undefined || now < expiresAt

/** How often, in ms, an action's heartbeat reaches the journal at most. */
const HEARTBEAT_MS = 1_000

/** From a step to an effect: resolved, judged, admitted, written down, done. */
export function actionServices(ports: FlowPorts, find: FindRun): Pick<Services, 'judgeAction' | 'execute' | 'reconcileEffect' | 'abortExecution'> {
  return {
    async judgeAction(input) {
      const scope = find(input.runId)
      const action = resolveAction(scope, input)
      const verdict = await scope.guard.judge(action, scope.guardScope)
      const judged = verdict.decision === 'modify' ? { ...action, args: verdict.suggestion ?? action.args } : action
      const isPlanned = input.modifiedRef === null && verdict.decision !== 'modify' && isDeepStrictEqual(action, plannedAction(scope.bodies, input))
      const expired = input.approval !== null && !isValid(input.approval, ports.clock.now())
      return { ...verdict, actionRef: isPlanned ? '' : scope.bodies.put(judged), ...(expired ? { approvalExpired: true } : {}) }
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
      const context = executionContext(ports, scope, admitted, { idempotencyKey: key, signal, heartbeat: () => {} })
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
  const approval = input.approval !== null && isValid(input.approval, ports.clock.now()) ? input.approval : undefined
  const admitted = await scope.guard.admit(action, scope.guardScope, approval)
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
    const context = executionContext(ports, scope, admitted, { idempotencyKey: key, signal, heartbeat: caller.heartbeat })
    const { output, usage } = await ports.executor.execute(admitted, context)
    const outputRef = scope.bodies.put(await redacted(ports, input, output))
    note('done', outputRef)
    return { outputRef, usage: withoutZeros(usage) }
  } catch (error) {
    // A failure that was reported is an end; an abort is not, nor is what the capability itself is in doubt about: nobody knows how far it came.
    if (!signal.aborted && toFailure(error).code !== 'EFFECT_IN_DOUBT') note('failed', null)
    throw await redactedError(ports, input, error)
  } finally {
    if (scope.attempts.get(input.stepId) === aborter) scope.attempts.delete(input.stepId)
  }
}

type OfStep = Pick<ExecuteInput, 'runId' | 'stepId'>

/** What comes from outside, without its secrets: nothing has recorded it yet. */
async function redacted<T>({ redactor }: FlowPorts, { runId, stepId }: OfStep, body: T): Promise<T> {
  return (await redactor.redactBody(body, { runId, source: stepId })).value
}

/** A failure may quote what was read. */
async function redactedError(ports: FlowPorts, of: OfStep, error: unknown): Promise<ControllerError> {
  const { code, message, hint, retryable } = toFailure(error)
  const told = await redacted(ports, of, { message, hint })
  return new ControllerError(code as FailureCode, told.message, { hint: told.hint, retryable })
}

function resolveAction(scope: RunScope, input: JudgeActionInput): Action {
  if (input.modifiedRef !== null) return stored<Action>(scope.bodies, input.modifiedRef, 'action')
  const planned = plannedAction(scope.bodies, input)
  if (input.editRef !== null) return { ...planned, args: stored<Action['args']>(scope.bodies, input.editRef, 'arguments') }
  const read = (id: string) => outputOf(scope, id)
  const args = resolveReferences(planned.args, read)
  assertNotConjured(planned.args, args, read)
  return { ...planned, args }
}

/** Pieces of what was read can look like a reference to a secret once they stand side by side. @throws ControllerError GUARD_DENIED */
function assertNotConjured(planned: Action['args'], resolved: Action['args'], read: (stepId: string) => unknown): void {
  if (secretRefsIn(resolved).length === 0) return
  const sources = referencesIn(planned).map(({ stepId }) => read(stepId))
  const conjured = conjuredSecretRefs(resolved, [planned, ...sources])
  if (conjured.length === 0) return
  throw new ControllerError('GUARD_DENIED', `the arguments put a reference to a secret together out of what was read: ${conjured.join(', ')}`)
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
