import { fromPromise } from 'xstate'
import type { AnyActorRef } from 'xstate'
import { toFailure } from '../errors.ts'
import type { GoalVerdict } from '../model/goal.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'
import type { Verdict } from '../model/verdict.ts'
import { actionMachine } from './action.machine.ts'
import type { ExecuteInput, ExecuteOutput, JudgeActionInput, ReconcileInput, ReconcileOutput } from './action.types.ts'
import { workflowMachine } from './workflow.machine.ts'
import type {
  ApplyInterventionOutput,
  DeliberateOutput,
  DiagnoseInput,
  DiagnoseOutput,
  DraftOutput,
  EvaluateInput,
  EvaluateOutput,
  Intervention,
  JudgePlanInput,
  JudgePlanOutput,
  PlanningInput,
  ProgressSample,
  ResearchOutput,
  WriteReportInput,
  WriteReportOutput,
} from './workflow.types.ts'

/** What a service gets besides its input. */
export interface ServiceContext {
  /** Aborted when the chart leaves the state that asked. */
  readonly signal: AbortSignal
  /** Tells the chart that it is alive; only `execute` is listened to. */
  readonly heartbeat: () => void
}

type Service<Input, Output> = (input: Input, context: ServiceContext) => Promise<Output>

/** The outside of both charts, one function per invoked service. A service reports a failure by throwing a ControllerError. */
export interface Services {
  readonly vetGoal: Service<PlanningInput, GoalVerdict>
  readonly research: Service<PlanningInput, ResearchOutput>
  readonly draftPlan: Service<PlanningInput, DraftOutput>
  readonly deliberate: Service<PlanningInput & { readonly plan: PlanSkeleton }, DeliberateOutput>
  readonly judgePlan: Service<JudgePlanInput, JudgePlanOutput>
  readonly judgeAction: Service<JudgeActionInput, Verdict>
  readonly execute: Service<ExecuteInput, ExecuteOutput>
  readonly reconcileEffect: Service<ReconcileInput, ReconcileOutput>
  readonly evaluateCriteria: Service<EvaluateInput, EvaluateOutput>
  readonly diagnoseStall: Service<DiagnoseInput, DiagnoseOutput>
  readonly applyIntervention: Service<{ readonly runId: string; readonly intervention: Intervention }, ApplyInterventionOutput>
  readonly writeReport: Service<WriteReportInput, WriteReportOutput>
  /** Stops the attempt that is under way; it then ends by itself. */
  readonly abortExecution: (attempt: { readonly runId: string; readonly stepId: string }) => void
  /** The stall detectors' verdict over the last settled actions; pure. */
  readonly loopDetected: (samples: readonly ProgressSample[]) => boolean
}

/** An invoked service as XState logic: rejections become failures as data, so that every event survives JSON. */
function logic<Input, Output>(service: Service<Input, Output>) {
  return fromPromise<Output, Input>(async ({ input, signal, self }) => {
    const parent: AnyActorRef | undefined = self._parent
    try {
      return await service(input, { signal, heartbeat: () => parent?.send({ type: 'action.heartbeat' }) })
    } catch (error) {
      throw toFailure(error)
    }
  })
}

/**
 * Both machines with these services: what `createActor` and the durable engine run. Provide once per process, not per run:
 * it rebuilds the machines (0.3 ms, 39 KB); every service's input carries the run's id.
 */
export function provideServices(services: Services) {
  const action = actionMachine.provide({
    actors: { judgeAction: logic(services.judgeAction), execute: logic(services.execute), reconcileEffect: logic(services.reconcileEffect) },
    actions: { abortExecution: (_, attempt) => services.abortExecution(attempt) },
  })
  return workflowMachine.provide({
    actors: {
      action,
      vetGoal: logic(services.vetGoal),
      research: logic(services.research),
      draftPlan: logic(services.draftPlan),
      deliberate: logic(services.deliberate),
      judgePlan: logic(services.judgePlan),
      evaluateCriteria: logic(services.evaluateCriteria),
      diagnoseStall: logic(services.diagnoseStall),
      applyIntervention: logic(services.applyIntervention),
      writeReport: logic(services.writeReport),
    },
    guards: { loopDetected: ({ context }) => services.loopDetected(context.samples) },
  })
}

/** The workflow for folding a journal only: its decisions are those of `provideServices`, its services refuse. */
export function withoutServices({ loopDetected }: Pick<Services, 'loopDetected'>) {
  return workflowMachine.provide({ guards: { loopDetected: ({ context }) => loopDetected(context.samples) } })
}
