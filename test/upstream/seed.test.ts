import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createController, createRunner, loadPlanFile } from '../../src/index.ts'
import { makeFolder, outcomes } from '../support/controller-rig.ts'

const PLAN = fileURLToPath(new URL('../../examples/simple-test-workflow.plan.yaml', import.meta.url))
const GOAL = 'Simple test workflow'

function collected() {
  const text = { stdout: '', stderr: '' }
  return { text, output: { stdout: (part: string) => void (text.stdout += part), stderr: (part: string) => void (text.stderr += part) } }
}

describe('the tests of the seed', () => {
  it('has the digest planner-exec-v1', () => {
    const digest = createRunner().digest()

    expect(digest).toBe('planner-exec-v1')
  })

  it('accepts good parameters', () => {
    const validate = () => createRunner().validateParams({ goal: GOAL, workflow_type: 'simple', max_steps: 10, timeout_ms: 60_000 })

    expect(validate).not.toThrow()
  })

  it.each([
    ['an empty goal', { goal: '  ' }, 'goal'],
    ['2000 steps', { goal: GOAL, max_steps: 2000 }, 'max_steps'],
  ])('refuses %s', (_, params, path) => {
    const validate = () => createRunner().validateParams(params)

    expect(validate).toThrow(expect.objectContaining({ code: 'PARAMS_INVALID', details: [expect.objectContaining({ path })] }))
  })

  it('ends "Simple test workflow" as unplannable, with exit code 2, when there is no plan for it', async () => {
    const { text, output } = collected()

    const result = await createRunner().execute({ workspace: await makeFolder() }, { goal: GOAL }, output)

    expect(result).toMatchObject({ status: 'error', exitCode: 2, artifacts: [expect.stringContaining('report.md')] })
    expect(text.stderr).toContain('UNPLANNABLE')
    expect(text.stdout).toContain('"exitReason":"unplannable"')
    expect(result.stdoutBytes).toBe(Buffer.byteLength(text.stdout))
    expect(result.stderrBytes).toBe(Buffer.byteLength(text.stderr))
  })

  it('completes "Simple test workflow" with its plan file of five steps', async () => {
    const workspace = await makeFolder()
    await writeFile(join(workspace, 'README.md'), '# Hello\n\nNo license yet.\n')
    const { text, output } = collected()

    const result = await createRunner().execute({ workspace, plan: await loadPlanFile(PLAN) }, { goal: GOAL, max_steps: 5 }, output)

    expect(result).toMatchObject({ status: 'ok', exitCode: 0 })
    expect(text.stderr).toBe('')
    const events = text.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(outcomes(events)).toEqual({ stat: 'succeeded', list: 'succeeded', search: 'succeeded', check: 'succeeded', read: 'succeeded' })
    expect(events.at(-1)).toMatchObject({ type: 'run.settled', result: { status: 'completed', exitReason: 'criteria_met' } })
  })

  it('completes the same plan in an empty folder, where only the README is missing', async () => {
    const controller = await createController({ workspace: await makeFolder() })

    const run = await controller.start({ goal: GOAL }, { plan: await loadPlanFile(PLAN) })
    const { status, criteria } = await run.result()

    expect(status).toBe('completed')
    expect(criteria.map(({ verdict }) => verdict)).toEqual(['met', 'met', 'met', 'met'])
    expect(controller.show(run.id).actions.find(({ actionId }) => actionId === 'read')?.result).toMatchObject({ outcome: 'failed' })
    await controller.close()
  })
})
