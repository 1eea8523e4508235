import type { EventObject } from 'xstate'
import type { Bodies } from '../engine/bodies.ts'
import type { Fold } from '../engine/fold.ts'
import { planBody, stored } from '../flow/run-scope.ts'
import type { ActionEmitted } from '../machines/action.types.ts'
import type { WorkflowEmitted, WorkflowOutput } from '../machines/workflow.types.ts'
import type { RunEvent } from '../model/events.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import type { PlannerExecParams } from '../model/goal.ts'
import type { CriterionResult, RunResult } from '../model/result.ts'
import { describeState, statePath } from './state-path.ts'

type Fact = WorkflowEmitted | ActionEmitted
/** An event before it is placed in its run: as `RunEvent`, without id, sequence and time. */
type Unplaced = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, 'runId' | 'seq' | 'at'> : never) : never

/** Turns records into what the outside sees of them; keeps only the last state it told. */
export interface EventTeller {
  tell(entry: JournalEntry, emitted: readonly EventObject[]): readonly RunEvent[]
}

export function createEventTeller(runId: string, fold: Fold, bodies: Bodies): EventTeller {
  const begun = fold.snapshot('')
  let state = begun ? statePath(begun.value) : ''
  let last: typeof begun = null

  function stateChange(): readonly Unplaced[] {
    const snapshot = fold.snapshot('')
    if (snapshot === last) return []
    last = snapshot
    const now = snapshot ? statePath(snapshot.value) : ''
    if (snapshot === null || now === state) return []
    state = now
    const changed: Unplaced = { type: 'state.changed', state: now, description: describeState(snapshot) }
    return snapshot.status === 'done'
      ? [changed, { type: 'run.settled', result: runResult(runId, snapshot.output as WorkflowOutput, bodies) }]
      : [changed]
  }

  return {
    tell(entry, emitted) {
      const facts = emitted.flatMap((fact) => told(fact as Fact, bodies))
      const events = [...opening(entry), ...facts, ...stateChange()]
      return events.map((event) => ({ runId, seq: entry.seq, at: entry.at, ...event }) as RunEvent)
    },
  }
}

function opening(entry: JournalEntry): readonly Unplaced[] {
  if (entry.kind === 'adopted' || entry.kind === 'parked') return [{ type: `run.${entry.kind}`, reason: entry.reason }]
  if (entry.kind !== 'started') return []
  const params = entry.header.input['params'] as PlannerExecParams
  return [{ type: 'run.started', goal: params.goal, workflowType: params.workflow_type }]
}

function told(fact: Fact, bodies: Bodies): readonly Unplaced[] {
  switch (fact.type) {
    case 'plan.accepted': {
      const { plan } = planBody(bodies, fact.planRef)
      const steps = plan.steps.map(({ id, title, capability, dependsOn }) => ({ id, title, capability, dependsOn }))
      return [{ type: 'plan.accepted', planRef: fact.planRef, digest: fact.digest, signedBy: fact.signedBy, steps }]
    }
    case 'action.approved': {
      const { type, actionId, digest, by, reason, scope } = fact
      return [{ type, actionId, digest, by, reason, scope }]
    }
    case 'plan.awaitsSignOff':
      return [{ type: 'plan.awaitsSignOff', digest: fact.digest }]
    case 'run.amended':
      return [{ type: 'run.amended', accepted: fact.accepted, reason: fact.reason }]
    default:
      return [fact]
  }
}

/** A finished run's result, its criteria in words. */
export function runResult(runId: string, output: WorkflowOutput, bodies: Bodies): RunResult {
  const criteria = output.criteriaRef === null ? [] : stored<CriterionResult[]>(bodies, output.criteriaRef, 'criteria')
  const { status, exitReason, summary, usage, failure, reportPath } = output
  return { runId, status, exitReason, summary, criteria, usage, failure, reportPath }
}
