import { driveRun } from './drive.ts'
import type { RunDriver } from './drive.ts'
import { stepOf, workflowInput } from './flow.fixture.ts'
import type { InputChanges } from './flow.fixture.ts'

/** Two steps that take their time: one may be repeated, the other may not. */
export const TWO = [stepOf('s1', { timeoutMs: 3_000_000 }), stepOf('s2', { effect: 'write', timeoutMs: 3_000_000 })]
/** A state of the stalled run, or of the plan that is carried out, as a path. */
export const stalled = (state: string) => `open.active.stalled.${state}`
export const executing = (state: string) => `open.active.executing.${state}`

/** A run whose plan is in force: its first actions are with the guard. */
export function carrying(changes: InputChanges = {}, steps = TWO): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.carriesOut(steps)
  return run
}

/** A run whose two actions are under way. */
export function running(changes: InputChanges = {}): RunDriver {
  const run = carrying(changes)
  run.allows('s1')
  run.allows('s2')
  return run
}

/** What a diagnosis says that found a way on. */
export const recover = (kind: 'restart_action' | 'increase_timeout' | 'replan', stepId: string | null = null) => ({
  kind: 'recover',
  intervention: { interventionId: 'i1', kind, stepId, detail: '' },
})

/** Nobody can plan: a person is asked, without a plan. */
export function withoutPlan(changes: InputChanges = {}): RunDriver {
  const run = driveRun(workflowInput(changes))
  run.start()
  run.says('vetGoal')
  run.breaks('draftPlan')
  run.says('diagnoseStall')
  return run
}
