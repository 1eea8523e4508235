import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { suggestArgs } from '../../../src/services/guard/suggest.ts'
import type { Action } from '../../../src/model/action.ts'
import { action, makeGuard, SCOPE, temporaryFolder } from './fixtures.ts'

const places = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/somebody' }
const { limits } = Policy.parse({ version: 1, limits: { max_file_bytes: 100, max_timeout_ms: 5_000 } })
const suggest = (ruleId: string, args: Action['args']) =>
  suggestArgs(action('fs.read.v1', args), { decision: 'deny', ruleId, reason: '', hint: null }, limits, places)

describe('what is suggested', () => {
  it.each([
    ['test:limits.max_timeout_ms', { timeoutMs: 9_000, path: 'a' }, { timeoutMs: 5_000, path: 'a' }],
    ['test:limits.max_timeout_ms', { timeout_ms: 9_000, timeoutMs: 10 }, { timeout_ms: 5_000, timeoutMs: 10 }],
    ['test:limits.max_file_bytes', { maxBytes: 101, len: 200 }, { maxBytes: 100, len: 100 }],
    ['builtin:path-characters', { path: String.raw`src\code.ts` }, { path: 'src/code.ts' }],
    ['builtin:path-characters', { path: '\\' }, null],
    ['builtin:ambiguous-path', { path: 'a/../b' }, { path: 'b' }],
    ['builtin:ambiguous-path', { path: 'a/..' }, { path: '.' }],
    ['builtin:ambiguous-path', { path: '../x' }, null],
    ['builtin:ambiguous-path', { path: 'b' }, null],
    ['builtin:ambiguous-path', { path: 7 }, null],
    ['builtin:ambiguous-path', {}, null],
    ['test:limits.max_file_bytes', { maxBytes: 100 }, null],
    ['test:limits.max_file_bytes', { maxBytes: '900' }, null],
    ['test:rules[0].deny', { maxBytes: 900, path: 'a/../b' }, null],
  ])('for %s with %j is %j', (ruleId, args, expected) => {
    expect(suggest(ruleId, args)).toEqual(expected)
  })
})

describe('a suggestion of the guard', () => {
  it('names a plain path for one with two meanings', async () => {
    const workspace = await temporaryFolder()
    await mkdir(join(workspace, 'a/b'), { recursive: true })
    await symlink('a/b', join(workspace, 'link'))
    const { guard } = await makeGuard({ rules: [{ allow: 'fs.read(**)' }] }, { workspace })

    const verdict = await guard.judge(action('fs.read.v1', { path: 'link/../notes.txt' }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:ambiguous-path', suggestion: { path: 'notes.txt' } })
  })

  it('is kept back when it would fare no better', async () => {
    const { guard } = await makeGuard({ rules: [{ deny: 'fs.read(keys/**)' }, { allow: 'fs.read(**)' }] })

    const verdict = await guard.judge(action('fs.read.v1', { path: String.raw`keys\a` }), SCOPE)

    expect(verdict.decision).toBe('deny')
    expect(verdict.suggestion).toBe(undefined)
  })

  it('never leads out of what the rules allow', async () => {
    const { guard } = await makeGuard({ rules: [{ allow: 'fs.read(**)' }] })

    const verdicts = await Promise.all(
      [String.raw`..\..\etc\passwd`, String.raw`a\..\..\secret`, 'a\u0000b', String.raw`.planner-exec\journal.db`].map((path) =>
        guard.judge(action('fs.read.v1', { path }), SCOPE),
      ),
    )

    expect(verdicts.map(({ decision, suggestion }) => [decision, suggestion])).toEqual(verdicts.map(() => ['deny', undefined]))
  })
})
