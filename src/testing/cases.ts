import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { AskedService } from './chart-driver.ts'
import { errorData } from './error-data.ts'

/** Values to try: a list, or what follows from the situation. */
export type Values<Situation> = readonly unknown[] | ((situation: Situation) => readonly unknown[])

/** What the world may say to a chart. */
export interface Cases {
  /**
   * Payloads per event type, each an object whose fields are sent with the type; default one without fields. With `xyz.*` or `*` in the chart
   * every type that is named here and fits is tried.
   */
  readonly events?: Readonly<Record<string, Values<AnyMachineSnapshot>>>
  /** Outputs per service, or per child machine where that is ended by hand; default one, undefined. Empty = it never answers. */
  readonly outputs?: Readonly<Record<string, Values<AskedService>>>
  /** Errors per service; default one `Error`. Empty = it never fails. */
  readonly errors?: Readonly<Record<string, Values<AskedService>>>
}

/** With what a service may be done. */
export const outputsOf = ({ outputs = {} }: Cases, asked: AskedService): readonly unknown[] => valuesOf(outputs[asked.src] ?? [undefined], asked)

/** With what it may fail, as the chart will hear it. */
export const errorsOf = ({ errors = {} }: Cases, asked: AskedService): readonly unknown[] =>
  valuesOf(errors[asked.src] ?? [new Error(`${asked.src} failed`)], asked).map(errorData)

/** Every event from outside that an active state of a chart names, with each payload; also those that a guard will refuse. */
export function eventsOf(cases: Cases, snapshot: AnyMachineSnapshot): readonly EventObject[] {
  const known = Object.keys(cases.events ?? {})
  const descriptors = new Set<string>(snapshot._nodes.flatMap((node) => [...node.transitions.keys()]))
  const types = [...descriptors].flatMap((descriptor) => (descriptor.endsWith('*') ? known.filter((type) => fits(type, descriptor)) : [descriptor]))
  return [...new Set(types)].filter((type) => type !== '' && !type.startsWith('xstate.')).flatMap((type) => eventsOfType(cases, type, snapshot))
}

/** Every event that the cases name, whether the chart waits for it or not. */
export const namedEventsOf = (cases: Cases, snapshot: AnyMachineSnapshot): readonly EventObject[] =>
  Object.keys(cases.events ?? {}).flatMap((type) => eventsOfType(cases, type, snapshot))

const eventsOfType = ({ events = {} }: Cases, type: string, snapshot: AnyMachineSnapshot): readonly EventObject[] =>
  valuesOf(events[type] ?? [{}], snapshot).map((payload) => ({ ...Object(payload), type }))

const fits = (type: string, descriptor: string): boolean => descriptor === '*' || type.startsWith(descriptor.slice(0, -1))

const valuesOf = <Situation>(values: Values<Situation>, situation: Situation): readonly unknown[] =>
  typeof values === 'function' ? values(situation) : values
