import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { decide } from '../../../src/services/guard/decide.ts'
import type { CheckedTarget } from '../../../src/services/guard/match-target.ts'
import { compileRules } from '../../../src/services/guard/rules.ts'
import { isStricter } from '../../../src/services/guard/ruling.ts'
import { mergeTiers, type Tier, type TierKind } from '../../../src/services/guard/tiers.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }

function tier(kind: TierKind, policy: object): Tier {
  const parsed = Policy.parse({ version: 1, ...policy })
  return { kind, name: kind, source: `/policies/${kind}.yaml`, policy: parsed, given: ['version', ...Object.keys(policy)], lineOf: () => 7 }
}

function decided(tiers: readonly Tier[], capability: string, path = 'a') {
  const { policy, name, origins } = mergeTiers(tiers)
  const { book, problems } = compileRules(policy, name, null, origins)
  expect(problems).toEqual([])
  const target: CheckedTarget = { kind: 'path', access: 'read', names: [`/ws/${path}`] }
  return decide(book, capability, {}, [target], PLACES)
}

describe('layers', () => {
  const profile = tier('profile', { defaults: { '*': 'deny', 'fs.write': 'ask' }, rules: [{ deny: 'fs.*(secret)', id: 'secrets' }] })

  it('let a higher one lift a default, but no denial', () => {
    const user = tier('user', { rules: [{ allow: ['fs.read', 'fs.write(out/**)'] }] })

    expect(decided([profile, user], 'fs.read')).toMatchObject({ decision: 'allow', ruleId: 'user:rules[0].allow' })
    expect(decided([profile, user], 'fs.write', 'out/x').decision).toBe('allow')
    expect(decided([profile, user], 'fs.write').decision).toBe('ask')
    expect(decided([profile, user], 'fs.read', 'secret')).toMatchObject({ decision: 'deny', ruleId: 'profile:secrets' })
  })

  it('count in their order, however they are given', () => {
    const user = tier('user', { defaults: { 'fs.read': 'allow' } })
    const typed = tier('command-line', { defaults: { 'fs.read': 'ask' } })

    expect(decided([typed, user, profile], 'fs.read').decision).toBe('ask')
  })

  it('keep where each rule was written', () => {
    const { origins } = mergeTiers([profile, tier('user', { rules: [{ deny: 'git.*' }] })])

    expect(origins).toMatchObject([
      { policy: 'profile', index: 0, at: '/policies/profile.yaml:7' },
      { policy: 'user', index: 0, at: '/policies/user.yaml:7' },
    ])
  })

  it('take the smallest limits, and all goals that are refused', () => {
    const user = tier('user', { limits: { max_file_bytes: 10 }, goals: { deny: ['b', 'a'] } })
    const { policy } = mergeTiers([tier('profile', { limits: { max_file_bytes: 20, max_timeout_ms: 5 }, goals: { deny: ['a'] } }), user])

    expect(policy.limits).toEqual({ max_file_bytes: 10, max_timeout_ms: 5 })
    expect(policy.goals.deny).toEqual(['a', 'b'])
  })

  it('do not take a rule of one for a mistake because another is stricter', () => {
    const strict = tier('workspace', { rules: [{ deny: 'fs.read' }] })

    expect(decided([profile, tier('user', { rules: [{ allow: 'fs.read(a)' }] }), strict], 'fs.read').decision).toBe('deny')
  })
})

describe('a policy in the workspace', () => {
  const profile = tier('profile', { defaults: { '*': 'deny', 'git.*': 'ask' }, rules: [{ allow: 'fs.read' }] })

  it('makes nothing milder, and says so', () => {
    const workspace = tier('workspace', {
      enforcement: 'disabled',
      defaults: { '*': 'allow', 'fs.list': 'ask' },
      rules: [{ allow: 'shell.exec' }, { ask: 'fs.write' }],
    })
    const { policy, problems } = mergeTiers([profile, workspace])

    expect(policy.enforcement).toBe('strict')
    expect(['fs.write', 'fs.list', 'shell.exec', 'git.log'].map((name) => decided([profile, workspace], name).decision)).toEqual([
      'deny',
      'deny',
      'deny',
      'ask',
    ])
    expect(problems.map(({ severity, message }) => [severity, message])).toEqual([
      ['warning', expect.stringContaining('"disabled" is weaker than "strict"')],
      ['warning', expect.stringContaining('the default of * is milder')],
      ['warning', expect.stringContaining('the default of fs.list is milder')],
      ['warning', expect.stringContaining('"shell.exec" has no effect, and a policy in the workspace can only narrow')],
    ])
  })

  it('makes things stricter', () => {
    const workspace = tier('workspace', { defaults: { 'git.log': 'deny' }, rules: [{ ask: 'fs.read(private/**)' }, { deny: 'fs.read(keys/**)' }] })

    expect(decided([profile, workspace], 'git.log').decision).toBe('deny')
    expect(decided([profile, workspace], 'git.status').decision).toBe('ask')
    expect(['private/a', 'keys/a', 'src/a'].map((path) => decided([profile, workspace], 'fs.read', path).decision)).toEqual(['ask', 'deny', 'allow'])
  })
})

describe('a layer that lets itself only be narrowed', () => {
  const profile = tier('profile', { narrow_only: ['fs.write', 'shell.*'], defaults: { '*': 'ask' }, rules: [] })

  it.each([
    ['an allowance', { rules: [{ allow: 'fs.write(a)' }] }, /"fs\.write\(a\)" has no effect, and profile lets it only be narrowed/],
    ['an allowance of more', { rules: [{ allow: '*' }] }, /"\*" has no effect/],
    ['a milder default', { defaults: { 'shell.exec': 'allow' } }, /the default of shell\.exec is milder/],
    ['a weaker enforcement', { enforcement: 'monitor' }, /"monitor" is weaker/],
  ])('refuses %s', (_, policy, message) => {
    const { problems } = mergeTiers([profile, tier('user', policy)])

    expect(problems).toMatchObject([{ severity: 'error', at: '/policies/user.yaml:7', message: expect.stringMatching(message) }])
  })

  it('leaves other capabilities alone', () => {
    const { problems } = mergeTiers([
      profile,
      tier('user', { rules: [{ allow: 'fs.read' }, { deny: 'shell.exec' }], defaults: { 'git.*': 'allow', 'fs.write': 'deny' } }),
    ])

    expect(problems).toEqual([])
  })
})

describe('any policy', () => {
  const decision = fc.constantFrom('allow', 'ask', 'deny')
  const capability = fc.constantFrom('*', 'fs.*', 'fs.read', 'fs.write', 'git.*', 'git.log')
  const rule = fc.tuple(decision, capability, fc.constantFrom('', '(a)', '(**)', '(b/**)')).map(([word, name, of]) => ({ [word]: `${name}${of}` }))
  const policy = fc.record({
    defaults: fc.dictionary(capability, decision, { maxKeys: 3 }),
    rules: fc.array(rule, { maxLength: 5 }),
    enforcement: fc.constantFrom('strict', 'permissive', 'monitor', 'disabled'),
  })
  const lower = policy.filter((one) => compileRules(Policy.parse({ version: 1, ...one }), 'p', null).problems.length === 0)
  const asked = fc.tuple(fc.constantFrom('fs.read', 'fs.write', 'git.log'), fc.constantFrom('a', 'b/c', 'd'))

  it.each(['workspace', 'user'] as const)('laid as %s over one that lets itself only be narrowed, makes nothing milder', (kind) => {
    fc.assert(
      fc.property(lower, lower, asked, (below, above, [name, path]) => {
        const profile = tier('profile', kind === 'user' ? { ...below, narrow_only: true } : below)
        const before = decided([profile], name, path).decision
        const after = decided([profile, tier(kind, above)], name, path).decision
        expect(isStricter(before, after)).toBe(false)
      }),
      { seed: 11, numRuns: 2000 },
    )
  })
})
