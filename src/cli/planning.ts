import { resolve } from 'node:path'
import type { StartOptions } from '../controller.types.ts'
import type { Context } from './command.ts'

/** What a run plans with, from `--plan` and `--playbook`. @throws ControllerError PLAN_UNREADABLE, PLAN_INVALID */
export async function planningOf(context: Context): Promise<Pick<StartOptions, 'plan' | 'playbook'>> {
  const { plan, playbook } = context.settings
  const chosen = playbook === undefined ? {} : { playbook }
  if (plan === undefined) return chosen
  const { loadPlanFile } = await import('../services/oracle/plan-file.oracle.ts')
  return { ...chosen, plan: await loadPlanFile(resolve(context.io.cwd, plan)) }
}
