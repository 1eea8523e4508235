import { describe, expect, it } from 'vitest'
import { createHttpCapabilities } from '../../../src/services/executor/capabilities/http.fetch.ts'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { action, exec, makeGuard, SCOPE } from './fixtures.ts'

describe('rules', () => {
  it.each([
    ['deny first', [{ deny: 'fs.read(a*)' }, { ask: 'fs.read(a?)' }, { allow: 'fs.read(**)' }]],
    ['allow first', [{ allow: 'fs.read(**)' }, { ask: 'fs.read(a?)' }, { deny: 'fs.read(a*)' }]],
  ])('decide by strictness, not by order: %s', async (_, rules) => {
    const { guard } = await makeGuard({ rules })

    const decision = async (path: string) => (await guard.judge(action('fs.read.v1', { path }), SCOPE)).decision

    expect([await decision('abc'), await decision('ab'), await decision('b')]).toEqual(['deny', 'deny', 'allow'])
  })

  it('ask when an allowed target also has to be asked about', async () => {
    const { guard } = await makeGuard({ rules: [{ allow: 'fs.read(**)' }, { ask: 'fs.read(src/**)', reason: 'code is private' }] })

    const verdict = await guard.judge(action('fs.read.v1', { path: 'src/a' }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'ask', ruleId: 'test:rules[1].ask', reason: 'code is private' })
    expect(verdict.hint).toContain('approve')
  })

  it('let ask win over a default denial only for what it names exactly', async () => {
    const { guard } = await makeGuard({ rules: [{ ask: 'shell.exec(git *)' }] })

    const verdicts = await Promise.all(
      [exec('git', 'log'), exec('/tmp/evil/git', 'log'), exec('env', 'git', 'log')].map((given) => guard.judge(given, SCOPE)),
    )

    expect(verdicts.map(({ decision }) => decision)).toEqual(['ask', 'deny', 'deny'])
  })

  it('let ask take a default grant away for every spelling', async () => {
    const { guard } = await makeGuard({ defaults: { 'shell.exec': 'allow' }, rules: [{ ask: 'shell.exec(git push *)' }] })

    const verdicts = await Promise.all(
      [exec('git', '-C', 'x', 'push'), exec('env', 'git', 'push'), exec('git', 'log')].map((given) => guard.judge(given, SCOPE)),
    )

    expect(verdicts.map(({ decision }) => decision)).toEqual(['ask', 'ask', 'allow'])
  })

  it('ask about program text in a command unless a rule names the program', async () => {
    const broad = await makeGuard({ rules: [{ allow: 'shell.exec' }] })
    const named = await makeGuard({ rules: [{ allow: 'shell.exec(sh -c *)' }] })
    const disabled = await makeGuard({ enforcement: 'disabled' })

    const verdicts = await Promise.all([broad, named, disabled].map(({ guard }) => guard.judge(exec('sh', '-c', 'rm -rf /'), SCOPE)))

    expect(verdicts.map(({ ruleId }) => ruleId)).toEqual(['builtin:inline-code', 'test:rules[0].allow', 'test:enforcement.disabled'])
    expect(verdicts.map(({ decision }) => decision)).toEqual(['ask', 'allow', 'allow'])
  })

  it('with a specifier never meet an action without targets', async () => {
    const { guard } = await makeGuard({ rules: [{ allow: 'note.add(**)' }] })

    expect((await guard.judge(action('note.add.v1'), SCOPE)).decision).toBe('deny')
  })
})

describe('defaults', () => {
  it.each([
    [{ 'fs.read': 'allow', 'fs.*': 'ask', '*': 'deny' }, 'allow', 'test:defaults.fs.read'],
    [{ '*': 'deny', 'fs.*': 'ask' }, 'ask', 'test:defaults.fs.*'],
    [{ '*': 'allow' }, 'allow', 'test:defaults.*'],
    [{ 'git.*': 'allow' }, 'deny', 'test:defaults'],
  ])('%j: fs.read is %s', async (defaults, decision, ruleId) => {
    const { guard } = await makeGuard({ defaults })

    expect(await guard.judge(action('fs.read.v1', { path: 'a' }), SCOPE)).toMatchObject({ decision, ruleId })
  })
})

describe('limits', () => {
  const policy = { defaults: { '*': 'allow' }, limits: { max_file_bytes: 10, max_timeout_ms: 1000 } }

  it.each([
    [action('fs.write.v1', { path: 'a', content: 'x'.repeat(10) }), 'allow', 'test:defaults.*'],
    [action('fs.write.v1', { path: 'a', content: 'x'.repeat(11) }), 'deny', 'test:limits.max_file_bytes'],
    [action('fs.write.v1', { path: 'a', content: 'ü'.repeat(6) }), 'deny', 'test:limits.max_file_bytes'],
    [action('fs.read.v1', { path: 'a', maxBytes: 11 }), 'deny', 'test:limits.max_file_bytes'],
    [action('shell.exec.v1', { argv: ['ls'], timeoutMs: 1000 }), 'allow', 'test:defaults.*'],
    [action('shell.exec.v1', { argv: ['ls'], timeoutMs: 1001 }), 'deny', 'test:limits.max_timeout_ms'],
  ])('judge %j as %s', async (given, decision, ruleId) => {
    const { guard } = await makeGuard(policy)

    expect(await guard.judge(given, SCOPE)).toMatchObject({ decision, ruleId })
  })

  it('are named together with the rule that denies as well', async () => {
    const { guard } = await makeGuard({ ...policy, rules: [{ deny: 'fs.write', reason: 'read only' }] })

    const verdict = await guard.judge(action('fs.write.v1', { path: 'a', content: 'x'.repeat(11) }), SCOPE)

    expect(verdict).toMatchObject({ ruleId: 'test:rules[0].deny', reason: expect.stringMatching(/^read only; 11 bytes/) })
  })
})

describe('enforcement', () => {
  const denied = action('fs.read.v1', { path: 'a' })
  const asked = action('fs.write.v1', { path: 'a' })
  const outside = action('fs.read.v1', { path: '/etc/passwd' })

  it.each([
    ['strict', ['deny', 'ask', 'deny']],
    ['permissive', ['allow', 'ask', 'deny']],
    ['monitor', ['allow', 'allow', 'deny']],
    ['disabled', ['allow', 'allow', 'deny']],
  ])('%s: a denied, an asked and an outside action are %j', async (enforcement, expected) => {
    const { guard } = await makeGuard({ enforcement, defaults: { 'fs.write': 'ask' }, rules: [{ deny: 'fs.read' }] })

    const verdicts = await Promise.all([denied, asked, outside].map((given) => guard.judge(given, SCOPE)))

    expect(verdicts.map(({ decision }) => decision)).toEqual(expected)
  })

  it.each([
    ['permissive', 'test:rules[0].deny@permissive', 'permissive: would be denied: read only'],
    ['monitor', 'test:rules[0].deny@monitor', 'monitor: would be denied: read only'],
  ])('%s records what it let pass', async (enforcement, ruleId, reason) => {
    const { guard } = await makeGuard({ enforcement, rules: [{ deny: 'fs.read', reason: 'read only' }] })

    expect(await guard.judge(denied, SCOPE)).toMatchObject({ decision: 'allow', ruleId, reason })
  })

  it('disabled does not lift the checks of arguments, scope and state folder', async () => {
    const { guard } = await makeGuard({ enforcement: 'disabled' })

    const verdicts = await Promise.all([
      guard.judge(action('fs.read.v1', { file: 'a' }), SCOPE),
      guard.judge(denied, { ...SCOPE, allowedCapabilities: ['fs.write'] }),
      guard.judge(action('fs.read.v1', { path: '.planner-exec/planner-exec.db' }), SCOPE),
    ])

    expect(verdicts.map(({ ruleId }) => ruleId)).toEqual(['builtin:args', 'builtin:scope', 'builtin:state-folder'])
  })
})

describe('a host on this machine or a private network that the operator has listed', () => {
  const url = 'http://127.0.0.1:8080/x'
  const catalog = createCatalog(createHttpCapabilities(), { git: null, sandbox: null })
  it.each([
    ['a default', { defaults: { '*': 'allow' } }, 'ask'],
    ['a rule for every host', { rules: [{ allow: 'http.fetch' }] }, 'deny'],
    ['a rule for it', { rules: [{ allow: 'http.fetch({127.0.0.1:8080})' }] }, 'allow'],
    ['a rule for it after one for every host', { rules: [{ allow: 'http.fetch' }, { allow: 'http.fetch({127.0.0.1:8080})' }] }, 'allow'],
    ['a denial of every host', { defaults: { '*': 'allow' }, rules: [{ deny: 'http.fetch({*})' }] }, 'deny'],
  ] as const)('needs a rule that names it: with %s', async (_, policy, expected) => {
    const { guard } = await makeGuard(policy, { privateHosts: new Set(['127.0.0.1:8080']), catalog })

    expect((await guard.judge(action('http.fetch.v1', { url }), SCOPE)).decision).toBe(expected)
  })
})
