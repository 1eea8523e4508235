import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { compileRules } from '../../../src/services/guard/rules.ts'

const problemsOf = (policy: object, names: readonly string[] | null = null) =>
  compileRules(Policy.parse({ version: 1, ...policy }), 'p', names).problems

describe('compileRules', () => {
  it('gives every entry the id of its rule', () => {
    const { book } = compileRules(
      Policy.parse({ version: 1, rules: [{ deny: ['fs.*', 'git.*'] }, { allow: 'shell.exec', reason: 'why' }] }),
      'p',
      null,
    )

    expect(book.entries.map(({ ruleId, reason }) => [ruleId, reason])).toEqual([
      ['p:rules[0].deny', null],
      ['p:rules[0].deny', null],
      ['p:rules[1].allow', 'why'],
    ])
  })

  it.each([
    ['the same entry denied', [{ deny: 'fs.read(a)' }, { allow: 'fs.read(a)' }]],
    ['its capability denied', [{ allow: 'fs.read(a)' }, { deny: 'fs.read' }]],
    ['its family asked about', [{ allow: 'fs.read(a)' }, { ask: 'fs.*' }]],
    ['everything asked about', [{ allow: 'fs.*' }, { ask: '*' }]],
  ])('finds an entry that never applies: %s', (_, rules) => {
    expect(problemsOf({ rules })).toMatchObject([{ message: expect.stringContaining('never applies') }])
  })

  it.each([
    ['a part denied', [{ deny: 'fs.read(a/b)' }, { allow: 'fs.read(a/**)' }]],
    ['a member denied', [{ deny: 'fs.read' }, { allow: 'fs.*' }]],
    ['the milder is wider', [{ allow: 'fs.read' }, { ask: 'fs.read(a)' }]],
  ])('finds nothing wrong with %s', (_, rules) => {
    expect(problemsOf({ rules })).toEqual([])
  })

  it('checks names only when the capabilities are known', () => {
    const policy = { defaults: { 'my.own': 'ask' } }

    expect(problemsOf(policy)).toEqual([])
    expect(problemsOf(policy, [])).toMatchObject([{ path: ['defaults', 'my.own'] }])
    expect(problemsOf(policy, ['my.own.v3'])).toEqual([])
  })
})
