import { ITEMS, type Bindings, type Expr, type Pattern } from './engine.ts'
import { spend, type Meter } from './meter.ts'
import { isTexts, ONE, TWO, UNSURE, type Frame, type Node } from './quick-operators.ts'
import { VARIABLES } from './variables.ts'

/** Answers an expression without the library; null when it takes the library to tell, which then is asked from the start. */
export type Quick = (bindings: Bindings, meter: Meter) => boolean | null

interface Context {
  readonly patternOf: (text: string) => Pattern
  /** The names of the items of the loops around. */
  readonly loops: readonly string[]
}

const METHODS: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith'])

/**
 * Compiles what most conditions are made of: texts, whole numbers, lists, `exists` and `all`. Whatever is an error, or about values of other
 * types than usual, is left to the library, which takes some ten times longer. Null when nothing can be gained.
 */
export function compileQuick(tree: Expr, patternOf: Context['patternOf']): Quick | null {
  const node = compile(tree, { patternOf, loops: [] })
  if (node === null) return null
  const items: unknown[] = []
  return (bindings, meter) => {
    const { left } = meter
    const result = attempt(node, { bindings, meter, items })
    if (typeof result === 'boolean') return result
    meter.left = left
    return null
  }
}

function attempt(node: Node, frame: Frame): unknown {
  try {
    return node(frame)
  } catch {
    // No steps are left, or something is odd about a value: the library says which.
    return UNSURE
  }
}

function compile(tree: Expr | undefined, context: Context): Node | null {
  const kind = tree?.exprKind
  switch (kind?.case) {
    case 'constExpr': {
      const { case: type, value } = kind.value.constantKind
      return type === 'boolValue' || type === 'stringValue' || type === 'int64Value' ? () => value : null
    }
    case 'identExpr':
      return identifier(kind.value.name, context)
    case 'selectExpr': {
      const { operand, field, testOnly } = kind.value
      const of = isVariable(operand) ? compile(operand, context) : null
      return of && (testOnly ? (frame) => hasField(of(frame), field) : (frame) => fieldOf(of(frame), field))
    }
    case 'callExpr': {
      const { function: name, target, args } = kind.value
      if (target !== undefined && name === 'matches') return matcher(target, args, context)
      // `contains(a, b)` is none of the library's functions, `a.contains(b)` is.
      if (name !== 'size' && (target !== undefined) !== METHODS.has(name)) return null
      return call(name, target === undefined ? args : [target, ...args], context)
    }
    case 'listExpr': {
      const texts = kind.value.elements.map(constantOf)
      return isTexts(texts) ? () => texts : null
    }
    case 'comprehensionExpr':
      return loop(kind.value, context)
    default:
      return null
  }
}

function identifier(name: string, { loops }: Context): Node | null {
  const depth = loops.lastIndexOf(name)
  if (depth >= 0) return ({ items }) => items[depth]
  return Object.hasOwn(VARIABLES, name) ? ({ bindings }) => bindings[name] ?? UNSURE : null
}

/** `args` and the like: of other things, `a.b` might as well be the name of a type. */
function isVariable(node: Expr | undefined): boolean {
  return node?.exprKind.case === 'identExpr' && Object.hasOwn(VARIABLES, node.exprKind.value.name)
}

function fieldOf(value: unknown, field: string): unknown {
  return (value instanceof Map ? (value.get(field) as unknown) : undefined) ?? UNSURE
}

function hasField(value: unknown, field: string): unknown {
  if (!(value instanceof Map)) return UNSURE
  const found: unknown = value.get(field) ?? null
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? UNSURE : found !== null
}

function call(name: string, given: readonly Expr[], context: Context): Node | null {
  const nodes = given.flatMap((node) => compile(node, context) ?? [])
  const [left, right] = nodes
  if (nodes.length < given.length || left === undefined) return null
  if (name === '_&&_') return junction(nodes, false)
  if (name === '_||_') return junction(nodes, true)
  if (nodes.length === 1) return ONE[name]?.(left) ?? null
  if (right === undefined || nodes.length > 2) return null
  return TWO[name]?.(left, right) ?? null
}

/** Of a pattern that is written out; check.ts takes no other. */
function matcher(target: Expr, [pattern]: readonly Expr[], context: Context): Node | null {
  const of = compile(target, context)
  const text = constantOf(pattern)
  if (of === null || typeof text !== 'string') return null
  const { regex, weight } = context.patternOf(text)
  return (frame) => {
    const value = of(frame)
    if (typeof value !== 'string') return UNSURE
    spend(frame.meter, value.length * (4 + weight / 2))
    return regex.test(value)
  }
}

/** `exists` and `all`, which the parser writes out; their items, when there are as few texts as the engine takes. */
function loop({ iterVar, accuVar, iterRange, accuInit, loopStep, result }: Comprehension, context: Context): Node | null {
  const start = constantOf(accuInit)
  const [list, steps, most] = argumentsOf(iterRange, ITEMS) ?? []
  const [before, test] = argumentsOf(loopStep, start === true ? '_&&_' : '_||_') ?? []
  if (typeof start !== 'boolean' || !isNamed(before, accuVar) || !isNamed(result, accuVar)) return null
  const [stepsOfRound, mostItems] = [Number(constantOf(steps)), Number(constantOf(most))]
  const of = compile(list, context)
  const holds = compile(test, { ...context, loops: [...context.loops, iterVar] })
  const depth = context.loops.length
  return (
    of &&
    holds &&
    ((frame) => {
      const items = of(frame)
      if (!Array.isArray(items) || items.length > mostItems || !isTexts(items)) return UNSURE
      spend(frame.meter, items.length * stepsOfRound)
      for (const item of items) {
        frame.items[depth] = item
        const value = holds(frame)
        if (value === !start) return value
        if (value !== start) return UNSURE
      }
      return start
    })
  )
}

type Comprehension = Extract<Expr['exprKind'], { readonly case: 'comprehensionExpr' }>['value']

function constantOf(node: Expr | undefined): unknown {
  return node?.exprKind.case === 'constExpr' ? node.exprKind.value.constantKind.value : undefined
}

function argumentsOf(node: Expr | undefined, name: string): readonly Expr[] | null {
  return node?.exprKind.case === 'callExpr' && node.exprKind.value.function === name ? node.exprKind.value.args : null
}

function isNamed(node: Expr | undefined, name: string): boolean {
  return node?.exprKind.case === 'identExpr' && node.exprKind.value.name === name
}

/** Ends at the first that decides, as the library does. */
function junction(nodes: readonly Node[], decisive: boolean): Node {
  return (frame) => {
    for (const node of nodes) {
      const value = node(frame)
      if (value === decisive) return decisive
      if (value !== !decisive) return UNSURE
    }
    return !decisive
  }
}
