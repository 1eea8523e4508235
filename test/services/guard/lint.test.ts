import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { lintPolicy } from '../../../src/services/guard/lint.ts'
import { compileRules } from '../../../src/services/guard/rules.ts'

function lint(policy: object): readonly string[] {
  const parsed = Policy.parse({ version: 1, ...policy })
  const { located, problems } = compileRules(parsed, 'p', null)
  expect(problems).toEqual([])
  return lintPolicy(parsed, located).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('lintPolicy', () => {
  it.each([
    [
      'a part allowed twice',
      [{ allow: 'fs.read(src/**)' }, { allow: 'fs.read(src/a/**)' }],
      /^rules\.1\.allow\.0: .*adds nothing to p:rules\[0\]\.allow/,
    ],
    ['the wider one last', [{ deny: 'shell.exec(git push *)' }, { deny: 'shell.exec(git *)' }], /^rules\.0\.deny\.0: .*adds nothing/],
    ['a part of what is denied', [{ deny: 'fs.write(src/**)' }, { ask: 'fs.write(src/gen/*.ts)' }], /^rules\.1\.ask\.0: .*never decides: .*stricter/],
    ['a host of a denied domain', [{ deny: 'http.fetch({*.x.example})' }, { allow: 'http.fetch({a.x.example})' }], /never decides/],
    ['the same entry twice', [{ ask: 'shell.exec(npm test)' }, { ask: 'shell.exec(npm test)' }], /^rules\.1\.ask\.0: .*already; remove one/],
    ['every command allowed', [{ allow: 'shell.exec' }], /allows every use of shell\.exec; say which/],
    ['everything allowed', [{ allow: '*' }], /shell\.exec, http\.fetch, http\.send, mcp\.call; name the capabilities/],
    ['a host for files', [{ deny: 'fs.read({example.com})' }], /matches nothing: fs\.read is about paths/],
    ['a path for requests', [{ deny: 'http.fetch(src/**)' }], /matches nothing: http\.fetch is about hosts/],
    ['a condition that always holds', [{ ask: 'git.log', when: '1 < 2' }], /^rules\.0\.when: .*always holds/],
    ['one that never holds', [{ ask: 'git.log', when: 'false' }], /never applies; remove the rule/],
    ['an exception that always holds', [{ ask: 'git.log', unless: 'true' }], /^rules\.0\.unless: .*never applies/],
    ['an exception equal to the condition', [{ ask: 'git.log', when: 'args.a', unless: 'args.a' }], /same as `when`/],
  ])('warns of %s', (_, rules, warning) => {
    expect(lint({ rules })).toEqual([expect.stringMatching(warning)])
  })

  it.each([
    ['a part of what is allowed denied', [{ deny: 'fs.read(src/a/**)' }, { allow: 'fs.read(src/**)' }]],
    ['a wider one with a condition', [{ deny: 'fs.read(src/**)', when: 'args.a == 1' }, { allow: 'fs.read(src/a/**)' }]],
    ['different folders', [{ allow: 'fs.read(src/**)' }, { allow: 'fs.read(test/**)' }]],
    ['a folder with a like name', [{ allow: 'fs.read(src/**)' }, { allow: 'fs.read(src2/**)' }]],
    ['another port', [{ deny: 'http.fetch({*.x.example:80})' }, { allow: 'http.fetch({a.x.example})' }]],
    ['commands allowed by a condition', [{ allow: 'shell.exec', when: 'command.read_only' }]],
    ['files that commands read', [{ deny: 'shell.exec(**/.env*)' }]],
    ['one command named', [{ allow: 'shell.exec(git status)' }, { ask: 'shell.exec(git *)', when: 'command.dynamic' }]],
  ])('says nothing of %s', (_, rules) => {
    expect(lint({ rules })).toEqual([])
  })

  it.each(['permissive', 'monitor', 'disabled'])('warns of the enforcement %s', (enforcement) => {
    expect(lint({ enforcement })).toEqual([expect.stringMatching(/^enforcement: /)])
  })
})
