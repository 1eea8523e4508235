import { ControllerError } from '../../errors.ts'

/** Where a journal is damaged: one record of a run, or the file as a whole. Found in `details` of JOURNAL_CORRUPT. */
export interface Damage {
  readonly file?: string
  readonly runId?: string
  readonly seq?: number
  readonly problem: string
}

/** JOURNAL_CORRUPT with the place in `details`, so that a caller can read the prefix before it. */
export function corrupt(message: string, details: Damage, cause?: unknown): ControllerError {
  return new ControllerError('JOURNAL_CORRUPT', message, { details, cause })
}

/** JOURNAL_CORRUPT at one record of one run. */
export function corruptRecord(runId: string, seq: number, problem: string): ControllerError {
  return corrupt(`Run ${runId} is damaged at record ${seq}: ${problem}.`, { runId, seq, problem })
}

/** JOURNAL_CORRUPT for a commit that would damage a sound journal. Nothing of it is stored. */
export function refusedCommit(runId: string, problem: string): ControllerError {
  const hint = 'Report this as a bug; what was stored before is sound, and the run can be resumed.'
  return new ControllerError('JOURNAL_CORRUPT', `A commit to run ${runId} was refused: ${problem}.`, { hint, details: { runId, problem } })
}

export function runUnknown(runId: string): ControllerError {
  return new ControllerError('RUN_UNKNOWN', `There is no run ${runId}.`)
}

export function runExists(runId: string): ControllerError {
  return new ControllerError('RUN_EXISTS', `Run ${runId} exists already.`)
}

/** LEASE_LOST: the holder of `token` is no longer the run's owner. */
export function leaseLost(runId: string, token: number): ControllerError {
  return new ControllerError('LEASE_LOST', `This process no longer owns run ${runId}: its lease ${token} was released or taken over.`)
}
