import type { AnyMachineSnapshot, StateValue } from 'xstate'
import type { Fold } from '../engine/fold.ts'
import type { WorkflowContext } from '../machines/workflow.types.ts'
import type { PlanSkeleton } from '../model/skeleton.ts'

/** A state value as a dotted path: `open.active.executing.watching`. */
export function statePath(value: StateValue): string {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([key, inner]) => (inner === undefined ? key : `${key}.${statePath(inner)}`))
    .join(' | ')
}

/** What the chart says about the state it is in: the description of its deepest described state. */
export function describeState(snapshot: AnyMachineSnapshot): string {
  const described = snapshot._nodes.filter((node) => node.description !== undefined)
  return described.toSorted((a, b) => b.path.length - a.path.length)[0]?.description ?? ''
}

/** The plan that the workflow carries out now. */
export function planInForce(fold: Fold): PlanSkeleton | null {
  return (fold.snapshot('')?.context as WorkflowContext | undefined)?.plan ?? null
}

/** True when the workflow or one of its actions waits for a person. */
export function needsPerson(fold: Fold): boolean {
  return fold.paths().some((path) => fold.snapshot(path)?.hasTag('needsPerson'))
}
