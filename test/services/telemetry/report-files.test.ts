import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { Plan } from '../../../src/model/plan.ts'
import { makeRunFolder, outputFolder, reportFileNames, writeReportFiles } from '../../../src/services/telemetry/report-files.ts'
import { assembleReport } from '../../../src/services/telemetry/report.ts'
import { input } from './report.fixture.ts'

const report = assembleReport(input())
let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'planner-exec-report-'))
})

describe('the files of a report', () => {
  it('replace links and FIFOs that have their names, and write through none', async () => {
    const [victim, folder] = [join(base, 'precious.txt'), join(base, 'out')]
    writeFileSync(victim, 'precious')
    mkdirSync(folder)
    symlinkSync(victim, join(folder, 'report.md'))
    spawnSync('mkfifo', [join(folder, 'report.json')])
    symlinkSync(victim, join(folder, 'report.sarif'))

    const path = await writeReportFiles(folder, report)

    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(lstatSync(path).isFile()).toBe(true)
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toMatchObject({ runId: report.runId })
    expect(readdirSync(folder).toSorted()).toEqual(['report.json', 'report.md', 'report.sarif'])
  })

  it('say in JSON what a terminal could obey without showing it raw', async () => {
    const goal = 'red \u009b31m, reversed \u202e, private \ue000, \ud83d\ude00'

    await writeReportFiles(base, assembleReport(input({}, { goal })))

    const text = readFileSync(join(base, 'report.json'), 'utf8')
    expect(text).not.toMatch(/[\u007f-\u009f\u202e\ue000]/)
    expect(JSON.parse(text)).toMatchObject({ goal })
  })

  it('leave no half-written file behind where one of them cannot be put', async () => {
    mkdirSync(join(base, 'report.md'))

    await expect(writeReportFiles(base, report)).rejects.toMatchObject({ code: 'EISDIR' })

    expect(readdirSync(base).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('the names of its files', () => {
  const figure = { kind: 'scatter', name: 'hotspots', title: 't', note: 'n', xLabel: 'x', yLabel: 'y', points: [] }

  it('are those that are written, pictures of one name told apart', async () => {
    const drawn = assembleReport(input({ look: { figures: [figure] }, count: { figures: [figure] } }))

    await writeReportFiles(base, drawn)

    expect(reportFileNames(drawn)).toEqual(['report.md', 'report.json', 'report.sarif', 'hotspots.svg', 'hotspots-2.svg'])
    expect(readdirSync(base).toSorted()).toEqual(reportFileNames(drawn).toSorted())
  })

  it('leave SARIF out where nothing was analysed', () => {
    const steps = [{ id: 'look', title: 'Look', capability: 'fs.read.v1' }]

    expect(reportFileNames(assembleReport(input({}, { plan: Plan.parse({ version: 1, steps }), results: new Map() })))).toEqual([
      'report.md',
      'report.json',
    ])
  })
})

describe('a folder for copies', () => {
  const places = () => ({ workspace: join(base, 'w'), stateDir: join(base, 'w', '.planner-exec') })
  beforeEach(() => {
    mkdirSync(join(base, 'w', '.planner-exec'), { recursive: true })
    mkdirSync(join(base, 'elsewhere'))
  })

  it.each(['new/deep', 'w/reports', 'elsewhere'])('may be %s, and is made', async (name) => {
    await outputFolder(join(base, name), places())

    expect(lstatSync(join(base, name)).isDirectory()).toBe(true)
  })

  it.each(['w/.planner-exec', 'w/.planner-exec/runs/x', 'w/state-link/x', 'link', 'w/link', 'w/link/deep'])('is never %s', async (name) => {
    symlinkSync(join(base, 'elsewhere'), join(base, 'link'))
    symlinkSync(join(base, 'elsewhere'), join(base, 'w', 'link'))
    symlinkSync(join(base, 'w', '.planner-exec'), join(base, 'w', 'state-link'))

    await expect(outputFolder(join(base, name), places())).rejects.toMatchObject({ code: 'USAGE' })

    expect(readdirSync(join(base, 'elsewhere'))).toEqual([])
  })
})

describe('the folder of a run', () => {
  it('is made with what is missing above it, and made again without harm', async () => {
    const folder = join(base, 'state', 'runs', 'run-1')

    await makeRunFolder(folder)
    await makeRunFolder(folder)

    expect(lstatSync(folder).mode & 0o777).toBe(0o700)
  })

  it.each(['runs', 'runs/run-1'])('is refused when %s is a link', async (planted) => {
    mkdirSync(join(base, 'elsewhere'))
    if (planted !== 'runs') mkdirSync(join(base, 'runs'))
    symlinkSync(join(base, 'elsewhere'), join(base, planted))

    await expect(makeRunFolder(join(base, 'runs', 'run-1'))).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' })

    expect(readdirSync(join(base, 'elsewhere'))).toEqual([])
  })
})
