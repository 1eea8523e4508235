import { assign, fromPromise, setup, spawnChild } from 'xstate'
import type { EventObject } from 'xstate'
import { actionMachine } from '../../src/machines/action.machine.ts'
import type { ActionInput, ExecuteInput, ExecuteOutput, JudgeActionInput, ReconcileInput, ReconcileOutput } from '../../src/machines/action.types.ts'
import type { ActionResult } from '../../src/model/result.ts'
import type { Verdict } from '../../src/model/verdict.ts'

/** The action's chart with services that never answer by themselves. */
const waitingAction = actionMachine.provide({
  actors: {
    judgeAction: fromPromise<Verdict, JudgeActionInput>(() => new Promise(() => {})),
    execute: fromPromise<ExecuteOutput, ExecuteInput>(() => new Promise(() => {})),
    reconcileEffect: fromPromise<ReconcileOutput, ReconcileInput>(() => new Promise(() => {})),
  },
})

/** A parent that only listens: it starts one action, `s1`, and keeps what that reports and how it ends. */
export const recorderMachine = setup({
  types: {} as {
    context: { input: ActionInput; received: readonly EventObject[]; result: ActionResult | null }
    input: ActionInput
    events: EventObject
  },
  actors: { action: waitingAction },
  actions: {
    record: assign(({ context, event }) => ({ received: [...context.received, event] })),
    keepResult: assign(({ event }) => ({ result: 'output' in event ? (event.output as ActionResult) : null })),
  },
}).createMachine({
  id: 'recorder',
  context: ({ input }) => ({ input, received: [], result: null }),
  entry: spawnChild('action', { id: 's1', input: ({ context }) => context.input }),
  on: { 'xstate.done.actor.s1': { actions: 'keepResult' }, '*': { actions: 'record' } },
})
