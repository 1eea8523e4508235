import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RiskLevel } from '../../../src/model/plan.ts'
import { higherRisk, riskOf } from '../../../src/services/guard/risk.ts'
import type { CheckedTarget } from '../../../src/services/guard/specifier.ts'

const READ = { effect: 'read', risk: 'low' } as const
const path = (access: 'read' | 'write', name: string): CheckedTarget => ({ kind: 'path', access, names: [name] })
const command = (...argv: string[]): CheckedTarget => ({ kind: 'command', argv })

const TARGETS: readonly CheckedTarget[] = [
  path('read', '/ws/a'),
  path('read', '/ws/.env'),
  path('write', '/ws/a'),
  path('write', '/ws/package.json'),
  command('ls'),
  command('curl', 'x'),
  command('rm', 'x'),
]

describe('riskOf', () => {
  it.each([
    [path('read', '/ws/a'), 'low'],
    [path('read', '/ws/.env.local'), 'high'],
    [path('write', '/ws/a.txt'), 'medium'],
    [path('write', '/ws/.github/workflows/ci.yml'), 'high'],
    [command('ls'), 'medium'],
    [command('env', '/usr/bin/curl', 'x'), 'high'],
    [command('rm', 'x'), 'critical'],
    [command('sh', '-c', 'make'), 'critical'],
    [command('sh', '-c', 'ls'), 'medium'],
  ])('of %j is %s', (target, expected) => {
    expect(riskOf(READ, [target]).risk).toBe(expected)
  })

  it('never falls below the floor of the capability or of its effect', () => {
    expect(riskOf({ effect: 'read', risk: 'high' }, []).risk).toBe('high')
    expect(riskOf({ effect: 'external', risk: 'low' }, []).risk).toBe('medium')
  })

  it('never falls when a target is added', () => {
    const someTargets = fc.array(fc.constantFrom(...TARGETS), { maxLength: 6 })

    const neverFalls = fc.property(someTargets, fc.constantFrom(...TARGETS), (targets, added) => {
      const [before, after] = [riskOf(READ, targets), riskOf(READ, [...targets, added])]
      expect(higherRisk(before.risk, after.risk)).toBe(after.risk)
      expect(after.score).toBeGreaterThanOrEqual(before.score)
    })

    fc.assert(neverFalls, { seed: 7 })
  })

  it('never falls when something else is found', () => {
    const levels = fc.constantFrom(...RiskLevel.options)

    const neverFalls = fc.property(fc.array(levels, { maxLength: 6 }), levels, (found, added) => {
      const [before, after] = [riskOf(READ, [], found), riskOf(READ, [], [...found, added])]
      expect(higherRisk(before.risk, after.risk)).toBe(after.risk)
      expect(after.score).toBeGreaterThanOrEqual(before.score)
    })

    fc.assert(neverFalls, { seed: 7 })
  })
})
