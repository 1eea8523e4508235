import type { Controller } from '../controller.types.ts'
import { ControllerError } from '../errors.ts'

/** Enough for any store that retention leaves; older runs are still found by their whole id. */
const SEARCHED = 100_000
const MIN_PREFIX = 6

/**
 * The run that a person means: a whole id, a unique beginning of at least 6 characters, or `last` for the newest.
 * @throws ControllerError RUN_UNKNOWN, USAGE when several runs begin like that
 */
export function resolveRunId(controller: Pick<Controller, 'list'>, given: string): string {
  if (given === 'last') {
    const newest = controller.list({ limit: 1 })[0]
    if (newest === undefined)
      throw new ControllerError('RUN_UNKNOWN', 'There is no run in this workspace yet.', { hint: 'Start one with `planner-exec run`.' })
    return newest.runId
  }
  const ids = controller.list({ limit: SEARCHED }).map((summary) => summary.runId)
  if (ids.includes(given)) return given
  const matching = given.length >= MIN_PREFIX ? ids.filter((id) => id.startsWith(given)) : []
  const [only, second] = matching
  if (only !== undefined && second === undefined) return only
  if (second !== undefined) {
    throw new ControllerError('USAGE', `${matching.length} runs begin with ${given}.`, {
      hint: 'Give more of the id.',
      details: matching.slice(0, 10),
    })
  }
  const short = given.length < MIN_PREFIX && ids.some((id) => id.startsWith(given))
  throw new ControllerError(
    'RUN_UNKNOWN',
    `There is no run ${given} in this workspace.`,
    short ? { hint: `Give at least ${MIN_PREFIX} characters of the id.` } : {},
  )
}
