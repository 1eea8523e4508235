import { isUtf8 } from 'node:buffer'
import { ControllerError, toFailure } from '../errors.ts'
import type { Services } from '../machines/provide-services.ts'
import type { WriteReportInput } from '../machines/workflow.types.ts'
import type { Evidence, Report } from '../model/report.ts'
import type { CriterionResult } from '../model/result.ts'
import { type FileContent, readWorkspaceFile } from '../services/executor/workspace-files.ts'
import { evaluateCriteria } from '../services/oracle/evaluation.ts'
import { makeRunFolder, writeReportFiles } from '../services/telemetry/report-files.ts'
import { assembleReport } from '../services/telemetry/report.ts'
import {
  MAX_SUPPRESSIONS_BYTES,
  NO_SUPPRESSIONS,
  parseSuppressions,
  SUPPRESSIONS_FILE,
  type Suppressions,
  unusable,
} from '../services/telemetry/suppressions.ts'
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
        // A file that cannot be read is no evidence; the criterion says so.
        readWorkspaceFile: (path) =>
          readAdmitted(ports, scope, path, MAX_CRITERION_FILE_BYTES).then(
            async ({ bytes }) => (await ports.redactor.redactBody(bytes.toString('utf8'), { runId: input.runId, source: path })).value,
            () => null,
          ),
      })
      const met = criteria.filter(({ verdict }) => verdict === 'met').length
      const verdict = criteria.some((criterion) => criterion.verdict === 'unmet') ? 'unmet' : met === criteria.length ? 'met' : 'unknown'
      return { verdict, met, total: criteria.length, criteriaRef: scope.bodies.put(criteria) }
    },

    async writeReport(input) {
      const scope = find(input.runId)
      const report = ports.redactor.redactKnownJson(reportOf(ports, scope, input, await suppressionsOf(ports, scope)))
      const reportPath = scope.reportFolder === null ? null : await writeFiles(scope.reportFolder, report)
      return { reportRef: scope.bodies.put(report), reportPath, summary: report.summary }
    },
  }
}

async function writeFiles(folder: string, report: Report): Promise<string> {
  await makeRunFolder(folder)
  return writeReportFiles(folder, report)
}

function reportOf(ports: FlowPorts, scope: RunScope, input: WriteReportInput, suppressions: Suppressions): Report {
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
    suppressions,
    startedAt: record.startedAt(),
    durationMs: ports.clock.now() - record.startedAt(),
  })
}

/** The suppressions of the workspace, as they are now. Never throws: a file that cannot be used is told of in the report. */
async function suppressionsOf(ports: FlowPorts, scope: RunScope): Promise<Suppressions> {
  try {
    const { bytes, truncated } = await readAdmitted(ports, scope, SUPPRESSIONS_FILE, MAX_SUPPRESSIONS_BYTES)
    if (truncated) return unusable(`it is larger than ${MAX_SUPPRESSIONS_BYTES} bytes. Make it smaller.`)
    if (!isUtf8(bytes)) return unusable('it is not UTF-8 text. Save it as UTF-8.')
    return await parseSuppressions(bytes.toString('utf8'))
  } catch (error) {
    if (isMissing(error)) return NO_SUPPRESSIONS
    const { message, hint } = toFailure(error)
    return unusable(`${message} ${hint}`)
  }
}

function isMissing(error: unknown): boolean {
  const { cause } = error instanceof ControllerError ? error : {}
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

/**
 * Reads a file of the workspace as an action would: what the policy does not plainly allow, the author of a criterion cannot ask about
 * either.
 */
async function readAdmitted(ports: FlowPorts, scope: RunScope, path: string, maxBytes: number): Promise<FileContent> {
  const { workspace, stateDir } = ports
  const action = { runId: scope.guardScope.runId, stepId: 'criteria', capability: 'fs.read.v1', args: { path } }
  // The capabilities that a run allows are those of its steps.
  await scope.guard.admit(action, { ...scope.guardScope, allowedCapabilities: [] })
  return readWorkspaceFile(workspace, path, { maxBytes, stateDir })
}
