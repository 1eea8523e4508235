import { describe, expect, it } from 'vitest'
import type { CheckedTarget } from '../../../../src/services/guard/match-target.ts'
import { compileCondition } from '../../../../src/services/guard/condition/condition.ts'
import { bindingsOf } from '../../../../src/services/guard/condition/facts.ts'
import { createMeter } from '../../../../src/services/guard/condition/meter.ts'
import { matchTarget } from '../../../../src/services/guard/match-target.ts'

const PLACES = { workspace: '/ws', workspaceAlias: '/ws', stateDir: '/ws/.planner-exec', home: '/home/a' }
const NONE = { capability: 'note.add', args: {}, targets: [], places: PLACES, taint: [] }

function ask(text: string, args: Record<string, never> | Record<string, unknown> = {}, target: CheckedTarget | null = null, more: object = {}) {
  const condition = compileCondition(text)
  if (typeof condition === 'string') return condition
  const facts = { ...NONE, args: args as typeof NONE.args, targets: target === null ? [] : [target], ...more }
  return bindingsOf(facts, target && matchTarget(target, PLACES)).map((bindings) => condition.test(bindings, createMeter()))
}

const command = (...argv: string[]): CheckedTarget => ({ kind: 'command', argv })
const file = (...names: string[]): CheckedTarget => ({ kind: 'path', access: 'write', names })
const url: CheckedTarget = {
  ...{ kind: 'url', scheme: 'https', host: 'api.example.com', port: '8443', path: '/v1', hasQuery: true },
  ...{ isAddress: false, isPublic: true },
}

describe('a condition', () => {
  it.each([
    ['capability == "note.add" && workspace == "/ws" && home == "/home/a" && kind == "none"', {}, null],
    ['args.list.exists(a, a == "x") && args["odd key"] == 1 && has(args.deep.er)', { list: ['w', 'x'], 'odd key': 1, deep: { er: 0 } }, null],
    ['!has(args.empty) && !has(args.missing)', { empty: null }, null],
    ['args.n > 1.5 && args.n <= 2 && args.n + 1.0 == 3.0', { n: 2 }, null],
    ['path.text == "src/a.ts" && path.absolute == "/ws/src/a.ts" && path.access == "write"', {}, file('/ws/src/a.ts')],
    ['path.text == "."', {}, file('/ws')],
    ['command.program == "git" && command.argv[1] == "push" && size(command.argv) == 2', {}, command('/usr/bin/git', 'push')],
    ['command.read_only && !command.dynamic && "cat" in command.programs', {}, command('cat', 'README.md')],
    ['url.scheme == "https" && url.host.endsWith(".example.com") && url.port == 8443 && url.path == "/v1" && url.has_query', {}, url],
    ['url.method == "GET"', {}, url],
    ['url.method == "POST"', { method: 'post' }, url],
    ['args.text.matches("^[a-z]+$") && args.text.contains("b") && size(args.text) == 3', { text: 'abc' }, null],
    ['args.text.size() == 2', { text: 'a😀' }, null],
  ])('%s holds', (text, args, target) => {
    expect(ask(text, args, target)).toEqual([true])
  })

  it('sees where values came from, and the risk when it is told', () => {
    expect(ask('"web" in taint && risk == "high"', {}, null, { taint: ['web'], risk: 'high' })).toEqual([true])
    expect(ask('"web" in taint')).toEqual([false])
    expect(ask('risk == "high"')).toEqual([{ failed: expect.stringContaining('does not have') }])
  })

  it('is asked once for each name of a file', () => {
    expect(ask('path.text.startsWith("out/")', {}, file('/ws/out/a', '/ws/src/a'))).toEqual([true, false])
  })

  it.each([
    ['args.pth == "x"', 'pth'],
    ['url.host == "x"', 'does not have'],
    ['args.path > 3', 'no matching overload'],
    ['args.path', 'not a yes or no'],
    ['args.path.matches("x") || args.other', 'field not found'],
    ['int(args.digits) > 1', 'more than 40 digits'],
  ])('cannot be told when %s', (text, why) => {
    expect(ask(text, { path: 'a', digits: '9'.repeat(100_000) })).toEqual([{ failed: expect.stringContaining(why) }])
  })

  it('reads arguments named like parts of every object as arguments', () => {
    expect(ask('args.toString == "a" && !has(args.constructor)', { toString: 'a' })).toEqual([true])
    expect(ask('args.constructor == "x"', { constructor: 'x' })).toEqual([true])
    expect(ask('args.hasOwnProperty == "x"')).toEqual([{ failed: expect.stringContaining('field not found') }])
  })

  it('knows whether it says the same of every action, and whether it needs the arguments', () => {
    const known = (text: string) => {
      const condition = compileCondition(text)
      return typeof condition === 'string' ? condition : [condition.constant, condition.isOpen]
    }

    expect(['1 < 2', '!true', 'command.read_only', 'args.x == 1', 'taint == []'].map(known)).toEqual([
      [true, false],
      [false, false],
      [null, false],
      [null, true],
      [null, true],
    ])
  })
})

describe('a condition is refused when it', () => {
  it.each([
    ['is not CEL', 'args.x ==', /is not CEL: .*line 1, column \d+/],
    ['mentions an unknown variable', 'comand.read_only', /no variable comand; did you mean command\?/],
    ['mentions an unknown variable in a loop', 'args.x.all(a, b == a)', /no variable b/],
    ['mentions an unknown field', 'command.readonly', /command has no readonly; did you mean command\.read_only\?/],
    ['mentions an unknown field in brackets', 'path["txt"] == "a"', /path has no txt/],
    ['tests for an unknown field', 'has(url.hots)', /url has no hots; did you mean url\.host\?/],
    ['asks for a field of a text', 'workspace.root == "/"', /workspace has no fields/],
    ['calls an unknown function', 'args.x.startWith("a")', /no function startWith; did you mean startsWith\?/],
    ['asks for the time', 'timestamp(args.x) > timestamp("2026-01-01T00:00:00Z")', /no function timestamp/],
    ['makes a message', 'google.protobuf.Duration{seconds: 1} == args.x', /no type google\.protobuf\.Duration/],
    ['takes a pattern from the action', 'args.x.matches(args.y)', /not a text in quotes/],
    ['has a broken pattern', 'args.x.matches("(a+")', /cannot be used: .*missing/],
    ['has a pattern that repeats too much', 'args.x.matches("(a{30}){30}(b{30}){30}")', /repeats too much/],
    ['has loops in loops in loops', 'args.a.all(x, args.b.all(y, args.c.all(z, z == x)))', /more than 2 loops/],
    ['calls an item like a variable', 'args.x.all(path, path == "a")', /uses path for two things/],
    ['calls two items the same', 'args.x.all(a, args.y.all(a, a == "a"))', /uses a for two things/],
    ['is a number', 'size(args.x)', /not a yes or no/],
    ['is a text', '"yes"', /not a yes or no/],
    ['is a text of the action', 'url.host', /not a yes or no/],
  ])('%s', (_, text, problem) => {
    expect(compileCondition(text)).toMatch(problem)
  })
})

/** Steps taken, as a measure that does not depend on the machine. */
function stepsOf(text: string, args: Record<string, unknown>): { readonly answer: unknown; readonly steps: number } {
  const condition = compileCondition(text)
  if (typeof condition === 'string') throw new Error(condition)
  const meter = createMeter()
  const before = meter.left
  const [bindings] = bindingsOf({ ...NONE, args: args as typeof NONE.args }, null)
  return { answer: bindings && condition.test(bindings, meter), steps: before - meter.left }
}

describe('the cost of a condition', () => {
  it('of a pattern grows with the text, not with the ways to read it', () => {
    const short = stepsOf('args.x.matches("^(a+)+$")', { x: `${'a'.repeat(1000)}!` })
    const long = stepsOf('args.x.matches("^(a+)+$")', { x: `${'a'.repeat(10_000)}!` })

    expect([short.answer, long.answer]).toEqual([false, false])
    expect(long.steps / short.steps).toBeLessThan(11)
  })

  it.each([
    ['loops in loops', 'args.x.all(a, args.x.all(b, a + b != ""))', { x: Array.from({ length: 900 }, (_, n) => `${n}`) }],
    ['a loop over everything', 'args.x.all(a, args.x.all(b, a != b))', { x: Array.from({ length: 50_000 }, () => 'a') }],
    ['lists made of lists', 'args.x.map(a, a).map(a, a).map(a, a) == args.x', { x: Array.from({ length: 5000 }, () => 'a') }],
    ['comparing long lists often', 'args.x.exists(a, args.x == args.y)', { x: Array(3000).fill('a'), y: [...Array(2999).fill('a'), 'b'] }],
    ['a pattern over a huge text', 'args.x.matches("[a-z]+[0-9]")', { x: 'a'.repeat(1_000_000) }],
    ['a huge text in a huge text', 'args.x.contains(args.y)', { x: 'a'.repeat(500_000), y: `b${'a'.repeat(250_000)}` }],
  ])('is bounded: %s', (_, text, args) => {
    expect(stepsOf(text, args).answer).toEqual({ failed: expect.any(String) })
  })

  it('counts as failed even where the rest would have decided', () => {
    const { answer } = stepsOf('args.x.matches("[a-z]+[0-9]") || true', { x: 'a'.repeat(1_000_000) })

    expect(answer).toEqual({ failed: expect.stringContaining('too many steps') })
  })

  it('of ordinary conditions leaves room for hundreds of them', () => {
    const { answer, steps } = stepsOf('args.argv.exists(a, a in ["--force", "-f"])', { argv: ['git', 'push', 'origin', 'main', '--force'] })

    expect(answer).toBe(true)
    expect(steps).toBeLessThan(300)
  })
})
