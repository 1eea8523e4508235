import { posix } from 'node:path'
import type { Finding } from '../../../../model/report.ts'
import type { ExecutionContext } from '../../executor.ts'
import { asEvidence, below, shellPath, showLine } from './finding.ts'
import { objectAt, type Parsed, parseJson, parseJsonWithComments, textAt } from './json-text.ts'
import type { Project } from './project.ts'
import { linesOf, readText } from './text-files.ts'

type Manifest = Readonly<Record<string, unknown>>

const MAX_EXTENDS = 10
const MAX_CONFIGS = 500

/** package.json and tsconfig files that cannot be parsed, each the way the tool that reads it would. */
export async function brokenJson(project: Project, context: ExecutionContext): Promise<Finding[]> {
  const paths = project.files.filter((path) => /(?:^|\/)(?:package|tsconfig(?:\.[\w-]+)?)\.json$/.test(path)).slice(0, MAX_CONFIGS)
  const findings: Finding[] = []
  for (const path of paths) {
    const first = await parsedFile(path, context)
    if (first === null || first.ok) continue
    // Read and parsed once more: somebody may have been saving it.
    const second = await parsedFile(path, context)
    if (second !== null && !second.ok) findings.push(broken(project, path, second.problem))
  }
  return findings
}

async function parsedFile(path: string, context: ExecutionContext): Promise<Parsed | null> {
  const text = await readText(context, path)
  if (text === null) return null
  return isManifest(path) ? parseJson(text) : parseJsonWithComments(text)
}

function broken(project: Project, path: string, problem: string): Finding {
  const isOwn = path === below(project.folder, 'package.json')
  return {
    rule: 'config.broken-json',
    severity: isOwn ? 'high' : 'medium',
    confidence: 'verified',
    title: isManifest(path) ? 'package.json cannot be parsed' : 'A TypeScript configuration cannot be parsed',
    file: path,
    line: null,
    evidence: asEvidence(problem),
    why: isManifest(path) ? 'npm and Node stop at it.' : 'TypeScript and the tools that read it stop, or go on with other settings.',
    fix: 'Correct the JSON.',
    command: isManifest(path)
      ? `node -p "JSON.parse(fs.readFileSync(process.argv[1], 'utf8'))" ${shellPath(path)}`
      : `npx tsc --showConfig -p ${shellPath(path)}`,
  }
}

/** Whether TypeScript checks strictly, where that can be told for certain. */
export async function strictness(project: Project, manifest: Manifest | null, context: ExecutionContext): Promise<Finding[]> {
  if (!project.names.includes('tsconfig.json')) return []
  const path = below(project.folder, 'tsconfig.json')
  const setting = await strictOf(path, context)
  if (setting === 'explicitly-off') return explicitlyOff(path, context)
  if (setting !== 'unset' || !defaultsToLoose(manifest)) return []
  return [
    notStrict(path, {
      line: null,
      evidence: 'no `strict` in it, nor in what it extends; TypeScript before 6 takes that as false',
      command: `grep -n '"strict"' ${shellPath(path)} || echo not set`,
    }),
  ]
}

/** What a configuration and those it extends say; `unknown` once anything is not a relative path. */
async function strictOf(
  path: string,
  context: ExecutionContext,
  depth = 0,
): Promise<'on' | 'explicitly-off' | 'unset' | 'inherited-off' | 'unknown'> {
  const parsed = await parsedFile(path, context)
  if (parsed === null || !parsed.ok || depth > MAX_EXTENDS) return 'unknown'
  const options = objectAt(parsed.value, 'compilerOptions')
  if (options['strict'] === true) return 'on'
  if (options['strict'] === false) return depth === 0 ? 'explicitly-off' : 'inherited-off'
  // Chosen one by one, or only a list of other projects: nothing to say.
  if (
    Object.hasOwn(options, 'strict') ||
    Object.hasOwn(options, 'strictNullChecks') ||
    Object.hasOwn(options, 'noImplicitAny') ||
    Object.hasOwn(parsed.value, 'references')
  )
    return 'unknown'
  return inherited(path, parsed.value['extends'], context, depth)
}

async function inherited(path: string, parent: unknown, context: ExecutionContext, depth: number) {
  if (parent === undefined) return 'unset'
  const parents: unknown[] = Array.isArray(parent) ? parent : [parent]
  let result: Awaited<ReturnType<typeof strictOf>> = 'unset'
  // The last one that says anything wins.
  for (const target of parents) {
    if (typeof target !== 'string' || !/^\.\.?\//.test(target)) return 'unknown'
    const file = posix.join(posix.dirname(path), target.endsWith('.json') ? target : `${target}.json`)
    const found = file.startsWith('../') ? 'unknown' : await strictOf(file, context, depth + 1)
    if (found === 'unknown') return 'unknown'
    if (found !== 'unset') result = found
  }
  return result
}

async function explicitlyOff(path: string, context: ExecutionContext): Promise<Finding[]> {
  const lines = linesOf((await readText(context, path)) ?? '')
  const index = lines.findIndex((line) => /^[^/]*"strict"\s*:\s*false\b/.test(line))
  const text = lines[index]
  return text === undefined ? [] : [notStrict(path, { line: index + 1, evidence: asEvidence(text), command: showLine(path, index + 1) })]
}

function notStrict(path: string, shown: Pick<Finding, 'line' | 'evidence' | 'command'>): Finding {
  return {
    rule: 'config.not-strict',
    severity: 'medium',
    confidence: 'verified',
    title: 'TypeScript does not check strictly',
    file: path,
    ...shown,
    why: 'Null and undefined pass unchecked, and parameters without a type become `any`.',
    fix: 'Set `"strict": true`; where that is too much at once, switch on its parts one after the other.',
  }
}

/** True only when the manifest pins a TypeScript whose default is not strict. */
function defaultsToLoose(manifest: Manifest | null): boolean {
  if (manifest === null) return false
  const ranges = ['devDependencies', 'dependencies'].map((field) => textAt(objectAt(manifest, field), 'typescript'))
  return ranges.some((range) => range !== null && /^[~^]?[1-5]\.[\w.-]*$/.test(range.trim()))
}

function isManifest(path: string): boolean {
  return path === 'package.json' || path.endsWith('/package.json')
}
