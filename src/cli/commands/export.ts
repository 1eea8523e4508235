import { ControllerError } from '../../errors.ts'
import type { StatechartFormat } from '../../engine/statechart-export.ts'
import { textOption, type Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'

const FORMATS: readonly StatechartFormat[] = ['ts', 'json', 'mermaid']

/** `export statechart`: a machine's chart as text, on standard output. */
export const exportCommand: Command = async (context, typed) => {
  const wanted = textOption(typed, 'format') ?? 'ts'
  const format = FORMATS.find((known) => known === wanted)
  if (format === undefined) throw new ControllerError('USAGE', `--format is ${wanted}, not one of ${FORMATS.join(', ')}.`)
  const { exportStatechart } = await import('../../engine/statechart-export.ts')
  const machine =
    textOption(typed, 'machine') === 'action'
      ? (await import('../../machines/action.machine.ts')).actionMachine
      : (await import('../../machines/workflow.machine.ts')).workflowMachine
  const text = exportStatechart(machine, format)
  if (context.settings.json) context.record({ type: 'statechart', machine: machine.id, format, text })
  else context.print([text.trimEnd()])
  return EXIT.ok
}
