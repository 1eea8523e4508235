import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProgram, dispatchOf, exitCodeOfUsage } from '../../src/cli/program.ts'
import { inFolder, recordedIo } from './fixtures.ts'

/** The whole command line in this process. */
async function invoke(cwd: string, words: readonly string[], env: Record<string, string> = {}) {
  const recorded = recordedIo(cwd, words, env)
  let code = 0
  try {
    await createProgram(dispatchOf(recorded.io, (exitCode) => (code = exitCode))).parseAsync([...words], { from: 'user' })
  } catch (error) {
    code = await exitCodeOfUsage(recorded.io, error)
  }
  return { code, stdout: recorded.stdout(), stderr: recorded.stderr() }
}

const invokeAnywhere = (words: readonly string[], env: Record<string, string> = {}) => inFolder((folder) => invoke(folder, words, env))

describe('a command line that cannot be used', () => {
  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['rnu'], '(Did you mean run?)'],
    [['run', '--serve'], "unknown option '--serve'"],
    [['run', '--model', 'x:y'], "unknown option '--model'"],
    [['run', '--otel'], "unknown option '--otel'"],
    [['run', 'fix', 'this'], 'too many arguments'],
    [['show'], "missing required argument 'id'"],
    [['export', 'page'], 'Allowed choices are statechart'],
    [['export', 'statechart', '--format', 'svg'], 'Allowed choices are ts, json, mermaid'],
    [['run', '--interactive', '--non-interactive'], 'cannot be used with'],
    [['run', '--max-steps'], 'argument missing'],
    [['choose', 'abc'], "missing required argument 'option'"],
  ])('such as %j ends with 2, and says why in one paragraph', async (words, why) => {
    const { code, stdout, stderr } = await invokeAnywhere(words)

    expect(code).toBe(2)
    expect(stderr).toContain('error[USAGE]: ')
    expect(stderr).toContain(why)
    expect(stderr).toMatch(/\nhint: .+\n$/)
    expect(stdout).toBe('')
  })

  it.each(['serve', 'mcp', 'menu', 'rollback', 'audit', 'stall', 'visualize', 'scenarios'])('includes %s, which is not built', async (name) => {
    expect((await invokeAnywhere([name])).code).toBe(2)
  })

  it('is an error record with --json, too', async () => {
    const { stdout } = await invokeAnywhere(['list', '--bogus', '--json'])

    expect(JSON.parse(stdout)).toMatchObject({ type: 'error', code: 'USAGE', message: "unknown option '--bogus'" })
  })

  it.each([
    [
      ['run', 'g', '--max-steps', '0', '--timeout', '5', '--workflow-type', 'huge'],
      ['max_steps: given "0"; allowed: at least 1', 'timeout_ms: given "5"; allowed: a number with its unit', 'workflow_type: given "huge"'],
    ],
    [['run', ' '], ['goal: given " "; allowed: must not be empty']],
    [['run', 'g', '--context', 'novalue'], ['context: given ["novalue"]; allowed: a record']],
    [['run', 'g', '--ask', 'maybe'], ['allowed: one of park, deny']],
  ])('such as %j names every parameter that is wrong', async (words, problems) => {
    const { code, stderr } = await invokeAnywhere(words)

    expect(code).toBe(2)
    expect(stderr).toContain('error[PARAMS_INVALID]')
    for (const problem of problems) expect(stderr).toContain(problem)
  })

  it.each([
    ['--plan', 'nothing.yaml', 'PLAN_UNREADABLE'],
    ['--params', 'nothing.json', 'PARAMS_INVALID'],
    ['--config', 'nothing.yaml', 'CONFIG_INVALID'],
  ])('includes %s with a file that is not there', async (option, file, failureCode) => {
    const { code, stderr } = await invokeAnywhere(['run', 'g', option, file])

    expect(code).toBe(2)
    expect(stderr).toContain(`error[${failureCode}]`)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  it('includes --interactive where nobody can type', async () => {
    const { code, stderr } = await invokeAnywhere(['run', 'g', '--interactive'])

    expect(code).toBe(2)
    expect(stderr).toContain('--interactive needs a terminal')
  })
})

describe('config', () => {
  it('shows every value with its origin', async () => {
    await inFolder(async (home) => {
      await mkdir(join(home, '.config', 'planner-exec'), { recursive: true })
      const file = join(home, '.config', 'planner-exec', 'config.yaml')
      await writeFile(file, 'parallel: 2\n')

      const { code, stdout } = await invoke(home, ['config', 'show', '--max-steps', '7', '--json'], { PLANNER_EXEC_ASK: 'deny' })

      const settings = new Map(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .map(({ key, value, origin }) => [key, [value, origin]]),
      )
      expect(code).toBe(0)
      expect([settings.get('parallel'), settings.get('maxSteps'), settings.get('ask'), settings.get('sync'), settings.get('json')]).toEqual([
        [2, `file ${file}:1`],
        [7, 'option --max-steps'],
        ['deny', 'env PLANNER_EXEC_ASK'],
        ['full', 'default'],
        [true, 'option --json'],
      ])
    })
  })

  it('checks a file and names every problem', async () => {
    await inFolder(async (home) => {
      await writeFile(join(home, 'good.yaml'), 'policy: server\n')
      await writeFile(join(home, 'bad.yaml'), 'polcy: server\nask: maybe\n')

      const good = await invoke(home, ['config', 'check', 'good.yaml'])
      const bad = await invoke(home, ['config', 'check', 'bad.yaml'])

      expect([good.code, bad.code]).toEqual([0, 2])
      expect(bad.stderr).toContain('bad.yaml:1: polcy: unknown key (did you mean "policy"?)')
      expect(bad.stderr).toContain('bad.yaml:2: ask: given "maybe"; allowed: one of park, deny')
    })
  })

  it('of a broken user file stops every other command, but not the check of another file', async () => {
    await inFolder(async (home) => {
      await mkdir(join(home, '.config', 'planner-exec'), { recursive: true })
      await writeFile(join(home, '.config', 'planner-exec', 'config.yaml'), 'nonsense: 1\n')
      await writeFile(join(home, 'good.yaml'), '')

      expect((await invoke(home, ['export', 'statechart'])).code).toBe(2)
      expect((await invoke(home, ['config', 'check', 'good.yaml'])).code).toBe(0)
    })
  })
})

describe('commands that need no run', () => {
  it('export both charts in every format', async () => {
    const typescript = await invokeAnywhere(['export', 'statechart', '--machine', 'action'])
    const json = await invokeAnywhere(['export', 'statechart', '--format', 'json'])
    const mermaid = await invokeAnywhere(['export', 'statechart', '--format', 'mermaid'])

    expect(typescript.stdout).toContain(`import { createMachine } from 'xstate'`)
    expect(JSON.parse(json.stdout)).toMatchObject({ id: 'workflow' })
    expect(mermaid.stdout).toMatch(/^stateDiagram-v2/)
  })

  it('check a policy file and say what is wrong with it', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'good.yaml'), 'version: 1\ndefaults: { fs.read: allow }\n')
      await writeFile(join(folder, 'bad.yaml'), 'version: 1\ndefault: {}\n')

      const good = await invoke(folder, ['policy', 'check', 'good.yaml'])
      const bad = await invoke(folder, ['policy', 'check', 'bad.yaml'])

      expect(good).toMatchObject({ code: 0, stderr: '' })
      expect(good.stdout).toContain('good.yaml')
      expect(bad.code).toBe(2)
      expect(bad.stderr).toContain('bad.yaml:2')
    })
  })
})
