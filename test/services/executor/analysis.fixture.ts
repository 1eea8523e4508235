import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { z } from 'zod'
import { ResourceLimits } from '../../../src/model/goal.ts'
import { Finding } from '../../../src/model/report.ts'
import { analysisCapabilities } from '../../../src/services/executor/capabilities/analysis/index.ts'
import type { CapabilityDefinition, ExecutionContext } from '../../../src/services/executor/executor.ts'
import { createMeter } from '../../../src/services/executor/meter.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const Analysis = z.looseObject({ findings: z.array(Finding), notExamined: z.array(z.string()) })
export type Analysis = z.infer<typeof Analysis>

/** A real folder with these files, which is removed after the test file. */
export function makeWorkspace(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'planner-exec-analysis-')))
  folders.push(workspace)
  write(workspace, files)
  return workspace
}

/** The same as a git repository; `commits` are made one after the other, each on the files of those before. */
export function makeRepository(...commits: readonly { readonly files: Readonly<Record<string, string>>; readonly author?: string }[]): string {
  const workspace = makeWorkspace()
  git(workspace, 'init', '-q', '-b', 'main')
  if (commits.length === 0) return workspace
  const stream = commits.flatMap(({ files, author = 'Ada' }, index) => [
    `commit refs/heads/main\ncommitter ${author} <${author}@example.org> ${1_700_000_000 + index} +0000\n${data('change')}`,
    ...Object.entries(files).map(([path, content]) => `M 100644 inline ${JSON.stringify(path)}\n${data(content)}`),
  ])
  execFileSync('git', ['fast-import', '--quiet'], { cwd: workspace, env: gitEnvironment(workspace), input: stream.join('') })
  git(workspace, 'reset', '-q', '--hard')
  return workspace
}

function data(content: string): string {
  return `data ${Buffer.byteLength(content)}\n${content}\n`
}

export function write(workspace: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, path)), { recursive: true })
    writeFileSync(join(workspace, path), content)
  }
}

export function git(workspace: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: workspace, env: gitEnvironment(workspace), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

function gitEnvironment(workspace: string) {
  return { PATH: process.env['PATH'], HOME: workspace, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
}

export function contextOf(workspace: string, changes: Partial<ExecutionContext> = {}): ExecutionContext {
  const limits = ResourceLimits.parse({})
  return {
    // What one run has listed another lists anew.
    runId: randomUUID(),
    stepId: 'step',
    workspace,
    stateDir: join(workspace, '.planner-exec'),
    signal: new AbortController().signal,
    idempotencyKey: 'key',
    heartbeat: () => undefined,
    meter: createMeter(limits),
    limits,
    ...changes,
  }
}

/** Runs `analysis.NAME.v1` with its arguments and its output checked by their schemas. */
export async function analyse(name: string, workspace: string, args: object = {}, changes: Partial<ExecutionContext> = {}): Promise<Analysis> {
  const capability = analysisCapabilities.find((candidate) => candidate.name === `analysis.${name}.v1`)
  if (capability === undefined) throw new Error(`no analysis ${name}`)
  return runAnalysis(capability, workspace, args, changes)
}

/** The same for a capability at hand. */
export async function runAnalysis(
  capability: CapabilityDefinition,
  workspace: string,
  args: object = {},
  changes: Partial<ExecutionContext> = {},
): Promise<Analysis> {
  const output = await capability.run(capability.args.parse(args), contextOf(workspace, changes))
  return Analysis.parse(capability.output.parse(output))
}

/** `rule file:line` of each finding, as short as a test can compare it. */
export function placesOf({ findings }: Pick<Analysis, 'findings'>): string[] {
  return findings.map(({ rule, file, line }) => [rule, file === null ? '' : ` ${file}`, line === null ? '' : `:${line}`].join(''))
}

/** What a finding's command prints, run by a real shell in the workspace. */
export function shown(workspace: string, finding: Finding | undefined): string {
  if (finding === undefined) throw new Error('there is no such finding')
  return execFileSync('bash', ['-c', finding.command], { cwd: workspace, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}
