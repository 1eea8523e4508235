import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { ControllerError } from '../errors.ts'
import { namesInAction, namesInGuard, namesUsed, placeOfNode, type NameUse } from './chart-names.ts'
import { childrenOf, listOf, nodesOf } from './chart.ts'
import { findNonLiterals, placeOf, type LintProblem } from './portable.ts'

export type { LintProblem } from './portable.ts'

export interface LintOptions {
  /** Events that every busy state, or a state around it, must handle. Default `run.pause` and `run.cancel`. */
  readonly requiredEvents?: readonly string[]
  /** States, as dotted paths, that need not handle them with all that is inside, such as one that is already stopping. Default none. */
  readonly unsteerable?: readonly string[]
  /** Busy states, as dotted paths, that wait for live children alone, each of which has its own timeout. Default none. */
  readonly boundedByChildren?: readonly string[]
  /** Delays that bound a whole run, so that they are no timeout of a state. Default `runTimeLeft`. */
  readonly overallDelays?: readonly string[]
}

/**
 * What is wrong with a machine although it compiles and loads: names that nothing implements (XState ignores such an action and fires such a
 * delay at once), functions where the chart should name something, busy states that could hang or could not be steered, and states without
 * a description. Empty when nothing is. Children of a `spawnChild` inside `enqueueActions` cannot be seen.
 */
export function lintMachine(machine: AnyStateMachine, options: LintOptions = {}): readonly LintProblem[] {
  return [
    ...lintMachineItself(machine),
    ...findNonLiterals(machine),
    ...lintNames(machine),
    ...nodesOf(machine).flatMap((node) => [...lintDescription(node), ...lintInvokes(node), ...lintBusy(node, options)]),
  ]
}

/**
 * Refuses a machine that `lintMachine` finds fault with.
 * @throws ControllerError MACHINE_INVALID naming all problems, with the list as `details`
 */
export function assertMachine(machine: AnyStateMachine, options: LintOptions = {}): void {
  const problems = lintMachine(machine, options)
  if (problems.length === 0) return
  const list = problems.map(({ path, problem }) => `\n  ${path}: ${problem}`).join('')
  throw new ControllerError('MACHINE_INVALID', `Machine ${machine.id} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:${list}`, {
    details: problems,
  })
}

function lintMachineItself(machine: AnyStateMachine): readonly LintProblem[] {
  const { maxIterations } = machine.options
  const bounded = typeof maxIterations === 'number' && Number.isFinite(maxIterations) && maxIterations > 0
  return [
    ...(bounded ? [] : [{ path: 'options.maxIterations', problem: 'is not set, so a cycle of `always` would hang the process' }]),
    ...(machine.version ? [] : [{ path: 'version', problem: 'is not set, so stored runs could not tell whether they still fit' }]),
  ]
}

function lintNames(machine: AnyStateMachine): readonly LintProblem[] {
  const { actions, guards } = machine.implementations
  const uses = [
    ...nodesOf(machine).flatMap(namesUsed),
    ...Object.entries(actions).flatMap(([name, action]) => namesInAction(action, placeOf('implementations.actions', name))),
    ...Object.entries(guards).flatMap(([name, guard]) => namesInGuard(guard, placeOf('implementations.guards', name))),
  ]
  return uses.flatMap((use) => lintUse(machine, use))
}

function lintUse(machine: AnyStateMachine, { kind, name, path }: NameUse): readonly LintProblem[] {
  if (kind === 'delays' && name.trim() !== '' && !Number.isNaN(Number(name))) return lintDelay(Number(name), path)
  const known: object = machine.implementations[kind]
  const implementation: unknown = Object.hasOwn(known, name) ? Reflect.get(known, name) : undefined
  if (implementation === undefined) return [{ path, problem: `${kind.slice(0, -1)} '${name}' is not implemented${CONSEQUENCES[kind]}` }]
  return kind === 'delays' && typeof implementation === 'number' ? lintDelay(implementation, path) : []
}

const CONSEQUENCES = {
  actions: ', so nothing would happen',
  guards: ', so the machine would fail',
  actors: ', so the machine would fail',
  delays: ', so it would fire at once',
} as const

function lintDelay(ms: number, path: string): readonly LintProblem[] {
  return Number.isFinite(ms) && ms >= 0 ? [] : [{ path, problem: `delay ${ms} would fire at once; a guarded \`after\` is how to wait for ever` }]
}

function lintDescription(node: AnyStateNode): readonly LintProblem[] {
  const place = placeOfNode(node)
  const described = node.parent === undefined || node.type === 'history' || Boolean(node.description?.trim())
  const tagged = node.type !== 'final' || node.tags.includes('terminal')
  return [
    ...(described ? [] : [{ path: place, problem: 'has no description' }]),
    ...(tagged ? [] : [{ path: place, problem: "is final but not tagged 'terminal'" }]),
  ]
}

function lintInvokes(node: AnyStateNode): readonly LintProblem[] {
  const invokes = listOf(node.config.invoke)
  return invokes.flatMap((invoke, index) => {
    const base = placeOf(placeOfNode(node), 'invoke')
    const place = Array.isArray(node.config.invoke) ? placeOf(base, index) : base
    return ['onDone', 'onError'].flatMap((key) => lintAnswer(invoke, key, place))
  })
}

/** A service must not be able to end without the chart taking notice, whatever its guards say. */
function lintAnswer(invoke: unknown, key: string, place: string): readonly LintProblem[] {
  const answer: unknown = typeof invoke === 'object' && invoke !== null && key in invoke ? Reflect.get(invoke, key) : undefined
  const branches = listOf(answer)
  if (branches.length === 0) return [{ path: place, problem: `has no ${key}` }]
  return branches.some(isUnguarded) ? [] : [{ path: placeOf(place, key), problem: 'has no branch without a guard, so an answer could get lost' }]
}

function lintBusy(node: AnyStateNode, options: LintOptions): readonly LintProblem[] {
  const { requiredEvents = ['run.pause', 'run.cancel'], unsteerable = [], boundedByChildren = [], overallDelays = ['runTimeLeft'] } = options
  const around = ancestry(node)
  const isBusy = around.some(({ tags }) => tags.includes('busy'))
  const working = isBusy || around.some(({ config }) => config.invoke !== undefined)
  if (!working || childrenOf(node).length > 0 || node.type === 'final' || node.type === 'history') return []
  const path = placeOfNode(node)
  const bounded = boundedByChildren.includes(node.path.join('.')) || regionOf(node).some((state) => hasTimeout(state, overallDelays))
  const steerable = isBusy && !around.some((state) => unsteerable.includes(state.path.join('.')))
  return [
    ...(bounded
      ? []
      : [{ path, problem: 'is busy without a timeout: neither it nor a state around it has an `after` with a branch without a guard' }]),
    ...(steerable ? requiredEvents : [])
      .filter((event) => !around.some((state) => handles(state, event)))
      .map((event) => ({ path, problem: `is busy but does not handle ${event}, nor does a state around it` })),
  ]
}

/** The node and the states around it, inside out. */
function ancestry(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent === undefined ? [node] : [node, ...ancestry(node.parent)]
}

/** The part of the ancestry inside the innermost parallel region: a timer beyond it belongs to the other regions as well. */
function regionOf(node: AnyStateNode): readonly AnyStateNode[] {
  const around = ancestry(node)
  const border = around.findIndex(({ type }) => type === 'parallel')
  return border === -1 ? around : around.slice(0, border)
}

function hasTimeout(node: AnyStateNode, overallDelays: readonly string[]): boolean {
  return node.after.some(({ delay, guard }) => guard === undefined && !overallDelays.includes(String(delay)))
}

function handles(node: AnyStateNode, event: string): boolean {
  return [...node.transitions.keys()].some(
    (descriptor) => descriptor === event || descriptor === '*' || (descriptor.endsWith('.*') && event.startsWith(descriptor.slice(0, -1))),
  )
}

function isUnguarded(transition: unknown): boolean {
  return typeof transition !== 'object' || transition === null || !('guard' in transition) || transition.guard === undefined
}
