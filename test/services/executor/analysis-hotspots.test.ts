import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Figure } from '../../../src/model/report.ts'
import { parseLog } from '../../../src/services/executor/capabilities/analysis/history.ts'
import { analyse, git, makeRepository, makeWorkspace, placesOf, shown, write } from './analysis.fixture.ts'

const source = (lines: number, version: number) => `export const version = ${version}\n`.repeat(lines)
const commits = (path: string, count: number, lines: number, author = 'Ada') =>
  Array.from({ length: count }, (_, version) => ({ files: { [path]: source(lines, version) }, author }))

const manyFiles = (count: number) => [{ files: Object.fromEntries(Array.from({ length: count }, (_, at) => [`src/f${at}.ts`, 'x\n'])) }]

describe('the hotspots analysis', () => {
  it('multiplies commits by lines and shows the commits by a command', async () => {
    const workspace = makeRepository(...commits('src/größe a.ts', 6, 300), ...commits('src/b.ts', 2, 900, 'Bob'), ...commits('README.md', 9, 500))

    const output = await analyse('hotspots', workspace)

    expect(output['hotspots']).toEqual([
      { path: 'src/b.ts', commits: 2, authors: 1, lines: 900, score: 1800 },
      { path: 'src/größe a.ts', commits: 6, authors: 1, lines: 300, score: 1800 },
    ])
    expect(placesOf(output)).toEqual(['history.hotspot src/größe a.ts'])
    expect(output.findings[0]).toMatchObject({ evidence: '300 lines, changed in 6 commits by 1 author', confidence: 'verified' })
    expect(shown(workspace, output.findings[0])).toBe('6')
  })

  it('draws the files without their authors, and marks what it found', async () => {
    const workspace = makeRepository(...commits('a.ts', 6, 300, 'Grace Hopper'), ...commits('b.ts', 2, 9, 'Grace Hopper'), ...manyFiles(70))

    const [figure] = Figure.array().parse((await analyse('hotspots', workspace))['figures'])

    expect(figure).toMatchObject({ kind: 'scatter', name: 'hotspots', xLabel: 'commits', yLabel: 'lines' })
    expect(figure?.kind === 'scatter' && figure.points.slice(0, 2)).toEqual([
      { label: 'a.ts', x: 6, y: 300, marked: true },
      { label: 'b.ts', x: 2, y: 9, marked: false },
    ])
    expect(figure?.kind === 'scatter' && figure.points).toHaveLength(60)
    expect(JSON.stringify(figure)).not.toContain('Grace')
    expect(await analyse('hotspots', makeRepository({ files: { 'README.md': 'x' } }))).toMatchObject({ figures: [] })
  })

  it('works below the root of a repository', async () => {
    const workspace = join(makeRepository(...commits('part/a.ts', 5, 250)), 'part')

    const output = await analyse('hotspots', workspace)

    expect(placesOf(output)).toEqual(['history.hotspot a.ts'])
    expect(shown(workspace, output.findings[0])).toBe('5')
  })

  it('leaves out merges, generated files and files that are gone', async () => {
    const workspace = makeRepository(...commits('gone.ts', 6, 300), ...commits('dist/a.ts', 6, 300), { files: { 'b.ts': '// @generated\n' } })
    git(workspace, 'rm', '-q', 'gone.ts')

    expect(await analyse('hotspots', workspace)).toMatchObject({ commits: 13, hotspots: [], findings: [] })
  })

  it('tells when one author made nearly everything', async () => {
    const workspace = makeRepository(...commits('a.ts', 19, 3), ...commits('a.ts', 1, 4, 'Bob'))

    const output = await analyse('hotspots', workspace)

    expect(output.findings).toMatchObject([
      { rule: 'history.single-author', severity: 'info', title: 'One author made 19 of 20 commits', evidence: 'Ada: 19 of 20' },
    ])
    expect(
      shown(workspace, output.findings[0])
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual(['19 Ada', '1 Bob'])
  })

  it('says how far back it looked', async () => {
    const workspace = makeRepository(...commits('a.ts', 8, 300))

    const output = await analyse('hotspots', workspace, { maxCommits: 6 })

    expect(output).toMatchObject({ commits: 6, notExamined: ['history before the newest 6 commits (maxCommits)'] })
    expect(output.findings[0]?.evidence).toBe('300 lines, changed in 6 commits by 1 author (8 commits over all time)')
    expect(shown(workspace, output.findings[0])).toBe('6')
  })

  it('says so when there is no commit yet', async () => {
    expect(await analyse('hotspots', makeRepository())).toMatchObject({ commits: 0, findings: [], notExamined: ['history: there is no commit yet'] })
  })

  it('fails with a remedy where there is no git', async () => {
    await expect(analyse('hotspots', makeWorkspace({ 'a.ts': 'a\n' }))).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      hint: expect.stringContaining('git: true'),
    })
  })

  it('runs nothing that the repository configures', async () => {
    const workspace = makeRepository(...commits('a.ts', 5, 300))
    write(workspace, { 'evil.sh': '#!/bin/sh\ntouch "$0.ran"\n', '.gitattributes': '*.ts diff=evil\n' })
    const evil = join(workspace, 'evil.sh')
    chmodSync(evil, 0o755)
    for (const key of ['core.fsmonitor', 'core.pager', 'diff.external', 'diff.evil.textconv', 'diff.evil.command', 'gpg.program', 'pager.log'])
      git(workspace, 'config', key, evil)
    git(workspace, 'config', 'log.showSignature', 'true')

    const output = await analyse('hotspots', workspace)

    expect(placesOf(output)).toEqual(['history.hotspot a.ts'])
    expect(existsSync(`${evil}.ran`)).toBe(false)
  })
})

describe('the log', () => {
  it('is read whatever the names of files and authors', () => {
    const hash = (digit: string) => digit.repeat(40)

    const history = parseLog(`\x01${hash('a')}\0Ada\0\na b.ts\0c\nd.ts\0\x01${hash('b')}\0\0\na b.ts\0`)

    expect(history.commits).toBe(2)
    expect([...history.commitsByAuthor]).toEqual([
      ['Ada', 1],
      ['', 1],
    ])
    expect([...history.files].map(([path, { commits: of }]) => [path, of.size])).toEqual([
      ['a b.ts', 2],
      ['c\nd.ts', 1],
    ])
  })

  it('of nothing is empty', () => {
    expect(parseLog('')).toMatchObject({ commits: 0 })
  })
})
