import type { Services } from '../machines/provide-services.ts'
import type { WriteReportInput } from '../machines/workflow.types.ts'
import type { Evidence, Report } from '../model/report.ts'
import type { CriterionResult } from '../model/result.ts'
import { readWorkspaceFile } from '../services/executor/workspace-files.ts'
import { evaluateCriteria } from '../services/oracle/evaluation.ts'
import { makeRunFolder, writeReportFiles } from '../services/telemetry/report-files.ts'
import { assembleReport } from '../services/telemetry/report.ts'
import { outputOf, planBody, stored } from './run-scope.ts'
import type { FindRun, FlowPorts, RunScope } from './run-scope.ts'

/** Files that a criterion looks into are read up to this size. */
const MAX_CRITERION_FILE_BYTES = 10 * 1024 * 1024

/** From results to evidence and a report. */
export function resultServices(ports: FlowPorts, find: FindRun): Pick<Services, 'evaluateCriteria' | 'writeReport'> {
  return {
    async evaluateCriteria(input) {
      const scope = find(input.runId)
      const { plan } = planBody(scope.bodies, input.planRef)
      const results = scope.record.results(plan)
      const criteria = await evaluateCriteria({
        plan,
        results,
        output: (stepId) => (results.has(stepId) ? outputOf(scope, stepId) : null),
        readWorkspaceFile: (path) => readAdmitted(ports, scope, path),
      })
      const met = criteria.filter(({ verdict }) => verdict === 'met').length
      const verdict = criteria.some((criterion) => criterion.verdict === 'unmet') ? 'unmet' : met === criteria.length ? 'met' : 'unknown'
      return { verdict, met, total: criteria.length, criteriaRef: scope.bodies.put(criteria) }
    },

    async writeReport(input) {
      const scope = find(input.runId)
      const report = reportOf(ports, scope, input)
      const reportPath = scope.reportFolder === null ? null : await writeFiles(scope.reportFolder, report)
      return { reportRef: scope.bodies.put(report), reportPath, summary: report.summary }
    },
  }
}

async function writeFiles(folder: string, report: Report): Promise<string> {
  await makeRunFolder(folder)
  return writeReportFiles(folder, report)
}

function reportOf(ports: FlowPorts, scope: RunScope, input: WriteReportInput): Report {
  const { bodies, record, params } = scope
  const planRef = record.planRef()
  const body = planRef === null ? null : planBody(bodies, planRef)
  const results = record.results(body?.plan ?? null)
  return assembleReport({
    runId: input.runId,
    goal: params.goal,
    workflowType: params.workflow_type,
    plan: body?.plan ?? null,
    planSource: body?.source ?? null,
    status: input.outcome.status,
    exitReason: input.outcome.exitReason,
    failure: input.outcome.failure,
    criteria: input.criteriaRef === null ? [] : stored<readonly CriterionResult[]>(bodies, input.criteriaRef, 'criteria'),
    usage: input.usage,
    results,
    verdicts: record.verdicts(),
    output: (stepId) => (results.has(stepId) ? outputOf(scope, stepId) : null),
    notExamined: body?.notExamined ?? [],
    evidence: input.evidenceRef === null ? [] : stored<{ evidence: readonly Evidence[] }>(bodies, input.evidenceRef, 'evidence').evidence,
    startedAt: record.startedAt(),
    durationMs: ports.clock.now() - record.startedAt(),
  })
}

/** A criterion reads a file as an action would: what the policy does not plainly allow, its author cannot ask about either. */
async function readAdmitted(ports: FlowPorts, scope: RunScope, path: string): Promise<string | null> {
  const { workspace, stateDir } = ports
  const action = { runId: scope.guardScope.runId, stepId: 'criteria', capability: 'fs.read.v1', args: { path } }
  try {
    // The capabilities that a run allows are those of its steps.
    await scope.guard.admit(action, { ...scope.guardScope, allowedCapabilities: [] })
    const { bytes } = await readWorkspaceFile(workspace, path, { maxBytes: MAX_CRITERION_FILE_BYTES, stateDir })
    return bytes.toString('utf8')
  } catch {
    // A file that cannot be read is no evidence; the criterion says so.
    return null
  }
}
