import type { Controller } from '../../controller.types.ts'
import { toFailure } from '../../errors.ts'
import { ok, type CheckResult } from './check.ts'
import { checkRuns } from './stored-runs.ts'

/** What the controller as a whole can do here: it opens, its capabilities are available, its stored runs would replay and go on. */
export async function checkController(open: () => Promise<Controller>): Promise<CheckResult[]> {
  try {
    const controller = await open()
    return [ok('workspace', controller.workspace), ...checkCapabilities(controller), ...(await checkRuns(controller))]
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
