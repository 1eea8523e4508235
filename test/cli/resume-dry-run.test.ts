import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { createProgram, dispatchOf, exitCodeOfUsage } from '../../src/cli/program.ts'
import { createController, createMemoryJournal, createSqliteJournal, type Controller } from '../../src/index.ts'
import { loadDriver } from '../../src/services/journal/sqlite-driver.ts'
import { recordsOf } from '../support/e2e-cli.ts'
import { asFirst, recordingJournal } from '../support/older-run.ts'
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

/** Waits for a person before it writes; without a step it ends by itself. */
const note = { id: 'note', title: 'Write a note', capability: 'fs.write.v1', args: { path: 'note.md', content: 'x' } }
const list = { id: 'list', title: 'List files', capability: 'fs.list.v1', args: {} }

interface Runs {
  readonly waiting: string
  readonly older: string
  readonly damaged: string
  readonly ended: string
  readonly endedOlder: string
}

/** A workspace with a run that waits, one of other statecharts, one whose second record was damaged, and two that ended. */
async function withRuns(work: (folder: string, runs: Runs) => Promise<void>): Promise<void> {
  await inFolder(async (workspace) => {
    const recording = recordingJournal(createMemoryJournal())
    const controller = await createController({ workspace, policy: 'workstation', journal: recording.journal })
    const runs: Runs = {
      waiting: await runOf(controller, note),
      older: await runOf(controller, note),
      damaged: await runOf(controller, note),
      ended: await runOf(controller, list),
      endedOlder: await runOf(controller, list),
    }
    await controller.close()
    const file = join(workspace, '.planner-exec', 'planner-exec.db')
    const journal = await createSqliteJournal({ file })
    const others = new Set([runs.older, runs.endedOlder])
    await recording.copyTo(journal, (entries) => (others.has(runIn(entries)) ? entries.map(asFirst) : entries))
    await journal.close()
    const driver = (await loadDriver())(file)
    driver.prepare("UPDATE journal SET body = replace(body, 'run.start', 'run.stert') WHERE run_id = ? AND seq = 1").run(runs.damaged)
    driver.close()
    await work(workspace, runs)
  })
}

async function runOf(controller: Controller, step: typeof note | typeof list): Promise<string> {
  const run = await controller.start({ goal: step.title }, { plan: { version: 1, steps: [step] } })
  await run.outcome()
  return run.id
}

function runIn(entries: Parameters<Parameters<ReturnType<typeof recordingJournal>['copyTo']>[1]>[0]): string {
  const [first] = entries
  return first?.kind === 'started' ? String((first.header.input['workflow'] as { runId: string }).runId) : ''
}

/** Every table, as it lies in the file. */
async function contentOf(folder: string): Promise<unknown> {
  const driver = (await loadDriver())(join(folder, '.planner-exec', 'planner-exec.db'))
  try {
    const tables = driver.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").all()
    return tables.map(({ name }) => [name, driver.prepare(`SELECT * FROM ${String(name)}`).all()])
  } finally {
    driver.close()
  }
}

describe('resume --dry-run', () => {
  it('says of every unfinished run whether it would go on, and why not', async () => {
    await withRuns(async (folder, { waiting, older, damaged, ended }) => {
      const { code, stdout, stderr } = await invoke(folder, 'resume', '--all', '--dry-run')

      expect([code, stderr]).toEqual([1, ''])
      expect(stdout).toMatch(new RegExp(`^would go on  ${waiting}  open\\.\\S+, waits for a person$`, 'm'))
      expect(stdout).toMatch(
        new RegExp(`^would not    ${older}  open\\.\\S+: .*the statecharts \\(version 0\\.1 \\(1{12}\\), now version .*\\n {13}Open it with`, 'm'),
      )
      expect(stdout).toMatch(new RegExp(`^would not    ${damaged}  open\\.\\S+: .*record 1`, 'm'))
      expect(stdout).toMatch(/^1 of 3 would go on\. Nothing was run\.$/m)
      expect(stdout).not.toContain(ended)
    })
  })

  it('runs nothing, takes no lease and writes nothing', async () => {
    await withRuns(async (folder, { waiting }) => {
      const before = await contentOf(folder)

      const { code } = await invoke(folder, 'resume', waiting, '--dry-run')
      await invoke(folder, 'resume', '--all', '--dry-run', '--json')

      expect(code).toBe(0)
      expect(await contentOf(folder)).toEqual(before)
    })
  })

  it('ends with what the resume itself would end with', async () => {
    await withRuns(async (folder, { ended, older }) => {
      for (const runId of [ended, older]) {
        const dry = await invoke(folder, 'resume', runId, '--dry-run')
        const real = await invoke(folder, 'resume', runId)

        expect(dry.code).toBe(real.code)
        expect(dry.code).not.toBe(0)
      }
      expect((await invoke(folder, 'resume', 'nobody', '--dry-run')).code).toBe(2)
      expect((await invoke(folder, 'resume', '--dry-run')).code).toBe(2)
    })
  })

  it('is a record for each run with --json, and one for all', async () => {
    await withRuns(async (folder, { waiting, older, damaged }) => {
      const records = recordsOf(await invoke(folder, 'resume', '--all', '--dry-run', '--json'))

      expect(records).toMatchObject([
        { type: 'run', runId: waiting, goesOn: true, replay: null, resume: null, migrations: [] },
        { type: 'run', runId: older, goesOn: false, resume: { code: 'RUN_INCOMPATIBLE' } },
        { type: 'run', runId: damaged, goesOn: false, resume: { code: 'JOURNAL_CORRUPT' } },
        { type: 'result', goOn: 1, refused: 2 },
      ])
    })
  })

  it('sees that the policy of a run is another one now, by its hashes', async () => {
    await inFolder(async (folder) => {
      const policy = join(folder, 'policy.yaml')
      const rules = (reason: string) => writeFile(policy, `version: 1\ndefaults: { '*': ask }\nrules: [{ ask: 'fs.write', reason: '${reason}' }]\n`)
      await rules('one')
      const controller = await createController({ workspace: folder, policy })
      await runOf(controller, note)
      await controller.close()
      await rules('two')

      const { code, stdout } = await invoke(folder, 'resume', 'last', '--dry-run')

      expect(code).toBe(1)
      expect(stdout).toMatch(/the policy \S+ \([0-9a-f]{12}, now [0-9a-f]{12}\) changed since\n {13}Give the policy/)
    })
  })

  it('has nothing to say where no run is unfinished', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await invoke(folder, 'resume', '--all', '--dry-run')

      expect([code, stdout]).toEqual([0, 'No run is unfinished.\n'])
    })
  })
})

describe('doctor', () => {
  it('lists the stored runs that would not replay or go on: unfinished and damaged ones fail, ended ones of other statecharts do not', async () => {
    await withRuns(async (folder, { waiting, older, damaged, ended, endedOlder }) => {
      const { code, stdout } = await invoke(folder, 'doctor', '--json')

      const runs = recordsOf({ stdout }).filter(({ name }) => name === 'run' || name === 'stored runs')
      const named = (runId: string) => runs.filter(({ detail }) => String(detail).startsWith(runId))
      expect(code).toBe(1)
      expect(runs[0]).toMatchObject({ name: 'stored runs', status: 'ok', detail: expect.stringMatching(/^5, 3 unfinished; all others would replay/) })
      expect([named(waiting), named(ended)]).toEqual([[], []])
      expect(named(older)).toMatchObject([
        {
          status: 'fail',
          detail: expect.stringMatching(/would neither replay nor go on: .*version 0\.1/),
          remedy: expect.stringMatching(/migration/),
        },
      ])
      expect(named(damaged)).toMatchObject([{ status: 'fail', detail: expect.stringContaining('record 1'), remedy: expect.stringMatching(/backup/) }])
      expect(named(endedOlder)).toMatchObject([{ status: 'warn', detail: expect.stringContaining('would not replay') }])
    })
  })
})
