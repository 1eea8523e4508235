import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/model/action.ts'
import { makeGuard, SCOPE } from './fixtures.ts'

const REF = '${steps.scan.output.files.0}'
const POLICY = {
  defaults: { 'fs.write': 'ask' },
  rules: [{ deny: 'fs.*(**/.env*)' }, { allow: ['fs.read(**)', 'fs.copy(src/**)', 'http.fetch({x.com})'] }, { deny: 'shell.exec' }],
}

async function foresee(capability: string, args: Action['args'], policy: object = POLICY) {
  const { guard } = await makeGuard(policy)
  return guard.foresee({ stepId: 'next', capability, args }, SCOPE)
}

describe('foresee', () => {
  it('gives the final verdict when nothing is open', async () => {
    expect(await foresee('fs.read.v1', { path: 'a' })).toMatchObject({ decision: 'allow', atDispatch: false })
    expect(await foresee('fs.read.v1', { path: '.env' })).toMatchObject({ decision: 'deny', atDispatch: false })
  })

  it.each([
    ['fs.read.v1', { path: REF }, 'allow'],
    ['fs.read.v1', { path: `docs/${REF}` }, 'allow'],
    ['fs.copy.v1', { from: 'src/a', to: REF }, 'allow'],
    ['http.fetch.v1', { url: REF }, 'allow'],
    ['http.fetch.v1', { url: `https://x.com/${REF}` }, 'allow'],
    ['fs.write.v1', { path: REF }, 'ask'],
    ['fs.write.v1', { path: 'a', content: REF }, 'ask'],
    ['http.fetch.v1', { url: 'https://x.com', retries: REF }, 'allow'],
  ])('says of %s %j that it is %s at best, and leaves the last word to dispatch', async (capability, args, decision) => {
    expect(await foresee(capability, args)).toMatchObject({ decision, atDispatch: true, reason: expect.stringContaining('earlier steps') })
  })

  it.each([
    ['a capability that is denied for all arguments', 'shell.exec.v1', { argv: ['ls', REF] }, 'test:rules[2].deny'],
    ['a capability that no rule could allow', 'note.add.v1', { body: REF }, 'test:defaults'],
    ['an unknown capability', 'fs.move.v1', { path: REF }, 'builtin:unknown-capability'],
    ['a known target that is denied', 'fs.copy.v1', { from: 'src/.env', to: REF }, 'test:rules[0].deny'],
    ['a known target outside the workspace', 'fs.copy.v1', { from: '/etc/passwd', to: REF }, 'builtin:outside-workspace'],
    ['a known argument of the wrong kind', 'fs.copy.v1', { from: 7, to: REF }, 'builtin:args'],
    ['an argument that does not exist', 'fs.copy.v1', { from: REF, to: REF, mode: 'x' }, 'builtin:args'],
  ])('denies %s', async (_, capability, args, ruleId) => {
    expect(await foresee(capability, args)).toMatchObject({ decision: 'deny', ruleId, atDispatch: false })
  })

  it('follows the enforcement level', async () => {
    expect(await foresee('shell.exec.v1', { argv: [REF] }, { ...POLICY, enforcement: 'monitor' })).toMatchObject({
      decision: 'allow',
      atDispatch: true,
    })
    expect(await foresee('shell.exec.v1', { argv: [REF] }, { enforcement: 'disabled' })).toMatchObject({ decision: 'allow', atDispatch: true })
  })

  it('denies what cannot be judged', async () => {
    const { guard } = await makeGuard()

    const verdict = await Reflect.apply(guard.foresee, guard, [null, SCOPE])

    expect(verdict).toMatchObject({ decision: 'deny', ruleId: 'builtin:error', atDispatch: false })
  })
})
