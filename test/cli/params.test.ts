import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/cli/config.ts'
import { paramsOf } from '../../src/cli/params.ts'
import { DEFAULT_GOAL } from '../../src/model/goal.ts'
import { inFolder } from './fixtures.ts'

const load = (options: Record<string, unknown>, env: Record<string, string> = {}) =>
  loadSettings({ options, env: { HOME: '/nonexistent', ...env }, cwd: '/tmp' })

describe('the parameters of a run', () => {
  it('are the default goal in research_and_planning when nothing is given', async () => {
    const { params } = await paramsOf(await load({}), undefined, '/tmp')

    expect(params).toMatchObject({ goal: DEFAULT_GOAL, workflow_type: 'research_and_planning' })
  })

  it('are simple for another goal', async () => {
    const { params } = await paramsOf(await load({}), 'Fix the flaky test', '/tmp')

    expect(params).toMatchObject({ goal: 'Fix the flaky test', workflow_type: 'simple', timeout_ms: 300_000 })
  })

  it('take every option to its field', async () => {
    const options = {
      workflowType: 'complex_orchestration',
      maxSteps: '12',
      timeout: '90s',
      parallel: '2',
      allow: ['fs.read.v1'],
      context: { team: 'core' },
      verbosity: 'debug',
    }

    const { params } = await paramsOf(await load(options), 'g', '/tmp')

    expect(params).toMatchObject({
      workflow_type: 'complex_orchestration',
      max_steps: 12,
      timeout_ms: 90_000,
      allowed_capabilities: ['fs.read.v1'],
      context: { team: 'core' },
      resource_limits: { max_parallel_executions: 2, max_memory_mb: 512 },
      preferences: { verbosity: 'debug' },
    })
  })

  it('take since into the context, whatever else is in it', async () => {
    const { params } = await paramsOf(await load({ since: 'main', context: { team: 'core' } }), 'g', '/tmp')
    const fromEnv = await paramsOf(await load({}, { PLANNER_EXEC_SINCE: 'HEAD~3' }), 'g', '/tmp')

    expect(params.context).toEqual({ team: 'core', since: 'main' })
    expect(fromEnv.params.context).toEqual({ since: 'HEAD~3' })
  })

  it.each(['', '--output=x', 'a\nb', 'x'.repeat(251)])('take no %j for a revision', async (since) => {
    await expect(paramsOf(await load({ since }), 'g', '/tmp')).rejects.toMatchObject({
      code: 'PARAMS_INVALID',
      details: [{ path: 'context.since' }],
    })
  })

  it('refuse since together with a plan, which would not take it', async () => {
    const both = await load({ plan: 'plan.yaml' }, { PLANNER_EXEC_SINCE: 'main' })

    await expect(paramsOf(both, 'g', '/tmp')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'since (env PLANNER_EXEC_SINCE) cannot be used with a plan of your own, which alone says what is looked at.',
    })
  })

  it('let options win over the file, and the file over the environment', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'p.json')
      await writeFile(file, JSON.stringify({ goal: 'from file', max_steps: 5, timeout_ms: 2_000, resource_limits: { max_memory_mb: 64 } }))

      const { params } = await paramsOf(
        await load({ params: file, maxSteps: '7' }, { PLANNER_EXEC_TIMEOUT_MS: '9000', PLANNER_EXEC_PARALLEL: '3' }),
        undefined,
        folder,
      )

      expect(params).toMatchObject({
        goal: 'from file',
        max_steps: 7,
        timeout_ms: 2_000,
        resource_limits: { max_memory_mb: 64, max_parallel_executions: 3 },
      })
    })
  })

  it('say how to use the terminal, unless an option does', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'p.json'), JSON.stringify({ preferences: { interactive: false, verbosity: 'debug' } }))

      const asked = await paramsOf(await load({ params: 'p.json' }), 'g', folder)
      const overruled = await paramsOf(await load({ params: 'p.json', interactive: true, verbosity: 'quiet' }), 'g', folder)
      const silent = await paramsOf(await load({}), 'g', folder)

      expect([asked.settings, overruled.settings, silent.settings].map(({ interactive, verbosity }) => [interactive, verbosity])).toEqual([
        [false, 'debug'],
        [true, 'quiet'],
        [undefined, 'normal'],
      ])
    })
  })

  it('are refused with every problem at once', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'p.json')
      await writeFile(file, JSON.stringify({ goal: '  ', surprise: 1, preferences: { stall_detection_ms: 1 } }))
      const loaded = await load({ params: file, maxSteps: '0', workflowType: 'big' })

      const error = await paramsOf(loaded, undefined, folder).catch((thrown: unknown) => thrown)

      expect(error).toMatchObject({ code: 'PARAMS_INVALID' })
      expect(error).toMatchObject({
        details: expect.arrayContaining([
          { path: 'max_steps', given: '"0"', problem: 'at least 1' },
          { path: 'workflow_type', given: '"big"', problem: 'one of simple, research_and_planning, complex_orchestration' },
          { path: 'goal', given: '"  "', problem: 'must not be empty' },
          { path: 'surprise', given: '1', problem: 'no such field' },
          { path: 'preferences.stall_detection_ms', given: '1', problem: 'at least 100' },
        ]),
      })
    })
  })

  it('are refused for a goal of more than 10000 characters, counted as people count', async () => {
    const fits = '𝒳'.repeat(10_000)

    await expect(paramsOf(await load({}), fits, '/tmp')).resolves.toMatchObject({ params: { goal: fits } })
    await expect(paramsOf(await load({}), `${fits}x`, '/tmp')).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
  })

  it('are refused when the workflow type needs more steps', async () => {
    const loaded = await load({ workflowType: 'complex_orchestration', maxSteps: '9' })

    await expect(paramsOf(loaded, 'g', '/tmp')).rejects.toMatchObject({
      details: [{ path: 'max_steps', given: '9', problem: 'must be at least 10 for complex_orchestration' }],
    })
  })

  it('name the variable or file that a wrong value came from', async () => {
    const loaded = await load({}, { PLANNER_EXEC_MAX_STEPS: 'many' })

    await expect(paramsOf(loaded, 'g', '/tmp')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      details: [{ path: 'env PLANNER_EXEC_MAX_STEPS: maxSteps', given: '"many"', problem: 'a number' }],
    })
  })

  it.each(['[1]', '"goal"', 'null', '{'])('are not read from a file that holds %s', async (text) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'p.json'), text)

      await expect(paramsOf(await load({ params: 'p.json' }), 'g', folder)).rejects.toMatchObject({ code: 'PARAMS_INVALID' })
    })
  })
})
