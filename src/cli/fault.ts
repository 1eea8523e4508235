import { ControllerError, FAILURES, type FailureCode } from '../errors.ts'
import { oneLine, printable } from '../input/terminal-text.ts'
import { exitCodeOfFailure, type ExitCode } from './exit-code.ts'
import { describeValue } from '../model/problems.ts'
import { isRecord } from './is-record.ts'

/** A failure of a command, ready to be shown. */
export interface Fault {
  readonly code: FailureCode
  readonly message: string
  readonly hint: string
  /** One line for each thing that is wrong. */
  readonly details: readonly string[]
  readonly exitCode: ExitCode
  /** For `PLANNER_EXEC_DEBUG=1` only. */
  readonly stack: string | null
}

/** Any thrown value as something to show; what nobody expected becomes INTERNAL. */
export function faultOf(error: unknown): Fault {
  const stack = error instanceof Error ? (error.stack ?? null) : null
  if (error instanceof ControllerError) {
    // A message of several lines says its details again, or is all there is of them.
    const [message = '', ...further] = error.message.split('\n')
    const details = detailLines(error.details)
    return {
      code: error.code,
      message,
      hint: error.hint,
      details: details.length > 0 ? details : further.map((line) => line.trim()),
      exitCode: exitCodeOfFailure(error.code),
      stack,
    }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'INTERNAL',
    message,
    hint: `${FAILURES.INTERNAL.hint} PLANNER_EXEC_DEBUG=1 shows where it happened.`,
    details: [],
    exitCode: exitCodeOfFailure('INTERNAL'),
    stack,
  }
}

/** The fault as text for a person. */
export function faultText(fault: Fault, options: { readonly debug: boolean }): string {
  const lines = [
    `error[${fault.code}]: ${oneLine(fault.message, 2_000)}`,
    ...fault.details.map((detail) => `  - ${oneLine(detail, 500)}`),
    `hint: ${oneLine(fault.hint, 1_000)}`,
  ]
  if (options.debug && fault.stack !== null) lines.push(printable(fault.stack))
  return `${lines.join('\n')}\n`
}

/** The fault as the last line of `--json`. */
export function faultRecord(fault: Fault): Record<string, unknown> {
  return {
    type: 'error',
    code: fault.code,
    message: fault.message,
    hint: fault.hint,
    ...(fault.details.length > 0 ? { details: fault.details } : {}),
  }
}

/** Parameter problems, validator findings, zod issues and plain texts, one line each. */
function detailLines(details: unknown): string[] {
  if (details === undefined || details === null) return []
  if (Array.isArray(details)) return details.map(detailLine)
  return isRecord(details) && Array.isArray(details['issues']) ? details['issues'].map(detailLine) : [detailLine(details)]
}

/** Problems that no other value would mend. */
const MISPLACED = /^(unknown|no such|give either)/

function detailLine(detail: unknown): string {
  if (!isRecord(detail)) return String(detail)
  const path = Array.isArray(detail['path']) ? detail['path'].join('.') : typeof detail['path'] === 'string' ? detail['path'] : ''
  if ('problem' in detail && MISPLACED.test(String(detail['problem']))) return `${path}: ${String(detail['problem'])}`
  if ('problem' in detail && !('given' in detail)) return `${path === '' ? '' : `${path}: `}${String(detail['problem'])}`
  if ('problem' in detail) return `${path}: given ${String(detail['given'])}; allowed: ${String(detail['problem'])}`
  if ('code' in detail && 'message' in detail) {
    const step = typeof detail['stepId'] === 'string' ? ` (step ${detail['stepId']})` : ''
    const hint = typeof detail['hint'] === 'string' ? ` ${detail['hint']}` : ''
    return `${String(detail['code'])} ${path === '' ? '' : `at ${path}`}${step}: ${String(detail['message'])}${hint}`.replace('  ', ' ')
  }
  return 'message' in detail ? `${path === '' ? '' : `${path}: `}${String(detail['message'])}` : describeValue(detail)
}
