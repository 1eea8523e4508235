import { Plan } from '../../../src/model/plan.ts'
import type { Finding } from '../../../src/model/report.ts'
import { type ActionResult, NO_USAGE } from '../../../src/model/result.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import type { ReportInput } from '../../../src/services/telemetry/report.ts'

export function finding(changes: Partial<Finding> = {}): Finding {
  return {
    rule: 'types.any',
    severity: 'low',
    confidence: 'verified',
    title: 'Explicit `any`',
    file: 'src/a.ts',
    line: 3,
    evidence: 'let a: any',
    why: 'Nothing is checked.',
    fix: 'Give it a type.',
    command: "sed -n '3p' src/a.ts",
    ...changes,
  }
}

export function result(stepId: string, changes: Partial<ActionResult> = {}): ActionResult {
  return {
    stepId,
    outcome: 'succeeded',
    inDoubt: false,
    provenance: 'capability',
    outputRef: 'blob',
    failure: null,
    digest: 'd',
    ruleId: 'workstation:rules[0]',
    attempts: 1,
    usage: NO_USAGE,
    ...changes,
  }
}

/** A completed run of two steps whose outputs these are. */
export function input(outputs: Readonly<Record<string, JsonObject>> = {}, changes: Partial<ReportInput> = {}): ReportInput {
  const steps = ['look', 'count'].map((id) => ({ id, title: `Step ${id}`, capability: 'analysis.inventory.v1' }))
  return {
    runId: 'run-1',
    goal: 'Analyze this codebase',
    workflowType: 'simple',
    plan: Plan.parse({ version: 1, steps, assumptions: ['Nothing is changed.'] }),
    planSource: 'playbook:analyze-repo',
    status: 'completed',
    exitReason: 'criteria_met',
    failure: null,
    criteria: [{ criterion: 'step look succeeded', verdict: 'met', evidence: 'It did.' }],
    usage: { ...NO_USAGE, wallMs: 1_500, fsOperations: 4 },
    results: new Map([
      ['look', result('look')],
      ['count', result('count')],
    ]),
    verdicts: new Map(),
    output: (stepId) => outputs[stepId] ?? null,
    notExamined: ['the meaning of the code'],
    evidence: [],
    startedAt: Date.UTC(2026, 0, 2),
    durationMs: 2_000,
    ...changes,
  }
}
