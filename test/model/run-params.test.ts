import { describe, expect, it } from 'vitest'
import { PlannerExecParams } from '../../src/model/goal.ts'
import { toWireParams } from '../../src/model/run-params.ts'

describe('toWireParams', () => {
  it('spells the fields as the wire does, those of the groups too, and leaves the context alone', () => {
    const wire = toWireParams({
      goal: 'g',
      workflowType: 'simple',
      maxSteps: 3,
      timeoutMs: 5_000,
      workflowId: 'w',
      allowedCapabilities: ['fs.read.v1'],
      resourceLimits: { maxParallelExecutions: 2 },
      preferences: { continueOnError: true, userInterventionTimeoutS: 5 },
      context: { maxSteps: 9 },
    })

    expect(wire).toEqual({
      goal: 'g',
      workflow_type: 'simple',
      max_steps: 3,
      timeout_ms: 5_000,
      workflow_id: 'w',
      allowed_capabilities: ['fs.read.v1'],
      resource_limits: { max_parallel_executions: 2 },
      preferences: { continue_on_error: true, user_intervention_timeout_s: 5 },
      context: { maxSteps: 9 },
    })
  })

  it('changes nothing that is spelt as on the wire', () => {
    const wire = PlannerExecParams.parse({ goal: 'g', preferences: { stall_detection_ms: 500 } })

    expect(toWireParams(wire)).toEqual(wire)
  })

  it('leaves a field that is given in both spellings, and one that is none, to be refused', () => {
    const parsed = PlannerExecParams.safeParse(toWireParams({ goal: 'g', max_steps: 3, maxSteps: 4, maxStep: 5 } as never))

    expect(parsed.error?.issues.flatMap((issue) => ('keys' in issue ? issue.keys : []))).toEqual(['maxSteps', 'maxStep'])
  })

  it.each([null, 3, 'x', []])('passes on what is no object: %j', (value) => {
    expect(toWireParams(value as never)).toEqual(value)
  })
})
