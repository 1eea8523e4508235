import * as z from 'zod'
import { ControllerError } from '../../errors.ts'
import type { CapabilityDefinition } from '../../services/executor/executor.ts'
import { nearest } from '../../input/nearest.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { printable } from '../../input/terminal-text.ts'
import { flat } from '../output/columns.ts'
import { tableLines } from '../output/table.ts'

/** `capabilities [NAME]`: what actions can do; of one, its description and schemas. */
export const capabilitiesCommand: Command = async (context, typed) => {
  const { catalog } = await context.controller()
  const [name] = typed.args
  if (name !== undefined) {
    const capability = catalog.get(name)
    if (capability === undefined) {
      const meant = nearest(
        name,
        catalog.list().map((known) => known.name),
      )
      throw new ControllerError(
        'CAPABILITY_UNKNOWN',
        `There is no capability ${name}.`,
        meant === null ? {} : { hint: `Did you mean ${meant}? \`planner-exec capabilities\` lists them all.` },
      )
    }
    const shortcoming = catalog.unavailable(name)
    if (context.settings.json) context.record({ type: 'capability', ...recordOf(capability), unavailable: shortcoming })
    else {
      const status = shortcoming === null ? 'available' : `unavailable: ${shortcoming.reason} ${shortcoming.hint}`
      const { args, output, ...rest } = recordOf(capability)
      context.print([
        `${context.palette('bold', flat(capability.name))}: ${flat(capability.title)}`,
        flat(capability.description),
        `effect ${rest.effect}, risk ${rest.risk} or more, timeout ${rest.timeoutMs} ms; ${flat(status)}`,
        'arguments:',
        printable(JSON.stringify(args, null, 2)),
        'output:',
        printable(JSON.stringify(output, null, 2)),
      ])
    }
    return EXIT.ok
  }
  const known = catalog.list()
  if (context.settings.json) {
    for (const capability of known) context.record({ type: 'capability', ...recordOf(capability), unavailable: catalog.unavailable(capability.name) })
    return EXIT.ok
  }
  const { stdout } = context.io
  const rows = known.map((capability) => [
    capability.name,
    capability.effect,
    capability.risk,
    catalog.unavailable(capability.name) === null ? 'yes' : 'no',
    capability.title,
  ])
  context.print(
    tableLines(
      ['NAME', 'EFFECT', 'RISK', 'AVAILABLE', 'DOES'],
      rows,
      stdout.isTTY === true ? { elastic: 4, total: (stdout.columns ?? 80) - 1 } : { elastic: 4 },
    ),
  )
  return EXIT.ok
}

function recordOf(capability: CapabilityDefinition) {
  const { name, title, description, effect, risk, needs, timeoutMs } = capability
  return {
    name,
    title,
    description,
    effect,
    risk,
    needs,
    timeoutMs,
    args: z.toJSONSchema(capability.args, { io: 'input' }),
    output: z.toJSONSchema(capability.output),
  }
}
