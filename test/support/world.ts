import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { provideServices } from '../../src/machines/provide-services.ts'
import type { ServiceContext, Services } from '../../src/machines/provide-services.ts'
import type { ExecuteInput, JudgeActionInput } from '../../src/machines/action.types.ts'
import type { EvaluateInput, PlanningInput } from '../../src/machines/workflow.types.ts'
import type { Failure } from '../../src/model/failure.ts'
import type { SimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { Life } from './engine.ts'
import { GOOD, IN_DOUBT, OUTPUT, TRANSIENT, ask, planOf, stepOf, verdictOf } from './flow.fixture.ts'

/** Six steps on two slots: a retry, an approval and a doubt among them; then a second plan, because the criteria are not met. */
const FIRST = planOf([
  stepOf('s1'),
  stepOf('s2', { effect: 'write' }),
  stepOf('s3', { dependsOn: ['s1'] }),
  stepOf('s4', { effect: 'write', dependsOn: ['s2'] }),
  stepOf('s5', { effect: 'external' }),
  stepOf('s6', { dependsOn: ['s4', 's5'] }),
])
const SECOND = planOf([stepOf('t1')], 'plan-2')

/** How long each takes, in ms: no two ends fall together. */
const EXECUTE_MS: Readonly<Record<string, number>> = { s1: 310, s2: 470, s3: 130, s4: 290, s5: 371, s6: 170, t1: 190 }
const JUDGE_MS = 11
const OTHER_MS = 23

const answers = {
  vetGoal: () => ({ ...GOOD.vetGoal, choices: [] }),
  research: () => ({ ...GOOD.research, gaps: [] }),
  draftPlan: ({ replans }: PlanningInput) => ({ kind: 'plan' as const, plan: replans === 0 ? FIRST : SECOND }),
  deliberate: () => GOOD.deliberate,
  judgePlan: () => GOOD.judgePlan,
  judgeAction: ({ stepId }: JudgeActionInput) =>
    verdictOf(stepId === 's4' ? 'ask' : 'allow', { digest: `digest-${stepId}`, actionRef: `action-${stepId}` }),
  execute({ stepId, attempt }: ExecuteInput) {
    if (stepId === 's3' && attempt === 1) throw TRANSIENT
    if (stepId === 's5') throw IN_DOUBT
    return OUTPUT
  },
  reconcileEffect: () => GOOD.reconcileEffect,
  evaluateCriteria: ({ planRef }: EvaluateInput) => ({
    ...GOOD.evaluateCriteria,
    verdict: planRef === FIRST.ref ? ('unmet' as const) : ('met' as const),
  }),
  diagnoseStall: () => GOOD.diagnoseStall,
  applyIntervention: () => GOOD.applyIntervention,
  writeReport: () => GOOD.writeReport,
}

export interface World {
  readonly machine: ReturnType<typeof provideServices>
  /** Each start of a service, as its name and input. */
  readonly starts: readonly string[]
}

export const startKey = (src: string, input: unknown) => `${src} ${JSON.stringify(input)}`

/** Services that take their time on the clock of the run and say what follows from their input alone. */
export function createWorld(clock: SimulatedClock): World {
  const starts: string[] = []
  const service =
    <Input, Output>(src: keyof typeof answers, answer: (input: Input) => Output, ms: (input: Input) => number) =>
    (input: Input, { signal }: ServiceContext) => {
      starts.push(startKey(src, input))
      return new Promise<Output>((resolve, reject) => {
        const timer = clock.after(ms(input), () => {
          try {
            resolve(answer(input))
          } catch (error) {
            reject(asError(error))
          }
        })
        signal.addEventListener('abort', () => clock.clear(timer))
      })
    }
  const soon = () => OTHER_MS

  const services: Services = {
    vetGoal: service('vetGoal', answers.vetGoal, soon),
    research: service('research', answers.research, soon),
    draftPlan: service('draftPlan', answers.draftPlan, soon),
    deliberate: service('deliberate', answers.deliberate, soon),
    judgePlan: service('judgePlan', answers.judgePlan, soon),
    judgeAction: service('judgeAction', answers.judgeAction, () => JUDGE_MS),
    execute: service('execute', answers.execute, ({ stepId }) => EXECUTE_MS[stepId] ?? 0),
    reconcileEffect: service('reconcileEffect', answers.reconcileEffect, soon),
    evaluateCriteria: service('evaluateCriteria', answers.evaluateCriteria, soon),
    diagnoseStall: service('diagnoseStall', answers.diagnoseStall, soon),
    applyIntervention: service('applyIntervention', answers.applyIntervention, soon),
    writeReport: service('writeReport', answers.writeReport, soon),
    abortExecution: () => {},
    loopDetected: () => false,
  }
  return { machine: provideServices(services), starts }
}

/** A failure that a service reports is data already; the charts keep it as it is. */
const asError = (failure: unknown) => failure as Failure & Error

/** A run as its person sees it. */
export interface Attended {
  snapshot(path: string): AnyMachineSnapshot | null
  readonly facts: readonly EventObject[]
  readonly clock: SimulatedClock
  send(event: (at: number) => EventObject): void
}

/**
 * The person of the world: starts the run, approves after 700 ms, pauses once after the first retry, goes on after 5 s.
 * What is to be done follows from where the run is, so that it is done as well after a crash. Call it after whatever happened.
 */
export function attend(run: Attended, seen: readonly string[] = []): () => void {
  const done = new Set<string>()
  const later = (key: string, ms: number, event: (at: number) => EventObject) => {
    if (done.has(key)) return
    done.add(key)
    run.clock.after(ms, () => run.send(event))
  }
  return () => {
    const root = run.snapshot('')
    if (root?.status !== 'active') return
    if (root.matches('idle')) later('start', 5, ask.start)
    if (run.snapshot('s4')?.matches('awaitingApproval')) later('approve', 700, () => ask.approve('s4', 'digest-s4'))
    const retried = run.facts.some(({ type }) => type === 'action.retrying')
    if (retried && !seen.includes('run.pause')) later('pause', 100, (at) => ask.pause('finish', at))
    if (root.matches({ open: 'pausing' }) || root.matches({ open: 'paused' })) later('resume', 5_000, ask.resume)
  }
}

/** A life of the engine as its person sees it. */
export const attended = ({ run, facts, clock, send }: Life): Attended => ({
  snapshot: (path) => run.fold.snapshot(path),
  facts,
  clock,
  send: (event) => void send(event).catch(() => {}),
})
