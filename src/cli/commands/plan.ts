import type { PlanPreview, StartOptions } from '../../controller.types.ts'
import type { PlannerExecParamsInput } from '../../model/goal.ts'
import type { PlanVerdict } from '../../model/verdict.ts'
import type { Command, Context } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { flat } from '../output/columns.ts'
import type { Palette } from '../output/palette.ts'
import { argumentLines } from '../output/summary.ts'
import { verdictLine } from '../output/verdict-lines.ts'
import { paramsOf } from '../params.ts'
import { planningOf } from '../planning.ts'

/** `plan [GOAL]`: plans, validates and judges; runs nothing but read-only research. */
export const planCommand: Command = async (context, typed) => {
  const { params } = await paramsOf(context.loaded, typed.args[0], context.io.cwd)
  return preview(context, params, await planningOf(context))
}

/** Shows the plan that would run. Exit 2 when it has errors, 1 when the guard would deny a step. */
export async function preview(context: Context, params: PlannerExecParamsInput, options: StartOptions): Promise<ExitCode> {
  const controller = await context.controller()
  const made = await controller.plan(params, options)
  if (context.settings.json) context.record({ type: 'plan', ...made })
  else context.print(previewLines(made, context.palette))
  if (made.verdict.findings.some((finding) => finding.severity === 'error')) return EXIT.usage
  return made.verdict.steps.some((step) => step.decision === 'deny') ? EXIT.failed : EXIT.ok
}

/** The plan, its verdict per step and its findings, for a person. */
export function previewLines(made: PlanPreview, palette: Palette): string[] {
  const { plan, verdict } = made
  const findings = verdict.findings.flatMap((finding) => [
    `  ${palette(finding.severity === 'error' ? 'red' : 'yellow', flat(finding.code))} ${flat(finding.path)}${finding.stepId === null ? '' : ` (step ${flat(finding.stepId)})`}: ${flat(finding.message)}`,
    `    hint: ${flat(finding.hint)}`,
  ])
  return [
    palette('bold', `plan by ${flat(made.source)}: ${plan.steps.length} step${plan.steps.length === 1 ? '' : 's'}`),
    ...plan.assumptions.map((assumption) => `  assumes: ${flat(assumption)}`),
    ...plan.steps.flatMap((step) => stepLines(step, verdict, palette)),
    ...plan.successCriteria.map((check) => `  done when: ${flat(JSON.stringify(check))}`),
    ...(findings.length === 0 ? [palette('green', 'no findings')] : ['findings:', ...findings]),
  ]
}

function stepLines(step: PlanPreview['plan']['steps'][number], verdict: PlanVerdict, palette: Palette): string[] {
  const judged = verdict.steps.find(({ stepId }) => stepId === step.id)
  const after = step.dependsOn.length === 0 ? '' : ` after ${step.dependsOn.join(', ')}`
  const decision = judged === undefined ? 'not judged' : verdictLine(judged, palette)
  return [
    `  ${palette('bold', flat(step.id))} ${flat(step.title)} ${palette('dim', flat(`${step.capability}${after}`))}`,
    ...argumentLines(step.args),
    `    ${decision}`,
  ]
}
