import { resolve } from 'node:path'
import { describeOrigin } from '../config.ts'
import type { Command } from '../command.ts'
import { checkController } from '../doctor/controller-checks.ts'
import type { CheckResult } from '../doctor/check.ts'
import { checkGit, checkNode, checkPlaybooks, checkPolicy, checkSandbox, checkStore } from '../doctor/parts.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'
import type { Palette, Style } from '../output/palette.ts'

const STYLE: Readonly<Record<CheckResult['status'], Style>> = { ok: 'green', warn: 'yellow', fail: 'red' }

/** `doctor`: checks every part for real. Exit 1 when something that runs cannot do without is missing. */
export const doctorCommand: Command = async (context) => {
  const { settings, loaded, io } = context
  const stateDir = settings.state === undefined ? resolve(io.cwd, settings.workspace, '.planner-exec') : resolve(io.cwd, settings.state)
  const found = [
    checkNode(process.versions.node),
    ...loaded.problems.map((problem): CheckResult => ({
      name: 'configuration',
      status: 'fail',
      detail: `${describeOrigin(problem.origin)}: ${problem.path}: given ${problem.given}; allowed: ${problem.problem}`,
      remedy: 'Correct it; `planner-exec config check FILE` looks at a file alone.',
    })),
    await checkStore(stateDir),
    await checkGit(),
    ...(await checkSandbox()),
    await checkPolicy(settings.policy),
    await checkPlaybooks(),
    ...(await checkController(context.controller)),
  ]
  for (const result of found) {
    if (settings.json) context.record({ type: 'check', ...result })
    else context.print(lines(result, context.palette))
  }
  return found.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok
}

function lines(result: CheckResult, palette: Palette): string[] {
  const line = `${palette(STYLE[result.status], result.status.padEnd(4))} ${result.name}: ${flat(result.detail)}`
  return result.remedy === null ? [line] : [line, `       ${flat(result.remedy)}`]
}
