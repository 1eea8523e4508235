import { Failure, type Stage } from './model/failure.ts'

interface FailureEntry {
  readonly stage: Stage
  readonly retryable: boolean
  /** The way out when the thrower knows nothing better. */
  readonly hint: string
}

const entry = (stage: Stage, hint: string, retryable = false): FailureEntry => ({ stage, hint, retryable })

/** Every failure the controller can report. `docs/errors.md` explains each; a test keeps the two in step. */
export const FAILURES = {
  PARAMS_INVALID: entry('goal', 'Correct every field that is listed and try again.'),
  GOAL_DENIED: entry('goal', 'Reword the goal, or use a policy whose `goals` allow it.'),
  RUN_EXISTS: entry('goal', 'Leave workflow_id out, or choose one that was never used.'),
  RUN_UNKNOWN: entry('usage', 'Look the id up with `planner-exec list`.'),
  RUN_FINISHED: entry('usage', 'Start a new run; a finished one only offers `show`, `events` and `report`.'),
  RUN_OWNED: entry('usage', 'Steer it with `pause`, `continue`, `cancel` or `approve`; they work from any terminal.'),
  RUN_INCOMPATIBLE: entry('journal', 'Resume it with the version, policy and capabilities it was started with.'),
  EVENT_REFUSED: entry('usage', 'Run `planner-exec show` to see what the run accepts now.'),
  UNPLANNABLE: entry('plan', 'Give a plan with `--plan FILE`, or a playbook with `--playbook ID` (see `planner-exec playbooks`).'),
  PLAN_INVALID: entry('plan', 'Correct the findings that are listed in the plan.'),
  PLAN_UNREADABLE: entry('plan', 'Check the path, and that the file is YAML or JSON.'),
  PLAYBOOK_INVALID: entry('plan', 'Correct the playbook file; `planner-exec playbooks` shows the ones that load.'),
  ORACLE_FAILED: entry('plan', 'Look at the cause, or plan with another oracle.'),
  BAD_REFERENCE: entry('plan', 'Point the reference at an output that the earlier step really has.'),
  POLICY_INVALID: entry('guard', 'Correct the policy file at the place that is named.'),
  POLICY_UNKNOWN: entry('guard', 'Use workstation, server, paranoid, or the path of a policy file.'),
  GUARD_DENIED: entry('guard', 'Change the action, or use a policy that allows it.'),
  GUARD_FAILED: entry('guard', 'Report this as a bug; until then the action stays denied.'),
  APPROVAL_MISSING: entry('guard', 'Approve the action with `planner-exec approve`.'),
  APPROVAL_STALE: entry('guard', 'Look at the action again with `planner-exec show` and approve what it is now.'),
  PERSON_REJECTED: entry('guard', 'Change the plan so that it does without this action.'),
  APPROVAL_TIMEOUT: entry('guard', 'Answer in time, or raise `timeouts.approvalMs`.'),
  GUARD_TIMEOUT: entry('guard', 'Raise `timeouts.guardMs`.'),
  CAPABILITY_UNKNOWN: entry('action', 'Use a capability that `planner-exec capabilities` lists.'),
  CAPABILITY_UNAVAILABLE: entry('action', 'Run `planner-exec doctor` and follow its remedy.'),
  ARGS_INVALID: entry('action', 'Correct the arguments; `planner-exec capabilities NAME` shows the schema.'),
  PATH_DENIED: entry('action', 'Use a path inside the workspace.'),
  ACTION_FAILED: entry('action', 'Look at the cause in the report.'),
  ACTION_TRANSIENT: entry('action', 'Try again later.', true),
  ACTION_TIMEOUT: entry('action', 'Raise `timeoutMs` of the step.', true),
  ACTION_ABORTED: entry('action', 'Start it again when it is wanted.'),
  RESOURCE_LIMIT: entry('action', 'Raise the limit in `resource_limits`.'),
  OUTPUT_INVALID: entry('result', 'Report this to the author of the capability.'),
  EFFECT_IN_DOUBT: entry('action', 'Look whether the effect happened, then `planner-exec resolve`.'),
  IN_DOUBT: entry('action', 'Look at the workspace: the effect may or may not have happened.'),
  DEPENDENCY_FAILED: entry('action', 'Repair the step it depends on.'),
  JOURNAL_UNWRITABLE: entry('journal', 'Free space or fix permissions, or move the state folder with `--state DIR`.'),
  JOURNAL_CORRUPT: entry('journal', 'Restore the state folder from a backup; the run cannot be trusted further than the record named.'),
  JOURNAL_UNSUPPORTED: entry('journal', 'Use Node 22 or later, or install a C++ compiler and run `npm rebuild better-sqlite3`.'),
  LEASE_LOST: entry('journal', 'Another process took the run over; look at it with `planner-exec show`.'),
  WORKSPACE_INVALID: entry('usage', 'Give an existing folder with `--workspace DIR`.'),
  WORKSPACE_BUSY: entry('usage', 'Wait for the run that is writing in this workspace, or cancel it.'),
  CONFIG_INVALID: entry('config', 'Correct the configuration at the place that is named.'),
  USAGE: entry('usage', 'Run `planner-exec --help`.'),
  TIMEOUT: entry('engine', 'Raise the timeout that is named.', true),
  ENGINE_DIVERGED: entry('engine', 'Resume with the version that wrote the journal.'),
  MACHINE_INVALID: entry('engine', 'Correct the machine at the places that are named.'),
  INTERNAL: entry('engine', 'Report this as a bug, with the output of `planner-exec events`.'),
} as const satisfies Record<string, FailureEntry>

export type FailureCode = keyof typeof FAILURES

/** How a service reports a failure: branch on `code`. `message` says what happened to which thing, `hint` what to do. */
export class ControllerError extends Error {
  override readonly name = 'ControllerError'
  readonly code: FailureCode
  readonly stage: Stage
  readonly hint: string
  readonly retryable: boolean
  /** Structured extras, such as the list of parameter problems. */
  readonly details: unknown

  constructor(code: FailureCode, message: string, options: { hint?: string; retryable?: boolean; details?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const known = FAILURES[code]
    this.code = code
    this.stage = known.stage
    this.hint = options.hint ?? known.hint
    this.retryable = options.retryable ?? known.retryable
    this.details = options.details
  }
}

/** Any thrown value as data. What is not a ControllerError becomes `fallback`, with its message kept. */
export function toFailure(error: unknown, fallback: FailureCode = 'INTERNAL'): Failure {
  if (error instanceof ControllerError) {
    return { code: error.code, stage: error.stage, message: error.message, hint: error.hint, retryable: error.retryable }
  }
  const given = Failure.safeParse(error)
  if (given.success) return given.data
  const message = error instanceof Error ? error.message : String(error)
  const known = FAILURES[fallback]
  return { code: fallback, stage: known.stage, message, hint: known.hint, retryable: known.retryable }
}

/** A failure of the table as data, without throwing. */
export function failure(code: FailureCode, message: string): Failure {
  return toFailure(new ControllerError(code, message))
}
