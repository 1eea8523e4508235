import { describe, expect, it } from 'vitest'
import { createProgram, dispatchOf, exitCodeOfUsage } from '../../src/cli/program.ts'
import { createController } from '../../src/index.ts'
import { inFolder, recordedIo } from './fixtures.ts'

async function invoke(cwd: string, ...words: readonly string[]) {
  const recorded = recordedIo(cwd, words)
  let code = 0
  try {
    await createProgram(dispatchOf(recorded.io, (exitCode) => (code = exitCode))).parseAsync([...words], { from: 'user' })
  } catch (error) {
    code = await exitCodeOfUsage(recorded.io, error)
  }
  return { code, stdout: recorded.stdout(), stderr: recorded.stderr() }
}

const ask = (id: string, more: object = {}) => ({
  id,
  title: `Write ${id}`,
  capability: 'fs.write.v1',
  args: { path: `${id}.md`, content: 'x' },
  ...more,
})

/** A workspace with a run that waits for a person. */
async function withRun(work: (folder: string, run: { readonly id: string; readonly lastSeq: number }) => Promise<void>): Promise<void> {
  await inFolder(async (workspace) => {
    const controller = await createController({ workspace, policy: 'workstation' })
    const plan = { version: 1, steps: [ask('first'), ask('second', { dependsOn: ['first'] })] }
    const run = await controller.start({ goal: 'Two notes' }, { plan })
    await run.outcome()
    const { lastSeq } = controller.show(run.id)
    await controller.close()
    await work(workspace, { id: run.id, lastSeq })
  })
}

describe('replay', () => {
  it('says what the run was, what came last, what was due and what it waited for', async () => {
    await withRun(async (folder, { id, lastSeq }) => {
      const { code, stdout } = await invoke(folder, 'replay', 'last')

      expect(code).toBe(0)
      expect(stdout).toContain('Two notes\n')
      expect(stdout).toContain(`  run      ${id} (simple)\n`)
      expect(stdout).toMatch(new RegExp(`  record   ${lastSeq}, \\d{4}-.*Z, 0:0\\d on the run's clock\n`))
      expect(stdout).toContain('  last     the run was parked (needs-person)\n')
      expect(stdout).toMatch(/ {2}state {4}open\.active\.executing\.\w+: /)
      expect(stdout).toMatch(/timers:\n(?: {2}.*\n)* {2}runTimeLeft of the workflow: due at 5:0\d on the run's clock, in /)
      expect(stdout).toMatch(/waited for a person:\n {2}first asks to run fs\.write\.v1: Write first\n/)
      expect(stdout).not.toContain('go on with')
    })
  })

  it('goes back to the record that is named', async () => {
    await withRun(async (folder, { id }) => {
      const { stdout } = await invoke(folder, 'replay', id, '--to', '1')

      expect(stdout).toContain('  record   1, ')
      expect(stdout).toContain('  last     run.start for the workflow, from a process\n')
      expect(stdout).toContain('under way:\n  the workflow: vetGoal\n')
      expect(stdout).not.toContain('waited for a person')
    })
  })

  it('is one record with --json', async () => {
    await withRun(async (folder, { id }) => {
      const { stdout } = await invoke(folder, 'replay', id, '--to', '0', '--json')

      expect(JSON.parse(stdout)).toMatchObject({
        type: 'replay',
        summary: { runId: id, state: 'idle' },
        lastSeq: 0,
        lastRecord: { kind: 'started', seq: 0 },
        states: [{ actionId: null, value: 'idle' }],
        timers: [],
        services: [],
      })
    })
  })

  it.each(['99999', '-1', 'x', '1.5', '', '9'.repeat(30)])('refuses --to=%s, and says which records there are', async (to) => {
    await withRun(async (folder, { id, lastSeq }) => {
      const { code, stderr } = await invoke(folder, 'replay', id, `--to=${to}`)

      expect(code).toBe(2)
      expect(stderr).toContain('error[USAGE]')
      expect(stderr).toContain(`0 to ${lastSeq}`)
    })
  })

  it('refuses a run that is not there', async () => {
    await withRun(async (folder) => {
      const { code, stderr } = await invoke(folder, 'replay', 'nobody-has-this-id')

      expect(code).toBe(2)
      expect(stderr).toContain('error[RUN_UNKNOWN]')
    })
  })
})

describe('fork', () => {
  it('makes a run that can go on, and says how', async () => {
    await withRun(async (folder, { id }) => {
      const { code, stdout } = await invoke(folder, 'fork', id, '--from', '3')

      const forked = /^forked: run (\S+) begins/.exec(stdout)?.[1] ?? ''
      expect(code).toBe(0)
      expect(stdout).toContain(`go on with: planner-exec resume ${forked}`)
      expect(stdout).toContain('The files of the workspace are as they are now')
      expect((await invoke(folder, 'list', '--json')).stdout).toContain(forked)
      expect((await invoke(folder, 'replay', forked)).stdout).toContain('the run was parked (forked)')
    })
  })

  it('is one record with --json', async () => {
    await withRun(async (folder, { id }) => {
      const { stdout } = await invoke(folder, 'fork', id, '--from', '3', '--json')

      expect(JSON.parse(stdout)).toEqual({ type: 'forked', runId: expect.any(String), from: { runId: id, seq: 3 }, repeated: [], inDoubt: [] })
    })
  })

  it.each([[[]], [['--from=x']], [['--from=99999']], [['--from=']]])('refuses %j', async (words) => {
    await withRun(async (folder, { id }) => {
      const { code, stderr } = await invoke(folder, 'fork', id, ...words)

      expect(code).toBe(2)
      expect(stderr).toContain('error[USAGE]')
      expect((await invoke(folder, 'list', '--json')).stdout.trim().split('\n')).toHaveLength(1)
    })
  })
})
