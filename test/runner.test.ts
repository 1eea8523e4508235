import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createMemoryJournal, createRunner, type ControllerOptions, type StartOptions } from '../src/index.ts'
import { makeFolder, policyText } from './support/controller-rig.ts'
import { createProbe } from './support/controller-probe.ts'
import { append, broken, echo, planOf } from './support/controller-plans.ts'

async function execute(params: unknown, options: ControllerOptions & StartOptions = {}, asks: readonly string[] = []) {
  const workspace = await makeFolder()
  const policy = join(await makeFolder(), 'policy.yaml')
  await writeFile(policy, policyText(asks))
  const context: ControllerOptions & StartOptions = {
    workspace,
    policy,
    capabilities: createProbe().capabilities,
    oracles: [],
    journal: createMemoryJournal(),
    ...options,
  }
  const text = { stdout: '', stderr: '' }
  const result = await createRunner().execute(context, params, {
    stdout: (part) => void (text.stdout += part),
    stderr: (part) => void (text.stderr += part),
  })
  return { result, ...text }
}

describe('the runner', () => {
  it('tells a completed run as ok, its events as NDJSON, its report as an artifact', async () => {
    const { result, stdout, stderr } = await execute({ goal: 'Do it', workflow_id: 'r1' }, { plan: planOf([echo('one')]) })

    expect(result).toMatchObject({ status: 'ok', exitCode: 0, artifacts: [expect.stringContaining(join('r1', 'report.md'))], stderrBytes: 0 })
    expect(result.durationMs).toBeGreaterThanOrEqual(0)
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['run.started', 'plan.accepted', 'action.settled', 'run.settled']))
    expect(stderr).toBe('')
  })

  it.each([
    ['a run that failed', { goal: 'Do it' }, { plan: planOf([broken('bad')]) }, 1, 'ACTION_FAILED'],
    ['a goal that nothing can plan', { goal: 'Do it' }, {}, 2, 'UNPLANNABLE'],
    ['a plan that is none', { goal: 'Do it' }, { plan: { steps: 1 } }, 2, 'PLAN_INVALID'],
    ['a workspace that is none', { goal: 'Do it' }, { workspace: '/absent/folder' }, 2, 'WORKSPACE_INVALID'],
    ['a policy that is none', { goal: 'Do it' }, { policy: 'lenient' }, 2, 'POLICY_'],
    ['a setting that is none', { goal: 'Do it' }, { limits: { maxReplans: -1 } }, 2, 'CONFIG_INVALID'],
  ] as const)('tells %s on stderr, with its exit code', async (_, params, options, exitCode, code) => {
    const { result, stderr } = await execute(params, options)

    expect(result).toMatchObject({ status: 'error', exitCode })
    expect(stderr).toContain(code)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(result.stderrBytes).toBe(Buffer.byteLength(stderr))
  })

  it('tells a run that waits for a person by exit code 3', async () => {
    const { result, stdout } = await execute({ goal: 'Do it' }, { plan: planOf([append('one')]) }, ['test.append'])

    expect(result).toMatchObject({ status: 'error', exitCode: 3, artifacts: [] })
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ type: 'run.parked' })
  })

  it('rejects bad parameters, every problem at once, and starts nothing', async () => {
    const executing = execute({ goal: '', timeout_ms: 1, colour: 'red' }, { plan: planOf([echo('one')]) })

    await expect(executing).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
      details: [{ path: 'goal' }, { path: 'timeout_ms' }, { path: 'colour' }].map((problem) => expect.objectContaining(problem)),
    })
  })
})
