import { ControllerError } from '../errors.ts'
import type { Action } from '../model/action.ts'
import type { JsonObject } from '../model/json.ts'
import type { Services } from '../machines/provide-services.ts'
import { runResearch } from '../services/oracle/research.ts'
import { oracleRequest } from './run-scope.ts'
import type { FindRun, FlowPorts, RunScope } from './run-scope.ts'
import { executionContext } from './execution-context.ts'

/** From a goal to evidence: is it allowed, is it clear, and what is there to know? */
export function goalServices(ports: FlowPorts, find: FindRun): Pick<Services, 'vetGoal' | 'research'> {
  return {
    async vetGoal(input, { signal }) {
      const scope = find(input.runId)
      const verdict = scope.guard.vetGoal(scope.params.goal)
      if (verdict.decision === 'deny') return verdict
      const request = oracleRequest(scope, input, signal)
      for (const oracle of scope.oracles) {
        const question = await oracle.clarify(request)
        if (question) return { decision: 'ambiguous', reason: question.question, question: question.question, choices: [...question.choices] }
      }
      return verdict
    },

    async research(input, { signal }) {
      const scope = find(input.runId)
      const request = oracleRequest(scope, input, signal)
      const reads = (await Promise.all(scope.oracles.map((oracle) => oracle.questions(request)))).flat()
      const { catalog } = ports.executor
      const { evidence, gaps } = await runResearch({
        reads,
        catalog,
        signal,
        run: (capability, args) => readThroughGuard(ports, scope, capability, args, signal),
      })
      return { evidenceRef: scope.bodies.put({ evidence, gaps }), gaps }
    },
  }
}

/** Research reads use the same door as every action. */
async function readThroughGuard(ports: FlowPorts, scope: RunScope, capability: string, args: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  const stepId = 'research'
  const action = { runId: scope.guardScope.runId, stepId, capability, args: structuredClone(args) as Action['args'] }
  const definition = ports.executor.catalog.get(capability)
  if (definition?.effect !== 'read') throw new ControllerError('GUARD_DENIED', `${capability} may change something; research only reads`)
  const admitted = await scope.guard.admit(action, scope.guardScope)
  const { output } = await ports.executor.execute(
    admitted,
    executionContext(ports, scope, admitted, { idempotencyKey: stepId, signal, heartbeat: () => {} }),
  )
  return (await ports.redactor.redactBody(output, { runId: action.runId, source: stepId })).value
}
