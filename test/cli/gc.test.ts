import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProgram, dispatchOf, exitCodeOfUsage } from '../../src/cli/program.ts'
import { createSqliteJournal } from '../../src/index.ts'
import { claimRun, entry } from '../services/journal/journal.fixture.ts'
import { finished } from '../services/journal/retention.contract.ts'
import { recordsOf } from '../support/e2e-cli.ts'
import { inFolder, recordedIo } from './fixtures.ts'

const HOUR = 3_600_000

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

/** A workspace with finished runs of these ages, named by them, and an unfinished one. */
const withRuns = (hours: readonly number[], work: (folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    const journal = await createSqliteJournal({ file: join(folder, '.planner-exec', 'planner-exec.db') })
    const now = Date.now()
    for (const age of [...hours, 0]) {
      const runId = age === 0 ? 'unfinished' : `ended-${age}h-ago`
      const at = age === 0 ? now - 99 * HOUR : now - age * HOUR
      const lease = claimRun(journal, runId)
      await journal.commit({ ...lease, entries: [entry(0)], summary: finished(runId, { createdAt: at, updatedAt: at, finished: age !== 0 }) })
      journal.release(lease)
      await mkdir(join(folder, '.planner-exec', 'runs', runId), { recursive: true })
      await writeFile(join(folder, '.planner-exec', 'runs', runId, 'report.md'), '# Report\n')
    }
    await journal.close()
    await work(folder)
  })

const namesIn = (text: string) => [...text.matchAll(/^removed {2}(\S+)/gm)].map(([, name]) => name).toSorted()

describe('gc', () => {
  it('removes what is too old, says so in a line each, and ends with 0', async () => {
    await withRuns([30, 25, 3], async (folder) => {
      const { code, stdout, stderr } = await invoke(folder, ['gc'])

      expect([code, stderr]).toEqual([0, ''])
      expect(namesIn(stdout)).toEqual(['ended-25h-ago', 'ended-30h-ago'])
      expect(stdout).toMatch(/^removed {2}ended-30h-ago {2}completed {2}ended 1d ago$/m)
      expect(stdout).toMatch(/^2 of 4 runs removed, with 0 stored bodies and 2 folders of reports; .* freed/m)
      expect(stdout).not.toContain('kept')
      expect(existsSync(join(folder, '.planner-exec', 'runs', 'ended-30h-ago'))).toBe(false)
      expect((await invoke(folder, ['list'])).stdout).not.toContain('ended-30h-ago')
      expect((await invoke(folder, ['show', 'ended-30h-ago'])).code).toBe(2)
    })
  })

  it('says with -v what is kept, and why', async () => {
    await withRuns([30, 3], async (folder) => {
      const { stdout } = await invoke(folder, ['gc', '-v'])

      expect(stdout).toContain('kept  unfinished  completed: it has not ended')
      expect(stdout).toContain('kept  ended-3h-ago  completed: it is neither too old nor one too many')
    })
  })

  it.each([
    [
      ['--older-than', '2h'],
      ['ended-25h-ago', 'ended-30h-ago', 'ended-3h-ago'],
    ],
    [
      ['--keep', '1'],
      ['ended-25h-ago', 'ended-30h-ago'],
    ],
    [['--older-than', '100h', '--keep', '2'], ['ended-30h-ago']],
    [['--older-than', '100h'], []],
    [
      ['--keep', '0', '--older-than', '0ms'],
      ['ended-25h-ago', 'ended-30h-ago', 'ended-3h-ago'],
    ],
  ])('removes what %j asks for', async (words, names) => {
    await withRuns([30, 25, 3], async (folder) => {
      expect(namesIn((await invoke(folder, ['gc', ...words])).stdout)).toEqual(names)
    })
  })

  it('takes its numbers from the environment, an option before it', async () => {
    await withRuns([30, 3], async (folder) => {
      const env = { PLANNER_EXEC_RETENTION_MAX_AGE_MS: String(40 * HOUR), PLANNER_EXEC_RETENTION_MAX_FINISHED: '9' }

      expect((await invoke(folder, ['gc'], env)).stdout).toContain('0 of 3 runs removed')
      expect(namesIn((await invoke(folder, ['gc', '--older-than', '24h'], env)).stdout)).toEqual(['ended-30h-ago'])
    })
  })

  it('has settings that config show lists and config check knows', async () => {
    await inFolder(async (folder) => {
      const shown = recordsOf(await invoke(folder, ['config', 'show', '--json'], { PLANNER_EXEC_RETENTION_MAX_FINISHED: '7' }))
      await writeFile(join(folder, 'bad.yaml'), 'retention:\n  maxAge: 1\n')

      expect(shown).toContainEqual(expect.objectContaining({ key: 'retention.maxAgeMs', value: 24 * HOUR, origin: 'default' }))
      expect(shown).toContainEqual(expect.objectContaining({ key: 'retention.maxFinished', value: 7 }))
      expect((await invoke(folder, ['config', 'check', 'bad.yaml'])).stderr).toContain('did you mean "retention.maxAgeMs"?')
    })
  })

  it('removes nothing in a dry run', async () => {
    await withRuns([30], async (folder) => {
      const { stdout } = await invoke(folder, ['gc', '--dry-run'])

      expect(stdout).toContain('would remove  ended-30h-ago')
      expect(stdout).toContain('1 of 2 runs would be removed. Nothing was.')
      expect((await invoke(folder, ['list'])).stdout).toContain('ended-30h-ago')
      expect(existsSync(join(folder, '.planner-exec', 'runs', 'ended-30h-ago'))).toBe(true)
    })
  })

  it('is with --json a record for each run, and a result', async () => {
    await withRuns([30, 3], async (folder) => {
      const records = recordsOf(await invoke(folder, ['gc', '--json']))

      expect(records.slice(0, -1).map(({ type, runId, removed, because }) => [type, runId, removed, because])).toEqual([
        ['run', 'ended-3h-ago', false, 'retained'],
        ['run', 'ended-30h-ago', true, null],
        ['run', 'unfinished', false, 'unfinished'],
      ])
      expect(records.at(-1)).toMatchObject({ type: 'result', removed: 1, kept: 2, dryRun: false, folders: 1, blobs: 0, leftovers: [] })
    })
  })

  it('ends with 1 when folders cannot be cleared, and says which', async () => {
    await withRuns([30], async (folder) => {
      await rename(join(folder, '.planner-exec', 'runs'), join(folder, 'elsewhere'))
      await writeFile(join(folder, '.planner-exec', 'runs'), 'no folder')

      const { code, stderr } = await invoke(folder, ['gc'])

      expect(code).toBe(1)
      expect(stderr).toMatch(/^left alone: .*runs: it is a link or no folder$/m)
    })
  })

  it.each([
    [['--older-than', '24'], '--older-than is 24'],
    [['--keep', '-1'], '--keep is -1'],
    [['--keep', 'all'], '--keep is all'],
    [['something'], 'too many arguments'],
  ])('refuses %j', async (words, why) => {
    await inFolder(async (folder) => {
      const { code, stderr } = await invoke(folder, ['gc', ...words])

      expect(code).toBe(2)
      expect(stderr).toContain(why)
    })
  })

  it('has nothing to do in a workspace without runs', async () => {
    await inFolder(async (folder) => {
      expect(await invoke(folder, ['gc'])).toMatchObject({ code: 0, stderr: '' })
    })
  })
})
