import type { AnyStateNode } from 'xstate'
import { listOf, nameOf } from './chart.ts'
import { placeOf } from './portable.ts'

/** One use of a name: what kind of thing it must be, and the place in the configuration. */
export interface NameUse {
  readonly kind: 'actions' | 'guards' | 'actors' | 'delays'
  readonly name: string
  readonly path: string
}

/** Where a state node stands in the configuration: `states.open.states.active`; empty for the root. */
export function placeOfNode(node: AnyStateNode): string {
  return node.path.reduce((place, key) => placeOf(placeOf(place, 'states'), key), '')
}

/** Every action, guard, actor and delay that a state node itself uses by name. */
export function namesUsed(node: AnyStateNode): readonly NameUse[] {
  const base = placeOfNode(node)
  const { entry, exit, on, always, after, onDone, invoke, initial } = properties(node.config)
  const own = (key: string): string => placeOf(base, key)
  return [
    ...actionsIn(entry, own('entry')),
    ...actionsIn(exit, own('exit')),
    ...transitionsIn(typeof initial === 'object' ? initial : undefined, own('initial')),
    ...fields(on).flatMap(([event, value]) => transitionsIn(value, placeOf(own('on'), event))),
    ...transitionsIn(always, own('always')),
    ...transitionsIn(onDone, own('onDone')),
    ...fields(after).flatMap(([delay, value]) => [
      ...delayIn(delay, placeOf(own('after'), delay)),
      ...transitionsIn(value, placeOf(own('after'), delay)),
    ]),
    ...listOf(invoke).flatMap((value, index) => invokeIn(value, Array.isArray(invoke) ? placeOf(own('invoke'), index) : own('invoke'))),
  ]
}

/** The names that a named action uses in turn: the delay of a `raise` or `sendTo`, the actor of a `spawnChild`. */
export function namesInAction(action: unknown, path: string): readonly NameUse[] {
  const { delay, src } = properties(action)
  return [
    ...(typeof delay === 'string' || typeof delay === 'number' ? delayIn(delay, placeOf(path, 'delay')) : []),
    ...(typeof src === 'string' ? [{ kind: 'actors' as const, name: src, path: placeOf(path, 'src') }] : []),
  ]
}

/** The names in a guard: itself, or the parts of an `and`, `or` or `not`. */
export function namesInGuard(guard: unknown, path: string): readonly NameUse[] {
  if (guard === undefined) return []
  if (typeof guard !== 'function') return [{ kind: 'guards', name: nameOf(guard), path }]
  return listOf(properties(guard)['guards']).flatMap((part, index) => namesInGuard(part, placeOf(placeOf(path, 'guards'), index)))
}

function transitionsIn(value: unknown, path: string): readonly NameUse[] {
  return listOf(value).flatMap((transition, index) => {
    const place = Array.isArray(value) ? placeOf(path, index) : path
    const { guard, actions } = properties(transition)
    return [...namesInGuard(guard, placeOf(place, 'guard')), ...actionsIn(actions, placeOf(place, 'actions'))]
  })
}

function actionsIn(value: unknown, path: string): readonly NameUse[] {
  return listOf(value).flatMap((action, index): readonly NameUse[] => {
    const place = Array.isArray(value) ? placeOf(path, index) : path
    return typeof action === 'function' ? namesInAction(action, place) : [{ kind: 'actions', name: nameOf(action), path: place }]
  })
}

function invokeIn(value: unknown, path: string): readonly NameUse[] {
  const { src, onDone, onError, onSnapshot } = properties(value)
  return [
    ...(typeof src === 'string' ? [{ kind: 'actors' as const, name: src, path: placeOf(path, 'src') }] : []),
    ...transitionsIn(onDone, placeOf(path, 'onDone')),
    ...transitionsIn(onError, placeOf(path, 'onError')),
    ...transitionsIn(onSnapshot, placeOf(path, 'onSnapshot')),
  ]
}

function delayIn(delay: string | number, path: string): readonly NameUse[] {
  return [{ kind: 'delays', name: String(delay), path }]
}

function fields(value: unknown): readonly [string, unknown][] {
  return Object.entries(properties(value))
}

/** The own properties of an object or a function (XState keeps what its built-in actions need on the function). */
function properties(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? { ...value } : {}
}
