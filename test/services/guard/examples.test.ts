import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { compileRules } from '../../../src/services/guard/rules.ts'

function problems(rule: object): readonly string[] {
  return compileRules(Policy.parse({ version: 1, rules: [rule] }), 'p', null).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the examples of a rule', () => {
  it.each([
    [
      {
        deny: '*(**/.env*)',
        examples: { match: ['.env', 'a/.ENV', { capability: 'fs.write', args: { path: '.env' } }], not_match: ['env', ['cat', '.env']] },
      },
    ],
    [
      {
        allow: 'fs.read(src/**)',
        examples: { match: ['src/a'], not_match: ['SRC/a', 'src/../a', { capability: 'fs.write', args: { path: 'src/a' } }] },
      },
    ],
    [
      {
        deny: 'shell.exec(rm -rf *)',
        examples: {
          match: [
            ['rm', '-fr', 'x'],
            ['env', 'rm', '-r', '-f', 'x'],
          ],
          not_match: [['rm', 'x']],
        },
      },
    ],
    [{ allow: 'http.fetch({*.example.com})', examples: { match: ['https://a.example.com/x'], not_match: ['https://example.com.evil.org/'] } }],
    [
      {
        ask: 'fs.write',
        when: 'path.access == "write" && args.bytes > 10',
        examples: { match: [{ args: { path: 'a', bytes: 11 } }], not_match: [{ args: { path: 'a', bytes: 1 } }] },
      },
    ],
    [{ deny: 'note.add', when: 'kind == "none"', examples: { match: [{ args: {} }] } }],
  ])('hold: %j', (rule) => {
    expect(problems(rule)).toEqual([])
  })

  it.each([
    [
      'one that should match',
      { deny: 'fs.read(a)', examples: { match: ['a', 'b'] } },
      /^rules\.0\.examples\.match\.1: ""b"" is an example of what the rule applies to, but it does not/,
    ],
    ['one that should not', { deny: 'fs.read(a)', examples: { not_match: ['A'] } }, /^rules\.0\.examples\.not_match\.0: .*but it applies/],
    [
      'a condition that cannot be told',
      { deny: 'fs.read', when: 'args.x == 1', examples: { not_match: ['a'] } },
      /could not be told: field not found: x; correct the condition/,
    ],
    ['a grant that cannot be told', { allow: 'fs.read', when: 'args.x == 1', examples: { match: ['a'] } }, /could not be told/],
    [
      'what is refused before any rule',
      { deny: 'http.fetch', examples: { match: ['https://user:pw@example.com/'] } },
      /built-in checks refuse it before any rule/,
    ],
    ['no program', { deny: 'shell.exec', examples: { match: [['']] } }, /built-in checks refuse it/],
  ])('fail: %s', (_, rule, problem) => {
    expect(problems(rule)).toEqual([expect.stringMatching(problem)])
  })

  it('are not tried for a rule that does not compile', () => {
    expect(problems({ deny: 'fs.read', when: 'nothing', examples: { match: ['a'] } })).toEqual([expect.stringContaining('no variable nothing')])
  })
})

describe('the id of a rule', () => {
  it('is used once', () => {
    const rules = [
      { id: 'a', deny: 'fs.read' },
      { id: 'a', deny: 'fs.write' },
    ]

    expect(compileRules(Policy.parse({ version: 1, rules }), 'p', null).problems).toMatchObject([
      { path: ['rules', 1, 'id'], message: expect.stringContaining('rules[0]') },
    ])
  })
})
