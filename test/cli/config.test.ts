import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfigFile, describeOrigin, loadSettings, refuseProblems } from '../../src/cli/config.ts'
import { LEAVES } from '../../src/cli/settings.ts'
import { ControllerError } from '../../src/errors.ts'
import { inFolder } from './fixtures.ts'

const bare = { options: {}, env: { HOME: '/nonexistent' }, cwd: '/tmp' }

async function userConfig(home: string, text: string): Promise<string> {
  const file = join(home, '.config', 'planner-exec', 'config.yaml')
  await mkdir(join(home, '.config', 'planner-exec'), { recursive: true })
  await writeFile(file, text)
  return file
}

describe('effective settings', () => {
  it('are the defaults when nothing is given', async () => {
    const { settings, origins, problems, file } = await loadSettings(bare)

    expect(settings).toMatchObject({ policy: 'workstation', workspace: '.', ask: 'park', verbosity: 'normal', limits: { maxReplans: 3 } })
    expect(new Set([...origins.values()].map(describeOrigin))).toEqual(new Set(['default']))
    expect({ problems, file }).toEqual({ problems: [], file: null })
  })

  it('come from the file, then the environment, then options, each with its origin', async () => {
    await inFolder(async (home) => {
      const file = await userConfig(home, 'policy: paranoid\nmaxSteps: 20\nparallel: 2\nlimits:\n  maxReplans: 1\n')

      const { settings, origins } = await loadSettings({
        options: { maxSteps: '30' },
        env: { HOME: home, PLANNER_EXEC_MAX_STEPS: '25', PLANNER_EXEC_PARALLEL: '3' },
        cwd: home,
      })

      expect(settings).toMatchObject({ policy: 'paranoid', maxSteps: 30, parallel: 3, limits: { maxReplans: 1, maxRounds: 2 } })
      const of = (path: string) => describeOrigin(origins.get(path) ?? { kind: 'default' })
      expect([of('policy'), of('limits.maxReplans'), of('parallel'), of('maxSteps'), of('sync')]).toEqual([
        `file ${file}:1`,
        `file ${file}:5`,
        'env PLANNER_EXEC_PARALLEL',
        'option --max-steps',
        'default',
      ])
    })
  })

  it('never come from a file in the workspace', async () => {
    await inFolder(async (workspace) => {
      await writeFile(join(workspace, 'planner-exec.config.yaml'), 'policy: /tmp/evil.yaml\n')
      await writeFile(join(workspace, 'config.yaml'), 'policy: /tmp/evil.yaml\n')

      const { settings, file } = await loadSettings({ ...bare, cwd: workspace, options: { workspace } })

      expect({ policy: settings.policy, file }).toEqual({ policy: 'workstation', file: null })
    })
  })

  it('prefer XDG_CONFIG_HOME, unless it is a relative path', async () => {
    await inFolder(async (home) => {
      await mkdir(join(home, 'xdg', 'planner-exec'), { recursive: true })
      await writeFile(join(home, 'xdg', 'planner-exec', 'config.yaml'), 'ask: deny\n')

      const absolute = await loadSettings({ options: {}, env: { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg') }, cwd: home })
      const relative = await loadSettings({ options: {}, env: { HOME: home, XDG_CONFIG_HOME: 'xdg' }, cwd: home })

      expect([absolute.settings.ask, relative.settings.ask]).toEqual(['deny', 'park'])
    })
  })

  it('read every environment variable by its type', async () => {
    const env = {
      HOME: '/nonexistent',
      PLANNER_EXEC_SIGN_OFF: 'true',
      PLANNER_EXEC_INTERACTIVE: '0',
      PLANNER_EXEC_ALLOW: 'fs.read.v1, fs.list.v1',
      PLANNER_EXEC_CONTEXT: 'team=core,url=a=b',
      PLANNER_EXEC_TIMEOUT: '2m',
      PLANNER_EXEC_TIMEOUTS_GUARD_MS: '50',
      PLANNER_EXEC_STATE: '7',
    }

    const { settings, problems } = await loadSettings({ ...bare, env })

    expect(problems).toEqual([])
    expect(settings).toMatchObject({
      signOff: true,
      interactive: false,
      allow: ['fs.read.v1', 'fs.list.v1'],
      context: { team: 'core', url: 'a=b' },
      timeoutMs: 120_000,
      timeouts: { guardMs: 50 },
      state: '7',
    })
  })

  it('take paths in a file relative to that file, and profiles as names', async () => {
    await inFolder(async (home) => {
      await writeFile(join(home, 'c.yaml'), 'state: runs\npolicy: ./mine.yaml\nout: reports\n')

      const { settings } = await loadSettings({ ...bare, cwd: '/', configFile: join(home, 'c.yaml') })

      expect(settings).toMatchObject({ state: join(home, 'runs'), policy: join(home, 'mine.yaml'), out: join(home, 'reports') })
    })
  })

  it('read the same keys from JSON', async () => {
    await inFolder(async (home) => {
      await writeFile(join(home, 'c.json'), '{\n\t"timeouts": {"actionMs": 5},\n\t"json": true\n}')

      const { settings } = await loadSettings({ ...bare, configFile: join(home, 'c.json') })

      expect(settings).toMatchObject({ json: true, timeouts: { actionMs: 5 } })
    })
  })
})

describe('settings that cannot be used', () => {
  it('are all reported, each with file, line, and the key that was probably meant', async () => {
    await inFolder(async (home) => {
      const file = join(home, 'c.yaml')
      await writeFile(file, '# mine\npolcy: server\nlimits:\n  maxReplan: 1\n  maxRounds: many\nask: maybe\n')

      const problems = await checkConfigFile(file)

      expect(problems.map(({ origin, path, given, problem }) => [describeOrigin(origin), path, given, problem])).toEqual([
        [`file ${file}:2`, 'polcy', '"server"', 'unknown key (did you mean "policy"?)'],
        [`file ${file}:4`, 'limits.maxReplan', '1', 'unknown key (did you mean "limits.maxReplans"?)'],
        [`file ${file}:5`, 'limits.maxRounds', '"many"', 'a number'],
        [`file ${file}:6`, 'ask', '"maybe"', 'one of park, deny'],
      ])
    })
  })

  it('include variables that do not exist', async () => {
    const { problems } = await loadSettings({ ...bare, env: { HOME: '/nonexistent', PLANNER_EXEC_POLCY: 'x', PLANNER_EXEC_DEBUG: '1' } })

    expect(problems.map(({ path, problem }) => [path, problem])).toEqual([
      ['PLANNER_EXEC_POLCY', 'unknown variable (did you mean "PLANNER_EXEC_POLICY"?)'],
    ])
  })

  it('include a time limit given twice in one place', async () => {
    const { problems } = await loadSettings({ ...bare, options: { timeout: '5m', timeoutMs: '300000' } })

    expect(problems.map(({ problem }) => problem)).toEqual(['give either timeout or timeoutMs, not both'])
  })

  it.each([
    ['timeout', '5', 'a number with its unit, such as 5m, 90s or 300000ms'],
    ['timeout', '2h', 'at most 3600000'],
    ['maxSteps', '0', 'at least 1'],
    ['maxSteps', 'ten', 'a number'],
    ['parallel', '1.5', 'a whole number'],
    ['workflowType', 'big', 'one of simple, research_and_planning, complex_orchestration'],
  ])('say what %s %s may be', async (key, given, allowed) => {
    const { problems } = await loadSettings({ ...bare, options: { [key]: given } })

    expect(problems.map(({ problem }) => problem)).toEqual([allowed])
  })

  it('refuse the command with CONFIG_INVALID, or PARAMS_INVALID when only options are wrong', async () => {
    const typed = await loadSettings({ ...bare, options: { ask: 'maybe' } })
    const inherited = await loadSettings({ ...bare, env: { HOME: '/nonexistent', PLANNER_EXEC_ASK: 'maybe' } })

    expect(() => refuseProblems(typed.problems)).toThrow(expect.objectContaining({ code: 'PARAMS_INVALID' }))
    expect(() => refuseProblems(inherited.problems)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it.each([
    ['a list', '- policy\n', 'is not a mapping'],
    ['broken YAML', 'policy: [\n', 'is not valid YAML'],
    ['a key given twice', 'ask: park\nask: deny\n', 'line 2'],
  ])('include a file that is %s', async (_, text, message) => {
    await inFolder(async (home) => {
      await writeFile(join(home, 'c.yaml'), text)

      const error = await loadSettings({ ...bare, configFile: join(home, 'c.yaml') }).catch((thrown: unknown) => thrown)

      expect(error).toBeInstanceOf(ControllerError)
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) })
    })
  })

  it('include a named file that is not there', async () => {
    await expect(loadSettings({ ...bare, env: { PLANNER_EXEC_CONFIG: '/nonexistent/c.yaml' } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('the list of settings', () => {
  it('has one variable for each, and no two the same', () => {
    const names = LEAVES.map((leaf) => leaf.env)

    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain('PLANNER_EXEC_LIMITS_MAX_STEPS_CEILING')
    expect(names.every((name) => /^PLANNER_EXEC_[A-Z_]+$/.test(name))).toBe(true)
  })
})
