import { nearest } from '../../../input/nearest.ts'
import { childrenOf, conditionEngine, FUNCTIONS, type Expr } from './engine.ts'
import { MAX_WEIGHT, patternWeight } from './pattern-weight.ts'
import { fieldsOf, kindOf, VARIABLES } from './variables.ts'

/** Loops in loops: with three, an argument of 1,000 items means 10⁹ rounds. */
const MAX_LOOPS = 2
const LOOPS: readonly string[] = ['all', 'exists', 'exists_one', 'filter', 'map']
const NOT_YES_OR_NO: ReadonlySet<string> = new Set(['_+_', '_-_', '_*_', '_/_', '_%_', '-_', 'size', 'int', 'uint', 'double', 'string', 'type'])

/** What a look at an expression's tree found. */
export interface Checked {
  /** The variables it mentions. */
  readonly uses: ReadonlySet<string>
  readonly problems: readonly string[]
}

interface Scope {
  readonly loops: number
  readonly own: readonly string[]
}

/** Looks for names, functions and patterns that can only be mistakes. */
export function checkExpression(tree: Expr): Checked {
  const uses = new Set<string>()
  const problems: string[] = []
  const visit = (node: Expr, scope: Scope): void => {
    const below = scopeBelow(node, scope, problems)
    if (below.loops > MAX_LOOPS) return
    problems.push(...problemsOf(node, scope))
    const name = node.exprKind.case === 'identExpr' ? node.exprKind.value.name : null
    if (name !== null && !scope.own.includes(name)) uses.add(name.replace(/^\./, ''))
    for (const child of childrenOf(node)) visit(child, isLoopRange(node, child) ? scope : below)
  }
  visit(tree, { loops: 0, own: [] })
  if (problems.length === 0 && !mayBeYesOrNo(tree)) problems.push('is not a yes or no; compare it with something')
  return { uses, problems: [...new Set(problems)] }
}

function scopeBelow(node: Expr, scope: Scope, problems: string[]): Scope {
  if (node.exprKind.case !== 'comprehensionExpr') return scope
  const { iterVar, accuVar } = node.exprKind.value
  if (Object.hasOwn(VARIABLES, iterVar) || scope.own.includes(iterVar)) problems.push(`uses ${iterVar} for two things; call the item something else`)
  if (scope.loops === MAX_LOOPS) problems.push(`has more than ${MAX_LOOPS} loops in each other`)
  return { loops: scope.loops + 1, own: [...scope.own, iterVar, accuVar] }
}

function isLoopRange(node: Expr, child: Expr): boolean {
  return node.exprKind.case === 'comprehensionExpr' && node.exprKind.value.iterRange === child
}

function problemsOf(node: Expr, scope: Scope): readonly string[] {
  const kind = node.exprKind
  if (kind.case === 'identExpr') return variableProblems(kind.value.name, scope)
  if (kind.case === 'selectExpr') return fieldProblems(kind.value.operand, kind.value.field, scope)
  if (kind.case === 'structExpr' && kind.value.messageName !== '') return [`there is no type ${kind.value.messageName}`]
  if (kind.case !== 'callExpr') return []
  const { function: name, target, args } = kind.value
  if (!FUNCTIONS.has(name)) return [unknownFunction(name)]
  const [first, key] = args
  if (name === '_[_]' && typeof textOf(key) === 'string') return fieldProblems(first, textOf(key) ?? '', scope)
  return name === 'matches' ? matchProblems(target === undefined ? key : first) : []
}

function variableProblems(name: string, scope: Scope): readonly string[] {
  const plain = name.replace(/^\./, '')
  if (scope.own.includes(plain) || Object.hasOwn(VARIABLES, plain)) return []
  const meant = nearest(plain, Object.keys(VARIABLES))
  return [`there is no variable ${plain}${meant === null ? `; there are ${Object.keys(VARIABLES).join(', ')}` : `; did you mean ${meant}?`}`]
}

function fieldProblems(operand: Expr | undefined, field: string, scope: Scope): readonly string[] {
  const name = operand?.exprKind.case === 'identExpr' ? operand.exprKind.value.name : null
  if (name === null || scope.own.includes(name) || !Object.hasOwn(VARIABLES, name) || kindOf(name, field) !== null || VARIABLES[name] === null)
    return []
  const fields = fieldsOf(name)
  if (fields === null) return [`${name} has no fields, so there is no ${name}.${field}`]
  const meant = nearest(field, fields)
  return [`${name} has no ${field}; ${meant === null ? `it has ${fields.join(', ')}` : `did you mean ${name}.${meant}?`}`]
}

function unknownFunction(name: string): string {
  const names = [...[...FUNCTIONS].filter((known) => /^[a-z]/i.test(known)), 'has', ...LOOPS]
  const meant = nearest(name, names)
  return `there is no function ${name}; ${meant === null ? `there are ${names.join(', ')}` : `did you mean ${meant}?`}`
}

function matchProblems(pattern: Expr | undefined): readonly string[] {
  const text = textOf(pattern)
  if (text === null) return ['the pattern of matches is not a text in quotes: what an action says must not become a pattern']
  const problem = conditionEngine().patternProblem(text)
  if (problem !== null) return [`the pattern ${JSON.stringify(text)} cannot be used: ${problem}`]
  return patternWeight(text) > MAX_WEIGHT ? [`the pattern ${JSON.stringify(text)} repeats too much: at most ${MAX_WEIGHT} states`] : []
}

function textOf(node: Expr | undefined): string | null {
  const constant = node?.exprKind.case === 'constExpr' ? node.exprKind.value.constantKind : null
  return constant?.case === 'stringValue' ? constant.value : null
}

function mayBeYesOrNo(node: Expr): boolean {
  const kind = node.exprKind
  switch (kind.case) {
    case 'constExpr':
      return kind.value.constantKind.case === 'boolValue'
    case 'listExpr':
    case 'structExpr':
      return false
    case 'callExpr':
      return !NOT_YES_OR_NO.has(kind.value.function)
    case 'identExpr':
      return false
    case 'selectExpr': {
      const owner = kind.value.operand?.exprKind.case === 'identExpr' ? kindOf(kind.value.operand.exprKind.value.name, kind.value.field) : null
      return kind.value.testOnly || owner === null || owner === 'any' || owner === 'yes or no'
    }
    default:
      return true
  }
}
