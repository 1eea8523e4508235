import { Preferences, PlannerExecParams, ResourceLimits } from './goal.ts'
import type { PlannerExecParamsInput } from './goal.ts'

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key
type CamelKeys<Value> = { [Key in keyof Value as Camel<Key & string>]: Value[Key] }
type Nested = 'resource_limits' | 'preferences'

/** `PlannerExecParamsInput` in TypeScript's spelling: `maxSteps`, `resourceLimits.maxParallelExecutions`. */
export type RunParamsInput = CamelKeys<Omit<PlannerExecParamsInput, Nested>> & {
  resourceLimits?: CamelKeys<NonNullable<PlannerExecParamsInput['resource_limits']>>
  preferences?: CamelKeys<NonNullable<PlannerExecParamsInput['preferences']>>
}

const toCamel = (key: string) => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const wireNames = (shape: object) => new Map(Object.keys(shape).map((key) => [toCamel(key), key]))

const TOP = wireNames(PlannerExecParams.shape)
const GROUPS = new Map([
  ['resource_limits', wireNames(ResourceLimits.shape)],
  ['preferences', wireNames(Preferences.shape)],
])

/**
 * Parameters in upstream's wire spelling, from either. A field given in both spellings keeps its own name, so that the schema refuses it;
 * so does what is no field at all. Values are left as they are: the schema judges them.
 */
export function toWireParams(input: PlannerExecParamsInput | RunParamsInput): PlannerExecParamsInput {
  if (!isObject(input)) return input
  const renamed = rename(input, TOP)
  const grouped = Object.entries(renamed).map(([key, value]) => [key, isObject(value) ? rename(value, GROUPS.get(key)) : value])
  return Object.fromEntries(grouped) as PlannerExecParamsInput
}

function rename(value: object, names: ReadonlyMap<string, string> = new Map()): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const wire = names.get(key)
      return [wire === undefined || (wire !== key && Object.hasOwn(value, wire)) ? key : wire, inner]
    }),
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
