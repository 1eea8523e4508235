import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkExpression } from '../../../../src/services/guard/condition/check.ts'
import { conditionEngine } from '../../../../src/services/guard/condition/engine.ts'
import { bindingsOf } from '../../../../src/services/guard/condition/facts.ts'
import { createMeter } from '../../../../src/services/guard/condition/meter.ts'
import { compileQuick } from '../../../../src/services/guard/condition/quick.ts'
import { matchTarget, type CheckedTarget } from '../../../../src/services/guard/match-target.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }
type Args = Parameters<typeof bindingsOf>[0]['args']

/** What the library says of an expression, and what is said without it (null: it does not know), each with the steps that it took. */
function both(text: string, args: Args, target: CheckedTarget | null, left = createMeter().left) {
  const engine = conditionEngine()
  const tree = engine.parse(text)
  if (tree === undefined || checkExpression(tree).problems.length > 0) return null
  const run = engine.plan(tree)
  const quick = compileQuick(tree, engine.patternOf)
  const facts = { capability: 'shell.exec', args, targets: target === null ? [] : [target], places: PLACES, taint: ['web'] }
  const [bindings = {}] = bindingsOf(facts, target && matchTarget(target, PLACES))
  const [slow, fast] = [{ left }, { left }]
  const library = run(bindings, slow)
  const known = quick?.(bindings, fast) ?? null
  return { isCompiled: quick !== null, library, known, slow: left - slow.left, fast: left - fast.left }
}

const TEXTS = ['', 'a', 'ab', '--force', 'src/a.ts', '😀b', '\uD83D', 'Σ']
const text = fc.constantFrom(...TEXTS)
const scalar: fc.Arbitrary<unknown> = fc.oneof(text, fc.boolean(), fc.constantFrom(0, 1, 2.5, -1, null))
const value = fc.oneof(scalar, fc.array(text, { maxLength: 4 }), fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b'), scalar))
const given = fc.record({ x: value, y: value, toString: value }, { requiredKeys: [] })
const target: fc.Arbitrary<CheckedTarget | null> = fc.constantFrom<CheckedTarget | null>(
  null,
  { kind: 'command', argv: ['git', 'push', '--force'] },
  { kind: 'command', argv: ['bash', '-c', 'cat a | head'] },
  { kind: 'path', access: 'write', names: ['/ws/src/a.ts'] },
  { kind: 'url', scheme: 'https', host: 'a.example', port: '443', path: '/ab', hasQuery: false, isAddress: false, isPublic: true },
)

/** Expressions as people write them, and others that make no sense. */
const { condition } = fc.letrec<{ condition: string; operand: string }>((tie) => {
  const name = fc.constantFrom(
    ...['args.x', 'args.y', 'args["x"]', 'args.toString', 'args.x.a', 'args', 'capability', 'taint', 'risk', 'kind', 'path.text', 'url', 'url.port'],
    ...[
      'command.argv',
      'command.program',
      'command.read_only',
      'command.programs',
      'url.host',
      'url.has_query',
      'args.x[0]',
      'command.argv[2]',
      'i',
      'j',
    ],
  )
  const constant = fc.oneof(
    text.map((one) => JSON.stringify(one)),
    fc.constantFrom('true', 'false', '0', '1', '2', '-1', '2.5', 'null', '["a", "--force"]'),
  )
  const operand = fc.oneof(
    { weight: 4, arbitrary: name },
    { weight: 2, arbitrary: constant },
    { weight: 1, arbitrary: name.map((one) => `size(${one})`) },
  )
  const between = (operators: readonly string[], sides: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(sides, fc.constantFrom(...operators), sides).map(([left, operator, right]) => `(${left} ${operator} ${right})`)
  const method = fc
    .tuple(operand, fc.constantFrom('contains', 'startsWith', 'endsWith'), operand)
    .map(([of, called, part]) => `${of}.${called}(${part})`)
  const loop = fc
    .tuple(name, fc.constantFrom('all', 'exists', 'exists_one'), fc.constantFrom('i', 'j'), tie('condition'))
    .map(([of, called, item, body]) => `${of}.${called}(${item}, ${body})`)
  return {
    operand,
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      between(['==', '!=', '<', '<=', '>', '>=', 'in'], operand),
      method,
      operand,
      operand.map((of) => `${of}.matches("^-+[a-z]*$")`),
      name.filter((one) => one.includes('.')).map((one) => `has(${one.replace(/\[.*$/, '')})`),
      tie('condition').map((of) => `!${of}`),
      between(['&&', '||'], tie('condition')),
      loop,
    ),
  }
})

function parses(source: string): boolean {
  try {
    return conditionEngine().parse(source) !== undefined
  } catch {
    return false
  }
}

describe('what is told without the library', () => {
  it('is what the library says, for the same number of steps', () => {
    let told = 0
    fc.assert(
      fc.property(condition.filter(parses), given, target, (source, args, on) => {
        const said = both(source, args as Args, on)
        if (said === null || said.known === null) return
        told += 1
        expect({ answer: said.known, steps: said.fast }).toEqual({ answer: said.library, steps: said.slow })
      }),
      { seed: 20, numRuns: 8000 },
    )

    expect(told).toBeGreaterThan(700)
  })

  it('is never more than the library says when steps run out', () => {
    let ended = 0
    fc.assert(
      fc.property(condition.filter(parses), given, target, fc.integer({ min: 0, max: 40 }), (source, args, on, left) => {
        const said = both(source, args as Args, on, left)
        if (said === null || said.slow <= left) return
        ended += said.isCompiled ? 1 : 0
        expect({ known: said.known, steps: said.fast }).toEqual({ known: null, steps: 0 })
      }),
      { seed: 21, numRuns: 5000 },
    )

    expect(ended).toBeGreaterThan(100)
  })

  it.each([
    'command.argv.exists(a, a == "--force" || a.startsWith("-f"))',
    '!(command.program in ["git", "hg"]) || command.argv[1] == "push"',
    'command.argv.all(a, command.argv.exists(b, a != b))',
    'size(command.argv) >= 2 && args.x.matches("^a+$") && has(args.x) && !has(args.z)',
    'args.x.endsWith("a") && args.x.contains("a") && command.read_only == false && size(args.x) < 2',
  ])('is all of %s', (source) => {
    const said = both(source, { x: 'a' }, { kind: 'command', argv: ['git', 'push', '--force'] })

    expect(said?.known).toBe(said?.library)
    expect(said?.known).toBeTypeOf('boolean')
  })

  it.each([
    ['args.missing == "a"', {}],
    ['args.missing == "a" || true', {}],
    ['args.x.a == "b"', { x: { a: 'b' } }],
    ['args.x == 1', { x: 1 }],
    ['args.x[5] == "a"', { x: ['a'] }],
    ['args.x.startsWith("a")', { x: ['a'] }],
    ['args.x.exists(a, a == "a")', { x: { a: 'b' } }],
    ['args.x.all(a, a.startsWith("a"))', { x: ['a', 1] }],
    ['"a" in args.x', { x: ['a', null] }],
  ])('is nothing where something is odd: %s', (source, args) => {
    expect(both(source, args, null)?.known).toBeNull()
  })
})
