import { describe, expect, it } from 'vitest'
import { Policy } from '../../../src/model/policy.ts'
import { decide, decideAtBest } from '../../../src/services/guard/decide.ts'
import type { CheckedTarget } from '../../../src/services/guard/match-target.ts'
import { compileRules } from '../../../src/services/guard/rules.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }
const file = (...names: string[]): CheckedTarget => ({ kind: 'path', access: 'read', names: names.map((name) => `/ws/${name}`) })

function bookOf(policy: object) {
  const { book, problems } = compileRules(Policy.parse({ version: 1, ...policy }), 'p', null)
  expect(problems).toEqual([])
  return book
}

function ruling(policy: object, args: Record<string, string | number> = {}, targets: readonly CheckedTarget[] = [file('a')], facts = {}) {
  return decide(bookOf(policy), 'fs.read', args, targets, PLACES, facts)
}

describe('a rule with conditions', () => {
  it.each([
    ['applies when `when` holds', { when: 'args.n == 1' }, 'deny'],
    ['does not apply when it does not', { when: 'args.n == 2' }, 'allow'],
    ['does not apply when `unless` holds', { unless: 'args.n == 1' }, 'allow'],
    ['applies when it does not', { unless: 'args.n == 2' }, 'deny'],
    ['needs both', { when: 'args.n == 1', unless: 'args.n == 1.0' }, 'allow'],
  ])('%s', (_, conditions, expected) => {
    expect(ruling({ rules: [{ deny: 'fs.read(a)', ...conditions }, { allow: 'fs.read(**)' }] }, { n: 1 }).decision).toBe(expected)
  })

  it.each([
    ['denies', { rules: [{ deny: 'fs.read', when: 'args.x == "y"' }, { allow: 'fs.read(**)' }] }, 'deny'],
    ['denies, for unless too', { rules: [{ deny: 'fs.read', unless: 'args.x == "y"' }, { allow: 'fs.read(**)' }] }, 'deny'],
    ['does not allow', { rules: [{ allow: 'fs.read', when: 'args.x == "y"' }] }, 'deny'],
    ['does not allow, for unless either', { rules: [{ allow: 'fs.read', unless: 'args.x == "y"' }] }, 'deny'],
    ['asks about what is allowed', { rules: [{ ask: 'fs.read', when: 'args.x == "y"' }, { allow: 'fs.read(a)' }] }, 'ask'],
    ['does not turn a default denial into a question', { rules: [{ ask: 'fs.read', when: 'args.x == "y"' }] }, 'deny'],
  ])('that cannot be told %s', (_, policy, expected) => {
    expect(ruling(policy).decision).toBe(expected)
  })

  it('that cannot be told says why', () => {
    const { reason } = ruling({ rules: [{ deny: 'fs.read', when: 'args.x == "y"', reason: 'not x' }] })

    expect(reason).toBe('not x (its condition "args.x == "y"" could not be told: field not found: x)')
  })

  it('holds for a grant when every name of a file passes, for a prohibition when one does', () => {
    const both = [file('out/a', 'src/a')]
    const when = 'path.text.startsWith("out/")'

    expect(ruling({ rules: [{ allow: 'fs.read', when }] }, {}, both).decision).toBe('deny')
    expect(ruling({ rules: [{ deny: 'fs.read', when }, { allow: 'fs.read(**)' }] }, {}, both).decision).toBe('deny')
  })

  it('about a command also decides on the files that the command reads', () => {
    const targets = [{ kind: 'command' as const, argv: ['cat', 'a', '.env'] }, file('a'), file('.env')]
    const policy = {
      rules: [
        { allow: 'fs.read', when: 'command.read_only' },
        { deny: '*(**/.env*)', id: 'secrets' },
      ],
    }

    expect(ruling(policy, {}, targets.slice(0, 2)).decision).toBe('allow')
    expect(ruling(policy, {}, targets)).toMatchObject({ decision: 'deny', ruleId: 'p:secrets' })
  })

  it('shares the steps of one decision with the others', () => {
    const slow = { deny: 'fs.read', when: 'args.x.matches("[a-z]+[0-9]")' }
    const decided = (count: number) =>
      ruling({ rules: [...Array.from({ length: count }, () => slow), { allow: 'fs.read(**)' }] }, { x: 'a'.repeat(20_000) })

    expect([decided(1).decision, decided(10).decision]).toEqual(['allow', 'deny'])
    expect(decided(10).reason).toContain('too many steps')
  })
})

describe('a step whose arguments are still open', () => {
  const open = { open: true }

  it.each([
    ['is not denied by a condition on them', { rules: [{ deny: 'fs.read', when: 'args.x == "unresolved"' }, { allow: 'fs.read(**)' }] }, 'allow'],
    ['may be allowed by one', { rules: [{ allow: 'fs.read', when: 'args.x == "y"' }] }, 'allow'],
    ['may be asked about by one', { rules: [{ ask: 'fs.read', when: 'args.x == "y"' }] }, 'ask'],
    ['is denied by a condition on what is known', { rules: [{ deny: 'fs.read', when: 'path.text == "a"' }, { allow: 'fs.read(**)' }] }, 'deny'],
  ])('%s', (_, policy, expected) => {
    expect(ruling(policy, {}, [file('a')], open).decision).toBe(expected)
  })

  it('is at best what no condition rules out', () => {
    expect(decideAtBest(bookOf({ rules: [{ deny: 'fs.read', when: 'args.x == 1' }, { allow: 'fs.read(a)' }] }), 'fs.read').decision).toBe('allow')
    expect(decideAtBest(bookOf({ rules: [{ ask: 'fs.read', when: 'args.x == 1' }] }), 'fs.read').decision).toBe('ask')
  })
})

describe('where values came from', () => {
  it('can be asked for', () => {
    const policy = { defaults: { '*': 'allow' }, rules: [{ ask: 'fs.read', when: 'taint.exists(t, t in ["web", "tool"])' }] }

    expect([ruling(policy).decision, ruling(policy, {}, undefined, { taint: ['web'] }).decision]).toEqual(['allow', 'ask'])
  })
})

describe('a command that only reads', () => {
  it('is not asked about for carrying program text', () => {
    const book = bookOf({ rules: [{ allow: 'shell.exec' }] })
    const said = (text: string) => decide(book, 'shell.exec', {}, [{ kind: 'command', argv: ['sh', '-c', text] }], PLACES).ruleId

    expect([said('ls | wc -l'), said('ls > x')]).toEqual(['p:rules[0].allow', 'builtin:inline-code'])
  })
})
