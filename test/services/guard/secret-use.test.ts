import { describe, expect, it } from 'vitest'
import type { Action, Target } from '../../../src/model/action.ts'
import { judgeSecrets } from '../../../src/services/guard/secret-use.ts'
import { action, makeGuard, SCOPE } from './fixtures.ts'

const path: Target = { kind: 'path', access: 'write', path: 'a' }
const url: Target = { kind: 'url', url: 'https://example.org/' }
const judge = (effect: 'read' | 'write' | 'external', args: Action['args'], targets: readonly Target[] = [path]) =>
  judgeSecrets({ name: 'test.it.v1', effect }, args, targets)?.ruleId ?? null

describe('a secret in the arguments', () => {
  it.each<[string, Parameters<typeof judge>, boolean]>([
    ['none', ['external', { body: 'nothing' }], false],
    ['one that an operator named, into a file', ['write', { content: '${secret:TOKEN}' }], true],
    ['one that was found, into a file', ['write', { content: '${secret:github-token:ab12}' }], false],
    ['one that was found, out of the machine', ['external', { body: '${secret:github-token:ab12}' }, [url]], true],
    ['one that was found, into a question', ['read', { url: '${secret:github-token:ab12}' }, [url]], true],
    ['one that was found, to nobody knows where', ['write', { body: '${secret:github-token:ab12}' }, []], true],
    ['one that was found, beside an address', ['write', { body: '${secret:github-token:ab12}' }, [path, url]], true],
    ['one in the name of an argument', ['write', { nested: [{ '${secret:TOKEN}': 1 }] }], true],
    ['one that is escaped', ['external', { body: String.raw`$\{secret:TOKEN}` }, [url]], false],
  ])('%s is asked about: %#', (_, given, asks) => {
    expect(judge(...given)).toBe(asks ? 'builtin:secret' : null)
  })

  it.each(['${secret:', '${secret:}', '${secret:a b}', '${secret:1}', '${secret:A', '${secret:${secret:A}'])(
    'is refused when it is none: %s',
    (body) => {
      expect(judgeSecrets({ name: 'test.it.v1', effect: 'write' }, { body }, [path])).toMatchObject({ decision: 'deny', ruleId: 'builtin:secret' })
    },
  )

  it('is named, five of many', () => {
    const body = [1, 2, 3, 4, 5, 6, 7].map((number) => `\${secret:KEY_${number}}`).join('')

    const reason = judgeSecrets({ name: 'test.it.v1', effect: 'external' }, { body }, [url])?.reason

    expect(reason).toContain('the secrets "KEY_1", "KEY_2"')
    expect(reason).not.toContain('KEY_6')
  })
})

describe('the guard', () => {
  it('asks about a named secret that the policy would let go anywhere', async () => {
    const { guard } = await makeGuard({ defaults: { '*': 'allow' } })
    const fetch = action('http.fetch.v1', { url: 'https://example.org/?t=${secret:TOKEN}' })

    expect(await guard.judge(fetch, SCOPE)).toMatchObject({ decision: 'ask', ruleId: 'builtin:secret', risk: 'high' })
  })

  it('covers no other secret with a grant for one', async () => {
    const { guard } = await makeGuard({ defaults: { '*': 'allow' } })
    const fetch = (name: string) => action('http.fetch.v1', { url: `https://example.org/?t=\${secret:${name}}` })
    const scope = { ...SCOPE, grants: () => [{ action: fetch('ONE'), ruleId: 'builtin:secret', by: 'ada' }] }

    expect(await guard.judge(fetch('ONE'), scope)).toMatchObject({ decision: 'allow' })
    expect(await guard.judge(fetch('TWO'), scope)).toMatchObject({ decision: 'ask' })
  })
})
