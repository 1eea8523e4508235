import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Verdict } from '../../../src/model/verdict.ts'
import { createPolicyGuard } from '../../../src/services/guard/policy.guard.ts'
import { action, exec, makeGuard, SCOPE, temporaryFolder, tinyCatalog } from './fixtures.ts'

const ALLOW_ALL = { defaults: { '*': 'allow' } }

describe('judge: capabilities', () => {
  it('denies a capability that does not exist and names the nearest', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('fs.raed.v1'), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:unknown-capability', risk: 'critical' })
    expect(verdict.hint).toContain('fs.read.v1')
  })

  it('denies a capability that cannot run here, with the remedy', async () => {
    const catalog = tinyCatalog({ 'shell.exec.v1': { reason: 'there is no sandbox', hint: 'Install bubblewrap.' } })
    const { guard } = await makeGuard(ALLOW_ALL, { catalog })

    const verdict = await guard.judge(exec('ls'), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:unavailable', reason: 'there is no sandbox', hint: 'Install bubblewrap.' })
  })

  it.each([
    [['fs.read.v1'], 'allow'],
    [['fs.read'], 'allow'],
    [['fs.*'], 'allow'],
    [['fs.write.v1', 'shell.exec.v1'], 'deny'],
    [['fs.rea'], 'deny'],
    [['fs.read.v2'], 'deny'],
  ])('with the scope %j, fs.read.v1 is: %s', async (allowedCapabilities, decision) => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('fs.read.v1', { path: 'a' }), { ...SCOPE, allowedCapabilities })

    expect(verdict.decision).toBe(decision)
  })

  it('denies an action of another run', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge({ ...action('note.add.v1'), runId: 'run-2' }, SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:scope' })
  })

  it('denies what no rule and no default covers', async () => {
    const { guard } = await makeGuard()

    const verdict = await guard.judge(action('note.add.v1'), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'test:defaults' })
  })
})

describe('judge: arguments', () => {
  it('denies arguments that the schema does not take, and names each problem', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('fs.write.v1', { content: 7 }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:args' })
    expect(verdict.reason).toMatch(/path: .*; content: /)
  })

  it('denies JSON that is 200000 levels deep instead of failing on it', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)
    const body = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)

    const verdict = await guard.judge(action('note.add.v1', { body }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:args-too-deep', digest: '' })
  })

  it('denies the key __proto__', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('note.add.v1', JSON.parse('{"body":{"__proto__":{"path":"/etc"}}}')), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:args-forbidden-key' })
  })

  it('turns an error inside a capability into a denial', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('broken.targets.v1'), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:error' })
    expect(verdict.reason).toContain('targets are out of order')
  })

  it.each([null, undefined, 7, {}, { runId: 'run-1', stepId: 's', capability: { toString: null }, args: {} }])(
    'denies %j, which is no action',
    async (given) => {
      const { guard } = await makeGuard(ALLOW_ALL)

      const verdict = await Reflect.apply(guard.judge, guard, [given, SCOPE])

      expect(verdict.decision).toBe('deny')
    },
  )

  it('finds no fault with a password in the content, which is not a rule of any policy', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('note.add.v1', { body: { password: 'x' } }), SCOPE)

    expect(verdict.decision).toBe('allow')
  })
})

describe('judge: targets', () => {
  it('denies a path outside the workspace whatever the policy allows', async () => {
    const { guard } = await makeGuard({ rules: [{ allow: ['fs.*', 'fs.read(/**)'] }] })

    const verdict = await guard.judge(action('fs.read.v1', { path: '/tmp/../etc/shadow' }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:outside-workspace', risk: 'critical' })
  })

  it('allows an action of several targets only when all are allowed', async () => {
    const { guard } = await makeGuard({ rules: [{ allow: ['fs.copy(src/**)', 'fs.copy(out/**)'] }] })

    const both = await guard.judge(action('fs.copy.v1', { from: 'src/a', to: 'out/a' }), SCOPE)
    const one = await guard.judge(action('fs.copy.v1', { from: 'src/a', to: 'docs/a' }), SCOPE)

    expect([both.decision, one.decision]).toEqual(['allow', 'deny'])
  })

  it('names every target that is refused', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('fs.copy.v1', { from: '/etc/passwd', to: '.git/config' }), SCOPE)

    expect(verdict.reason).toMatch(/passwd.*outside the workspace.*; .*inside \.git/)
  })

  it('denies a forbidden target of several', async () => {
    const { guard } = await makeGuard({ defaults: { '*': 'allow' }, rules: [{ deny: 'fs.*(**/.env*)', reason: 'no secrets' }] })

    const verdict = await guard.judge(action('fs.copy.v1', { from: 'app/.env', to: 'a' }), SCOPE)

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'test:rules[0].deny', reason: 'no secrets' })
  })

  it('sees a secret behind a harmless name', async () => {
    const { guard, workspace } = await makeGuard({ defaults: { '*': 'allow' }, rules: [{ deny: 'fs.*(**/.env*)' }] })
    await writeFile(join(workspace, '.env'), 'TOKEN=1')
    await symlink('.env', join(workspace, 'notes.txt'))

    const verdict = await guard.judge(action('fs.read.v1', { path: 'notes.txt' }), SCOPE)

    expect(verdict.ruleId).toBe('test:rules[0].deny')
  })

  it('grants a path only under the name it leads to', async () => {
    const { guard, workspace } = await makeGuard({ rules: [{ allow: 'fs.write(out/**)' }] })
    await mkdir(join(workspace, 'src'))
    await symlink('src', join(workspace, 'out'))

    const verdict = await guard.judge(action('fs.write.v1', { path: 'out/a.ts' }), SCOPE)

    expect(verdict.decision).toBe('deny')
  })

  it('gives a verdict that its schema takes', async () => {
    const { guard } = await makeGuard(ALLOW_ALL)

    const verdict = await guard.judge(action('fs.read.v1', { path: 'a' }), SCOPE)

    expect(Verdict.parse(verdict)).toMatchObject({ effect: 'read', risk: 'low', actionRef: '', policyHash: guard.policyHash })
  })
})

describe('policyHash', () => {
  it('is the same in every workspace and differs with the policy', async () => {
    const first = await makeGuard(ALLOW_ALL)
    const second = await makeGuard(ALLOW_ALL)
    const other = await makeGuard({ defaults: { '*': 'ask' } })

    expect(first.guard.policyHash).toMatch(/^[0-9a-f]{64}$/)
    expect(second.guard.policyHash).toBe(first.guard.policyHash)
    expect(other.guard.policyHash).not.toBe(first.guard.policyHash)
  })

  it('is not moved by a policy object that changes afterwards', async () => {
    const workspace = await temporaryFolder()
    const policy = {
      version: 1 as const,
      enforcement: 'strict' as const,
      defaults: { '*': 'deny' as 'deny' | 'allow' },
      rules: [],
      goals: { deny: [] },
      limits: { max_file_bytes: 1, max_timeout_ms: 1 },
    }
    const guard = createPolicyGuard({ policy, name: 'p', catalog: tinyCatalog(), workspace, stateDir: join(workspace, 's') })

    policy.defaults['*'] = 'allow'

    expect((await guard.judge(action('note.add.v1'), SCOPE)).decision).toBe('deny')
  })
})

describe('createPolicyGuard', () => {
  it('refuses names that no capability has, all at once', async () => {
    const making = makeGuard({ defaults: { 'fs.wriet': 'ask' }, rules: [{ allow: ['fs.raed', 'net.*'] }] })

    await expect(making).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringMatching(/rules\.0\.allow\.0: .*did you mean "fs\.read".*net\.\*.*defaults\.fs\.wriet: .*"fs\.write"/s),
    })
  })

  it('refuses a workspace that does not exist', async () => {
    await expect(makeGuard({}, { workspace: '/no/such/folder' })).rejects.toMatchObject({ code: 'WORKSPACE_INVALID' })
  })
})

describe('admit', () => {
  const ASK = { defaults: { 'fs.write': 'ask', 'fs.read': 'allow' } }
  const write = action('fs.write.v1', { path: 'a.txt', content: 'one' })

  async function approved(policy: object = ASK) {
    const made = await makeGuard(policy)
    const { digest, policyHash } = await made.guard.judge(write, SCOPE)
    return { ...made, approval: { digest, policyHash, by: 'ann', reason: null } }
  }

  it('lets pass what the policy allows', async () => {
    const { guard } = await makeGuard(ASK)

    const admitted = await guard.admit(action('fs.read.v1', { path: 'a' }), SCOPE)

    expect(admitted).toMatchObject({ capability: 'fs.read.v1', grantedBy: 'policy', ruleId: 'test:defaults.fs.read' })
  })

  it('lets pass what a person approved', async () => {
    const { guard, approval } = await approved()

    const admitted = await guard.admit(write, SCOPE, approval)

    expect(admitted).toMatchObject({ grantedBy: 'person', digest: approval.digest })
  })

  it('throws when nobody approved', async () => {
    const { guard } = await makeGuard(ASK)

    await expect(guard.admit(write, SCOPE)).rejects.toMatchObject({ code: 'APPROVAL_MISSING' })
  })

  it('throws when the arguments changed since the approval', async () => {
    const { guard, approval } = await approved()

    const admitting = guard.admit(action('fs.write.v1', { path: 'a.txt', content: 'two' }), SCOPE, approval)

    await expect(admitting).rejects.toMatchObject({ code: 'APPROVAL_STALE' })
  })

  it('throws when the approval comes from another run', async () => {
    const { guard, approval } = await approved()

    const admitting = guard.admit({ ...write, runId: 'run-2' }, { ...SCOPE, runId: 'run-2' }, approval)

    await expect(admitting).rejects.toMatchObject({ code: 'APPROVAL_STALE' })
  })

  it('throws when the policy changed since the approval', async () => {
    const { approval } = await approved()
    const { guard } = await makeGuard({ defaults: { 'fs.write': 'ask' } })

    await expect(guard.admit(write, SCOPE, approval)).rejects.toMatchObject({
      code: 'APPROVAL_STALE',
      message: expect.stringContaining('another policy'),
    })
  })

  it('does not let an approval pass what is denied', async () => {
    const { approval } = await approved()
    const { guard } = await makeGuard({ rules: [{ deny: 'fs.write', reason: 'read only' }] })

    const admitting = guard.admit(write, SCOPE, { ...approval, policyHash: guard.policyHash })

    await expect(admitting).rejects.toMatchObject({ code: 'GUARD_DENIED', message: expect.stringMatching(/test:rules\[0\]\.deny: read only/) })
  })

  it('judges again: a link that appeared after the approval is refused', async () => {
    const { guard, workspace, approval } = await approved()
    await symlink('/etc/hostname', join(workspace, 'a.txt'))

    await expect(guard.admit(write, SCOPE, approval)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
  })

  it('throws for what is no action', async () => {
    const { guard } = await makeGuard(ASK)

    await expect(Reflect.apply(guard.admit, guard, [null, SCOPE])).rejects.toMatchObject({ code: 'GUARD_DENIED' })
  })
})
