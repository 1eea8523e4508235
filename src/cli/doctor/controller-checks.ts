import type { Controller } from '../../controller.types.ts'
import { toFailure } from '../../errors.ts'
import { ok, type CheckResult } from './check.ts'

const MAX_REPLAYED = 50

/** What the controller as a whole can do here: it opens, its capabilities are available, its stored runs can be read. */
export async function checkController(open: () => Promise<Controller>): Promise<CheckResult[]> {
  try {
    const controller = await open()
    return [ok('workspace', controller.workspace), ...checkCapabilities(controller), ...checkRuns(controller)]
  } catch (error) {
    const { message, hint } = toFailure(error)
    return [{ name: 'controller', status: 'fail', detail: message, remedy: hint }]
  }
}

function checkCapabilities({ catalog }: Controller): CheckResult[] {
  return catalog.list().map(({ name }) => {
    const shortcoming = catalog.unavailable(name)
    return shortcoming === null
      ? ok('capability', name)
      : { name: 'capability', status: 'warn', detail: `${name}: ${shortcoming.reason}`, remedy: shortcoming.hint }
  })
}

function checkRuns(controller: Controller): CheckResult[] {
  const runs = controller.list({ limit: 100_000 })
  const unfinished = runs.filter((run) => !run.finished)
  const broken = unfinished.slice(0, MAX_REPLAYED).flatMap(({ runId }): CheckResult[] => {
    try {
      controller.show(runId)
      return []
    } catch (error) {
      const { message, hint } = toFailure(error)
      return [{ name: 'run', status: 'fail', detail: `${runId}: ${message}`, remedy: hint }]
    }
  })
  return [ok('stored runs', `${runs.length}, ${unfinished.length} unfinished`), ...broken]
}
