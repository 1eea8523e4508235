import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import { defineCapability } from '../../../src/services/executor/define-capability.ts'

const ALL_WELL = { git: null, sandbox: null }

const define = (name: string, changes: { risk?: 'low' | 'high'; max?: number; effect?: 'read' | 'write' } = {}) =>
  defineCapability({
    name,
    title: 'Count words',
    description: 'Counts the words of a text.',
    args: z.strictObject({ text: z.string().max(changes.max ?? 100) }),
    output: z.strictObject({ words: z.number() }),
    effect: changes.effect ?? 'read',
    risk: changes.risk ?? 'low',
    needs: [],
    timeoutMs: 1_000,
    targets: () => [],
    run: async ({ text }) => ({ words: text.split(' ').length }),
  })

describe('the catalog', () => {
  it('lists capabilities in name order and finds them by name', () => {
    const catalog = createCatalog([define('b.x.v1'), define('a.x.v1')], ALL_WELL)

    expect(catalog.list().map(({ name }) => name)).toEqual(['a.x.v1', 'b.x.v1'])
    expect(catalog.get('b.x.v1')?.title).toBe('Count words')
    expect(catalog.get('c.x.v1')).toBeUndefined()
  })

  it('refuses two capabilities of one name', () => {
    expect(() => createCatalog([define('a.x.v1'), define('a.x.v1')], ALL_WELL)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it('has a digest that order does not change, and that each of schema, effect, risk and name does', () => {
    const digest = (...given: ReturnType<typeof define>[]) => createCatalog(given, ALL_WELL).digest
    const base = digest(define('a.x.v1'), define('b.x.v1'))

    expect(digest(define('b.x.v1'), define('a.x.v1'))).toBe(base)
    const changed = [define('b.x.v2'), define('b.x.v1', { risk: 'high' }), define('b.x.v1', { max: 99 }), define('b.x.v1', { effect: 'write' })]
    expect(new Set([base, ...changed.map((other) => digest(define('a.x.v1'), other))]).size).toBe(5)
  })

  it('says why a capability cannot run, by what it needs', () => {
    const shortcoming = { reason: 'No sandbox.', hint: 'Install bubblewrap.' }
    const catalog = createCatalog(baseCapabilities, { git: null, sandbox: shortcoming })

    expect(catalog.unavailable('shell.exec.v1')).toEqual(shortcoming)
    expect(catalog.unavailable('git.log.v1')).toBeNull()
    expect(catalog.unavailable('fs.read.v1')).toBeNull()
  })

  it('can describe every argument of every capability', () => {
    const undescribed = baseCapabilities.flatMap(({ name, args }) =>
      Object.entries(args.shape)
        .filter(([, schema]) => !schema.description)
        .map(([key]) => `${name} ${key}`),
    )

    expect(undescribed).toEqual([])
  })
})

describe('defineCapability', () => {
  it.each(['fs.read', 'Read.file.v1', 'read.v1.', 'v1', 'a.b.v0', '', 'a b.v1'])('refuses the name %j', (name) => {
    expect(() => define(name)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  it.each([0, -1, 1.5, Number.NaN, 3_600_001])('refuses a timeout of %s ms', (timeoutMs) => {
    expect(() => defineCapability({ ...define('a.x.v1'), timeoutMs })).toThrow('timeoutMs')
  })
})
