import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openFileCache } from '../../../src/services/executor/capabilities/analysis/file-cache.ts'
import { contextOf, makeWorkspace } from './analysis.fixture.ts'

const options = { name: 'things', version: 1, facts: z.strictObject({ count: z.number() }) }
const makeState = () => {
  const workspace = makeWorkspace()
  mkdirSync(join(workspace, '.planner-exec'))
  return workspace
}
const open = (workspace: string, changes: Partial<typeof options> = {}) => openFileCache(contextOf(workspace), { ...options, ...changes })
async function keep(workspace: string, entries: Readonly<Record<string, number>>) {
  const cache = await open(workspace)
  for (const [key, count] of Object.entries(entries)) cache.set(key, { count })
  await cache.save()
}

describe('the cache of an analysis', () => {
  it('knows in the next run what it was told in this one', async () => {
    const workspace = makeState()
    await keep(workspace, { a: 1 })

    expect((await open(workspace)).get('a')).toEqual({ count: 1 })
    expect((await open(workspace, { version: 2 })).get('a')).toBeUndefined()
    expect((await open(workspace, { name: 'others' })).get('a')).toBeUndefined()
  })

  it('leaves one file of its own, and no folder that was not there', async () => {
    const workspace = makeState()
    await keep(workspace, { a: 1 })
    await keep(workspace, { b: 2 })
    const bare = makeWorkspace()
    await keep(bare, { a: 1 })

    expect(readdirSync(join(workspace, '.planner-exec/cache'))).toEqual(['things-v1.json'])
    expect(readdirSync(bare)).toEqual([])
  })

  it('forgets what was of use long ago', async () => {
    const workspace = makeState()
    await keep(workspace, Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`old${at}`, at])))
    const kept = () => Object.keys(JSON.parse(readFileSync(join(workspace, '.planner-exec/cache/things-v1.json'), 'utf8')).entries).length

    await keep(workspace, { new: 1 })
    const after = kept()

    expect(after).toBe(1)
  })

  it.each([
    ['damaged', (path: string) => writeFileSync(path, '{"seal":')],
    ['of another form', (path: string) => writeFileSync(path, '{"entries":{"a":{"count":7}}}')],
    ['with other facts', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('{"count":1}', '{"count":"7"}'))],
  ])('is empty when its file is %s', async (_, damage) => {
    const workspace = makeState()
    await keep(workspace, { a: 1 })
    damage(join(workspace, '.planner-exec/cache/things-v1.json'))

    expect((await open(workspace)).get('a')).toBeUndefined()
  })

  it('does not believe a state folder that came along with a workspace', async () => {
    const workspace = makeState()
    await keep(workspace, { a: 1 })
    const copy = makeWorkspace()
    cpSync(workspace, copy, { recursive: true })

    expect((await open(copy)).get('a')).toBeUndefined()
  })

  it('does not follow a link', async () => {
    const [workspace, elsewhere] = [makeState(), makeState()]
    await keep(elsewhere, { a: 1 })
    symlinkSync(join(elsewhere, '.planner-exec/cache'), join(workspace, '.planner-exec/cache'))
    await keep(workspace, { b: 1 })

    expect(readdirSync(join(elsewhere, '.planner-exec/cache'))).toEqual(['things-v1.json'])
    expect(readFileSync(join(elsewhere, '.planner-exec/cache/things-v1.json'), 'utf8')).not.toContain('"b"')
  })
})
