import type { Json, JsonObject } from '../../model/json.ts'
import type { PlanStep } from '../../model/plan.ts'
import { escapeReferences } from '../../model/reference.ts'
import type { Playbook, PlaybookStep } from './playbook.ts'

type Args = PlanStep['args']
type Value = Args[string]
type Scalar = string | number | boolean
/** The values of a playbook's parameters, by name. */
export type ParamValues = ReadonlyMap<string, Scalar>
type Place = readonly (string | number)[]

const PARAM = /\$\{params\.([^}\s]{1,64})\}/g
const ONLY_PARAM = /^\$\{params\.([^}\s]{1,64})\}$/

/** Names in `${params.NAME}` and `when: { param: NAME }` that the playbook does not declare, with their places. */
export function unknownParamsIn(playbook: Playbook): readonly { readonly at: Place; readonly name: string; readonly use: string }[] {
  const found: { at: Place; name: string; use: string }[] = []
  const isKnown = (name: string): boolean => Object.hasOwn(playbook.params, name)
  const visit = (value: Value, at: Place): void => {
    if (typeof value === 'string')
      for (const [, name = ''] of value.matchAll(PARAM)) if (!isKnown(name)) found.push({ at, name, use: `\${params.${name}}` })
    if (typeof value === 'object' && value !== null)
      for (const [key, child] of Object.entries(value)) visit(child, [...at, Array.isArray(value) ? Number(key) : key])
  }
  const look = ({ args, when }: Pick<PlaybookStep, 'args' | 'when'>, at: Place): void => {
    visit(args, [...at, 'args'])
    const name = when?.param
    if (name !== undefined && !isKnown(name)) found.push({ at: [...at, 'when', 'param'], name, use: `parameter ${name}` })
  }
  for (const [position, step] of playbook.steps.entries()) look(step, ['steps', position])
  for (const [id, step] of Object.entries(playbook.fallbacks)) look(step, ['fallbacks', id])
  return found
}

/** The values of a playbook's parameters, from the run's context or their defaults, or what is wrong with them. */
export function paramsOf(playbook: Playbook, context: JsonObject): { readonly values: ParamValues } | { readonly problem: string } {
  const values = new Map<string, Scalar>()
  for (const [name, { default: usual }] of Object.entries(playbook.params)) {
    const given = Object.hasOwn(context, name) ? typed(context[name], usual) : usual
    if (given === undefined) return { problem: `context.${name} is needed` }
    if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean')
      return { problem: `context.${name} must be text, a number or a boolean` }
    if (usual !== undefined && typeof usual !== typeof given) return { problem: `context.${name} must be a ${typeof usual}` }
    values.set(name, given)
  }
  return { values }
}

/** On a command line every value is text: one that spells a value of the usual kind is that value. */
function typed(given: Json | undefined, usual: Scalar | undefined): Json | undefined {
  if (typeof usual === 'boolean' && (given === 'true' || given === 'false')) return given === 'true'
  if (typeof usual === 'number' && typeof given === 'string' && /^-?\d{1,15}$/.test(given)) return Number(given)
  return given
}

/** Arguments with their parameters filled in: alone in a string with their type, in longer text as text. A value never becomes a reference. */
export function fillParams(args: Args, values: ParamValues): Args {
  const valueOf = (name: string): Scalar => values.get(name) ?? ''
  const literal = (value: Scalar): Scalar => (typeof value === 'string' ? escapeReferences(value) : value)
  const fill = (value: Value): Value => {
    if (typeof value === 'string') {
      const alone = ONLY_PARAM.exec(value)?.[1]
      return alone === undefined ? value.replace(PARAM, (_, name: string) => String(literal(valueOf(name)))) : literal(valueOf(alone))
    }
    if (Array.isArray(value)) return value.map(fill)
    return typeof value === 'object' && value !== null ? fillParams(value, values) : value
  }
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, fill(value)]))
}
