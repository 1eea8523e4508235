import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from '../../../src/services/executor/capabilities/analysis/changes.ts'
import { parseHunks } from '../../../src/services/executor/capabilities/analysis/changes-diff.ts'
import { contextOf, git, makeRepository, makeWorkspace, write } from './analysis.fixture.ts'

const lines = (count: number, from = 1) => Array.from({ length: count }, (_, at) => `line ${at + from}\n`).join('')
const changesIn = async (workspace: string, since = 'HEAD', path?: string) =>
  changes.output.parse(await changes.run(changes.args.parse({ since, path }), contextOf(workspace)))
const filesIn = async (workspace: string, since?: string, path?: string) =>
  (await changesIn(workspace, since, path)).files.map(({ path: file, status, lines: of }) => [file, status, of])

describe('the changes since a revision', () => {
  it('are told whether committed, staged, not staged or untracked, with the new lines', async () => {
    const workspace = makeRepository({ files: { 'a.ts': lines(9), 'b.ts': lines(3), 'c.ts': lines(3), 'gone.ts': lines(2), '.gitignore': 'out\n' } })
    write(workspace, { 'a.ts': lines(9).replace('line 2', 'LINE 2').replace('line 7', 'LINE 7\nnew') })
    git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qam', 'x')
    write(workspace, { 'b.ts': `${lines(3)}more\n`, 'staged.ts': 'x\n' })
    git(workspace, 'add', '.')
    git(workspace, 'rm', '-q', 'gone.ts')
    write(workspace, { 'c.ts': 'line 2\nline 3\n', 'new.ts': 'x\n', 'out/x': 'x' })

    expect(await filesIn(workspace, 'HEAD~1')).toEqual([
      [
        'a.ts',
        'modified',
        [
          [2, 2],
          [7, 8],
        ],
      ],
      ['b.ts', 'modified', [[4, 4]]],
      ['c.ts', 'modified', []],
      ['gone.ts', 'deleted', []],
      ['new.ts', 'untracked', null],
      ['staged.ts', 'added', null],
    ])
    expect((await changesIn(workspace, 'HEAD~1')).commit).toBe(git(workspace, 'rev-parse', 'HEAD~1').trim())
  })

  it('are counted from where the work left a branch that moved on', async () => {
    const workspace = makeRepository({ files: { 'a.ts': 'a\n' } })
    git(workspace, 'branch', 'work')
    write(workspace, { 'others.ts': 'x\n' })
    git(workspace, 'add', '.')
    git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-qm', 'x')
    git(workspace, 'checkout', '-q', 'work')
    write(workspace, { 'mine.ts': 'x\n' })

    expect(await changesIn(workspace, 'main')).toMatchObject({
      commit: git(workspace, 'rev-parse', 'work').trim(),
      files: [{ path: 'mine.ts', status: 'untracked' }],
    })
  })

  it('follow renames, and tell modes, binary files and files that became untracked', async () => {
    const workspace = makeRepository({
      files: { 'old.ts': lines(30), 'moved.ts': lines(30, 50), 'mode.sh': 'x\n', 'b.bin': 'a\0b', 'kept.ts': 'x\n' },
    })
    git(workspace, 'mv', 'old.ts', 'new name.ts')
    git(workspace, 'mv', 'moved.ts', 'to.ts')
    write(workspace, { 'new name.ts': `first\n${lines(30)}`, 'b.bin': 'a\0c' })
    chmodSync(join(workspace, 'mode.sh'), 0o755)
    git(workspace, 'rm', '-q', '--cached', 'kept.ts')

    expect(await filesIn(workspace)).toEqual([
      ['b.bin', 'modified', null],
      ['kept.ts', 'untracked', null],
      ['mode.sh', 'modified', []],
      ['new name.ts', 'renamed', [[1, 1]]],
      ['to.ts', 'renamed', []],
    ])
    expect((await changesIn(workspace)).notExamined).toEqual(['which lines changed in 1 modified file (binary, too large to compare, or a link now)'])
  })

  it('have any name, and are limited to a folder', async () => {
    const names = ['-x.ts', 'a b.ts', 'new\nline.ts', 'tab\t"quote\\.ts', 'größe.ts', 'b/b/deep.ts', '+++ b/x.ts']
    const workspace = makeRepository({ files: Object.fromEntries(names.map((name) => [name, 'x\n'])) })
    write(workspace, Object.fromEntries(names.map((name) => [name, 'x\ny\n'])))

    expect(await filesIn(workspace)).toEqual(names.toSorted().map((name) => [name, 'modified', [[2, 2]]]))
    expect(await filesIn(workspace, 'HEAD', 'b')).toEqual([['b/b/deep.ts', 'modified', [[2, 2]]]])
    expect(await filesIn(join(workspace, 'b'))).toEqual([['b/deep.ts', 'modified', [[2, 2]]]])
  })

  it('leave out names that are not UTF-8, and say so', async () => {
    const workspace = makeRepository({ files: { 'a.ts': 'x\n' } })
    writeFileSync(Buffer.from(`${workspace}/\xff.ts`, 'latin1'), 'x\n')

    expect(await changesIn(workspace)).toMatchObject({ files: [], notExamined: ['1 changed file whose names are not UTF-8'] })
  })

  it('leave out submodules and the state folder, and look into repositories that are not tracked', async () => {
    const workspace = makeRepository({ files: { 'a.ts': 'x\n' } })
    write(workspace, { 'inner/b.ts': 'x\n', '.planner-exec/journal': 'x' })
    git(join(workspace, 'inner'), 'init', '-q')

    expect(await filesIn(workspace)).toEqual([['inner/b.ts', 'untracked', null]])

    git(join(workspace, 'inner'), '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x')
    git(workspace, 'add', 'inner')

    expect(await filesIn(workspace)).toEqual([])
  })

  it('tell where a file became a link', async () => {
    const workspace = makeRepository({ files: { 'a.ts': 'x\n' } })
    rmSync(join(workspace, 'a.ts'))
    symlinkSync('/etc/passwd', join(workspace, 'a.ts'))

    expect(await filesIn(workspace)).toEqual([['a.ts', 'modified', null]])
  })

  it.each([
    ['an unknown revision', 'nope', 'There is no revision "nope" in this repository.', 'git log'],
    ['an option', '--output=pwned', 'There is no revision "--output=pwned" in this repository.', 'git log'],
    ['two revisions', 'HEAD..HEAD', 'There is no revision', 'git log'],
    ['a file', 'HEAD:a.ts', 'There is no revision', 'git log'],
    ['another history', 'other', 'Revision "other" has no commit in common with HEAD.', 'git log'],
  ])('are refused for %s', async (_, since, message, hint) => {
    const workspace = makeRepository({ files: { 'a.ts': 'x\n' } })
    const tree = git(workspace, 'write-tree').trim()
    git(workspace, 'branch', 'other', git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit-tree', tree, '-m', 'x').trim())

    await expect(changesIn(workspace, since)).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    })
    expect(existsSync(join(workspace, 'pwned'))).toBe(false)
  })

  it('are refused without a repository, without commits, and beyond the end of a shallow clone', async () => {
    const origin = makeRepository({ files: { 'a.ts': '1\n' } }, { files: { 'a.ts': '2\n' } })
    const clone = makeWorkspace()
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${origin}`, clone], { stdio: 'ignore' })

    await expect(changesIn(makeWorkspace())).rejects.toMatchObject({ code: 'ACTION_FAILED', hint: expect.stringContaining('git init') })
    await expect(changesIn(makeRepository())).rejects.toMatchObject({ code: 'ACTION_FAILED', message: expect.stringContaining('no commit yet') })
    await expect(changesIn(clone, 'HEAD~1')).rejects.toMatchObject({ code: 'ACTION_FAILED', hint: expect.stringContaining('--unshallow') })
    expect(() => changes.args.parse({ since: 'a\0b' })).toThrow('control characters')
  })

  it('are the same, and run nothing, whatever the repository configures', async () => {
    const workspace = makeRepository({ files: { 'b/a.ts': lines(5), '.gitattributes': '*.ts diff=evil filter=evil\n' } })
    const evil = join(workspace, '.git', 'evil.sh')
    writeFileSync(evil, `#!/bin/sh\ntouch "${workspace}/.git/ran"\ncat\n`, { mode: 0o755 })
    for (const key of ['diff.external', 'diff.evil.command', 'diff.evil.textconv', 'filter.evil.clean', 'filter.evil.process', 'core.fsmonitor'])
      git(workspace, 'config', key, evil)
    for (const [key, value] of [
      ['diff.noprefix', 'true'],
      ['diff.mnemonicPrefix', 'true'],
      ['diff.context', '9'],
      ['color.ui', 'always'],
      ['diff.renames', 'false'],
    ])
      git(workspace, 'config', key ?? '', value ?? '')
    mkdirSync(join(workspace, '.git', 'order'))
    git(workspace, 'config', 'diff.orderFile', join(workspace, '.git', 'order'))
    write(workspace, { 'b/a.ts': lines(5).replace('line 3', 'LINE') })

    expect(await filesIn(workspace)).toEqual([['b/a.ts', 'modified', [[3, 3]]]])
    expect(existsSync(join(workspace, '.git', 'ran'))).toBe(false)
  })

  it('change nothing in the repository', async () => {
    const workspace = makeRepository({ files: { 'a.ts': 'x\n' } })
    write(workspace, { 'a.ts': 'y\n' })
    const before = git(workspace, 'hash-object', '.git/index')

    await changesIn(workspace)

    expect(git(workspace, 'hash-object', '.git/index')).toBe(before)
  })
})

describe('the lines of a diff', () => {
  it('are those that are new, for any content', async () => {
    const workspace = makeRepository({ files: { 'a.txt': 'x\n' } })
    const line = fc.constantFrom('a', 'b', '@@ -1 +1 @@', '++ b/x', '-- a/x', 'diff --git a/x b/x', '\\ No newline', '')
    const text = fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean()).map(([all, isEnded]) => all.join('\n') + (isEnded ? '\n' : ''))

    await fc.assert(
      fc.asyncProperty(text, text, async (before, after) => {
        write(workspace, { 'a.txt': before })
        git(workspace, 'add', '.')
        git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x')
        write(workspace, { 'a.txt': after })

        const [file] = (await changesIn(workspace)).files
        const added = file?.lines?.reduce((sum, [from, to]) => sum + to - from + 1, 0) ?? 0
        const [counted = '0'] = git(workspace, 'diff', '--numstat', 'HEAD').split('\t')

        expect(added).toBe(Number(counted || 0))
        expect(file?.lines ?? []).not.toBeNull()
      }),
      { numRuns: 15 },
    )
  })

  it('end where the diff is cut', () => {
    const patch = 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n-x\n+@@ -9 +9 @@\n+y\n+++ b/no\n'

    expect([...parseHunks(Buffer.from(patch))]).toEqual([
      ['a', [[1, 2]]],
      ['no', []],
    ])
    expect([...parseHunks(Buffer.from(patch.slice(0, 60)))]).toEqual([['a', [[1, 2]]]])
  })
})
