import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { atDesk as atDeskOf, buildCli, type Desk, type Ended } from './invoke-cli.ts'

let program = { main: '', remove: async () => {} }
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(program.main, work)

vi.setConfig({ testTimeout: 90_000 })

beforeAll(async () => {
  program = await buildCli()
}, 120_000)
afterAll(() => program.remove())

const plan = {
  version: 1,
  steps: [
    { id: 'inventory', title: 'Count', capability: 'analysis.inventory.v1', args: {} },
    { id: 'hygiene', title: 'Check', capability: 'analysis.hygiene.v1', args: {} },
  ],
  successCriteria: [{ kind: 'stepSucceeded', step: 'hygiene' }],
}
const lastRecord = ({ stdout }: Ended) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

/** A workspace whose package.json does not parse, which is a grave finding, and has no README, which is a lesser one. */
async function atBrokenProject(work: (desk: Desk) => Promise<void>): Promise<void> {
  await atDesk(async (desk) => {
    await mkdir(join(desk.folder, 'w'))
    await desk.write('w/package.json', '{ "name": ')
    await desk.write('w/index.js', 'export const one = 1\n')
    await desk.write('plan.json', plan)
    await work(desk)
  })
}
const run = (desk: Desk, ...words: string[]) => desk.run('run', 'Look', '--plan', 'plan.json', '--workspace', 'w', '--state', 'state', ...words)
const reportOf = (desk: Desk, ...words: string[]) => desk.run('report', 'last', '--workspace', 'w', '--state', 'state', ...words)
const reportIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))

describe('the files of a report', () => {
  it('are copied to --out, by run and by report, and are the same', async () => {
    await atBrokenProject(async (desk) => {
      const ended = await run(desk, '--out', 'one')
      const later = await reportOf(desk, '--out', 'two')

      expect([ended.code, later.code]).toEqual([0, 0])
      expect(readdirSync(join(desk.folder, 'one')).toSorted()).toEqual(['report.json', 'report.md', 'report.sarif'])
      for (const name of ['report.json', 'report.md', 'report.sarif']) {
        expect(readFileSync(join(desk.folder, 'two', name), 'utf8')).toBe(readFileSync(join(desk.folder, 'one', name), 'utf8'))
      }
      expect(reportIn(join(desk.folder, 'one')).findings[0]).toMatchObject({ rule: 'config.broken-json', file: 'package.json' })
    })
  })

  it('are never written through a link, nor into the state folder', async () => {
    await atBrokenProject(async (desk) => {
      await mkdir(join(desk.folder, 'precious'))
      await symlink(join(desk.folder, 'precious'), join(desk.folder, 'w', 'link'))

      const refused = [await run(desk, '--out', 'w/link'), await run(desk, '--out', 'state/out')]

      expect(refused.map(({ code }) => code)).toEqual([2, 2])
      expect(refused[0]?.stderr).toContain('symbolic link')
      expect(refused[1]?.stderr).toContain('state folder')
      expect(readdirSync(join(desk.folder, 'precious'))).toEqual([])
    })
  })

  it('are byte for byte the same for two runs on one tree, but for ids and times', async () => {
    await atBrokenProject(async (desk) => {
      await run(desk, '--out', 'one')
      await run(desk, '--out', 'two')

      const same = (name: string) => {
        const [one, two] = ['one', 'two'].map((folder) =>
          readFileSync(join(desk.folder, folder, name), 'utf8').replaceAll(reportIn(join(desk.folder, folder)).runId, 'ID'),
        )
        const timeless = (text = '') =>
          text
            .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
            .replace(/"digest": "\w+"/g, 'D')
            .replace(/"(?:startedAt|durationMs|wallMs|cpuMs|maxRssBytes)": [\d.]+/g, 'N')
            .replace(/[\d.]+ s\b|\d+ MiB/g, 'N')
        expect(timeless(two)).toBe(timeless(one))
      }
      for (const name of ['report.md', 'report.json', 'report.sarif']) same(name)
    })
  })
})

describe('--fail-on', () => {
  it('fails a completed run with a finding that is at least as grave, and says which', async () => {
    await atBrokenProject(async (desk) => {
      const [high, plain] = [await run(desk, '--fail-on', 'high'), await run(desk)]

      expect([high.code, plain.code]).toEqual([1, 0])
      expect(high.stdout).toMatch(/fail-on high: 1 finding is high: config\.broken-json-[0-9a-f]{8}/)
    })
  })

  it('is told in the result record, and asked of a report as well', async () => {
    await atBrokenProject(async (desk) => {
      const ended = await run(desk, '--fail-on', 'high', '--json')
      const later = [await reportOf(desk, '--fail-on', 'high'), await reportOf(desk, '--fail-on', 'grave')]

      expect(lastRecord(ended)).toMatchObject({
        type: 'result',
        status: 'completed',
        failOn: { severity: 'high', findings: [expect.stringContaining('config.broken-json-')] },
      })
      expect(later.map(({ code }) => code)).toEqual([1, 2])
      expect(later[0]?.stderr).toContain('fail-on high: 1 finding is high')
    })
  })

  it('lets suppressed findings pass', async () => {
    await atBrokenProject(async (desk) => {
      await desk.write('w/planner-exec.suppressions.yaml', 'version: 1\nsuppressions:\n  - { rule: config.broken-json, reason: A fixture. }\n')

      const ended = await run(desk, '--fail-on', 'high', '--out', 'out')

      expect(ended.code).toBe(0)
      expect(ended.stdout).toMatch(/1 suppressed \(1 high\)/)
      expect(reportIn(join(desk.folder, 'out')).suppressed).toMatchObject([{ rule: 'config.broken-json', reason: 'A fixture.' }])
    })
  })
})

describe('a suppressions file that is none', () => {
  it.each([
    [
      'a mapping with mistakes',
      async (file: string, desk: Desk) => void (await desk.write(file, 'suppressions: 5\n')),
      /line 1: (?:version|suppressions)/,
    ],
    ['a link', async (file: string, desk: Desk) => symlink('/etc/hostname', join(desk.folder, file)), /symbolic link/],
    ['a folder', async (file: string, desk: Desk) => mkdir(join(desk.folder, file)), /folder|not a (?:regular )?file/],
    ['a FIFO', async (file: string, desk: Desk) => void execFileSync('mkfifo', [join(desk.folder, file)]), /file/],
  ])('but %s hides nothing, and the report says so', async (_, put, problem) => {
    await atBrokenProject(async (desk) => {
      await put('w/planner-exec.suppressions.yaml', desk)

      const ended = await run(desk, '--out', 'out')

      expect(ended.code).toBe(0)
      const { notes, findings } = reportIn(join(desk.folder, 'out'))
      expect(notes).toEqual([expect.stringMatching(/^planner-exec\.suppressions\.yaml was not used, so nothing is suppressed: /)])
      expect(notes[0]).toMatch(problem)
      expect(findings[0].rule).toBe('config.broken-json')
      expect(ended.stdout).toContain('note: planner-exec.suppressions.yaml was not used')
    })
  })
})

describe('--explain', () => {
  it('says everything about one finding, after the run or later', async () => {
    await atBrokenProject(async (desk) => {
      const during = await run(desk, '--explain', 'config.broken-json')
      const later = await reportOf(desk, '--explain', 'config.broken-json')

      expect([during.code, later.code]).toEqual([0, 0])
      expect(later.stdout).toMatch(/^config\.broken-json-[0-9a-f]{8}: /)
      expect(during.stdout).toContain(later.stdout.trim())
      expect(during.stdout).not.toContain('do this first')
    })
  })

  it('names the nearest ids when there is no such finding', async () => {
    await atBrokenProject(async (desk) => {
      await run(desk)

      const ended = await reportOf(desk, '--explain', 'config.borken')

      expect(ended.code).toBe(2)
      expect(ended.stderr).toMatch(/no finding config\.borken[\s\S]*config\.broken-json-/)
    })
  })
})

describe('--since', () => {
  it('is refused with a plan, which would not take it', async () => {
    await atBrokenProject(async (desk) => {
      const ended = await run(desk, '--since', 'main')

      expect(ended.code).toBe(2)
      expect(ended.stderr).toContain('cannot be used with a plan of your own')
      expect(existsSync(join(desk.folder, 'state'))).toBe(false)
    })
  })

  it('is told to have had no effect when nothing in the plan found out what changed', async () => {
    await atBrokenProject(async (desk) => {
      const ended = await run(desk, '--context', 'since=main', '--out', 'out')

      expect(ended.code).toBe(0)
      expect(reportIn(join(desk.folder, 'out')).since).toBeNull()
      expect(ended.stderr).toContain('note: --since had no effect')
    })
  })

  it('keeps what is about the changes, and counts the rest', async () => {
    await atBrokenProject(async (desk) => {
      const git = (...words: string[]) =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false', ...words], {
          cwd: join(desk.folder, 'w'),
        })
      git('init', '-q', '-b', 'main')
      git('add', '.')
      git('commit', '-q', '-m', 'one')
      await desk.write('w/tsconfig.json', '{ "compilerOptions": ')

      const ended = await desk.run('run', '--playbook', 'analyze-repo', '--workspace', 'w', '--state', 'state', '--since', 'main', '--out', 'out')

      expect(ended).toMatchObject({ code: 0, stderr: '' })
      const { findings, since, notes } = reportIn(join(desk.folder, 'out'))
      expect(findings.map(({ file }: { file: string }) => file)).toEqual(['tsconfig.json'])
      expect(since).toBe('main')
      expect(notes[0]).toMatch(/^Only what changed since `main` is reported \(1 file\)\. \d+ findings elsewhere are left out\.$/)
    })
  })
})
