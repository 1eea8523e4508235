import type { Services } from '../machines/provide-services.ts'
import type { DiagnoseInput, Intervention } from '../machines/workflow.types.ts'
import { detectLoop } from '../services/stall/detectors.ts'

/** What to do when a run does not get on by itself. */
export function stallServices(): Pick<Services, 'diagnoseStall' | 'applyIntervention' | 'loopDetected'> {
  return {
    diagnoseStall: (input) => Promise.resolve(diagnose(input)),
    /** The chart itself carries the intervention out; by its id, doing so twice is noticed there. */
    applyIntervention: ({ intervention }) => Promise.resolve({ interventionId: intervention.interventionId }),
    loopDetected: detectLoop,
  }
}

/** One rung of the ladder: more time first, then a fresh attempt of what may be repeated, then another plan; else a person. */
function diagnose(input: DiagnoseInput) {
  const { cause, rungs, holders, hasPlan, replansLeft } = input
  const interventionId = `${input.runId}/${rungs + 1}`
  const recover = (kind: Intervention['kind'], stepId: string | null, detail: string) => ({
    kind: 'recover' as const,
    intervention: { interventionId, kind, stepId, detail },
  })
  const silent = holders.find(({ repeatable }) => repeatable)
  if (cause === 'silence' && rungs === 0) return recover('increase_timeout', null, 'the actions get twice the time before silence counts again')
  if (cause === 'silence' && silent)
    return recover('restart_action', silent.stepId, `${silent.stepId} is silent and may be repeated: it is started again`)
  if ((cause === 'loop' || cause === 'blocked') && hasPlan && replansLeft)
    return recover('replan', null, 'the plan does not lead on: another one is drafted')
  return { kind: 'person' as const, detail: input.detail }
}
