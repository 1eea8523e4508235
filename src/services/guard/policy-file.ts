import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import * as z from 'zod'
import { packagePath } from '../../package-path.ts'
import { ControllerError } from '../../errors.ts'
import { Policy, RunAllowance, PolicyRule, isProfileName } from '../../model/policy.ts'
import { nearest } from '../../input/nearest.ts'
import { parseYaml, type YamlSource } from '../../input/yaml.ts'
import { lintPolicy } from './lint.ts'
import { TrajectorySettings } from '../../model/trajectory.ts'
import { quote } from './quote.ts'
import { compileRules, type PolicyProblem } from './rules.ts'
import { compileSpecifier } from './specifier.ts'

/** A policy that was read and checked, except for the capability names, which only a catalog knows. */
export interface LoadedPolicy {
  readonly policy: Policy
  /** The profile's name, or the file's without its extension. */
  readonly name: string
  /** Absolute path of the file. */
  readonly source: string
  /** The top-level keys that the file has; what it leaves out has its default. */
  readonly given: readonly string[]
  /** Line and column of a place in the file. */
  readonly locate: YamlSource['locate']
}

const RULE_KEYS = Object.keys(PolicyRule.shape)
const PROFILES_DIR = packagePath('policies')
const MAX_FILE_BYTES = 256 * 1024
const AnyKeys = z.record(z.string(), z.unknown())
const NO_RULES = { rules: [] }
const AnyRules = z.object({ rules: z.array(z.record(z.string(), z.unknown()).catch({})).catch([]) }).catch(NO_RULES)

/**
 * Loads a shipped profile by its name (`workstation`) or a policy file by its path. `profilesDir` replaces the folder of the shipped ones.
 * @throws ControllerError POLICY_UNKNOWN when there is no such profile or file; POLICY_INVALID with every problem as
 *   `file:line:column: place: problem` (also in `details`)
 */
export async function loadPolicy(nameOrPath: string, options: { readonly profilesDir?: string } = {}): Promise<LoadedPolicy> {
  const profilesDir = options.profilesDir ?? PROFILES_DIR
  const isProfile = isProfileName(nameOrPath)
  const source = isProfile ? join(profilesDir, `${nameOrPath}.yaml`) : resolve(nameOrPath)
  const bytes = await readBytes(source, () => unknownPolicy(nameOrPath, isProfile, profilesDir))
  const text = decode(bytes, source)
  const name = basename(source, extname(source))
  return { ...(await parsePolicy(text, name, source)), name, source }
}

/** What is allowed in a policy but hardly meant, as `file:line:column: place: warning`. */
export function lintLines({ policy, name, source, locate }: LoadedPolicy): readonly string[] {
  return describe(source, { locate }, lintPolicy(policy, compileRules(policy, name, null).located))
}

async function parsePolicy(text: string, name: string, source: string): Promise<Pick<LoadedPolicy, 'policy' | 'given' | 'locate'>> {
  const yaml = await parseYaml(text)
  if (!yaml.ok)
    throw invalid(
      source,
      yaml.problems.map(({ line, column, message }) => `${source}:${line}:${column}: ${message}`),
    )
  const parsed = Policy.safeParse(yaml.value)
  if (!parsed.success) throw invalid(source, describe(source, yaml, [...parsed.error.issues.map(problemOf), ...entryProblems(yaml.value)]))
  const { problems } = compileRules(parsed.data, name, null)
  if (problems.length > 0) throw invalid(source, describe(source, yaml, problems))
  return { policy: parsed.data, given: Object.keys(AnyKeys.parse(yaml.value)), locate: yaml.locate }
}

async function readBytes(source: string, unknown: () => Promise<ControllerError>): Promise<Buffer> {
  try {
    const found = await stat(source)
    if (!found.isFile()) throw invalid(source, [`${source}: is ${found.isDirectory() ? 'a folder' : 'a special file'}, not a policy file`])
    if (found.size > MAX_FILE_BYTES) throw invalid(source, [`${source}: has ${found.size} bytes; a policy has at most ${MAX_FILE_BYTES}`])
    return await readFile(source)
  } catch (cause) {
    if (cause instanceof ControllerError) throw cause
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) throw await unknown()
    throw new ControllerError('POLICY_INVALID', `${source} cannot be read`, { cause, hint: 'Make it readable for this user.' })
  }
}

function decode(bytes: Buffer, source: string): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ControllerError('POLICY_INVALID', `${source}: is not UTF-8 text`, { cause })
  }
  if (text.includes('\0')) throw invalid(source, [`${source}: is not text, it contains NUL characters`])
  if (text.trim() === '') throw invalid(source, [`${source}:1:1: is empty; a policy begins with "version: 1"`])
  return text
}

async function unknownPolicy(given: string, isProfile: boolean, profilesDir: string): Promise<ControllerError> {
  const files = await readdir(profilesDir).catch(() => [])
  const profiles = files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort()
  const near = nearest(given, profiles)
  const what = isProfile ? `There is no policy profile called ${quote(given)}` : `There is no policy file ${quote(resolve(given))}`
  const meant = near === null ? '' : `Did you mean ${near}? `
  return new ControllerError('POLICY_UNKNOWN', what, { hint: `${meant}Use ${profiles.join(', ')}, or the path of a policy file (./my-policy.yaml).` })
}

function invalid(source: string, problems: readonly string[]): ControllerError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new ControllerError('POLICY_INVALID', `The policy file ${source} has ${count}:\n${problems.join('\n')}`, { details: problems })
}

function describe(source: string, yaml: YamlSource, problems: readonly PolicyProblem[]): readonly string[] {
  return problems.map(({ path, message }) => {
    const { line, column } = yaml.locate(path)
    return `${source}:${line}:${column}: ${path.length === 0 ? 'policy' : placeOf(path)}: ${message}`
  })
}

/** The entries that do not compile, in a policy that has other problems too: its author then sees all of them at once. */
function entryProblems(value: unknown): readonly PolicyProblem[] {
  const { rules } = AnyRules.parse(value)
  return rules.flatMap((rule, index) =>
    (['allow', 'ask', 'deny'] as const).flatMap((decision) =>
      [rule[decision]].flat().flatMap((text, at) => {
        const compiled = typeof text === 'string' ? compileSpecifier(text) : null
        return typeof compiled === 'string' ? [{ path: ['rules', index, decision, at], message: compiled }] : []
      }),
    ),
  )
}

function placeOf(path: PolicyProblem['path']): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('')
}

function problemOf(issue: z.core.$ZodIssue): PolicyProblem {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'invalid_union') return { path, message: unionMessage(path) }
  if (issue.code !== 'unrecognized_keys') return { path, message: issue.message }
  const allowed = allowedKeys(path)
  const keys = issue.keys.map((key) => {
    const meant = nearest(key, allowed)
    return meant === null ? quote(key) : `${quote(key)} (did you mean ${meant}?)`
  })
  return { path: [...path, issue.keys[0] ?? ''], message: `unknown key ${keys.join(', ')}; allowed: ${allowed.join(', ')}` }
}

function unionMessage(path: readonly (string | number)[]): string {
  if (path[0] === 'narrow_only') return 'expected true, or a list of capabilities such as [shell.exec, http.*]'
  if (path[2] === 'examples') return 'expected an argv such as [git, push], a path, a URL, or {capability, args}'
  return 'expected a text such as fs.read(src/**), or a list of such texts that is not empty'
}

function allowedKeys(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(Policy.shape)
  if (path[2] === 'examples') return path.length === 3 ? ['match', 'not_match'] : ['capability', 'args']
  if (path[0] === 'rules') return RULE_KEYS
  if (path[0] === 'goals') return ['deny']
  if (path[0] === 'trajectory') return Object.keys(TrajectorySettings.shape)
  return Object.keys(path[1] === 'run' ? RunAllowance.shape : Policy.shape.limits.unwrap().shape)
}
