import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { readWorkspaceFile, walkFiles } from '../../../src/services/executor/workspace-files.ts'
import { git, makeFolder, startSwapping } from './fixtures.ts'

let base: string
let workspace: string
let stateDir: string
beforeEach(() => {
  base = makeFolder()
  workspace = join(base, 'workspace')
  stateDir = join(workspace, '.planner-exec')
  mkdirSync(stateDir, { recursive: true })
  writeFileSync(join(stateDir, 'journal'), 'journal')
  mkdirSync(join(base, 'outside'))
  writeFileSync(join(base, 'outside', 'file.txt'), 'TOP SECRET')
})

function put(path: string, content: string | Buffer = 'x'): void {
  mkdirSync(join(workspace, path, '..'), { recursive: true })
  writeFileSync(join(workspace, path), content)
}

async function walk(options: { path?: string; maxFiles?: number; signal?: AbortSignal } = {}): Promise<string[]> {
  const paths: string[] = []
  for await (const file of walkFiles(workspace, { stateDir, signal: new AbortController().signal, ...options })) paths.push(file.path)
  return paths
}

const read = (path: string, maxBytes = 1000) => readWorkspaceFile(workspace, path, { maxBytes, stateDir })

describe('walkFiles', () => {
  it('yields the files of a plain folder in path order, without git, packages and state', async () => {
    for (const path of ['b.txt', 'a/z.txt', 'a/y.txt', 'node_modules/p/index.js', 'c/node_modules/q.js']) put(path)

    expect(await walk()).toEqual(['a/y.txt', 'a/z.txt', 'b.txt'])
  })

  it('yields what git would show in a work tree', async () => {
    for (const path of ['tracked.txt', 'new.txt', 'ignored.log', 'dist/out.js', 'node_modules/p.js']) put(path)
    put('.gitignore', '*.log\ndist/\n')
    git(workspace, 'init', '-q')
    git(workspace, 'add', 'tracked.txt')

    expect(await walk()).toEqual(['.gitignore', 'new.txt', 'tracked.txt'])
  })

  it('knows the rules of an outer repository, and its own files only', async () => {
    put('kept.txt')
    put('ignored.log')
    writeFileSync(join(base, '.gitignore'), '*.log\n')
    git(base, 'init', '-q')

    expect(await walk()).toEqual(['kept.txt'])
  })

  it('walks a workspace that an outer repository ignores as a whole', async () => {
    put('kept.txt')
    writeFileSync(join(base, '.gitignore'), 'workspace/\n')
    git(base, 'init', '-q')

    expect(await walk()).toEqual(['kept.txt'])
  })

  it('enters repositories inside the repository', async () => {
    git(workspace, 'init', '-q')
    put('inner/a.txt')
    git(join(workspace, 'inner'), 'init', '-q')
    git(join(workspace, 'inner'), 'add', 'a.txt')
    git(join(workspace, 'inner'), 'commit', '-qm', 'x')

    expect(await walk()).toEqual(['inner/a.txt'])
  })

  it('yields its own files where the repository says that its work tree is elsewhere', async () => {
    put('a.txt')
    git(workspace, 'init', '-q')
    git(workspace, 'config', 'core.worktree', join(base, 'outside'))

    expect(await walk()).toEqual(['a.txt'])
  })

  it('leaves out what git lists and the disk no longer has', async () => {
    put('gone.txt')
    put('folder/inside.txt')
    git(workspace, 'init', '-q')
    git(workspace, 'add', '.')
    execFileSync('rm', ['-r', join(workspace, 'gone.txt'), join(workspace, 'folder')])
    symlinkSync(join(base, 'outside'), join(workspace, 'folder'))
    writeFileSync(join(base, 'outside', 'inside.txt'), 'SECRET')

    expect(await walk()).toEqual([])
  })

  it('follows no link, so loops and links to the outside end nowhere', async () => {
    put('a/file.txt')
    symlinkSync('..', join(workspace, 'a', 'loop'))
    symlinkSync(join(base, 'outside'), join(workspace, 'out'))
    symlinkSync('a/file.txt', join(workspace, 'alias.txt'))

    expect(await walk()).toEqual(['a/file.txt'])
  })

  it('survives names that are not UTF-8 and hostile names that are', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${workspace}/bad-`), Buffer.from([0xff, 0xfe])]), 'x')
    for (const path of ['-rf', 'a\nb', 'tab\t', '"quoted"', ':(top)x', 'ünï']) put(path)
    const plain = await walk()
    git(workspace, 'init', '-q')

    expect(plain).toEqual(['"quoted"', '-rf', ':(top)x', 'a\nb', 'tab\t', 'ünï'].sort())
    expect(await walk()).toEqual(plain)
  })

  it('survives folders that it may not read', async () => {
    put('open.txt')
    put('closed/file.txt')
    chmodSync(join(workspace, 'closed'), 0o000)

    const paths = await walk()

    // Root may read everything.
    expect(paths).toEqual(process.getuid?.() === 0 ? ['closed/file.txt', 'open.txt'] : ['open.txt'])
    chmodSync(join(workspace, 'closed'), 0o755)
  })

  it('starts at a folder or yields a single file', async () => {
    for (const path of ['a/1.txt', 'a/b/2.txt', 'c.txt']) put(path)

    expect(await walk({ path: 'a' })).toEqual(['a/1.txt', 'a/b/2.txt'])
    expect(await walk({ path: 'a/1.txt' })).toEqual(['a/1.txt'])
    await expect(walk({ path: 'none' })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(walk({ path: '..' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
  })

  it('stops after maxFiles, and when it is told to', async () => {
    for (const path of ['1', '2', '3']) put(path)

    expect(await walk({ maxFiles: 2 })).toEqual(['1', '2'])
    await expect(walk({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
  })

  it('lets timers have their turn, so that it can be stopped while it is at it', async () => {
    for (let file = 0; file < 5000; file += 1) put(`${file % 50}/${file}`)
    const stop = new AbortController()
    const walking = walk({ signal: stop.signal })

    setTimeout(() => stop.abort(), 1)

    await expect(walking).rejects.toMatchObject({ code: 'ACTION_ABORTED' })
  })
})

describe('readWorkspaceFile', () => {
  it('reads a file, and tells its size and whether there is more', async () => {
    put('a/file.txt', '0123456789')

    expect(await read('a/file.txt')).toEqual({ bytes: Buffer.from('0123456789'), truncated: false, size: 10 })
    expect(await read('a/file.txt', 10)).toMatchObject({ truncated: false })
    expect(await read('a/file.txt', 4)).toEqual({ bytes: Buffer.from('0123'), truncated: true, size: 10 })
  })

  it('reads only the start of a sparse file of 200 MB', async () => {
    put('sparse', '')
    truncateSync(join(workspace, 'sparse'), 200_000_000)
    const before = process.memoryUsage().rss

    const file = await read('sparse', 1024)

    expect(file).toMatchObject({ truncated: true, size: 200_000_000 })
    expect(file.bytes.byteLength).toBe(1024)
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
  })

  it.each([
    ['../outside/file.txt'],
    ['a/../../outside/file.txt'],
    ['/etc/passwd'],
    ['file.txt\0.png'],
    ['.planner-exec/journal'],
    ['./a/../.planner-exec/journal'],
    ['../workspacex/file'],
  ])('refuses %j', async (path) => {
    mkdirSync(join(base, 'workspacex'))
    writeFileSync(join(base, 'workspacex', 'file'), 'TOP SECRET')

    await expect(read(path)).rejects.toMatchObject({ code: 'PATH_DENIED' })
  })

  it('takes %2e%2e and backslashes for what they are: names', async () => {
    await expect(read('%2e%2e/outside/file.txt')).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(read('..\\outside\\file.txt')).rejects.toMatchObject({ code: 'ACTION_FAILED' })
  })

  it('refuses links as a file, as a folder and to the state folder, and names where a link leads', async () => {
    put('real.txt')
    symlinkSync(join(base, 'outside', 'file.txt'), join(workspace, 'link.txt'))
    symlinkSync(join(base, 'outside'), join(workspace, 'folder'))
    symlinkSync('.planner-exec', join(workspace, 'state'))
    symlinkSync('real.txt', join(workspace, 'alias.txt'))

    for (const path of ['link.txt', 'folder/file.txt', 'state/journal', 'alias.txt'])
      await expect(read(path)).rejects.toMatchObject({ code: 'PATH_DENIED' })
    await expect(read('alias.txt')).rejects.toThrow('alias.txt is a symbolic link to real.txt.')
  })

  it('refuses FIFOs, devices and sockets without waiting', async () => {
    execFileSync('mkfifo', [join(workspace, 'fifo')])
    const server = createServer().listen(join(workspace, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))

    await expect(read('fifo')).rejects.toThrow('fifo is not a regular file but a fifo.')
    await expect(read('socket')).rejects.toThrow('socket is not a regular file but a socket.')
    await expect(readWorkspaceFile('/dev', 'zero', { maxBytes: 10 })).rejects.toThrow('zero is not a regular file but a device.')
    server.close()
  })

  it('says which path is missing or is a folder', async () => {
    put('a/file.txt')

    await expect(read('a/none.txt')).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      retryable: false,
      message: 'a/none.txt does not exist (ENOENT).',
    })
    await expect(read('a')).rejects.toMatchObject({ code: 'ACTION_FAILED', message: 'a is a folder (EISDIR).' })
    await expect(read('.')).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(read('a/file.txt/x')).rejects.toMatchObject({ code: 'ACTION_FAILED' })
  })

  it('lets timers have their turn while it reads many files', async () => {
    put('file.txt')
    let turns = 0
    const timer = setInterval(() => (turns += 1), 1)

    for (let times = 0; times < 3000; times += 1) await read('file.txt')
    clearInterval(timer)

    expect(turns).toBeGreaterThan(0)
  })

  it.each([1, 4096, 65_536, 65_537, 3_000_000])('reads %i bytes whole, and knows of one more', async (bytes) => {
    const content = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251))
    put('deep/er/file', content)

    const [whole, cut] = await Promise.all([read('deep/er/file', bytes), read('deep/er/file', bytes - 1)])

    expect(whole).toMatchObject({ truncated: false, size: bytes })
    expect(whole.bytes.equals(content)).toBe(true)
    expect(cut).toMatchObject({ truncated: true, size: bytes })
    expect(cut.bytes.equals(content.subarray(0, -1))).toBe(true)
  })

  it('reads what tells no size', async () => {
    const file = await readWorkspaceFile('/proc', 'version', { maxBytes: 10_000 })

    expect(file.bytes.toString()).toMatch(/version/i)
  })

  it('reads a file that has a second name', async () => {
    put('one.txt', 'shared')
    linkSync(join(workspace, 'one.txt'), join(workspace, 'two.txt'))

    expect((await read('two.txt')).bytes.toString()).toBe('shared')
  })

  it('never leaks a file outside while a folder is swapped for a link', async () => {
    put('folder/file.txt', 'inside')
    const swapping = await startSwapping(join(workspace, 'folder'), join(base, 'outside'))
    const seen: Record<string, number> = {}

    for (let tries = 0; tries < 5000; tries += 1) {
      const found = await read('folder/file.txt').then(
        (file) => file.bytes.toString(),
        (error: { code: string }) => error.code,
      )
      seen[found] = (seen[found] ?? 0) + 1
    }
    await swapping.stop()

    // Each outcome occurs, or the race never happened; ACTION_FAILED is the moment without any folder.
    expect(
      Object.keys(seen)
        .filter((outcome) => outcome !== 'ACTION_FAILED')
        .sort(),
    ).toEqual(['PATH_DENIED', 'inside'])
  })
})
