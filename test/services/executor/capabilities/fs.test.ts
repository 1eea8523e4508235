import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../../src/model/digest.ts'
import { makeBench, type Bench } from '../fixtures.ts'

let bench: Bench
beforeEach(async () => {
  bench = await makeBench()
})

describe('fs.read', () => {
  it('reads a whole text file with its digest', async () => {
    bench.put('a.txt', 'one\ntwo\n')

    expect(await bench.output('fs.read.v1', { path: 'a.txt' })).toEqual({
      path: 'a.txt',
      text: 'one\ntwo\n',
      bytes: 8,
      sha256: sha256('one\ntwo\n'),
      truncated: false,
      lines: 2,
    })
  })

  it.each([
    [{ fromLine: 2 }, 'two\nthree'],
    [{ fromLine: 2, toLine: 2 }, 'two\n'],
    [{ toLine: 1 }, 'one\n'],
    [{ fromLine: 4 }, ''],
    [{ fromLine: 3, toLine: 99 }, 'three'],
  ])('reads the lines of %j', async (lines, text) => {
    bench.put('a.txt', 'one\ntwo\nthree')

    expect(await bench.output('fs.read.v1', { path: 'a.txt', ...lines })).toMatchObject({ text, truncated: false, bytes: 13 })
  })

  it('cuts at maxBytes, but never through a character', async () => {
    bench.put('a.txt', 'aä')

    expect(await bench.output('fs.read.v1', { path: 'a.txt', maxBytes: 2 })).toMatchObject({
      text: 'a',
      truncated: true,
      bytes: 3,
      sha256: sha256('aä'),
    })
  })

  it('refuses what is not text, unless as base64', async () => {
    bench.put('image.png', Buffer.from([0x89, 0x50, 0xff, 0x00]))

    await expect(bench.run('fs.read.v1', { path: 'image.png' })).rejects.toMatchObject({
      code: 'ACTION_FAILED',
      hint: 'Read it with `encoding: base64`.',
    })
    expect(await bench.output('fs.read.v1', { path: 'image.png', encoding: 'base64' })).toMatchObject({
      base64: 'iVD/AA==',
      bytes: 4,
      truncated: false,
    })
  })

  it('reads the start of a huge file, without a digest', async () => {
    truncateSync(bench.put('sparse', 'start'), 200_000_000)

    const output = await bench.output('fs.read.v1', { path: 'sparse', maxBytes: 5 })

    expect(output).toMatchObject({ text: 'start', truncated: true, bytes: 200_000_000, sha256: null })
  })

  it('keeps the mark at the start of a file', async () => {
    bench.put('bom.txt', '\uFEFFx')

    expect(await bench.output('fs.read.v1', { path: 'bom.txt' })).toMatchObject({ text: '\uFEFFx' })
  })

  it.each([
    [{}],
    [{ path: '' }],
    [{ path: 'a\u0000b' }],
    [{ path: 'a\\b' }],
    [{ path: 'a\u001b[2J' }],
    [{ path: 'a', maxBytes: 0 }],
    [{ path: 'a', maxBytes: 1e9 }],
    [{ path: 'a', encoding: 'latin1' }],
    [{ path: 'a', fromLine: 3, toLine: 2 }],
    [{ path: 'a', encoding: 'base64', fromLine: 1 }],
    [{ path: 'a', follow: true }],
  ])('refuses the arguments %j', async (args) => {
    await expect(bench.run('fs.read.v1', args)).rejects.toMatchObject({ code: 'ARGS_INVALID' })
  })

  it('declares the file as what it reads', () => {
    const args = { path: 'src/../a.txt' }
    expect(bench.executor.catalog.get('fs.read.v1')?.targets(args)).toEqual([{ kind: 'path', access: 'read', path: 'src/../a.txt' }])
  })
})

describe('fs.stat', () => {
  it('tells what is there, without following links', async () => {
    bench.put('a.txt', '123')
    symlinkSync('/etc/passwd', join(bench.workspace, 'link'))

    expect(await bench.output('fs.stat.v1', { path: 'a.txt' })).toMatchObject({ exists: true, type: 'file', bytes: 3, mode: '644' })
    expect(await bench.output('fs.stat.v1', { path: 'link' })).toMatchObject({ type: 'link' })
    expect(await bench.output('fs.stat.v1', { path: '.' })).toMatchObject({ path: '.', type: 'folder' })
  })

  it('answers that nothing is there, below a missing folder too', async () => {
    const nothing = { exists: false, type: null, bytes: null }

    expect(await bench.output('fs.stat.v1', { path: 'none' })).toMatchObject(nothing)
    expect(await bench.output('fs.stat.v1', { path: 'none/deeper' })).toMatchObject(nothing)
  })

  it.each(['..', '../secret.txt', '.planner-exec', '.planner-exec/journal', '/etc/passwd'])('refuses %j', async (path) => {
    await expect(bench.run('fs.stat.v1', { path })).rejects.toMatchObject({ code: 'PATH_DENIED' })
  })
})

describe('fs.list', () => {
  it('lists a folder in name order, without the state folder', async () => {
    bench.put('b.txt', '12')
    bench.put('a/x.txt', '')
    symlinkSync('b.txt', join(bench.workspace, 'c'))

    expect(await bench.output('fs.list.v1', {})).toMatchObject({
      path: '.',
      entries: [
        { path: 'a', type: 'folder' },
        { path: 'b.txt', type: 'file', bytes: 2 },
        { path: 'c', type: 'link' },
      ],
      truncated: false,
      unreadable: [],
    })
  })

  it('lists folders below, but not what git and packages keep', async () => {
    for (const path of ['a/b/c.txt', '.git/config', 'node_modules/p.js']) bench.put(path, 'x')
    symlinkSync('..', join(bench.workspace, 'a', 'loop'))

    const { entries } = await bench.output('fs.list.v1', { recursive: true })

    const paths = Array.isArray(entries) ? entries.map((entry) => entry.path) : []
    expect(paths.sort()).toEqual(['.git', 'a', 'a/b', 'a/b/c.txt', 'a/loop', 'node_modules'])
  })

  it('stops at maxEntries and says so', async () => {
    for (const path of ['1', '2', '3']) bench.put(path, 'x')

    expect(await bench.output('fs.list.v1', { maxEntries: 2 })).toMatchObject({ entries: [{ path: '1' }, { path: '2' }], truncated: true })
    expect(await bench.output('fs.list.v1', { maxEntries: 3 })).toMatchObject({ truncated: false })
  })

  it('refuses a file, a link and the outside', async () => {
    bench.put('file', 'x')
    symlinkSync(bench.base, join(bench.workspace, 'up'))

    await expect(bench.run('fs.list.v1', { path: 'file' })).rejects.toMatchObject({ code: 'ACTION_FAILED' })
    await expect(bench.run('fs.list.v1', { path: 'up' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
    await expect(bench.run('fs.list.v1', { path: '..' })).rejects.toMatchObject({ code: 'PATH_DENIED' })
  })

  it('survives names that are not UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${bench.workspace}/bad-`), Buffer.from([0xff])]), 'x')
    bench.put('good', 'x')

    expect(await bench.output('fs.list.v1', {})).toMatchObject({ entries: [{ path: 'good' }] })
  })
})

describe('fs.search', () => {
  it('finds lines with a literal text', async () => {
    bench.put('src/a.ts', 'one\nlet x = (a+)+\r\nthree')
    bench.put('src/b.md', '(a+)+')

    expect(await bench.output('fs.search.v1', { pattern: '(a+)+' })).toMatchObject({
      matches: [
        { file: 'src/a.ts', line: 2, text: 'let x = (a+)+' },
        { file: 'src/b.md', line: 1, text: '(a+)+' },
      ],
      filesSearched: 2,
      truncated: false,
    })
  })

  it('narrows by glob, by folder and by case', async () => {
    for (const path of ['src/a.ts', 'src/b.md', 'lib/c.ts']) bench.put(path, 'Needle')
    const files = async (args: Record<string, string | boolean>) => {
      const { matches } = await bench.output('fs.search.v1', { pattern: 'needle', ignoreCase: true, ...args })
      return Array.isArray(matches) ? matches.map((match) => match.file) : []
    }

    expect(await files({ glob: '**/*.ts' })).toEqual(['lib/c.ts', 'src/a.ts'])
    expect(await files({ path: 'src' })).toEqual(['src/a.ts', 'src/b.md'])
    expect(await files({ ignoreCase: false })).toEqual([])
  })

  it('counts what it skips: binary, large and secret files', async () => {
    bench.put('bin', Buffer.from('needle\0'))
    bench.put('.env', 'needle')
    bench.put('deep/.env.local', 'needle')
    truncateSync(bench.put('large', 'needle'), 9_000_000)

    expect(await bench.output('fs.search.v1', { pattern: 'needle' })).toMatchObject({
      matches: [],
      filesSearched: 0,
      skipped: { binary: 1, large: 1, secret: 2, unreadable: 0 },
    })
  })

  it.each(['workstation', 'server', 'paranoid'])('shows nothing out of the files whose reading the policy %s denies', async (policy) => {
    const globs = [...readFileSync(new URL(`../../../../policies/${policy}.yaml`, import.meta.url), 'utf8').matchAll(/'\*\(\*\*\/(.+)\)'/g)].map(
      ([, glob = '']) => glob,
    )
    for (const glob of globs) bench.put(glob.replace(/\*+/g, 'x'), 'needle')
    bench.put('notes.txt', 'needle')

    const output = await bench.output('fs.search.v1', { pattern: 'needle' })

    expect(globs).toContain('.env*')
    expect(output['matches']).toEqual([{ file: 'notes.txt', line: 1, text: 'needle' }])
  })

  it('searches a secret file only when it is named, which the guard judges', async () => {
    bench.put('.env', 'needle')

    expect(await bench.output('fs.search.v1', { pattern: 'needle', path: '.env' })).toMatchObject({ filesSearched: 1 })
  })

  it('never searches the state folder or the outside', async () => {
    symlinkSync(bench.base, join(bench.workspace, 'up'))

    expect(await bench.output('fs.search.v1', { pattern: 'journal' })).toMatchObject({ matches: [] })
    expect(await bench.output('fs.search.v1', { pattern: 'SECRET' })).toMatchObject({ matches: [] })
  })

  it('stops at maxMatches and says so', async () => {
    bench.put('a', 'x\n'.repeat(10))

    expect(await bench.output('fs.search.v1', { pattern: 'x', maxMatches: 9 })).toMatchObject({ truncated: true })
    expect(await bench.output('fs.search.v1', { pattern: 'x', maxMatches: 10 })).toMatchObject({ truncated: false })
  })

  it('offers no regular expressions', async () => {
    await expect(bench.run('fs.search.v1', { pattern: 'a', regex: true })).rejects.toMatchObject({ code: 'ARGS_INVALID' })
  })

  it('does not wait for a FIFO', async () => {
    execFileSync('mkfifo', [join(bench.workspace, 'fifo')])

    expect(await bench.output('fs.search.v1', { pattern: 'x' })).toMatchObject({ matches: [] })
  })
})
