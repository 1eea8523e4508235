import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ROOT, recordsOf } from '../support/e2e-cli.ts'
import { command, install, nodeOf, pack } from '../support/e2e-package.ts'

/** `E2E_NODES="22 24"` tries the package under these, too; each is a download of some 180 MB. */
const NODES = (process.env['E2E_NODES'] ?? '').split(/\s+/).filter(Boolean)

vi.setConfig({ testTimeout: 120_000 })

let folder = ''
let consumer = ''
let packed: Awaited<ReturnType<typeof pack>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'planner-exec-package-'))
  packed = await pack(folder)
  consumer = join(folder, 'consumer')
  await install(consumer, packed.tarball)
}, 300_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const MAIN = join('node_modules', 'planner-exec', 'dist', 'cli', 'main.js')

const LIBRARY = `
import { createController, workflowMachine } from 'planner-exec'

const controller = await createController({ workspace: process.argv[2] })
const run = await controller.start({ goal: 'Analyze this codebase and suggest improvements' })
const types = []
for await (const event of run.events()) types.push(event.type)
const { status } = await run.result()
const kept = controller.list().length
await controller.close()
console.log(JSON.stringify({ status, last: types.at(-1), kept, machine: workflowMachine.id }))
`

const TYPES = `
import { ControllerError, createController, defineCapability, planFileOracle, Plan, PlannerExecParams, workflowMachine } from 'planner-exec'
import type { Controller, Run, RunEvent, RunView, Verdict } from 'planner-exec'
import { createActor, type ActorOptions } from 'xstate'
import { z } from 'zod'

const echo = defineCapability({
  name: 'text.echo.v1',
  title: 'Echo',
  description: 'Says it again.',
  args: z.strictObject({ text: z.string() }),
  output: z.strictObject({ text: z.string() }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 1_000,
  targets: () => [],
  run: async ({ text }) => ({ text: text.toUpperCase() }),
})

export async function use(): Promise<string> {
  const controller: Controller = await createController({ workspace: '.', policy: 'paranoid', capabilities: [echo] })
  const params = PlannerExecParams.parse({ goal: 'g' })
  const run: Run = await controller.start(params, { plan: Plan.parse({ version: 1, steps: [] }), person: 'absent' })
  const heard: RunEvent['type'][] = []
  for await (const event of run.events()) if (event.type === 'action.settled') heard.push(event.result.outcome === 'succeeded' ? event.type : 'run.stalled')
  const view: RunView = controller.show(run.id)
  const verdict: Verdict | null | undefined = view.actions[0]?.verdict
  const { status } = await run.result()
  return [status satisfies 'completed' | 'failed' | 'cancelled', verdict?.decision, planFileOracle.name, createActor satisfies unknown, workflowMachine.id].join()
}

export const codeOf = (error: unknown): string | null => (error instanceof ControllerError ? error.code : null)
export type Options = ActorOptions<typeof workflowMachine>
// @ts-expect-error A goal is text.
export const refused = () => createController().then((controller) => controller.start({ goal: 1 }))
`

/** What command and library of the installed package do under one Node, in a folder of its own. */
async function usedUnder(node: string, name: string): Promise<unknown> {
  const workspace = join(folder, name)
  await mkdir(workspace)
  await writeFile(join(workspace, 'main.js'), '// FIXME: late\n')
  await writeFile(join(consumer, 'library.mjs'), LIBRARY)
  const version = await command(node, [MAIN, '--version'], consumer)
  const run = await command(node, [MAIN, 'run', '--json', '--workspace', workspace], consumer)
  const library = await command(node, ['library.mjs', workspace], consumer)
  const list = await command(node, [MAIN, 'list', '--json', '--workspace', workspace], consumer)
  const [last, told] = [recordsOf(run).at(-1), recordsOf(library).at(-1)]
  return {
    version: version.stdout.trim(),
    run: [run.code, run.stderr, last?.['exitReason']],
    library: [library.code, library.stderr, told],
    listed: recordsOf(list).length,
  }
}

/** What it has to do. */
const WORKS = {
  version: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
  run: [0, '', 'criteria_met'],
  library: [0, '', { status: 'completed', last: 'run.settled', kept: 2, machine: 'workflow' }],
  listed: 2,
}

describe('the packed package', () => {
  it('holds what runs and what explains it, and nothing of how it is made', () => {
    const tops = [...new Set(packed.files.map((path) => path.split('/')[0]))].toSorted()

    expect(tops).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'docs', 'examples', 'package.json', 'playbooks', 'policies', 'visualizer'])
    expect(packed.files).toEqual(
      expect.arrayContaining(['dist/cli/main.js', 'dist/index.js', 'dist/index.d.ts', 'playbooks/analyze-repo.yaml', 'policies/workstation.yaml']),
    )
    // One of the examples is a test.
    const own = packed.files.filter((path) => !path.startsWith('examples/'))
    expect(own.filter((path) => /(^|\/)(test|src|node_modules|\.planner-exec)\/|\.test\.|\.map$/.test(path))).toEqual([])
  })

  it('has nothing that publint complains of', async () => {
    const ended = await command(process.execPath, [join(ROOT, 'node_modules', 'publint', 'src', 'cli.js'), 'run', '--strict', packed.tarball], folder)

    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('works as a command and as a library, installed into an empty folder', async () => {
    const used = await usedUnder(process.execPath, 'running')

    expect(used).toEqual(WORKS)
  })

  it('is found by npx', async () => {
    const ended = await command('npx', ['--offline', 'planner-exec', '--help'], consumer)

    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('planner-exec [options] [command]')
  })

  it('shares one XState and one zod with its user', async () => {
    const ended = await command('npm', ['ls', 'xstate', 'zod', '--all', '--json'], consumer)
    const versions = (name: string) =>
      new Set([...ended.stdout.matchAll(new RegExp(`"${name}": \\{\\s+"version": "([^"]+)"`, 'g'))].map(([, version]) => version))

    expect([versions('xstate').size, versions('zod').size]).toEqual([1, 1])
  })

  // XState's own declarations do not pass exactOptionalPropertyTypes, so that is tried without looking into libraries.
  it.each([
    ['with all declarations looked into', ['--strict']],
    ['of the strictest kind', ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck']],
  ])('has types for a consumer %s', async (_, strictness) => {
    await writeFile(join(consumer, 'types.ts'), TYPES)
    const options = [...strictness, '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', '']

    const ended = await command(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'types.ts'], consumer)

    expect(ended).toMatchObject({ code: 0, stdout: '' })
  })

  it.each(NODES)('works on Node %s', async (version) => {
    const node = await nodeOf(version, join(folder, `node-${version}`))

    const told = await command(node, ['--version'], folder)
    const used = await usedUnder(node, `under-${version}`)

    expect(used).toEqual(WORKS)
    expect(told.stdout).toMatch(new RegExp(`^v${version}\\.`))
  })
})
