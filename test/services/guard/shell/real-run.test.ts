import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { ResourceLimits } from '../../../../src/model/goal.ts'
import { runSandboxed } from '../../../../src/services/executor/sandbox/run-sandboxed.ts'
import { probeSandbox } from '../../../../src/services/executor/sandbox/probe.ts'
import { PROGRAMS } from '../../../../src/services/guard/shell/programs.ts'
import { makeFolder } from '../../executor/fixtures.ts'
import { READ_ONLY, WRITTEN_READ_ONLY } from './read-only-lines.ts'

const report = await probeSandbox()

/** Names that are flags, actions, assignments or several words to a careless program. */
const NAMES = [
  'file',
  'file1',
  'file2',
  'filename',
  'set1',
  'set2',
  'in',
  'a.py',
  'b.py',
  'a.java',
  'data.csv',
  'table.txt',
  'tst.txt',
  'numbers.txt',
  'x1',
  'd',
  '-rf',
  '-o',
  '-oout',
  '-i',
  '-w',
  '-exec',
  '-delete',
  '-fprint',
  '--output=x',
  '--output=x.txt',
  '-ox.txt',
  '-oy.py',
  '-fprint.py',
  '-delete.py',
  '-f.py',
  'a b',
  'new\nline',
  'x=1',
  'x=1.txt',
  '`id`.txt',
  '$(touch made).txt',
  ';touch made;.txt',
  "q'uote.txt",
  '*',
  '[a]',
  '{}',
  '{}.py',
  '\\',
  '~',
]
/** Started by what starts the commands, not by them. */
const STARTERS = new Set(['bash', 'sh', 'timeout', 'xargs', 'env'])
/** Runs each line of its input, which NUL characters end, with the traps in front, and then tells what is in the private /tmp. */
const DRIVER = `PATH="$1:/usr/bin:/bin"
/usr/bin/xargs -0 -n 1 -P 4 /bin/sh -c '/usr/bin/timeout -s KILL 1 /bin/bash -c "$1"; exit 0' sh >/dev/null 2>&1
/bin/ls -A /tmp`

describe.skipIf(!report.works)('what is allowed as read-only', () => {
  it('changes nothing and starts nothing else, when it is run on a tree of tricky names', { timeout: 60_000 }, async () => {
    const workspace = makeFolder()
    const [tree, traps] = [join(workspace, 'tree'), join(workspace, 'traps')]
    mkdirSync(join(workspace, '.planner-exec'))
    plant(tree)
    setTraps(traps, join(workspace, 'sprung'))
    const before = listing(workspace)

    const run = (lines: readonly string[]) => runAll(workspace, traps, tree, lines)
    const end = await run([...new Set([...READ_ONLY, ...WRITTEN_READ_ONLY])])

    expect(end).toMatchObject({ exitCode: 0, left: `${basename(workspace)}\n` })
    expect(listing(workspace)).toEqual(before)

    // The traps and the listing are worth something only if they show what other commands do.
    await run(['vi file', '/usr/bin/touch -d 2001-01-01 file', 'find . -name "a.py" -delete', 'sort -oout file'])
    const after = listing(workspace)
    expect(after['sprung']).toBeDefined()
    expect(after['tree/file']).not.toEqual(before['tree/file'])
    expect(after['tree/a.py']).toBeUndefined()
    expect(after['tree/out']).toBeDefined()
  })
})

function plant(tree: string): void {
  for (const folder of [tree, join(tree, 'sub'), join(tree, '-sub'), join(tree, '.git')]) {
    mkdirSync(folder, { recursive: true })
    for (const [index, name] of NAMES.entries()) writeFileSync(join(folder, name), `a,${index}\nb c,2\nrm -rf .\n-delete\n--output=x\n`)
  }
  writeFileSync(join(tree, 'sub', 'inner'), 'x')
  writeFileSync(join(tree, 'a.gz'), gzipSync('text'))
  writeFileSync(join(tree, '.git', 'HEAD'), 'ref: refs/heads/main\n')
  mkdirSync(join(tree, '.git', 'objects'))
  mkdirSync(join(tree, '.git', 'refs'))
  writeFileSync(
    join(tree, '.git', 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tpager = touch made\n\tfsmonitor = touch made\n\tsshCommand = touch made\n[diff]\n\texternal = touch made\n[remote "origin"]\n\turl = ssh://x/y\n',
  )
  symlinkSync('file', join(tree, 'link'))
  symlinkSync('nowhere', join(tree, '-link.py'))
  chmodSync(join(tree, 'file'), 0o640)
}

/** Puts a program in front of every one that no read-only command may start, which tells that it was started. */
function setTraps(traps: string, sprung: string): void {
  mkdirSync(traps)
  writeFileSync(join(traps, '.trap'), `#!/bin/sh\necho "$0 $*" >> '${sprung}'\n`, { mode: 0o755 })
  for (const name of readdirSync('/usr/bin')) if (!PROGRAMS.has(name) && !STARTERS.has(name)) symlinkSync('.trap', join(traps, name))
}

async function runAll(workspace: string, traps: string, tree: string, lines: readonly string[]) {
  const end = await runSandboxed({
    argv: ['/bin/bash', '-c', DRIVER, 'bash', traps],
    workspace,
    stateDir: join(workspace, '.planner-exec'),
    cwd: tree,
    env: {},
    stdin: lines.map((line) => `${line}\0`).join(''),
    maxStdoutBytes: 65_536,
    maxStderrBytes: 65_536,
    limits: ResourceLimits.parse({ max_cpu_seconds: 300 }),
    signal: AbortSignal.timeout(55_000),
    heartbeat: () => undefined,
    canDisableUserns: report.canDisableUserns,
  })
  return { exitCode: end.exitCode, left: end.stdout.bytes.toString('utf8'), said: end.stderr.bytes.toString('utf8') }
}

/** Everything below a folder, with what a change of it would change; not the time of reading. */
function listing(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => {
    const path = join(folder, name)
    const stats = lstatSync(path, { bigint: true })
    const content = stats.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : stats.isSymbolicLink() ? readlinkSync(path) : ''
    return [name, [stats.mode, stats.uid, stats.size, stats.ino, stats.nlink, stats.mtimeNs, stats.ctimeNs, content].join(' ')] as const
  })
  return Object.fromEntries(entries)
}
