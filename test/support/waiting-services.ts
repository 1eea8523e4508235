import { provideServices } from '../../src/machines/provide-services.ts'
import type { Services } from '../../src/machines/provide-services.ts'

const forever = () => new Promise<never>(() => {})

/** Services that never answer by themselves. */
export const WAITING: Services = {
  vetGoal: forever,
  research: forever,
  draftPlan: forever,
  deliberate: forever,
  judgePlan: forever,
  judgeAction: forever,
  execute: forever,
  reconcileEffect: forever,
  evaluateCriteria: forever,
  diagnoseStall: forever,
  applyIntervention: forever,
  writeReport: forever,
  abortExecution: () => {},
  loopDetected: (samples) => samples.filter(({ error }) => error !== null).length >= 2,
}

/** Both machines with services that a composite answers for; two errors among the last settled actions count as a loop. */
export const waitingMachine = provideServices(WAITING)
