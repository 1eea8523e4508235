import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { PARAMETERS_TOO_HIGH, PARAMETERS_TOO_LOW, PARAMETERS_UNKNOWN, PLANS, POLICIES, USAGES } from '../support/e2e-bad-input.ts'
import { without, withMounts } from '../support/e2e-mounts.ts'
import { atDesk as atDeskOf, type Desk, type Ended } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

/** The problems that are listed, one a line. */
const listed = ({ stderr }: Ended) => stderr.split('\n').flatMap((line) => (line.startsWith('  - ') ? [line.slice(4)] : []))

/** Every refusal looks so: a code, what is wrong, what to do; no trace of the program's inside. */
function expectRefusal(ended: Ended, code: string, exitCode: number): void {
  expect(ended.stderr).toMatch(new RegExp(`^error\\[${code}\\]: .+\\n(  - .+\\n)*hint: .+\\n$`))
  expect(ended.code).toBe(exitCode)
  expect(showsStack(ended.stdout + ended.stderr)).toBe(false)
}

describe('parameters', () => {
  it.concurrent.each([
    ['below what is allowed', PARAMETERS_TOO_LOW],
    ['above what is allowed', PARAMETERS_TOO_HIGH],
    ['that nobody knows', PARAMETERS_UNKNOWN],
  ])('%s are refused all at once, each with its place', async (_, { params, problems }) => {
    await atDesk(async (desk) => {
      await desk.write('params.json', params)

      const ended = await desk.run('run', '--params', 'params.json')

      expectRefusal(ended, 'PARAMS_INVALID', 2)
      expect(listed(ended).map((line) => line.slice(0, line.indexOf(':')))).toEqual(problems.map(([path]) => path))
      for (const [path, problem] of problems) expect(listed(ended).find((line) => line.startsWith(`${path}: `))).toContain(problem)
      expect(await readdir(desk.folder)).toEqual(['params.json'])
    })
  })

  it.concurrent.each([
    ['research_and_planning', 4, 'must be at least 5 for research_and_planning'],
    ['complex_orchestration', 9, 'must be at least 10 for complex_orchestration'],
    ['simple', 1001, 'must be at most 1000'],
  ])('a %s workflow of %i steps is refused', async (type, steps, problem) => {
    await atDesk(async (desk) => {
      const ended = await desk.run('run', 'g', '--workflow-type', type, '--max-steps', String(steps))

      expectRefusal(ended, 'PARAMS_INVALID', 2)
      expect(listed(ended)).toEqual([expect.stringContaining(problem)])
    })
  })

  it.concurrent('a simple workflow of many steps is warned about and begun', async () => {
    await atDesk(async (desk) => {
      const ended = await desk.run('run', 'Bake a cake in zero gravity', '--max-steps', '11')

      expect(ended.stderr).toContain('max_steps 11 is more than a simple workflow usually needs')
      expect(ended.stdout).toContain('unplannable')
    })
  })

  it.concurrent('options that are wrong are all told, under the names of their parameters', async () => {
    await atDesk(async (desk) => {
      const ended = await desk.run(
        'run',
        '--max-steps',
        'abc',
        '--timeout',
        '5',
        '--parallel',
        '0',
        '--workflow-type',
        'x',
        '--ask',
        'maybe',
        '--context',
        'novalue',
      )

      expectRefusal(ended, 'PARAMS_INVALID', 2)
      expect(
        listed(ended)
          .map((line) => line.slice(0, line.indexOf(':')))
          .toSorted(),
      ).toEqual(['ask', 'context', 'max_steps', 'resource_limits.max_parallel_executions', 'timeout_ms', 'workflow_type'].toSorted())
    })
  })

  it.concurrent('with --json the refusal is one record', async () => {
    await atDesk(async (desk) => {
      const ended = await desk.run('run', '--max-steps', '0', '--json')

      expect(recordsOf(ended)).toEqual([
        {
          type: 'error',
          code: 'PARAMS_INVALID',
          message: expect.any(String),
          hint: expect.any(String),
          details: [expect.stringContaining('max_steps')],
        },
      ])
      expect(ended.code).toBe(2)
    })
  })
})

describe('goals', () => {
  it.concurrent.each([
    ['Japanese', 'このコードベースを分析して改善を提案してください'],
    ['Arabic', 'حلل قاعدة الشيفرة هذه واقترح تحسينات'],
    ['emoji', '🔍🧑‍💻 ➡️ 📈'],
    ['10,000 characters', 'ab '.repeat(3_333) + 'a'],
    ['10,000 characters outside the basic plane', '🔍'.repeat(10_000)],
    ['control characters', 'red \u001B[31m goal \u202E reversed'],
  ])('in %s are kept as they are: with a plan they complete', async (_, goal) => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', { version: 1, steps: [{ id: 'look', title: 'Look', capability: 'fs.stat.v1', args: { path: '.' } }] })

      const ended = await desk.run('run', goal, '--plan', 'plan.json', '--json')
      const list = await desk.run('list')

      expect(recordsOf(ended).find(({ type }) => type === 'run.started')).toMatchObject({ goal })
      expect(recordsOf(ended).at(-1)).toMatchObject({ status: 'completed' })
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(list.stdout).not.toContain('\u001B[31m')
      expect(list.stdout).not.toContain('\u202E')
    })
  })

  it.concurrent('without a plan, one in another script is refused with the way out', async () => {
    await atDesk(async (desk) => {
      const ended = await desk.run('run', 'このコードベースを分析して改善を提案してください')

      expect(ended.code).toBe(2)
      expect(ended.stdout).toMatch(/unplannable/)
      expect(ended.stdout).toMatch(/hint: .*(--plan|--playbook)/)
    })
  })

  it.concurrent.each([
    ['nothing', '', 'must not be empty'],
    ['only white space', ' \u3000\n\t ', 'must not be empty'],
    ['10,001 characters', 'x'.repeat(10_001), 'must be at most 10000 characters'],
  ])('of %s are refused', async (_, goal, problem) => {
    await atDesk(async (desk) => {
      const ended = await desk.run('run', goal)

      expectRefusal(ended, 'PARAMS_INVALID', 2)
      expect(listed(ended)).toEqual([expect.stringContaining(problem)])
    })
  })
})

describe('plan files', () => {
  it.concurrent.each(PLANS)('with $code are refused before anything runs', async ({ code, plan, said }) => {
    await atDesk(async (desk) => {
      await desk.write('plan.yaml', plan)

      const ended = await desk.run('run', 'g', '--plan', 'plan.yaml')
      const text = ended.stdout + ended.stderr

      expect(text).toContain(code)
      expect(text).toContain(said)
      expect(ended.code).toBe(2)
      expect(text).not.toContain('started, attempt')
      expect(showsStack(text)).toBe(false)
    })
  })

  it.concurrent('with what this machine cannot do are refused with the remedy (E_CAPABILITY_UNAVAILABLE)', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', { version: 1, steps: [{ id: 'a', title: 'A', capability: 'shell.exec.v1', args: { argv: ['true'] } }] })

      const ended = await withMounts(without('bwrap'), [process.execPath, shipped.main, 'run', 'g', '--plan', 'plan.json'], desk.folder)

      expect(ended.stdout).toContain('E_CAPABILITY_UNAVAILABLE')
      expect(ended.stdout).toContain('apt-get install bubblewrap')
      expect(ended.code).toBe(2)
      expect(showsStack(ended.stdout + ended.stderr)).toBe(false)
    })
  })

  it.concurrent('with several problems tell all of them', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', {
        version: 1,
        steps: [
          { id: 'a', title: 'A', capability: 'fs.read.v1', args: { pth: 'x' }, dependsOn: ['b'] },
          { id: 'b', title: 'B', capability: 'fs.raed.v1', dependsOn: ['a', 'c'] },
        ],
        budget: { steps: 1 },
      })

      const ended = await desk.run('run', 'g', '--plan', 'plan.json')

      for (const code of ['E_BUDGET', 'E_UNKNOWN_DEP', 'E_CYCLE', 'E_ARGS_SCHEMA', 'E_UNKNOWN_CAPABILITY']) expect(ended.stdout).toContain(code)
      expect(ended.stdout).toContain('Did you mean fs.read.v1?')
      expect(ended.code).toBe(2)
    })
  })

  it.concurrent('a planner that plans what has failed for good is refused (E_REPEATS_DONE)', async () => {
    await atDesk(async (desk) => {
      const { createController } = await import(/* @vite-ignore */ join(shipped.folder, 'dist', 'index.js'))
      const again = { version: 1, steps: [{ id: 'read', title: 'Read', capability: 'fs.read.v1', args: { path: 'nowhere.txt' } }] }
      const stubborn = {
        name: 'stubborn',
        clarify: async () => null,
        questions: async () => [],
        draft: async () => ({
          kind: 'plan',
          plan: { ...planDefaults, ...again, steps: again.steps.map((step) => ({ ...stepDefaults, ...step })) },
          source: 'stubborn',
        }),
      }
      const controller = await createController({ workspace: desk.folder, oracles: [stubborn], ask: 'deny' })

      const run = await controller.start({ goal: 'g' }, { person: 'absent' })
      const result = await run.result()
      const events = controller.events(run.id)
      await controller.close()

      expect(result.status).toBe('failed')
      expect(events.find(({ type }: { type: string }) => type === 'plan.refused')?.reason).toContain('E_REPEATS_DONE')
      expect(events.filter(({ type }: { type: string }) => type === 'action.started').length).toBe(1)
    })
  })
})

const planDefaults = { assumptions: [], successCriteria: [], evidence: [] }
const stepDefaults = { dependsOn: [], successCriteria: [], evidence: [] }

describe('policy files', () => {
  it.concurrent.each(POLICIES)('$what: refused with the place', async ({ content, code, said }) => {
    await atDesk(async (desk) => {
      await desk.write('policy.yaml', content)

      const [checked, run] = await Promise.all([desk.run('policy', 'check', 'policy.yaml'), desk.run('run', 'g', '--policy', 'policy.yaml')])

      for (const ended of [checked, run]) {
        expectRefusal(ended, code, 2)
        expect(ended.stderr).toContain(said)
      }
    })
  })
})

describe('command lines', () => {
  it.concurrent.each(USAGES)('planner-exec %s', async (line, code, said) => {
    await atDesk(async (desk) => {
      const ended = await desk.run(...line.split(' '))

      expectRefusal(ended, code, 2)
      expect(ended.stderr).toContain(said)
      expect(await readdir(desk.folder)).toEqual(code === 'RUN_UNKNOWN' || code === 'CAPABILITY_UNKNOWN' ? expect.anything() : [])
    })
  })
})

describe('workspaces', () => {
  it.concurrent.each([
    ['is missing', 'nowhere', 'cannot be opened'],
    ['is a file', 'file.txt', 'is not a folder'],
    ['is behind a file', 'file.txt/deeper', 'cannot be opened'],
  ])('that %s are refused', async (_, workspace, said) => {
    await atDesk(async (desk) => {
      await desk.write('file.txt', 'kept')

      const ended = await desk.run('run', '--workspace', workspace)

      expectRefusal(ended, 'WORKSPACE_INVALID', 2)
      expect(ended.stderr).toContain(said)
      expect(ended.stderr).toContain('--workspace DIR')
      expect(await readdir(desk.folder)).toEqual(['file.txt'])
    })
  })
})
