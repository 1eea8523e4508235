import { createActor, createEmptyActor } from 'xstate'
import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import type { DelayClocks } from '../engine/fold.ts'
import { foldMachine } from '../engine/xstate-internals.ts'
import { ControllerError } from '../errors.ts'
import { errorsOf, eventsOf, outputsOf } from './cases.ts'
import type { Cases } from './cases.ts'
import type { AskedService } from './chart-driver.ts'
import { applied, fireable } from './model-effects.ts'
import type { ModelTimer, Outstanding } from './model-effects.ts'

/** One thing that happens to a chart. */
export type PathStep =
  | { readonly type: 'event'; readonly event: EventObject }
  | { readonly type: 'answer'; readonly service: string; readonly output: unknown }
  | { readonly type: 'error'; readonly service: string; readonly error: unknown }
  | { readonly type: 'timer'; readonly timer: string; readonly timerId: string }

/** A chart on its way: a state of the graph whose edges are steps. */
export interface ModelState extends Outstanding {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output: unknown
  readonly error: unknown
  readonly machine: AnyMachineSnapshot
  /** How it came here, null for the first state. */
  readonly came: { readonly from: ModelState; readonly by: PathStep } | null
  /** How many steps it took. */
  readonly length: number
}

export interface ModelOptions {
  /** What the machine gets as its input; absent for one that takes none. */
  readonly input?: unknown
  /** What the world may say; default one answer and one error per service, and each event without fields. */
  readonly cases?: Cases
  /** The clock of each named delay; `wall` for those that are not named. Timers of the run clock cannot fire under the tag `clockStopped`. */
  readonly clocks?: DelayClocks
}

/** One chart as a graph. Its children are inert: each stands for a service that the steps end; what it sends to them or to a parent is lost. */
export interface PathModel {
  first(): ModelState
  /** @throws ControllerError MACHINE_INVALID when the chart throws */
  next(state: ModelState, step: PathStep): ModelState
  /** What may happen in a state: every case, every answer and error of what is asked, every timer that can be the next. */
  steps(state: ModelState): readonly PathStep[]
}

export function createPathModel(machine: AnyStateMachine, { input, cases = {}, clocks = {} }: ModelOptions): PathModel {
  const ref: AnyActorRef = createActor(machine, { input: input as never, parent: createEmptyActor() as never } as never)
  const folded = foldMachine(machine, ref)
  type Came = Pick<ModelState, 'came' | 'length'>

  function reached(snapshot: AnyMachineSnapshot, effects: Parameters<typeof applied>[1], before: Outstanding, { came, length }: Came): ModelState {
    const { mail, ...outstanding } = applied(before, effects, { self: ref, armedAt: length, machineId: machine.id })
    const state: ModelState = {
      status: snapshot.status,
      output: snapshot.output,
      error: snapshot.error,
      machine: snapshot,
      ...(snapshot.status === 'active' ? outstanding : { asked: [], timers: [] }),
      came,
      length,
    }
    if (snapshot.status === 'error') throw snapshot.error
    return mail.reduce((so, event) => received(so, event, so, so), state)
  }

  function received(state: ModelState, event: EventObject, before: Outstanding, came: Came): ModelState {
    if (state.status !== 'active') return state
    const { snapshot, actions } = folded.next(state.machine, event)
    return reached(snapshot, actions, before, came)
  }

  return {
    first: () =>
      guarded(machine, null, () => {
        const { snapshot, actions } = folded.initial(input)
        return reached(snapshot, actions, { asked: [], timers: [] }, { came: null, length: 0 })
      }),
    next: (state, step) =>
      guarded(machine, { from: state, by: step }, () => {
        const came = { came: { from: state, by: step }, length: state.length + 1 }
        const event = eventOf(step, state.timers)
        return event === null ? { ...state, ...without(state, step), ...came } : received(state, event, without(state, step), came)
      }),
    steps: (state) => {
      if (state.status !== 'active') return []
      return [
        ...state.asked.flatMap((asked) => answersOf(asked, cases)),
        ...fireable(state.timers, clocks, state.machine.hasTag('clockStopped')).map(
          ({ name, timerId }) => ({ type: 'timer', timer: name, timerId }) as const,
        ),
        ...eventsOf(cases, state.machine).map((event) => ({ type: 'event', event }) as const),
      ]
    },
  }
}

const answersOf = (asked: AskedService, cases: Cases): readonly PathStep[] => [
  ...outputsOf(cases, asked).map((output) => ({ type: 'answer', service: asked.childId, output }) as const),
  ...errorsOf(cases, asked).map((error) => ({ type: 'error', service: asked.childId, error }) as const),
]

/** What the chart hears of a step; null when a timer's event is for another actor. */
function eventOf(step: PathStep, timers: readonly ModelTimer[]): EventObject | null {
  if (step.type === 'event') return step.event
  if (step.type === 'timer') return timers.find(({ timerId }) => timerId === step.timerId)?.event ?? null
  const answered = step.type === 'answer' ? { output: step.output } : { error: step.error }
  const settled = step.type === 'answer' ? 'done' : 'error'
  return { type: `xstate.${settled}.actor.${step.service}`, ...{ actorId: step.service, ...answered } }
}

/** Whatever a step ends is no longer outstanding. */
function without({ asked, timers }: Outstanding, step: PathStep): Outstanding {
  if (step.type === 'timer') return { asked, timers: timers.filter(({ timerId }) => timerId !== step.timerId) }
  if (step.type === 'event') return { asked, timers }
  return { asked: asked.filter(({ childId }) => childId !== step.service), timers }
}

/** The steps that led to a state, in order. */
export function wayTo(state: ModelState): readonly { readonly step: PathStep; readonly state: ModelState }[] {
  const way = []
  for (let at = state; at.came !== null; at = at.came.from) way.push({ step: at.came.by, state: at })
  return way.toReversed()
}

/** A step in a few words. */
export function stepName(step: PathStep): string {
  if (step.type === 'timer') return step.timer
  if (step.type === 'answer') return `${step.service} = ${JSON.stringify(step.output)}`
  if (step.type === 'error') return `${step.service} ! ${JSON.stringify(step.error)}`
  const { type, ...payload } = step.event
  return Object.keys(payload).length === 0 ? type : `${type} ${JSON.stringify(payload)}`
}

function guarded(machine: AnyStateMachine, came: ModelState['came'], run: () => ModelState): ModelState {
  try {
    return run()
  } catch (error) {
    if (error instanceof ControllerError) throw error
    const way = came === null ? 'at its start' : `after ${[...wayTo(came.from).map(({ step }) => step), came.by].map(stepName).join(' · ')}`
    throw new ControllerError('MACHINE_INVALID', `Machine ${machine.id} throws ${way}: ${error instanceof Error ? error.message : String(error)}`, {
      hint: 'Correct the guard or action, or give the payload that it expects among the cases.',
      cause: error,
    })
  }
}
