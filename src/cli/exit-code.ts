import type { FailureCode } from '../errors.ts'
import type { RunResult } from '../model/result.ts'

/** What the process says to the shell. `interrupted` and `waiting` runs can be resumed. */
export const EXIT = { ok: 0, failed: 1, usage: 2, waiting: 3, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Failures that the caller mends by saying something else; every other failure is about the state of the world. */
const BAD_INPUT: ReadonlySet<FailureCode> = new Set([
  'PARAMS_INVALID',
  'GOAL_DENIED',
  'RUN_EXISTS',
  'RUN_UNKNOWN',
  'RUN_FINISHED',
  'UNPLANNABLE',
  'PLAN_INVALID',
  'PLAN_UNREADABLE',
  'PLAYBOOK_INVALID',
  'POLICY_INVALID',
  'POLICY_UNKNOWN',
  'CAPABILITY_UNKNOWN',
  'ARGS_INVALID',
  'WORKSPACE_INVALID',
  'CONFIG_INVALID',
  'USAGE',
])

/** The exit code of a command that could not do what it was asked. */
export function exitCodeOfFailure(code: FailureCode): ExitCode {
  if (code === 'APPROVAL_MISSING') return EXIT.waiting
  return BAD_INPUT.has(code) ? EXIT.usage : EXIT.failed
}

/** The exit code of a run that ended. A plan that the caller gave, and that cannot be carried out, is bad input. */
export function exitCodeOfResult(result: Pick<RunResult, 'status' | 'exitReason'>, isPlanGiven = false): ExitCode {
  if (result.status === 'completed') return EXIT.ok
  return result.exitReason === 'unplannable' || (isPlanGiven && result.exitReason === 'plan_invalid') ? EXIT.usage : EXIT.failed
}

/** The exit code of a run that this process let go of. */
export function exitCodeOfParking(reason: 'needs-person' | 'interrupted' | 'lease-lost'): ExitCode {
  if (reason === 'needs-person') return EXIT.waiting
  return reason === 'interrupted' ? EXIT.interrupted : EXIT.failed
}

/** The exit code of several runs together: an interruption first, then a failure, then a wait. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  const order: readonly ExitCode[] = [EXIT.interrupted, EXIT.failed, EXIT.usage, EXIT.waiting]
  return order.find((code) => codes.includes(code)) ?? EXIT.ok
}
