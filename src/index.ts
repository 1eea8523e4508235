export { createController } from './controller.ts'
export { machineIdentity, openRuns } from './open-runs.ts'
export type {
  ActionView,
  Controller,
  ControllerOptions,
  ForkedRun,
  PlanPreview,
  RecordView,
  RequestAnswer,
  Run,
  RunCheck,
  RunMigration,
  RunMoment,
  RunReader,
  RunView,
  StartOptions,
  TimerView,
} from './controller.types.ts'
export { ControllerError, FAILURES } from './errors.ts'
export type { FailureCode } from './errors.ts'

export { actionMachine } from './machines/action.machine.ts'
export { workflowMachine } from './machines/workflow.machine.ts'
export { DELAY_CLOCKS } from './machines/clocks.ts'
export { provideServices } from './machines/provide-services.ts'
export type { ServiceContext, Services } from './machines/provide-services.ts'
export type { ActionInput, Waits } from './machines/action.types.ts'
export type { Limits, WorkflowInput, WorkflowOutput } from './machines/workflow.types.ts'

export { assertMachine, lintMachine } from './engine/machine-lint.ts'
export { exportStatechart } from './engine/statechart-export.ts'

export { DEFAULT_GOAL, PlannerExecParams } from './model/goal.ts'
export type { PlannerExecParamsInput } from './model/goal.ts'
export type { RunParamsInput } from './model/run-params.ts'
export { Plan, PlanFinding } from './model/plan.ts'
export type { PlanInput } from './model/plan.ts'
export { Policy } from './model/policy.ts'
export { Config } from './model/config.ts'
export { RunRequest } from './model/request.ts'
export type { JournalEntry, MachineIdentity } from './model/journal-entry.ts'
export type { RunRequestInput } from './model/request.ts'
export { Finding, Report } from './model/report.ts'
export type { GcLeftover, GcOptions, GcResult, GcRun, KeptBecause } from './model/retention.ts'
export { ActionResult, RunResult } from './model/result.ts'
export { Verdict } from './model/verdict.ts'
export type { RunEvent } from './model/events.ts'
export type { Action, Admitted, Approval } from './model/action.ts'

export type { Clock } from './services/clock/clock.ts'
export { createSystemClock } from './services/clock/system.clock.ts'
export type { Executor, CapabilityCatalog, CapabilityDefinition, ExecutionContext } from './services/executor/executor.ts'
export { defineCapability } from './services/executor/define-capability.ts'
export { createLocalExecutor } from './services/executor/local.executor.ts'
export type { Guard, GuardScope, Provenance, RunGrant, RunLimits } from './services/guard/guard.ts'
export { loadEffectivePolicy } from './services/guard/effective-policy.ts'
export { replayPolicy } from './services/guard/replay/replay-policy.ts'
export type { ReplayedRun } from './services/guard/replay/replay-run.ts'
export { createTrajectory } from './services/guard/trajectory/trajectory.ts'
export type { Trajectory } from './services/guard/trajectory/trajectory.ts'
export { withShadow } from './services/guard/shadow.guard.ts'
export { createPolicyGuard } from './services/guard/policy.guard.ts'
export { loadPolicy } from './services/guard/policy-file.ts'
export type { Journal } from './services/journal/journal.ts'
export { createMemoryJournal } from './services/journal/memory.journal.ts'
export { createSqliteJournal } from './services/journal/sqlite.journal.ts'
export type { Oracle, OracleRequest } from './services/oracle/oracle.ts'
export { loadPlanFile, planFileOracle } from './services/oracle/plan-file.oracle.ts'
export { loadPlaybooks } from './services/oracle/playbook-file.ts'
export { playbookOracle } from './services/oracle/playbook.oracle.ts'
export { createRedactor } from './services/secrets/local.redactor.ts'
export { createFileVault } from './services/secrets/vault.ts'
export type { Redactor, Vault } from './services/secrets/secrets.ts'
export { createPinoLog } from './services/log/pino.log.ts'
export type { Log } from './services/log/log.ts'

export { createRunner } from './runner.ts'
export type { Runner, RunnerResult } from './runner.ts'
