import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProcess, trustedPath, type ProcessSpec } from '../../../src/services/executor/process.ts'
import { makeFolder } from './fixtures.ts'

const run = (args: readonly string[], changes: Partial<ProcessSpec> = {}) =>
  runProcess({
    file: args[0] ?? '',
    args: args.slice(1),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    maxStdoutBytes: 1000,
    maxStderrBytes: 1000,
    signal: new AbortController().signal,
    ...changes,
  })

describe('runProcess', () => {
  it('ends with the exit code and both outputs', async () => {
    const end = await run(['sh', '-c', 'echo out; echo err >&2; exit 3'])

    expect(end).toMatchObject({
      exitCode: 3,
      signal: null,
      stdout: { bytes: Buffer.from('out\n'), truncated: false },
      stderr: { bytes: Buffer.from('err\n') },
    })
  })

  it('says which program cannot be started', async () => {
    await expect(run(['no-such-program'])).rejects.toMatchObject({ code: 'ACTION_FAILED', message: expect.stringContaining('no-such-program') })
  })

  it('kills the program when it is stopped, also before it began', async () => {
    const stopper = new AbortController()
    const running = run(['sleep', '60'], { signal: stopper.signal, onStart: () => stopper.abort() })

    expect(await running).toMatchObject({ exitCode: null, signal: 'SIGKILL' })
    expect(await run(['sleep', '60'], { signal: AbortSignal.abort() })).toMatchObject({ exitCode: null })
  })

  it('survives a program that does not read its input', async () => {
    expect(await run(['true'], { stdin: 'x'.repeat(1_000_000) })).toMatchObject({ exitCode: 0 })
  })

  it('passes on nothing that this process inherited', async () => {
    const folder = makeFolder()
    const script = `
      import { runProcess } from '${join(import.meta.dirname, '../../../src/services/executor/process.ts')}'
      const end = await runProcess({ file: 'sh', args: ['-c', 'readlink /proc/self/fd/200; true'], cwd: '/', env: { PATH: '/usr/bin:/bin' }, maxStdoutBytes: 1000, maxStderrBytes: 1000, signal: new AbortController().signal })
      console.log(end.stdout.bytes.toString())`
    const leaked = openSync(folder, 'r')

    const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      stdio: Array.from({ length: 201 }, (_, fd) => (fd === 1 ? 'pipe' : fd === 2 ? 'inherit' : fd === 200 ? leaked : 'ignore')),
    })
    closeSync(leaked)

    expect(output).not.toContain(folder)
    expect(output.trim()).toBe('/dev/null')
  })
})

describe('the trusted PATH', () => {
  it('leaves out relative folders, packages and the workspace', () => {
    const before = process.env['PATH']
    process.env['PATH'] = '.:bin:/ws/tools:/home/me/node_modules/.bin:/opt/tools'

    const path = trustedPath('/ws')
    process.env['PATH'] = before

    expect(path).toBe('/opt/tools:/usr/local/bin:/usr/bin:/bin')
  })
})
