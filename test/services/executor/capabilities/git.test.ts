import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { createLocalExecutor } from '../../../../src/services/executor/local.executor.ts'
import { gitLog } from '../../../../src/services/executor/capabilities/git.log.ts'
import { gitStatus } from '../../../../src/services/executor/capabilities/git.status.ts'
import { makeContext } from '../context.ts'
import { admit, git, makeBench, type Bench } from '../fixtures.ts'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
  bench.put('.gitignore', '.planner-exec/\n')
})

function commit(message: string, files: Record<string, string>, folder = bench.workspace): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
    git(folder, 'add', '--', path)
  }
  git(folder, 'commit', '-qm', message)
  return git(folder, 'rev-parse', 'HEAD')
}

const subjects = async (args: Record<string, string | number> = {}) => {
  const { commits } = await bench.output('git.log.v1', args)
  return Array.isArray(commits) ? commits.map(({ subject }) => subject) : []
}

describe('git.log', () => {
  it('lists commits with their files, newest first', async () => {
    git(bench.workspace, 'init', '-q')
    const first = commit('first | "quoted" \u001b[31m', { 'a.txt': '1\n2\n' })
    const second = commit('second', { 'a.txt': '1\n', 'dir/ü b.txt': 'x\n', bin: '\0' })

    const output = await bench.output('git.log.v1', {})

    expect(output).toEqual({
      truncated: false,
      commits: [
        {
          sha: second,
          author: 'Ada',
          date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          subject: 'second',
          parents: [first],
          filesChanged: 3,
          files: [
            { path: 'a.txt', insertions: 0, deletions: 1 },
            { path: 'bin', insertions: null, deletions: null },
            { path: 'dir/ü b.txt', insertions: 1, deletions: 0 },
          ],
        },
        expect.objectContaining({ sha: first, subject: 'first | "quoted" \u001b[31m', parents: [], filesChanged: 1 }),
      ],
    })
  })

  it('narrows by number, path and time', async () => {
    git(bench.workspace, 'init', '-q')
    commit('one', { 'a.txt': '1', ':(top)odd': '1' })
    commit('two', { 'b.txt': '1' })
    git(bench.workspace, 'commit', '-q', '--allow-empty', '-m', 'old', '--date', '2001-01-01T00:00:00Z')

    expect(await subjects({ maxCommits: 1 })).toEqual(['old'])
    expect(await bench.output('git.log.v1', { maxCommits: 2 })).toMatchObject({ truncated: true })
    expect(await subjects({ path: 'b.txt' })).toEqual(['two'])
    expect(await subjects({ path: ':(top)odd' })).toEqual(['one'])
    expect(await subjects({ since: '2099-01-01' })).toEqual([])
  })

  it('knows no history before the first commit', async () => {
    git(bench.workspace, 'init', '-q')

    expect(await bench.output('git.log.v1', {})).toEqual({ commits: [], truncated: false })
  })

  it('shows a folder of a larger repository its own commits and paths', async () => {
    git(bench.base, 'init', '-q')
    commit('outside', { 'other.txt': 'x' }, bench.base)
    commit('inside', { 'workspace/a.txt': 'x', 'other.txt': 'y' }, bench.base)

    const { commits } = await bench.output('git.log.v1', {})

    expect(commits).toMatchObject([{ subject: 'inside', files: [{ path: 'a.txt' }] }])
  })

  it('says that there is no repository', async () => {
    await expect(bench.run('git.log.v1', {})).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      retryable: false,
      message: 'The workspace is not in a git repository.',
    })
  })

  it.each([[{ maxCommits: 0 }], [{ path: '--output=/tmp/x\u0000' }], [{ since: 'yesterday; rm' }], [{ since: '--all' }], [{ format: '%H' }]])(
    'refuses the arguments %j',
    async (args) => {
      await expect(bench.run('git.log.v1', args)).rejects.toMatchObject({ code: 'ARGS_INVALID' })
    },
  )

  it('takes an option for a path', async () => {
    git(bench.workspace, 'init', '-q')
    commit('one', { 'a.txt': '1' })

    expect(await subjects({ path: '--all' })).toEqual([])
    await expect(bench.run('git.log.v1', { path: '../secret.txt' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
  })
})

describe('git.status', () => {
  it('tells the branch and each kind of change', async () => {
    git(bench.workspace, 'init', '-q', '-b', 'main')
    const head = commit('one', { '.gitignore': '.planner-exec/\n', 'mod.txt': '1', 'del.txt': '1', 'both.txt': '1', 'sp ace.txt': '1' })
    bench.put('mod.txt', 'changed')
    bench.put('sp ace.txt', 'changed')
    rmSync(join(bench.workspace, 'del.txt'))
    bench.put('both.txt', '2')
    bench.put('new.txt', 'x')
    git(bench.workspace, 'add', 'both.txt', 'new.txt')
    bench.put('both.txt', '3')
    bench.put('dir/untracked\n.txt', 'x')

    expect(await bench.output('git.status.v1', {})).toEqual({
      branch: 'main',
      head,
      ahead: null,
      behind: null,
      clean: false,
      truncated: false,
      entries: [
        { path: 'both.txt', state: 'modified', staged: true, unstaged: true },
        { path: 'del.txt', state: 'deleted', staged: false, unstaged: true },
        { path: 'mod.txt', state: 'modified', staged: false, unstaged: true },
        { path: 'new.txt', state: 'added', staged: true, unstaged: false },
        { path: 'sp ace.txt', state: 'modified', staged: false, unstaged: true },
        { path: 'dir/untracked\n.txt', state: 'untracked', staged: false, unstaged: true },
      ],
    })
  })

  it('counts what a branch is ahead and behind, and knows a detached head', async () => {
    git(bench.base, 'init', '-q', '--bare', 'remote.git')
    git(bench.workspace, 'init', '-q', '-b', 'main')
    git(bench.workspace, 'remote', 'add', 'origin', join(bench.base, 'remote.git'))
    commit('one', { '.gitignore': '.planner-exec/\n' })
    git(bench.workspace, 'push', '-q', '-u', 'origin', 'main')
    commit('two', { b: '1' })

    expect(await bench.output('git.status.v1', {})).toMatchObject({ branch: 'main', ahead: 1, behind: 0, clean: true, entries: [] })
    git(bench.workspace, 'checkout', '-q', '--detach')
    expect(await bench.output('git.status.v1', {})).toMatchObject({ branch: null, ahead: null })
  })

  it('never shows the state folder, and only the workspace of a larger repository', async () => {
    rmSync(join(bench.workspace, '.gitignore'))
    git(bench.base, 'init', '-q', '-b', 'main')
    bench.put('mine.txt', 'x')

    expect(await bench.output('git.status.v1', {})).toMatchObject({ branch: 'main', head: null, entries: [{ path: 'mine.txt', state: 'untracked' }] })
  })

  it('works in a linked work tree and in a repository of another user', async () => {
    const main = join(bench.base, 'main')
    mkdirSync(main)
    git(main, 'init', '-q', '-b', 'main')
    commit('one', { a: '1' }, main)
    rmSync(bench.workspace, { recursive: true })
    git(main, 'worktree', 'add', '-q', bench.workspace, '-b', 'linked')

    expect(await bench.output('git.status.v1', {})).toMatchObject({ branch: 'linked', clean: true })
    if (process.getuid?.() === 0) chownSync(bench.workspace, 12345, 12345)
    expect(await subjects()).toEqual(['one'])
  })
})

describe('a hostile repository', () => {
  const marker = () => join(bench.base, 'pwned')
  const trap = () => {
    const script = join(bench.base, 'trap.sh')
    writeFileSync(script, `#!/bin/sh\ntouch '${marker()}'\ncat\n`)
    chmodSync(script, 0o755)
    return script
  }

  it('has none of its programs run', async () => {
    git(bench.workspace, 'init', '-q')
    commit('one', { 'a.txt': '1', 'b.bin': '1' })
    const script = trap()
    const settings = {
      'core.fsmonitor': script,
      'core.pager': script,
      'core.sshCommand': script,
      'core.editor': script,
      'diff.external': script,
      'gpg.program': script,
      'log.showSignature': 'true',
      'filter.evil.clean': script,
      'filter.evil.process': script,
      'filter.evil.required': 'true',
      'filter.a=b.clean': script,
      'diff.evil.textconv': script,
      'diff.evil.command': script,
      'core.alternateRefsCommand': script,
      'credential.helper': script,
      'alias.status': `!${script}`,
      'alias.log': `!${script}`,
      'core.hooksPath': join(bench.workspace, 'hooks'),
    }
    for (const [key, value] of Object.entries(settings)) git(bench.workspace, 'config', key, value)
    for (const folder of ['hooks', '.git/hooks']) {
      mkdirSync(join(bench.workspace, folder), { recursive: true })
      for (const hook of ['post-index-change', 'fsmonitor-watchman', 'reference-transaction', 'post-checkout'])
        symlinkSync(script, join(bench.workspace, folder, hook))
    }
    bench.put('.gitattributes', '* filter=evil diff=evil\n*.bin filter=a=b\n')
    bench.put('a.txt', '2')
    bench.put('b.bin', '2')

    await bench.output('git.status.v1', {})
    await bench.output('git.log.v1', { path: 'a.txt' })
    await bench.output('fs.search.v1', { pattern: '2' })

    expect(existsSync(marker())).toBe(false)
    // The trap itself works: git run without care falls into it.
    expect(() => git(bench.workspace, 'add', 'a.txt')).toThrow()
    expect(existsSync(marker())).toBe(true)
  })

  it('cannot show the history of another repository as its own', async () => {
    const secret = join(bench.base, 'private')
    mkdirSync(secret)
    git(secret, 'init', '-q')
    commit('private subject', { 'secret.txt': 'x' }, secret)
    const attempts = {
      file: () => writeFileSync(join(bench.workspace, '.git'), `gitdir: ${secret}/.git\n`),
      link: () => symlinkSync(join(secret, '.git'), join(bench.workspace, '.git')),
      common: () => {
        git(bench.workspace, 'init', '-q')
        writeFileSync(join(bench.workspace, '.git', 'commondir'), join(secret, '.git'))
      },
      worktree: () => {
        git(bench.workspace, 'init', '-q')
        git(bench.workspace, 'config', 'core.worktree', secret)
      },
    }

    for (const attempt of Object.values(attempts)) {
      attempt()
      await expect(bench.run('git.log.v1', {})).rejects.toMatchObject({ stage: 'action' })
      await expect(bench.run('git.status.v1', {})).rejects.toMatchObject({ stage: 'action' })
      rmSync(join(bench.workspace, '.git'), { recursive: true })
    }
  })

  it('cannot replace git through a folder of packages on the PATH', async () => {
    git(bench.workspace, 'init', '-q')
    const script = trap()
    mkdirSync(join(bench.workspace, 'node_modules', '.bin'), { recursive: true })
    symlinkSync(script, join(bench.workspace, 'node_modules', '.bin', 'git'))
    const before = process.env['PATH']
    process.env['PATH'] = `${join(bench.workspace, 'node_modules', '.bin')}:${before}`

    await bench.output('git.status.v1', {}).finally(() => (process.env['PATH'] = before))

    expect(existsSync(marker())).toBe(false)
  })
})

describe('git capabilities', () => {
  it('are stopped by their signal, and leave no lock', async () => {
    git(bench.workspace, 'init', '-q')
    commit('one', { a: '1' })
    const executor = await createLocalExecutor({ capabilities: [gitLog, gitStatus], workspace: bench.workspace, stateDir: bench.stateDir })
    const stopper = new AbortController()

    const running = executor.execute(admit('git.status.v1', {}), makeContext(bench.workspace, bench.stateDir, { signal: stopper.signal }))
    stopper.abort()

    await expect(running).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect(readdirSync(join(bench.workspace, '.git')).filter((name) => name.endsWith('.lock'))).toEqual([])
  })
})
