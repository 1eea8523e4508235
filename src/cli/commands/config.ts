import { resolve } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { checkConfigFile, describeOrigin, refuseProblems } from '../config.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { isRecord } from '../is-record.ts'
import { LEAVES } from '../settings.ts'
import { flat } from '../output/columns.ts'
import { tableLines } from '../output/table.ts'

/** `config show`: each setting, its effective value and where it comes from. */
export const configShowCommand: Command = async (context) => {
  const { loaded, settings } = context
  const shown = LEAVES.map((leaf) => {
    const value = leaf.path.split('.').reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), settings)
    return { key: leaf.path, value: value ?? null, origin: describeOrigin(loaded.origins.get(leaf.path) ?? { kind: 'default' }), env: leaf.env }
  })
  if (settings.json) {
    for (const setting of shown) context.record({ type: 'setting', ...setting })
    return EXIT.ok
  }
  context.print([loaded.file === null ? 'configuration file: none' : `configuration file: ${flat(loaded.file)}`])
  context.print(
    tableLines(
      ['SETTING', 'VALUE', 'FROM'],
      shown.map(({ key, value, origin }) => [key, value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value), origin]),
      { elastic: 1 },
    ),
  )
  return EXIT.ok
}

/** `config check FILE`: whether a configuration file can be used. */
export const configCheckCommand: Command = async (context, typed) => {
  const [file] = typed.args
  if (file === undefined) throw new ControllerError('USAGE', 'config check needs a file.')
  const path = resolve(context.io.cwd, file)
  refuseProblems(await checkConfigFile(path))
  if (context.settings.json) context.record({ type: 'config', file: path, ok: true })
  else context.print([`ok: ${flat(path)}`])
  return EXIT.ok
}
