import type { Decision } from '../../../model/verdict.ts'
import type { TrajectorySettings } from '../../../model/trajectory.ts'
import { strictest, type Ruling } from '../ruling.ts'
import type { TaintedValue } from '../trajectory/findings.ts'
import { createTrajectory, type ToolCall, type ToolKind } from '../trajectory/trajectory.ts'
import type { RecordedRun } from './recorded-run.ts'

/** What was decided about one call. */
export interface ReplayedDecision {
  /** Index of the call among the run's events. */
  readonly at: number
  readonly tool: string
  readonly decision: Decision
  readonly rule: string
  readonly taint: readonly TaintedValue[]
}

/** A line of output: how a run would have gone under the policy. */
export interface ReplayedRun {
  readonly id: string
  /** `interrupt`: a person would have been asked. `stop`: a call would have been refused. */
  readonly verdict: 'pass' | 'interrupt' | 'stop'
  /** Index of the event at which it would have been stopped or interrupted; what came after was not judged, since it might not have come. */
  readonly at: number | null
  readonly rule: string | null
  readonly reason: string | null
  readonly decisions: readonly ReplayedDecision[]
}

export interface ReplayOptions {
  readonly settings: TrajectorySettings
  /** Leaves the recorded plan out, as if nothing had been pinned. */
  readonly withoutPlan?: boolean | undefined
  /** What the policy's own rules say of a call; the stricter of the two counts. Absent: they allow everything. */
  readonly decide?: ((call: ToolCall, kind: ToolKind) => Ruling) | undefined
}

/** Holds a recorded run against a policy, call by call, knowing at each call only what came before it. */
export function replayRun(run: RecordedRun, { settings, withoutPlan = false, decide }: ReplayOptions): ReplayedRun {
  const trajectory = createTrajectory({ goal: run.goal, plan: withoutPlan ? null : run.plan, tools: run.tools, settings })
  const kinds = new Map(run.tools.map(({ name, kind }) => [name, kind]))
  const decisions: ReplayedDecision[] = []
  for (const [at, event] of run.events.entries()) {
    if (event.type === 'message') trajectory.said(event)
    else if (event.type === 'result') trajectory.observed(event)
    else {
      const ruled = trajectory.judge(event)
      const ruling: Ruling = decide === undefined ? ruled : strictest([ruled, decide(event, kinds.get(event.tool) ?? 'sink')])
      decisions.push({ at, tool: event.tool, decision: ruling.decision, rule: ruling.ruleId, taint: ruled.taint })
      if (ruling.decision !== 'allow') {
        return { id: run.id, verdict: ruling.decision === 'deny' ? 'stop' : 'interrupt', at, rule: ruling.ruleId, reason: ruling.reason, decisions }
      }
      trajectory.called(event)
    }
  }
  return { id: run.id, verdict: 'pass', at: null, rule: null, reason: null, decisions }
}
