import { createRequire } from 'node:module'
import type * as Cel from '@bufbuild/cel'
import type * as Re2 from '@bufbuild/re2'
import { spend, type Meter } from './meter.ts'
import { patternWeight } from './pattern-weight.ts'

/** The syntax tree of an expression. */
export type Expr = NonNullable<ReturnType<typeof Cel.parse>['expr']>

/** Values by the names of the variables; one that is undefined is an error of the expression that reads it. */
export type Bindings = Readonly<Record<string, Cel.CelInput | undefined>>

/** A compiled regular expression, and what it weighs; see pattern-weight.ts. */
export interface Pattern {
  readonly regex: Re2.RE2JS
  readonly weight: number
}

/** CEL with every function counted, and nothing in it that asks for the time. */
export interface Engine {
  /** @throws Error with a `location` in characters when the text is not CEL */
  parse(text: string): Expr | undefined
  /** What is wrong with a regular expression; null when nothing is. */
  patternProblem(pattern: string): string | null
  /** @throws Error when there is a problem with it */
  patternOf(pattern: string): Pattern
  /** Makes a tree runnable; the tree is taken over. Errors of the expression are returned, not thrown. */
  plan(tree: Expr): (bindings: Bindings, meter: Meter) => unknown
}

/** Functions and operators that expressions may use: none reads a clock, and none makes a text longer than what it is given. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['!_', '-_', '_+_', '_-_', '_*_', '_/_', '_%_', '_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_', '@in', '_[_]', '_?_:_', '_&&_', '_||_'],
  ...['@not_strictly_false', 'size', 'contains', 'startsWith', 'endsWith', 'matches', 'int', 'uint', 'double', 'string', 'bool', 'type', 'dyn'],
])

/** Gives a loop its items, and charges all rounds in advance. */
export const ITEMS = '@items'
/** Characters that are looked at in one step. */
export const CHARS_A_STEP = 64
/** Items of a loop, and of one with a loop in it: a round that fails costs more than it was charged for. */
const MAX_ITEMS = 10_000
const MAX_OUTER_ITEMS = 1000

let engine: Engine | null = null

/** The engine, loaded when the first condition is compiled: it takes 0.1 s, which a policy without conditions need not spend. */
export function conditionEngine(): Engine {
  engine ??= createEngine()
  return engine
}

function createEngine(): Engine {
  const load = createRequire(import.meta.url)
  const cel = load('@bufbuild/cel') as typeof Cel
  const { RE2JS } = load('@bufbuild/re2') as typeof Re2
  const patterns = new Map<string, Pattern>()
  let meter: Meter = { left: 0 }
  const charge = (steps: number): void => spend(meter, steps)

  const regexOf = (pattern: string): Pattern => {
    const found = patterns.get(pattern) ?? { regex: RE2JS.compile(pattern), weight: patternWeight(pattern) }
    patterns.set(pattern, found)
    return found
  }
  const { BOOL, INT, STRING, DYN } = cel.CelScalar
  const LIST = cel.listType(DYN)
  const own: Cel.CelFunc[] = [
    cel.celFunc(ITEMS, [DYN, INT, INT], DYN, (items: Cel.CelValue, stepsOfRound, most) => {
      const size = cel.isCelList(items) || cel.isCelMap(items) ? items.size : 0
      if (size > Number(most)) throw new Error(`a loop over ${size} items; at most ${most}`)
      charge(size * Number(stepsOfRound))
      return items
    }),
    cel.celMethod('matches', STRING, [STRING], BOOL, function matches(pattern) {
      const { regex, weight } = regexOf(pattern)
      charge(this.length * (4 + weight / 2))
      return regex.test(this)
    }),
    cel.celMethod('contains', STRING, [STRING], BOOL, function contains(part) {
      charge((this.length * Math.max(1, part.length)) / CHARS_A_STEP)
      return this.includes(part)
    }),
    cel.celMethod('startsWith', STRING, [STRING], BOOL, function startsWith(part) {
      charge(part.length / CHARS_A_STEP)
      return this.startsWith(part)
    }),
    cel.celMethod('endsWith', STRING, [STRING], BOOL, function endsWith(part) {
      charge(part.length / CHARS_A_STEP)
      return this.endsWith(part)
    }),
    cel.celFunc('size', [STRING], INT, (text) => lengthOf(text, charge)),
    cel.celMethod('size', STRING, [], INT, function size() {
      return lengthOf(this, charge)
    }),
    // The library's is a list of lists, each a call deeper than the one before.
    cel.celFunc('_+_', [LIST, LIST], LIST, (left, right) => {
      charge(left.size + right.size)
      return cel.celList([...left, ...right])
    }),
  ]
  const isPlain = (type: Cel.CelType): boolean => type === BOOL || type === INT || type === cel.CelScalar.DOUBLE || type === cel.CelScalar.UINT
  const library = [...cel.celEnv().funcs].map((func) => {
    if (func.name === '_==_' || func.name === '_!=_') return equality(cel, func, charge)
    return func.target === undefined && func.arguments.every(isPlain) ? func : metered(cel, func, charge)
  })
  const env = cel.celEnv({ funcs: [...library, ...own] })

  return {
    parse: (text) => cel.parse(text).expr,
    patternProblem: (pattern) => {
      try {
        regexOf(pattern)
        return null
      } catch (error) {
        return error instanceof Error ? error.message : String(error)
      }
    },
    patternOf: regexOf,
    plan: (tree) => {
      chargeRounds(tree)
      const run = cel.plan(env, tree)
      return (bindings, ofDecision) => {
        meter = ofDecision
        return run(bindings as Readonly<Record<string, Cel.CelInput>>)
      }
    },
  }
}

/** Whether two values are the same; texts, which most are, without asking the library. */
function equality(cel: typeof Cel, func: Cel.CelFunc, charge: (steps: number) => void): Cel.CelFunc {
  const full = metered(cel, func, charge)
  const wanted = func.name === '_==_'
  const { DYN, BOOL } = cel.CelScalar
  return cel.celFunc(func.name, [DYN, DYN], BOOL, (left: Cel.CelValue, right: Cel.CelValue) => {
    if (typeof left === 'string' && typeof right === 'string') {
      charge(Math.min(left.length, right.length) / CHARS_A_STEP)
      return (left === right) === wanted
    }
    const same = full.call(0, undefined, [left, right])
    if (typeof same !== 'boolean') throw same ?? new Error('cannot be compared')
    return same
  })
}

/** A function of the library that is charged for what it is given to read. */
function metered(cel: typeof Cel, func: Cel.CelFunc, charge: (steps: number) => void): Cel.CelFunc {
  const call = (target: Cel.CelValue | undefined, args: Cel.CelValue[]): Cel.CelInput => {
    for (const value of target === undefined ? args : [target, ...args]) charge(weigh(cel, value))
    if (func.name === 'int' || func.name === 'uint') refuseLongNumber(args[0])
    const result = func.call(0, target, args)
    if (result === undefined || cel.isCelError(result)) throw result ?? new Error(`no such overload of ${func.name}`)
    return result
  }
  const { name, target, result } = func
  const parameters = [...func.arguments]
  return target === undefined
    ? cel.celFunc(name, parameters, result, (...args: Cel.CelValue[]) => call(undefined, args))
    : cel.celMethod(name, target, parameters, result, function method(this: Cel.CelValue, ...args: Cel.CelValue[]) {
        return call(this, args)
      })
}

/** Reading digits takes time by the square of their number. */
function refuseLongNumber(value: unknown): void {
  if (typeof value === 'string' && value.length > 40) throw new Error('a number has more than 40 digits')
}

/** Steps that reading a value in full takes. */
function weigh(cel: typeof Cel, value: Cel.CelValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return 1 + value.length / CHARS_A_STEP
  let steps = 1
  if (cel.isCelList(value)) for (const item of value) steps += weigh(cel, item)
  else if (cel.isCelMap(value)) for (const item of value.values()) steps += weigh(cel, item)
  return steps
}

/** The number of characters; one outside the basic plane counts once. */
export function lengthOf(text: string, charge: (steps: number) => void): bigint {
  charge(text.length / CHARS_A_STEP)
  if (!/[\uD800-\uDBFF]/.test(text)) return BigInt(text.length)
  const pairs = text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0
  return BigInt(text.length - pairs)
}

/** Makes each round of a loop cost as many steps as its body has nodes; counts the nodes. */
function chargeRounds(node: Expr): { readonly nodes: number; readonly loops: boolean } {
  const below = childrenOf(node).map(chargeRounds)
  const nodes = below.reduce((sum, child) => sum + child.nodes, 1)
  const loops = below.some((child) => child.loops)
  const kind = node.exprKind
  if (kind.case !== 'comprehensionExpr' || !kind.value.iterRange) return { nodes, loops }
  kind.value.iterRange = callOf(ITEMS, [kind.value.iterRange, integer(nodes), integer(loops ? MAX_OUTER_ITEMS : MAX_ITEMS)])
  return { nodes, loops: true }
}

function callOf(name: string, args: Expr[]): Expr {
  return { $typeName: 'cel.expr.Expr', id: 0n, exprKind: { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args } } }
}

function integer(value: number): Expr {
  const constantKind = { case: 'int64Value', value: BigInt(value) } as const
  return { $typeName: 'cel.expr.Expr', id: 0n, exprKind: { case: 'constExpr', value: { $typeName: 'cel.expr.Constant', constantKind } } }
}

/** The nodes right below a node. */
export function childrenOf(node: Expr): readonly Expr[] {
  const kind = node.exprKind
  switch (kind.case) {
    case 'selectExpr':
      return present([kind.value.operand])
    case 'callExpr':
      return present([kind.value.target, ...kind.value.args])
    case 'listExpr':
      return kind.value.elements
    case 'structExpr':
      return present(kind.value.entries.flatMap((entry) => [entry.keyKind.case === 'mapKey' ? entry.keyKind.value : undefined, entry.value]))
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = kind.value
      return present([iterRange, accuInit, loopCondition, loopStep, result])
    }
    default:
      return []
  }
}

function present(nodes: readonly (Expr | undefined)[]): readonly Expr[] {
  return nodes.filter((node) => node !== undefined)
}
