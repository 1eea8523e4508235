import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadPlanFile, planFileOracle } from '../../../src/services/oracle/plan-file.oracle.ts'
import { folderWith, planOf, requestOf } from './oracle.fixture.ts'

const PLAN = `version: 1
steps:
  - id: look
    title: Look
    capability: fs.list.v1
`

const load = async (content: string | Uint8Array, name = 'plan.yaml') => loadPlanFile(join(await folderWith({ [name]: content }), name))

describe('loadPlanFile', () => {
  it('reads YAML and JSON, tabs and a byte order mark included', async () => {
    const fromYaml = await load(PLAN)
    const fromJson = await load(
      `\ufeff${JSON.stringify({ version: 1, steps: [{ id: 'look', title: 'Look', capability: 'fs.list.v1' }] }, null, '\t')}`,
      'plan.json',
    )

    expect(fromYaml.steps[0]).toMatchObject({ id: 'look', args: {} })
    expect(fromJson).toEqual(fromYaml)
  })

  it('names every problem with its line', async () => {
    const loading = load(`${PLAN}    retries: 3\n  - id: NO\n    title: x\n    capability: fs.list.v1\n    timeoutMs: 0\n`)

    await expect(loading).rejects.toMatchObject({
      code: 'PLAN_INVALID',
      details: [
        { path: 'steps.0.retries', given: '3', problem: 'no such field (line 6)' },
        { path: 'steps.1.id', given: '"NO"', problem: expect.stringContaining('(line 7)') },
        { path: 'steps.1.timeoutMs', given: '0', problem: expect.stringContaining('(line 10)') },
      ],
    })
  })

  it.each<[string, string | Uint8Array, string]>([
    ['a syntax error', 'version: 1\nsteps: "open', 'line 2'],
    ['a key that is given twice', 'version: 1\nversion: 1', 'line 2: Map keys must be unique'],
    ['two documents', 'version: 1\n---\nversion: 1', 'multiple documents'],
    ['a key that would change an object itself', 'version: 1\nsteps: []\n__proto__: {a: 1}', 'the key __proto__ is not allowed'],
    ['an alias', 'a: &x 1\nb: *x', 'aliases (*name) are not allowed'],
    ['an unknown tag', 'a: !js 1', 'Unresolved tag'],
    ['a key that is no text', '? [a]\n: 1', 'line 1'],
    ['bytes that are no text', new Uint8Array([0x61, 0xff]), 'is not UTF-8 text'],
    ['nesting that would exhaust the stack', '- '.repeat(50_000), 'line 1: nests too deeply'],
    ['nesting behind quoted brackets', `a: 1\nb: ${'["]",'.repeat(50_000)}`, 'line 2: nests too deeply'],
    ['more than 5 MiB', `#${' '.repeat(5 * 1024 * 1024)}`, 'is larger than 5242880 bytes'],
  ])('refuses %s as unreadable', async (_, content, text) => {
    await expect(load(content)).rejects.toMatchObject({ code: 'PLAN_UNREADABLE', message: expect.stringContaining(text) })
  })

  it.each(['', 'null', '[]', 'a: .nan', 'version: 1\nsteps: []\n<<: {title: x}'])('refuses %j as a plan', async (content) => {
    await expect(load(content)).rejects.toMatchObject({ code: 'PLAN_INVALID' })
  })

  it('refuses what is no file, without waiting for it', async () => {
    const folder = await folderWith({})
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')])

    await expect(loadPlanFile(folder)).rejects.toMatchObject({ code: 'PLAN_UNREADABLE' })
    await expect(loadPlanFile(join(folder, 'pipe'))).rejects.toMatchObject({
      code: 'PLAN_UNREADABLE',
      message: expect.stringContaining('is not a file'),
    })
    await expect(loadPlanFile(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'PLAN_UNREADABLE', message: expect.stringContaining('ENOENT') })
  })
})

describe('planFileOracle', () => {
  const plan = planOf([{}])
  const oracle = planFileOracle(plan, 'plan.yaml')

  it('offers its plan once, and says what was wrong with it after it was refused', async () => {
    const refused = requestOf('x', { findings: [{ code: 'E_EMPTY', severity: 'error', stepId: null, path: '', message: '', hint: '' }] })

    expect(await oracle.draft(requestOf('x'))).toEqual({ kind: 'plan', plan, source: 'plan.yaml' })
    expect(await oracle.draft(refused)).toMatchObject({ kind: 'none', reason: expect.stringContaining('E_') })
  })

  it('has no other plan once that was carried out', async () => {
    expect(await oracle.draft(requestOf('x', { replans: 1 }))).toMatchObject({ kind: 'none', reason: expect.stringContaining('holds one plan') })
  })

  it('asks nothing', async () => {
    expect(await oracle.clarify(requestOf('x'))).toBeNull()
    expect(await oracle.questions(requestOf('x'))).toEqual([])
  })
})
