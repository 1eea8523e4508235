import { provideServices } from '../../src/machines/provide-services.ts'
import type { ServiceContext, Services } from '../../src/machines/provide-services.ts'
import type { Failure } from '../../src/model/failure.ts'
import { GOOD, verdictOf } from './flow.fixture.ts'

type ServiceName = Exclude<keyof Services, 'abortExecution' | 'loopDetected'>

/** One call of a service, to be answered by the test. */
export interface Call extends ServiceContext {
  readonly src: ServiceName
  readonly input: unknown
  answer(output?: unknown): void
  fail(error: Failure | Error): void
}

export interface ScriptedServices {
  /** Both machines, with these services. */
  readonly machine: ReturnType<typeof provideServices>
  /** Every call so far, in order. */
  readonly calls: readonly Call[]
  /** Steps whose execution was told to stop. */
  readonly aborted: readonly string[]
  /** The last call of a service, of a step when one is given. @throws when there was none */
  last(src: ServiceName, stepId?: string): Call
  /** Answers every call of it from now on by itself. */
  always(src: ServiceName, respond: (input: never, call: Call) => unknown): void
}

/** Services whose calls wait for an answer of the test; a call that is stopped is never answered by itself. */
export function createScriptedServices(): ScriptedServices {
  const calls: Call[] = []
  const aborted: string[] = []
  const responses = new Map<ServiceName, (input: never, call: Call) => unknown>()

  const service =
    <Output>(src: ServiceName) =>
    (input: unknown, context: ServiceContext) =>
      new Promise<Output>((resolve, reject) => {
        const good = src === 'judgeAction' ? verdictOf('allow') : GOOD[src as keyof typeof GOOD]
        const call: Call = { ...context, src, input, answer: (output = good) => resolve(output as Output), fail: reject }
        calls.push(call)
        const respond = responses.get(src)
        if (respond) call.answer(respond(input as never, call))
      })

  const machine = provideServices({
    vetGoal: service('vetGoal'),
    research: service('research'),
    draftPlan: service('draftPlan'),
    deliberate: service('deliberate'),
    judgePlan: service('judgePlan'),
    judgeAction: service('judgeAction'),
    execute: service('execute'),
    reconcileEffect: service('reconcileEffect'),
    evaluateCriteria: service('evaluateCriteria'),
    diagnoseStall: service('diagnoseStall'),
    applyIntervention: service('applyIntervention'),
    writeReport: service('writeReport'),
    abortExecution: ({ stepId }) => void aborted.push(stepId),
    loopDetected: () => false,
  })

  const isOf = (call: Call, stepId: string) =>
    typeof call.input === 'object' && call.input !== null && 'stepId' in call.input && call.input.stepId === stepId

  return {
    machine,
    calls,
    aborted,
    last(src, stepId) {
      const found = calls.findLast((call) => call.src === src && (stepId === undefined || isOf(call, stepId)))
      if (found === undefined) throw new Error(`${src} was not called${stepId === undefined ? '' : ` for ${stepId}`}`)
      return found
    },
    always: (src, respond) => void responses.set(src, respond),
  }
}
