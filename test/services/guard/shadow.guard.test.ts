import { describe, expect, it } from 'vitest'
import { withShadow } from '../../../src/services/guard/shadow.guard.ts'
import { action, makeGuard, SCOPE, temporaryFolder } from './fixtures.ts'

const read = action('fs.read.v1', { path: 'a.txt' })

async function pair(inForce: object, trial: object) {
  const workspace = await temporaryFolder()
  const [{ guard }, { guard: other }] = await Promise.all([
    makeGuard(inForce, { workspace, name: 'real' }),
    makeGuard(trial, { workspace, name: 'trial' }),
  ])
  return { guard, other, both: withShadow(guard, other) }
}

describe('a guard with another on trial', () => {
  it('decides as without it, and says what the other would have said', async () => {
    const { guard, both } = await pair({ defaults: { '*': 'allow' } }, { rules: [{ deny: 'fs.read(**)', reason: 'not at all' }] })

    const verdict = await both.judge(read, SCOPE)

    expect(verdict).toEqual({
      ...(await guard.judge(read, SCOPE)),
      shadow: { policy: 'trial', decision: 'deny', ruleId: 'trial:rules[0].deny', reason: expect.stringContaining('not at all') },
    })
    await expect(both.admit(read, SCOPE)).resolves.toMatchObject({ capability: 'fs.read.v1', grantedBy: 'policy' })
  })

  it('lets nothing pass that only the one on trial allows', async () => {
    const { both } = await pair({}, { defaults: { '*': 'allow' } })

    expect(await both.judge(read, SCOPE)).toMatchObject({ decision: 'deny', shadow: { decision: 'allow' } })
    await expect(both.admit(read, SCOPE)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    expect(both.mayRead?.('fs.read.v1', '/anywhere')).toBe(true)
  })

  it('foresees with both', async () => {
    const { both } = await pair({ defaults: { '*': 'allow' } }, {})
    const step = { stepId: 's', capability: 'fs.read.v1', args: { path: '${steps.look.output.text}' } }

    expect(await both.foresee(step, SCOPE)).toMatchObject({ decision: 'allow', atDispatch: true, shadow: { policy: 'trial', decision: 'deny' } })
  })

  it('binds approvals to the policy in force alone', async () => {
    const { guard, other, both } = await pair({ defaults: { '*': 'ask' } }, { defaults: { '*': 'allow' } })

    expect([both.policyHash, both.policyName]).toEqual([guard.policyHash, 'real'])
    expect(both.policyHash).not.toBe(other.policyHash)
    expect((await both.judge(read, SCOPE)).digest).toBe((await guard.judge(read, SCOPE)).digest)
  })

  it('tells a trial that cannot decide as a denial', async () => {
    const { both } = await pair({ defaults: { '*': 'allow' } }, { defaults: { '*': 'allow' } })

    const verdict = await both.judge(action('broken.targets.v1'), SCOPE)

    expect(verdict.shadow).toMatchObject({ decision: 'deny' })
  })
})
