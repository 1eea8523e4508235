import { unprovided } from './action.actors.ts'
import type { GoalVerdict } from '../model/goal.ts'
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
  ResearchOutput,
  WriteReportInput,
  WriteReportOutput,
} from './workflow.types.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'

export { actionMachine } from './action.machine.ts'

/** Says whether the goal may be pursued, and whether it is clear. */
export const vetGoal = unprovided<GoalVerdict, PlanningInput>('vetGoal')

/** Gathers evidence with read-only capabilities before anything is planned. */
export const research = unprovided<ResearchOutput, PlanningInput>('research')

/** Asks the oracles, from the given one on, for a plan. */
export const draftPlan = unprovided<DraftOutput, PlanningInput>('draftPlan')

/** Has the committee review a draft. */
export const deliberate = unprovided<DeliberateOutput, PlanningInput & { readonly plan: PlanSkeleton }>('deliberate')

/** Validates a plan and has the guard judge each of its steps. */
export const judgePlan = unprovided<JudgePlanOutput, JudgePlanInput>('judgePlan')

/** Checks the success criteria against evidence. */
export const evaluateCriteria = unprovided<EvaluateOutput, EvaluateInput>('evaluateCriteria')

/** Finds out what stands still, and what may help. */
export const diagnoseStall = unprovided<DiagnoseOutput, DiagnoseInput>('diagnoseStall')

/** Carries out one rung of the recovery ladder; idempotent by the intervention's id. */
export const applyIntervention = unprovided<ApplyInterventionOutput, { readonly runId: string; readonly intervention: Intervention }>(
  'applyIntervention',
)

/** Writes the report of an ended run. */
export const writeReport = unprovided<WriteReportOutput, WriteReportInput>('writeReport')
