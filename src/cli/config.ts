import { homedir } from 'node:os'
import { isAbsolute, join, resolve, dirname } from 'node:path'
import { ControllerError } from '../errors.ts'
import { nearest } from '../input/nearest.ts'
import { readConfigFile } from './config-file.ts'
import { describeValue } from '../model/problems.ts'
import { readSetting } from './read-setting.ts'
import { LEAVES, PATH_KEYS, Settings, type Leaf } from './settings.ts'

/** Where a value comes from; a later kind wins over an earlier one. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly line: number }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'option'; readonly name: string }

export interface Sourced {
  readonly value: unknown
  readonly origin: Origin
}

/** A setting that was given and cannot be used. */
export interface SettingProblem {
  readonly path: string
  readonly given: string
  readonly problem: string
  readonly origin: Origin
}

export interface ConfigSources {
  /** Values of options by setting path: text as it was typed, `true`/`false` for flags, lists for repeated ones. */
  readonly options: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** A configuration file named on the command line. */
  readonly configFile?: string | undefined
}

export interface Loaded {
  readonly settings: Settings
  readonly origins: ReadonlyMap<string, Origin>
  /** What had to be left out. Commands refuse to start while there are any. */
  readonly problems: readonly SettingProblem[]
  /** The configuration file in use, or null. */
  readonly file: string | null
}

/** Settings that only say how to read the others, or how to fail. */
const META_ENV = new Set(['PLANNER_EXEC_CONFIG', 'PLANNER_EXEC_DEBUG'])
const ALIASES: Readonly<Record<string, string>> = {
  timeout: 'timeoutMs',
  'timeout-ms': 'timeoutMs',
  allowRule: 'rules.allow',
  askRule: 'rules.ask',
  denyRule: 'rules.deny',
}

interface Collected {
  readonly values: Map<string, Sourced>
  readonly problems: SettingProblem[]
}

/**
 * The effective settings: defaults, then the user's configuration file, then the environment, then options. The workspace is
 * never asked: its files are not trusted. Problems are collected, all of them.
 * @throws ControllerError CONFIG_INVALID when the configuration file cannot be read at all
 */
export async function loadSettings(sources: ConfigSources): Promise<Loaded> {
  const collected: Collected = { values: new Map(), problems: [] }
  const file = configFileOf(sources)
  const document = file === null ? null : await readConfigFile(file.path, { required: file.named })
  if (file !== null && document !== null) collectFile(collected, file.path, document)
  collectEnv(collected, sources.env)
  collectOptions(collected, sources.options)
  const origins = new Map<string, Origin>(LEAVES.map((leaf) => [leaf.path, collected.values.get(leaf.path)?.origin ?? { kind: 'default' }]))
  return {
    settings: Settings.parse(nest(collected.values)),
    origins,
    problems: collected.problems,
    file: document === null ? null : (file?.path ?? null),
  }
}

/** Refuses to go on with settings that have problems. @throws ControllerError CONFIG_INVALID, PARAMS_INVALID when only options are wrong */
export function refuseProblems(problems: readonly SettingProblem[]): void {
  if (problems.length === 0) return
  const outside = problems.some((problem) => problem.origin.kind !== 'option')
  const details = problems.map(({ path, given, problem, origin }) => ({
    path: origin.kind === 'default' ? path : `${describeOrigin(origin)}: ${path}`,
    given,
    problem,
  }))
  const count = problems.length === 1 ? 'A setting' : `${problems.length} settings`
  throw new ControllerError(outside ? 'CONFIG_INVALID' : 'PARAMS_INVALID', `${count} cannot be used.`, { details })
}

/** `default`, `file PATH:LINE`, `env NAME`, `option --name`. */
export function describeOrigin(origin: Origin): string {
  if (origin.kind === 'default') return 'default'
  if (origin.kind === 'file') return `file ${origin.path}:${origin.line}`
  return origin.kind === 'env' ? `env ${origin.name}` : `option ${origin.name}`
}

/** Every setting of a file: what is wrong with it, for `config check`. @throws ControllerError CONFIG_INVALID */
export async function checkConfigFile(path: string): Promise<readonly SettingProblem[]> {
  const collected: Collected = { values: new Map(), problems: [] }
  const document = await readConfigFile(path, { required: true })
  if (document !== null) collectFile(collected, path, document)
  return collected.problems
}

function configFileOf(sources: ConfigSources): { path: string; named: boolean } | null {
  const named = sources.configFile ?? sources.env['PLANNER_EXEC_CONFIG']
  if (named !== undefined && named !== '') return { path: resolve(sources.cwd, named), named: true }
  const xdg = sources.env['XDG_CONFIG_HOME']
  const home = sources.env['HOME'] ?? homedir()
  // The XDG base directory specification has relative paths ignored.
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.config')
  return isAbsolute(base) ? { path: join(base, 'planner-exec', 'config.yaml'), named: false } : null
}

function collectFile(into: Collected, path: string, entries: ReadonlyMap<string, { readonly value: unknown; readonly line: number }>): void {
  const known = [...LEAVES.map((leaf) => leaf.path), 'timeout']
  for (const [key, { value, line }] of entries) {
    const origin: Origin = { kind: 'file', path, line }
    const leaf = leafOf(key)
    if (leaf === undefined) {
      into.problems.push({ path: key, given: describeValue(value), problem: `unknown key${suggestion(key, known)}`, origin })
    } else {
      place(into, leaf, key, rebased(leaf.path, value, dirname(path)), origin)
    }
  }
}

function collectEnv(into: Collected, env: ConfigSources['env']): void {
  const names = [...LEAVES.map((leaf) => leaf.env), 'PLANNER_EXEC_TIMEOUT', ...META_ENV]
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('PLANNER_EXEC_') || META_ENV.has(name) || text === undefined) continue
    const origin: Origin = { kind: 'env', name }
    const key = name === 'PLANNER_EXEC_TIMEOUT' ? 'timeout' : LEAVES.find((leaf) => leaf.env === name)?.path
    const leaf = key === undefined ? undefined : leafOf(key)
    if (key === undefined || leaf === undefined) {
      into.problems.push({ path: name, given: describeValue(text), problem: `unknown variable${suggestion(name, names)}`, origin })
    } else {
      place(into, leaf, key, text, origin)
    }
  }
}

function collectOptions(into: Collected, options: ConfigSources['options']): void {
  for (const [key, value] of Object.entries(options)) {
    const leaf = leafOf(key)
    if (leaf === undefined || value === undefined) continue
    place(into, leaf, key, value, { kind: 'option', name: optionNameOf(key, value) })
  }
}

/** Whether a policy is named by its file, rather than by its profile's name. */
export function isPolicyPath(policy: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/.test(policy)
}

/** `policy: ./mine.yaml` is a path, `policy: server` is a shipped profile. */
function rebased(path: string, value: unknown, folder: string): unknown {
  if (typeof value !== 'string') return value
  const isPath = PATH_KEYS.has(path) || ((path === 'policy' || path === 'shadowPolicy') && isPolicyPath(value))
  return isPath ? resolve(folder, value) : value
}

function place(into: Collected, leaf: Leaf, key: string, given: unknown, origin: Origin): void {
  const earlier = into.values.get(leaf.path)
  if (earlier !== undefined && sameLayer(earlier.origin, origin)) {
    into.problems.push({ path: key, given: describeValue(given), problem: 'give either timeout or timeoutMs, not both', origin })
    return
  }
  const read = readSetting(leaf, key, given)
  if ('problem' in read) into.problems.push({ path: key, given: describeValue(given), problem: read.problem, origin })
  else into.values.set(leaf.path, { value: read.value, origin })
}

function sameLayer(a: Origin, b: Origin): boolean {
  return a.kind === b.kind
}

/** ` (did you mean "x"?)`, or nothing. */
function suggestion(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates)
  return meant === null ? '' : ` (did you mean "${meant}"?)`
}

function leafOf(key: string): Leaf | undefined {
  const path = ALIASES[key] ?? key
  return LEAVES.find((leaf) => leaf.path === path)
}

function optionNameOf(key: string, value: unknown): string {
  const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  if (key === 'verbosity') return value === 'quiet' ? '--quiet' : '--verbose'
  return key === 'interactive' && value === false ? '--non-interactive' : `--${name}`
}

function nest(values: ReadonlyMap<string, Sourced>): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [path, { value }] of values) {
    const [head = path, tail] = path.split('.')
    if (tail === undefined) root[head] = value
    else root[head] = { ...(typeof root[head] === 'object' ? root[head] : {}), [tail]: value }
  }
  return root
}
