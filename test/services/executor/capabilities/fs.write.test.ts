import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../../src/model/digest.ts'
import { admit, makeBench, startSwapping, type Bench } from '../fixtures.ts'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})

const read = (path: string) => readFileSync(join(bench.workspace, path), 'utf8')

describe('fs.write', () => {
  it('creates a file, and replaces it with what was there before told by its digest', async () => {
    const first = await bench.output('fs.write.v1', { path: 'a.txt', content: 'one' })
    const second = await bench.output('fs.write.v1', { path: 'a.txt', content: 'zwölf' })

    expect(first).toEqual({ path: 'a.txt', bytes: 3, sha256: sha256('one'), created: true, previousSha256: null })
    expect(second).toEqual({ path: 'a.txt', bytes: 6, sha256: sha256('zwölf'), created: false, previousSha256: sha256('one') })
    expect(read('a.txt')).toBe('zwölf')
  })

  it('leaves nothing but the file', async () => {
    await bench.run('fs.write.v1', { path: 'a.txt', content: 'one' })

    expect(readdirSync(bench.workspace).sort()).toEqual(['.planner-exec', 'a.txt'])
  })

  it('creates folders only when asked to', async () => {
    await expect(bench.run('fs.write.v1', { path: 'a/b/c.txt', content: 'x' })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    expect(existsSync(join(bench.workspace, 'a'))).toBe(false)

    await bench.run('fs.write.v1', { path: 'a/b/c.txt', content: 'x', createDirs: true })
    expect(read('a/b/c.txt')).toBe('x')
  })

  it('keeps the permissions of the file it replaces, or sets those it is given', async () => {
    chmodSync(bench.put('script.sh', 'old'), 0o755)

    await bench.run('fs.write.v1', { path: 'script.sh', content: 'new' })
    await bench.run('fs.write.v1', { path: 'private', content: 'x', mode: '600' })

    expect(statSync(join(bench.workspace, 'script.sh')).mode & 0o777).toBe(0o755)
    expect(statSync(join(bench.workspace, 'private')).mode & 0o777).toBe(0o600)
  })

  it('writes only over what it was told to expect', async () => {
    bench.put('a.txt', 'theirs')

    const wrong = bench.run('fs.write.v1', { path: 'a.txt', content: 'mine', ifSha256: sha256('other') })
    await expect(wrong).rejects.toMatchObject({ code: 'ACTION_FAILED', hint: 'Read the file again and decide anew.' })
    await expect(bench.run('fs.write.v1', { path: 'a.txt', content: 'mine', ifSha256: null })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(bench.run('fs.write.v1', { path: 'b.txt', content: 'mine', ifSha256: sha256('x') })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    expect(read('a.txt')).toBe('theirs')

    await bench.run('fs.write.v1', { path: 'a.txt', content: 'mine', ifSha256: sha256('theirs') })
    await bench.run('fs.write.v1', { path: 'b.txt', content: 'mine', ifSha256: null })
    expect([read('a.txt'), read('b.txt')]).toEqual(['mine', 'mine'])
  })

  it('refuses to replace links and folders, and to write through links', async () => {
    writeFileSync(join(bench.base, 'target'), 'outside')
    symlinkSync(join(bench.base, 'target'), join(bench.workspace, 'link'))
    symlinkSync(join(bench.base, 'new'), join(bench.workspace, 'dangling'))
    symlinkSync(bench.base, join(bench.workspace, 'up'))
    mkdirSync(join(bench.workspace, 'folder'))

    for (const path of ['link', 'dangling', 'up/escaped', 'up/deeper/escaped', 'folder']) {
      await expect(bench.run('fs.write.v1', { path, content: 'x', createDirs: true })).rejects.toMatchObject({ code: 'PATH_DENIED' })
    }
    expect(readFileSync(join(bench.base, 'target'), 'utf8')).toBe('outside')
    expect(readdirSync(bench.base).sort()).toEqual(['secret.txt', 'target', 'workspace'])
  })

  it.each(['../escaped', '/tmp/escaped', '.planner-exec/journal', '.git/hooks/pre-commit', 'sub/.GIT/config', '.git', '.'])(
    'refuses to write %j',
    async (path) => {
      await expect(bench.run('fs.write.v1', { path, content: 'x', createDirs: true })).rejects.toMatchObject({ stage: 'action', retryable: false })
      expect(readFileSync(join(bench.stateDir, 'journal'), 'utf8')).toBe('journal')
    },
  )

  it.each([
    [{ path: 'a' }],
    [{ path: 'a', content: 1 }],
    [{ path: 'a', content: '\uD800' }],
    [{ path: 'a', content: 'x', mode: '4755' }],
    [{ path: 'a', content: 'x', ifSha256: 'abc' }],
    [{ path: 'a', content: 'x', append: true }],
  ])('refuses the arguments %j', async (args) => {
    await expect(bench.run('fs.write.v1', args)).rejects.toMatchObject({ code: 'ARGS_INVALID' })
  })

  it('is not misled by a link or a file at the place of its temporary file', async () => {
    await bench.run('fs.write.v1', { path: 'a.txt', content: 'one' })
    const name = `.planner-exec-${sha256('key-1\0a.txt').slice(0, 24)}.tmp`
    symlinkSync(join(bench.base, 'secret.txt'), join(bench.workspace, name))

    await bench.run('fs.write.v1', { path: 'a.txt', content: 'two' })

    expect(read('a.txt')).toBe('two')
    expect(readFileSync(join(bench.base, 'secret.txt'), 'utf8')).toBe('TOP SECRET')
    expect(existsSync(join(bench.workspace, name))).toBe(false)
  })

  it('changes nothing when it is stopped', async () => {
    bench.put('a.txt', 'old')
    const stopper = new AbortController()

    const writing = bench.run('fs.write.v1', { path: 'a.txt', content: 'x'.repeat(8_000_000) }, { signal: stopper.signal })
    stopper.abort()

    await expect(writing).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
    expect(read('a.txt')).toBe('old')
    expect(readdirSync(bench.workspace).sort()).toEqual(['.planner-exec', 'a.txt'])
  })

  it('never writes outside while a folder is swapped for a link', async () => {
    bench.put('folder/file.txt', 'inside')
    const outside = join(bench.base, 'outside')
    mkdirSync(outside)
    const swapping = await startSwapping(join(bench.workspace, 'folder'), outside)
    const seen: Record<string, number> = {}

    for (let tries = 0; tries < 400; tries += 1) {
      const found = await bench.run('fs.write.v1', { path: 'folder/file.txt', content: `${tries}` }).then(
        () => 'written',
        (error: { code: string }) => error.code,
      )
      seen[found] = (seen[found] ?? 0) + 1
    }
    await swapping.stop()

    expect(readdirSync(outside)).toEqual([])
    // Both outcomes occur, or the race never happened; ACTION_FAILED is the moment without any folder.
    expect(
      Object.keys(seen)
        .filter((outcome) => outcome !== 'ACTION_FAILED')
        .sort(),
    ).toEqual(['PATH_DENIED', 'written'])
  })

  it('leaves the old content or the new one when its process is killed', async () => {
    const contents = ['a', 'b'].map((letter) => letter.repeat(3_000_000))
    const found = new Set<boolean>()

    for (let round = 0; round < 3; round += 1) {
      bench.put('a.txt', contents[0] ?? '')
      const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'endless-writer.ts'), bench.workspace], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      const dead = new Promise((resolve) => child.once('exit', resolve))
      // Any moment will do: the point within a write differs from round to round.
      for (let turn = 0; turn < round * 7; turn += 1) await new Promise(setImmediate)
      child.kill('SIGKILL')
      await dead
      found.add(contents.includes(read('a.txt')))
    }

    expect([...found]).toEqual([true])
  })
})

describe('reconciling fs.write', () => {
  const args = { path: 'a.txt', content: 'new' }
  const reconcile = () => bench.executor.reconcile(admit('fs.write.v1', args), bench.context())

  it('finds that it happened when the file has the content', async () => {
    await bench.run('fs.write.v1', args)

    expect(await reconcile()).toBe('happened')
  })

  it('finds that it did not when the file is absent or has other content', async () => {
    expect(await reconcile()).toBe('did-not')
    bench.put('a.txt', 'old')
    expect(await reconcile()).toBe('did-not')
  })

  it('does not know when the path cannot be looked at', async () => {
    symlinkSync('/etc/passwd', join(bench.workspace, 'a.txt'))

    expect(await reconcile()).toBe('unknown')
  })
})
