import { ControllerError } from '../errors.ts'
import { readYamlFile } from '../services/oracle/yaml-document.ts'
import { isRecord } from './is-record.ts'
import { LEAVES } from './settings.ts'

const MAX_BYTES = 1024 * 1024
const GROUPS: ReadonlySet<string> = new Set(LEAVES.flatMap((leaf) => (leaf.path.includes('.') ? [leaf.path.slice(0, leaf.path.indexOf('.'))] : [])))

/** The values of a configuration file by setting path, each with its line; keys are not checked here. */
export type ConfigEntries = ReadonlyMap<string, { readonly value: unknown; readonly line: number }>

/**
 * Reads a configuration file in YAML or JSON; null when it is not there and was not asked for by name.
 * @throws ControllerError CONFIG_INVALID with file and line
 */
export async function readConfigFile(path: string, options: { readonly required: boolean }): Promise<ConfigEntries | null> {
  const document = await readYamlFile(path, { maxBytes: MAX_BYTES, code: 'CONFIG_INVALID', subject: 'Configuration file' }).catch(
    (error: unknown) => {
      if (!options.required && isMissing(error)) return null
      throw error
    },
  )
  if (document === null) return null
  const { value, lineOf } = document
  const entries = new Map<string, { readonly value: unknown; readonly line: number }>()
  if (value === null || value === undefined) return entries
  if (!isRecord(value) || Array.isArray(value))
    throw new ControllerError('CONFIG_INVALID', `Configuration file ${path} is not a mapping of settings to values.`)
  for (const [key, entry] of Object.entries(value)) {
    if (GROUPS.has(key) && isRecord(entry) && !Array.isArray(entry)) {
      for (const [name, inner] of Object.entries(entry)) entries.set(`${key}.${name}`, { value: inner, line: lineOf([key, name]) ?? 1 })
    } else {
      entries.set(key, { value: entry, line: lineOf([key]) ?? 1 })
    }
  }
  return entries
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
}
