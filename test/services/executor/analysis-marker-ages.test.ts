import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../src/model/report.ts'
import { parseBlame } from '../../../src/services/executor/capabilities/analysis/blame.ts'
import { rank, unfinished } from '../../../src/services/executor/capabilities/analysis/marker-ranking.ts'
import { markers } from '../../../src/services/executor/capabilities/analysis/markers.ts'
import { analyse, contextOf, git, makeRepository, makeWorkspace, shown, write } from './analysis.fixture.ts'

// The commits of the fixture are made in the second that 2023-11-14T22:13:20Z is, and after.
const DAY = '2023-11-14'
const evidenceIn = async (workspace: string, args: object = {}) =>
  (await analyse('markers', workspace, { age: true, ...args })).findings.map(withRemark)
const withRemark = ({ evidence, remark }: Finding) => (remark === undefined ? evidence : `${evidence} (${remark})`)

describe('the age of a marker', () => {
  it('is the day of the commit that wrote its line, in UTC, whatever the indentation since', async () => {
    const workspace = makeRepository({ files: { 'a b.ts': '// TODO: old\nlet a: any\n// eslint-disable-next-line\nf()\n' } })
    write(workspace, { 'a b.ts': '  // TODO: old\nlet a: any\n// eslint-disable-next-line\nf()\n// FIXME: new\n', 'b.ts': '// TODO: untracked\n' })
    git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qam', 'x', '--date=2025-03-01T23:30:00-0700')
    write(workspace, { 'a b.ts': '  // TODO: old\nlet a: any\n// eslint-disable-next-line\nf()\n// FIXME: new\n// XXX now\n' })

    expect(await evidenceIn(workspace)).toEqual([
      `// eslint-disable-next-line (since ${DAY})`,
      '// FIXME: new (since 2025-03-02)',
      '// XXX now (not committed yet)',
      'let a: any',
      `// TODO: old (since ${DAY})`,
      '// TODO: untracked (not committed yet)',
    ])
  })

  it('is told for staged files, and below the top of the repository', async () => {
    const workspace = makeRepository({ files: { 'part/a.ts': '// TODO: x\n' } })
    write(workspace, { 'part/b.ts': '// TODO: y\n' })
    git(workspace, 'add', '.')

    expect(await evidenceIn(join(workspace, 'part'))).toEqual([`// TODO: x (since ${DAY})`, '// TODO: y (not committed yet)'])
  })

  it('is not told of the files of another repository', async () => {
    const workspace = makeRepository({ files: { 'a.ts': '// TODO: x\n' } })
    write(workspace, { 'inner/b.ts': '// TODO: y\n' })
    git(join(workspace, 'inner'), 'init', '-q')

    expect(await evidenceIn(workspace)).toEqual([`// TODO: x (since ${DAY})`, '// TODO: y'])
  })

  it.each([
    ['a repository', () => makeWorkspace({ 'a.ts': '// TODO: x\n' }), 'there is no history to look at (The workspace is not in a git repository.)'],
    [
      'commits',
      () => {
        const workspace = makeRepository()
        write(workspace, { 'a.ts': '// TODO: x\n' })
        return workspace
      },
      'there is no commit yet',
    ],
  ])('is not known without %s, which is said once', async (_, make, reason) => {
    const output = await analyse('markers', make(), { age: true })

    expect(output.findings.map(({ evidence }) => evidence)).toEqual(['// TODO: x'])
    expect(output.notExamined).toEqual([`how old the markers are: ${reason}`])
  })

  it('is looked for in the files with the most markers', async () => {
    const workspace = makeRepository({ files: { 'a.ts': '// TODO: x\n', 'b.ts': '// TODO: y\n// TODO: z\n' } })

    const output = await analyse('markers', workspace, { age: true, maxDatedFiles: 1 })

    expect(output.findings.map(withRemark)).toEqual(['// TODO: x', `// TODO: y (since ${DAY})`, `// TODO: z (since ${DAY})`])
    expect(output.notExamined).toEqual(['how old the markers of 1 more file are: only the 1 with the most are dated (maxDatedFiles)'])
  })

  it('is not invented at the end of a shallow clone', async () => {
    const origin = makeRepository({ files: { 'a.ts': '// TODO: x\n' } }, { files: { 'b.ts': '1\n' } })
    const clone = makeWorkspace()
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${origin}`, clone], { stdio: 'ignore' })

    const output = await analyse('markers', clone, { age: true })

    expect(output.findings.map(({ evidence }) => evidence)).toEqual(['// TODO: x'])
    expect(output.notExamined).toEqual(['how old 1 marker is: older than what this shallow clone holds'])
  })

  it('runs nothing and ignores nothing that the repository configures', async () => {
    const workspace = makeRepository({ files: { 'a.ts': '// TODO: x\n', '.gitattributes': '*.ts diff=evil filter=evil\n' } })
    write(workspace, { 'a.ts': '// TODO: xx\n' })
    git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qam', 'x', '--date=2023-11-15T12:00:00Z')
    const evil = join(workspace, '.git', 'evil.sh')
    writeFileSync(evil, `#!/bin/sh\ntouch "${workspace}/.git/ran"\ncat\n`, { mode: 0o755 })
    for (const key of ['diff.evil.textconv', 'filter.evil.clean', 'core.fsmonitor']) git(workspace, 'config', key, evil)
    writeFileSync(join(workspace, '.git', 'ignore'), git(workspace, 'rev-parse', 'HEAD'))
    git(workspace, 'config', 'blame.ignoreRevsFile', '.git/ignore')

    expect(await evidenceIn(workspace)).toEqual([`// TODO: xx (since 2023-11-15)`])
    expect(existsSync(join(workspace, '.git', 'ran'))).toBe(false)

    execFileSync('mkfifo', [join(workspace, 'pipe')])
    git(workspace, 'config', 'blame.ignoreRevsFile', 'pipe')

    expect(await evidenceIn(workspace)).toEqual(['// TODO: xx'])
  })

  it('is not looked for when nobody asks, and stops when it shall', async () => {
    const workspace = makeRepository({ files: { 'a.ts': '// TODO: x\n' } })
    const abort = new AbortController()
    const stopped = markers.run(markers.args.parse({ age: true }), contextOf(workspace, { signal: abort.signal, heartbeat: () => abort.abort() }))

    await expect(stopped).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect((await analyse('markers', workspace)).findings.map(({ evidence }) => evidence)).toEqual(['// TODO: x'])
  })

  it('is read from what git prints, and not from what it quotes', () => {
    const hash = (digit: string) => digit.repeat(40)
    const blame = [
      `${hash('a')} 1 3 1`,
      'author author-time 5',
      'author-time 86400',
      'summary boundary',
      'filename a.ts',
      `\t${hash('b')} 1 9 1`,
      `${hash('0')} 4 4 1`,
      'author-time 1',
      '\tx',
      `${hash('c')} 5 5 1`,
      'author-time 999999999999',
      '\tx',
      `${hash('a')} 7 7`,
      '\tx',
    ]

    expect(parseBlame(Buffer.from(blame.join('\n')))).toEqual([
      { line: 3, age: '1970-01-02', isBoundary: false },
      { line: 4, age: 'uncommitted', isBoundary: false },
      { line: 7, age: '1970-01-02', isBoundary: false },
    ])
  })
})

const ranked = async (workspace: string) => {
  const { unfinished: work } = await markers.run(markers.args.parse({ age: true }), contextOf(workspace))
  return unfinished.output.parse(await unfinished.run(unfinished.args.parse({ work }), contextOf(workspace)))
}

describe('the ranking of unfinished work', () => {
  it('puts first what is old and in files that change often, and last what is not committed', async () => {
    const versions = Array.from({ length: 4 }, (_, at) => ({ files: { 'hot.ts': `// TODO: hot\nlet v = ${at}\n` } }))
    const workspace = makeRepository({ files: { 'cold.ts': '// TODO: cold\n' } }, ...versions)
    write(workspace, { 'new.ts': '// FIXME: new\n' })

    const output = await ranked(workspace)

    expect(output.ranked.map(({ text, since, commits }) => [text, since, commits])).toEqual([
      ['// TODO: hot', DAY, 4],
      ['// TODO: cold', DAY, 1],
      ['// FIXME: new', null, 0],
    ])
    expect(output.findings.map((finding) => `${finding.title}: ${withRemark(finding)}`)).toEqual([
      `Unfinished work to take up first, no. 1 of 2: // TODO: hot (since ${DAY}; the file changed in 4 of the newest 5 commits)`,
      `Unfinished work to take up first, no. 2 of 2: // TODO: cold (since ${DAY}; the file changed in 1 of the newest 5 commits)`,
    ])
    expect(shown(workspace, output.findings[0])).toContain(`${DAY} 1) // TODO: hot`)
  })

  it('drops what is no longer there', async () => {
    const workspace = makeRepository({ files: { 'a.ts': '// TODO: x\n' } })
    const work = [{ rule: 'marker.todo', file: 'a.ts', line: 1, text: '// TODO: y', since: DAY }]

    expect(await unfinished.run(unfinished.args.parse({ work }), contextOf(workspace))).toMatchObject({ ranked: [], findings: [] })
  })

  it('weighs age and change alike, and decides the rest by severity, file and line', () => {
    const item = (file: string, since: string | null, commits: number, rule = 'marker.todo', line = 1) => ({
      rule,
      file,
      line,
      text: '',
      since,
      commits,
    })
    const items = [
      item('b', '2020-01-01', 1),
      item('a', '2021-01-01', 9),
      item('a', '2021-01-01', 9, 'marker.fixme', 2),
      item('c', '2019-01-01', 1),
      item('d', null, 99),
      item('d', null, 99, 'marker.todo', 2),
    ]

    const order = rank(items).map(({ file, line }) => `${file}:${line}`)

    expect(order).toEqual(['c:1', 'b:1', 'a:2', 'a:1', 'd:1', 'd:2'])
    expect(rank(items.toReversed()).map(({ file, line }) => `${file}:${line}`)).toEqual(order)
  })
})
