import type { AnyStateMachine } from 'xstate'
import { ControllerError } from '../errors.ts'
import { digestOf } from '../model/digest.ts'
import type { Json, JsonObject } from '../model/json.ts'

/** One thing that is wrong with a machine, and the place in its configuration: `states.idle.on["run.start"][0].guard`. */
export interface LintProblem {
  readonly path: string
  readonly problem: string
}

/** The only functions a chart may hold: they map data and decide nothing, so a chart without them is still the same chart. */
const MAPPERS: ReadonlySet<string> = new Set(['context', 'input', 'output', 'params'])

/** What `setup` and `createMachine` keep in the configuration for the type checker alone. */
const TYPES_ONLY: ReadonlySet<string> = new Set(['schemas', 'types'])

/** The place of a key below another one, in JavaScript's own notation. */
export function placeOf(base: string, key: string | number): string {
  if (typeof key === 'number') return `${base}[${key}]`
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${base}["${key.replaceAll('"', '\\"')}"]`
  return base === '' ? key : `${base}.${key}`
}

/** What keeps a machine's configuration from being plain data, in the order it is written; empty when nothing does. */
export function findNonLiterals(machine: AnyStateMachine): readonly LintProblem[] {
  return readConfig(machine).problems
}

/**
 * A machine's configuration as plain JSON: mapper functions (`context`, `input`, `output`, `params`) left out, everything else as written,
 * in the order it was written. `createMachine` makes the same chart of it, mappers aside.
 * @throws ControllerError MACHINE_INVALID when it holds any other function, or a value that JSON cannot keep
 */
export function portableConfig(machine: AnyStateMachine): JsonObject {
  const { config, problems } = readConfig(machine)
  if (problems.length > 0) {
    const list = problems.map(({ path, problem }) => `${path}: ${problem}`)
    throw new ControllerError('MACHINE_INVALID', `Machine ${machine.id} is not plain data: ${list.join('; ')}`, { details: problems })
  }
  return config
}

/**
 * SHA-256 (hex) of the canonical portable configuration: it changes with every state, transition and name, not with the order of keys.
 * It says nothing about the functions behind the names; `machineVersion` does.
 * @throws ControllerError MACHINE_INVALID as `portableConfig`
 */
export function machineHash(machine: AnyStateMachine): string {
  return digestOf(portableConfig(machine))
}

/**
 * The version a machine was written with, which its author raises when stored runs would no longer fold to the same states.
 * @throws ControllerError MACHINE_INVALID when it has none
 */
export function machineVersion(machine: AnyStateMachine): string {
  if (machine.version) return machine.version
  throw new ControllerError('MACHINE_INVALID', `Machine ${machine.id} has no version`, { hint: 'Give its configuration a `version`.' })
}

function readConfig(machine: AnyStateMachine): { config: JsonObject; problems: readonly LintProblem[] } {
  const problems: LintProblem[] = []
  const config: unknown = machine.config
  const entries = entriesOf(config).filter(([key]) => !TYPES_ONLY.has(key))
  return { config: copyEntries(entries, '', problems), problems }
}

function copyEntries(entries: readonly [string, unknown][], path: string, problems: LintProblem[]): JsonObject {
  const kept = entries.flatMap(([key, value]): [string, Json][] => {
    if (value === undefined || (typeof value === 'function' && MAPPERS.has(key))) return []
    return [[key, copyValue(value, placeOf(path, key), problems)]]
  })
  return Object.fromEntries(kept)
}

function copyValue(value: unknown, path: string, problems: LintProblem[]): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((item: unknown, index) => copyValue(item, placeOf(path, index), problems))
  if (isPlainObject(value)) return copyEntries(entriesOf(value), path, problems)
  const what = typeof value === 'function' ? 'an inline function; name it in `setup`' : `${describe(value)}, which JSON cannot keep`
  problems.push({ path, problem: what })
  return null
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `a ${value.constructor.name}`
  return String(value)
}
