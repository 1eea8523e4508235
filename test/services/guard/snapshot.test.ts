import { describe, expect, it } from 'vitest'
import { MAX_ARGS_BYTES, MAX_DEPTH, snapshotArgs } from '../../../src/services/guard/snapshot.ts'

const nested = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1)

describe('snapshotArgs', () => {
  it('copies and freezes in depth', () => {
    const args = { a: [1, { b: 'c' }], d: null, e: -0 }

    const snapshot = snapshotArgs(args)

    expect(snapshot).toEqual({ ok: true, args: { a: [1, { b: 'c' }], d: null, e: 0 } })
    expect(snapshot.ok && Object.isFrozen(snapshot.args['a'])).toBe(true)
  })

  it(`takes ${MAX_DEPTH} levels and not one more`, () => {
    expect(snapshotArgs({ a: nested(MAX_DEPTH - 1) })).toMatchObject({ ok: true })
    expect(snapshotArgs({ a: nested(MAX_DEPTH) })).toMatchObject({ ok: false, what: 'args-too-deep' })
  })

  it('limits the size, not counting the declared content', () => {
    const large = 'x'.repeat(MAX_ARGS_BYTES)

    expect(snapshotArgs({ note: large })).toMatchObject({ ok: false, what: 'args-too-large' })
    expect(snapshotArgs({ content: large.repeat(2) })).toMatchObject({ ok: true })
    expect(snapshotArgs({ content: { data: large.repeat(2), encoding: 'base64' } })).toMatchObject({ ok: true })
    expect(snapshotArgs({ content: large, note: large })).toMatchObject({ ok: false, what: 'args-too-large' })
  })

  it('is not led into shared references that multiply', () => {
    let shared: unknown = 'x'
    for (let level = 0; level < 40; level += 1) shared = [shared, shared]

    expect(snapshotArgs({ shared })).toMatchObject({ ok: false, what: 'args-too-large' })
  })

  it('is not led into a circle', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle

    expect(snapshotArgs(circle)).toMatchObject({ ok: false, what: 'args-too-deep' })
  })

  it('reads a getter once, so that what is judged is what runs', () => {
    let reads = 0
    const args = {
      get path() {
        reads += 1
        return reads === 1 ? 'a' : '/etc/passwd'
      },
    }

    const snapshot = snapshotArgs(args)

    expect(snapshot).toEqual({ ok: true, args: { path: 'a' } })
  })

  it.each([
    ['undefined', { a: undefined }],
    ['a function', { a: () => 1 }],
    ['a big integer', { a: 1n }],
    ['NaN', { a: Number.NaN }],
    ['infinity', { a: Number.POSITIVE_INFINITY }],
    ['a date', { a: new Date(0) }],
    ['a map', { a: new Map() }],
    ['an inherited value', Object.create({ path: '/etc' })],
    ['a lone surrogate', { a: '\ud800' }],
    ['an array for arguments', [1]],
    ['null for arguments', null],
    ['text for arguments', 'path'],
  ])('refuses %s', (_, args) => {
    expect(snapshotArgs(args)).toMatchObject({ ok: false, what: 'args-not-json' })
  })

  it('refuses the key __proto__ at any depth', () => {
    expect(snapshotArgs(JSON.parse('{"a":[{"__proto__":1}]}'))).toMatchObject({ ok: false, what: 'args-forbidden-key' })
  })
})
