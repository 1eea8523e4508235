import { assign, setup, spawnChild, stopChild } from 'xstate'
import type { AnyStateMachine, EventObject } from 'xstate'
import type { ChartDriver } from './chart-driver.ts'

/** What the parent of `underParent` keeps. */
export interface HeardByParent {
  /** What its child sent, in order. */
  readonly heard: readonly EventObject[]
  /** The event by which its child ended, null while it lives. */
  readonly ended: EventObject | null
}

/**
 * A parent that only listens, for a machine that is a child elsewhere: it starts the one child, under the given id and with its own input, and
 * keeps what that sends and how it ends. The child is driven at the path that is its id.
 */
export function underParent(child: AnyStateMachine, id: string): AnyStateMachine {
  const ends = { actions: ['keepEnd' as const, 'forget' as const] }
  return setup({
    types: {} as { context: HeardByParent; events: EventObject },
    actors: { child },
    actions: {
      begin: spawnChild('child', { id, input: ({ event }: { event: EventObject }) => ('input' in event ? event['input'] : undefined) }),
      hear: assign(({ context, event }) => ({ heard: [...context.heard, event] })),
      keepEnd: assign(({ event }) => ({ ended: event })),
      forget: stopChild(id),
    },
  }).createMachine({
    id: 'parent',
    context: { heard: [], ended: null },
    // The first event of a machine carries its input.
    entry: 'begin',
    on: { [`xstate.done.actor.${id}`]: ends, [`xstate.error.actor.${id}`]: ends, '*': { actions: 'hear' } },
  })
}

/** What the parent of `underParent` heard so far. */
export const heardByParent = (driver: ChartDriver): HeardByParent => driver.snapshot('')?.context as HeardByParent
