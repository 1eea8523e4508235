import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ResourceLimits } from '../../../../src/model/goal.ts'
import { git, makeBench, type Bench } from '../fixtures.ts'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})

const sh = (script: string, ...args: string[]) => ({ argv: ['sh', '-c', script, 'sh', ...args] })
const node = (script: string) => ({ argv: ['node', '-e', script] })

/** Whether a process of the machine has the text on its command line. */
function isAnywhere(text: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
      } catch {
        return false
      }
    })
}

describe('shell.exec', () => {
  it('runs a program with its arguments as they are', async () => {
    const output = await bench.output('shell.exec.v1', { argv: ['printf', '%s|', '$HOME', '*', 'a b', '; id', '`id`'] })

    expect(output).toMatchObject({
      exitCode: 0,
      signal: null,
      stdout: '$HOME|*|a b|; id|`id`|',
      stderr: '',
      stdoutTruncated: false,
      sandbox: 'bwrap',
    })
  })

  it('takes an exit code other than 0 for an answer', async () => {
    expect(await bench.output('shell.exec.v1', sh('echo out; echo err >&2; exit 7'))).toMatchObject({
      exitCode: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await bench.output('shell.exec.v1', sh('kill -TERM $$'))).toMatchObject({ exitCode: 143, signal: 15 })
  })

  it('fails when a program cannot be started', async () => {
    bench.put('notes.txt', 'no program')

    await expect(bench.run('shell.exec.v1', { argv: ['no-such-program'] })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      message: 'no-such-program could not be started in the sandbox: No such file or directory.',
    })
    await expect(bench.run('shell.exec.v1', { argv: ['./notes.txt'] })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
  })

  it('works in the workspace: in a folder of it, with input and variables', async () => {
    mkdirSync(join(bench.workspace, 'sub'))

    const output = await bench.output('shell.exec.v1', {
      ...sh('cat > note; pwd; echo $APP_MODE; echo $CI'),
      cwd: 'sub',
      stdin: 'hällo',
      env: { APP_MODE: 'fast', CI: '1' },
    })

    expect(output).toMatchObject({ exitCode: 0, stdout: `${bench.workspace}/sub\nfast\n1\n` })
    expect(readFileSync(join(bench.workspace, 'sub', 'note'), 'utf8')).toBe('hällo')
  })

  it('runs the Node that runs planner-exec', async () => {
    expect(await bench.output('shell.exec.v1', node('console.log(process.version)'))).toMatchObject({ stdout: `${process.version}\n` })
  })

  it('inherits nothing of the environment', async () => {
    process.env['PLANNER_EXEC_TEST_SECRET'] = 'TOP SECRET'

    const { stdout } = await bench.output('shell.exec.v1', { argv: ['env'] })

    delete process.env['PLANNER_EXEC_TEST_SECRET']
    const names = String(stdout)
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
    expect(names.sort()).toEqual(['HOME', 'LANG', 'PATH', 'PWD', 'TMPDIR'])
  })

  it.each([
    ['reads a secret beside the workspace', 'cat "$1/secret.txt"'],
    ['writes above the workspace', 'echo x > "$1/written"; cat "$1/secret.txt"'],
    ['reads the password file', 'cat /etc/shadow'],
    ['reads the state folder', 'cat "$2/journal"'],
    ['writes to the state folder', 'echo x > "$2/journal"'],
    ['removes the state folder', 'rm -r "$2"'],
    ['moves the state folder', 'mv "$2" "$2.old"'],
    ['follows a link out', 'cat link'],
    ['writes to the system', 'echo x > /usr/bin/x'],
    ['fills the root', 'echo x > /x'],
    ['mounts', 'mount -t tmpfs none /mnt'],
    ['makes namespaces', 'unshare -U true'],
    ['sees the processes of the machine', `grep -q . /proc/${process.pid}/environ`],
  ])('confines a command that %s', async (_what, script) => {
    symlinkSync(join(bench.base, 'secret.txt'), join(bench.workspace, 'link'))

    const output = await bench.output('shell.exec.v1', sh(script, bench.base, bench.stateDir))

    expect(output['exitCode']).not.toBe(0)
    expect(output['stdout']).toBe('')
    expect(existsSync(join(bench.base, 'written'))).toBe(false)
    expect(readFileSync(join(bench.stateDir, 'journal'), 'utf8')).toBe('journal')
  })

  it('hands no descriptor of the controller to the command, not even one that it inherited itself', async () => {
    const output = await bench.output('shell.exec.v1', sh('for fd in /proc/self/fd/*; do readlink $fd; done; echo forged >&3'))

    // Its input, the place of what was inherited, and nothing else: a folder would be a way out.
    const open = String(output['stdout'])
      .split('\n')
      .filter((line) => line.startsWith('/') && !line.startsWith('/proc/'))
    expect(new Set(open)).toEqual(new Set(['/dev/null']))
    expect(output['stderr']).toContain('3')
  })

  it('has no network, not even to the machine itself', async () => {
    let connected = false
    const server = createServer(() => (connected = true)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0

    const output = await bench.output(
      'shell.exec.v1',
      node(`require('net').connect(${port}, '127.0.0.1').on('error', (e) => { console.log(e.code); process.exit(3) })`),
    )

    expect(output).toMatchObject({ exitCode: 3, stdout: 'ECONNREFUSED\n' })
    expect(connected).toBe(false)
    server.close()
  })

  it('lets a command commit, but not change what git runs later', async () => {
    git(bench.workspace, 'init', '-q')
    rmSync(join(bench.workspace, '.git', 'hooks'), { recursive: true })
    const config = readFileSync(join(bench.workspace, '.git', 'config'), 'utf8')

    const commit = await bench.output(
      'shell.exec.v1',
      sh('echo 1 > a && git add a && git -c user.name=A -c user.email=a@b commit -qm one && git log --format=%s'),
    )
    const attack = await bench.output(
      'shell.exec.v1',
      sh('echo evil > .git/hooks/pre-commit; git config core.pager evil; mv .git old; mv .git/hooks h; rm -rf .git/config; true'),
    )

    expect(commit).toMatchObject({ exitCode: 0, stdout: 'one\n' })
    expect(attack['exitCode']).toBe(0)
    expect(existsSync(join(bench.workspace, '.git', 'hooks', 'pre-commit'))).toBe(false)
    expect(readFileSync(join(bench.workspace, '.git', 'config'), 'utf8')).toBe(config)
  })

  it('keeps the start of a long output and drops the rest without holding the command up', async () => {
    const before = process.memoryUsage().rss

    const output = await bench.output('shell.exec.v1', {
      ...sh('head -c 50000000 /dev/zero | tr "\\0" x; head -c 1000000 /dev/zero | tr "\\0" y >&2; exit 4'),
      maxOutputBytes: 1000,
    })

    expect(output).toMatchObject({ exitCode: 4, stdout: 'x'.repeat(1000), stdoutTruncated: true, stderrTruncated: true, stderr: 'y'.repeat(250) })
    expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000)
  })

  it('stops a command that writes without end', async () => {
    await expect(bench.run('shell.exec.v1', { argv: ['yes'] })).rejects.toMatchObject({ code: 'RESOURCE_LIMIT' })
  })

  it('stops a command that uses too much CPU, its children included', async () => {
    const limits = ResourceLimits.parse({ max_cpu_seconds: 1 })

    const running = bench.run('shell.exec.v1', sh('(while :; do :; done) & while :; do :; done'), { limits })

    await expect(running).rejects.toMatchObject({ code: 'RESOURCE_LIMIT' })
    await expect(running).rejects.toThrow(/used [\d.]+ s of CPU, max_cpu_seconds is 1/)
  })

  it('stops a command that uses too much memory, or does not give it', async () => {
    const limits = ResourceLimits.parse({ max_memory_mb: 100 })
    const script = 'const kept = []; for (;;) kept.push(Buffer.alloc(5e6, 1))'

    const outcome = await bench.output('shell.exec.v1', node(script), { limits }).catch((error: { code: string }) => error)

    // Which limit comes first depends on the machine: the kernel refuses to give more, or the command is killed.
    expect('code' in outcome ? outcome.code : Number(outcome['exitCode']) > 0).toBeOneOf(['RESOURCE_LIMIT', true])
  })

  it('stops a command with too many processes', async () => {
    const running = bench.run('shell.exec.v1', sh('i=0; while [ $i -lt 700 ]; do sleep 60 & i=$((i+1)); done; wait'))

    await expect(running).rejects.toThrow('had more than 512 processes')
  })

  it('measures what a command used', async () => {
    const { usage } = await bench.run(
      'shell.exec.v1',
      node('const end = Date.now() + 400; while (Date.now() < end); globalThis.kept = Buffer.alloc(5e7, 1)'),
    )

    expect(usage.cpuMs).toBeGreaterThan(100)
    expect(usage.wallMs).toBeGreaterThan(400)
    expect(usage.maxRssBytes).toBeGreaterThan(10_000_000)
  })

  it('is gone with everything it started when it is stopped, daemons included', async () => {
    const mark = `4242.${process.pid}`
    const stopper = new AbortController()
    const running = bench.run('shell.exec.v1', sh(`setsid -f sleep ${mark} >/dev/null 2>&1 </dev/null; echo ready; sleep ${mark}`), {
      signal: stopper.signal,
      heartbeat: () => {
        if (isAnywhere(mark)) stopper.abort()
      },
    })

    await expect(running).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect(isAnywhere(mark)).toBe(false)
  })

  it('takes its daemons with it when it ends by itself', async () => {
    const mark = `4343.${process.pid}`

    await bench.run('shell.exec.v1', sh(`setsid -f sleep ${mark} >/dev/null 2>&1 </dev/null`))

    expect(isAnywhere(mark)).toBe(false)
  })

  it('is gone with everything it started when the controller is killed', async () => {
    const mark = `4545.${process.pid}`
    const controller = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'endless-command.ts'), bench.workspace, mark], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => controller.stdout.once('data', resolve))
    const wasRunning = isAnywhere(mark)
    const dead = new Promise((resolve) => controller.once('exit', resolve))

    controller.kill('SIGKILL')
    await dead

    expect(wasRunning).toBe(true)
    await expect.poll(() => isAnywhere(`sleep\0${mark}`), { timeout: 5_000, interval: 5 }).toBe(false)
  })

  it.each([0, 1, 2, 3, 5, 8, 13])('leaves nothing when it is stopped after %i turns of the event loop', async (turns) => {
    const mark = `${4400 + turns}.${process.pid}`
    const stopper = new AbortController()

    const running = bench.run('shell.exec.v1', { argv: ['sleep', mark] }, { signal: stopper.signal })
    const ended = running.then(
      () => 'completed',
      (error: { code: string }) => error.code,
    )
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
    stopper.abort()

    expect(await ended).toBe('ACTION_ABORTED')
    expect(isAnywhere(mark)).toBe(false)
  })

  it.each([
    [{}],
    [{ argv: [] }],
    [{ argv: 'ls' }],
    [{ argv: [''] }],
    [{ argv: ['a\u0000b'] }],
    [{ argv: Array.from({ length: 257 }, () => 'x') }],
    [{ argv: ['ls'], env: { LD_PRELOAD: 'x' } }],
    [{ argv: ['ls'], env: { PATH: 'x' } }],
    [{ argv: ['ls'], env: { GIT_PAGER: 'x' } }],
    [{ argv: ['ls'], env: { NODE_OPTIONS: 'x' } }],
    [{ argv: ['ls'], network: true }],
  ])('refuses the arguments %j', async (args) => {
    await expect(bench.run('shell.exec.v1', args)).rejects.toMatchObject({ code: 'ARGS_INVALID' })
  })

  it('refuses a folder outside, a link and a missing folder to run in', async () => {
    symlinkSync(bench.base, join(bench.workspace, 'up'))
    writeFileSync(join(bench.workspace, 'file'), 'x')

    await expect(bench.run('shell.exec.v1', { argv: ['ls'], cwd: '..' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
    await expect(bench.run('shell.exec.v1', { argv: ['ls'], cwd: 'up' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
    await expect(bench.run('shell.exec.v1', { argv: ['ls'], cwd: 'file' })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
  })

  it('leaves no commondir in .git, which would give git the settings and hooks of another folder', async () => {
    git(bench.workspace, 'init', '-q')
    const redirect = sh('mkdir -p evil && echo ../evil > .git/commondir')

    await expect(bench.run('shell.exec.v1', redirect)).rejects.toMatchObject({
      code: 'PATH_DENIED',
      message: expect.stringContaining('has been removed'),
    })
    expect(existsSync(join(bench.workspace, '.git', 'commondir'))).toBe(false)

    writeFileSync(join(bench.workspace, '.git', 'commondir'), '../evil\n')
    await expect(bench.run('shell.exec.v1', { argv: ['true'] })).rejects.toMatchObject({
      code: 'PATH_DENIED',
      message: expect.stringContaining('is there already'),
    })
  })

  it('removes nothing behind a link that a command put in place of .git', async () => {
    const elsewhere = join(bench.base, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'commondir'), '..\n')

    await bench.output('shell.exec.v1', { argv: ['ln', '-s', elsewhere, '.git'] })

    expect(readFileSync(join(elsewhere, 'commondir'), 'utf8')).toBe('..\n')
  })

  it('declares the command as what it touches', () => {
    expect(bench.executor.catalog.get('shell.exec.v1')?.targets({ argv: ['git', 'push'], cwd: '.' })).toContainEqual({
      kind: 'command',
      argv: ['git', 'push'],
    })
  })
})
