import { describe, expect, it } from 'vitest'
import { parseBounded } from '../../../../src/services/guard/replay/bounded-json.ts'

describe('parseBounded', () => {
  it('parses what is JSON, and says what is not', () => {
    expect(parseBounded('{"a": [1]}')).toEqual({ ok: true, value: { a: [1] } })
    expect(parseBounded('{"a": ')).toMatchObject({ ok: false, problem: expect.stringMatching('not JSON') })
  })

  it('refuses a value 200,000 deep', () => {
    expect(parseBounded(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)).toEqual({ ok: false, problem: 'it nests more than 64 deep' })
    expect(parseBounded(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)).toEqual({ ok: false, problem: 'it nests more than 64 deep' })
  })

  it.each(['{"__proto__": {"polluted": true}}', '{"a": [{"\\u005f_proto__": 1}]}'])('refuses %s', (text) => {
    expect(parseBounded(text)).toEqual({ ok: false, problem: 'it has a key __proto__' })
  })
})
