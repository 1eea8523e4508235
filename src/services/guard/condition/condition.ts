import { checkExpression } from './check.ts'
import { conditionEngine, type Bindings, type Expr } from './engine.ts'
import type { Meter } from './meter.ts'
import { compileQuick } from './quick.ts'
import { OPEN_VARIABLES } from './variables.ts'

/** What a condition says: yes, no, or that it cannot be told, and why. */
export type Answer = boolean | { readonly failed: string }

/** A compiled `when` or `unless`. */
export interface Condition {
  readonly text: string
  /** The variables it mentions. */
  readonly uses: ReadonlySet<string>
  /** Whether it can change with arguments that are not known yet. */
  readonly isOpen: boolean
  /** Its answer when it is the same for every action, null otherwise. */
  readonly constant: boolean | null
  /** Never throws. */
  test(bindings: Bindings, meter: Meter): Answer
}

/** Compiles a condition; a string is what is wrong with it. */
export function compileCondition(text: string): Condition | string {
  const tree = parse(text)
  if (typeof tree === 'string') return tree
  const { uses, problems } = checkExpression(tree)
  if (problems.length > 0) return problems.join('; ')
  const engine = conditionEngine()
  const run = engine.plan(tree)
  const quick = compileQuick(tree, engine.patternOf)
  const test = (bindings: Bindings, meter: Meter): Answer => {
    const result = quick?.(bindings, meter) ?? run(bindings, meter)
    // What ran out of steps somewhere may still have come out as a yes or no.
    if (meter.left < 0) return { failed: 'it takes too many steps' }
    if (typeof result === 'boolean') return result
    return { failed: result instanceof Error ? said(result.message) : 'it is not a yes or no' }
  }
  const always = uses.size === 0 ? test({}, { left: 10_000 }) : null
  return { text, uses, isOpen: [...uses].some((name) => OPEN_VARIABLES.has(name)), constant: typeof always === 'boolean' ? always : null, test }
}

function parse(source: string): Expr | string {
  try {
    return conditionEngine().parse(source) ?? 'is empty'
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const [, line, column, problem = text] = /^<input>:([0-9]+):([0-9]+): (.*)$/s.exec(text) ?? []
    return `is not CEL: ${problem}${line === undefined ? '' : `, at line ${line}, column ${column ?? '1'} of the condition`}`
  }
}

function said(message: string): string {
  return message === 'unresolved attribute' ? 'it reads a variable that this action does not have' : message
}
