import { StateMachine, assign, emit, fromPromise, sendParent, setup, spawnChild, stopChild } from 'xstate'
import type { AnyStateMachine } from 'xstate'

/** What a chart of somebody else looks like: services, a child machine, delays, retries, an approval, a hold and a cancel. */
interface Order {
  readonly orderId: string
  readonly total: number
  readonly maxRetries: number
  readonly retries: number
  readonly charged: boolean
  readonly reason: string | null
}
type OrderEvent =
  | { type: 'order.place' | 'order.hold' | 'order.release' | 'order.cancel' | 'courier.assigned' }
  | { type: 'order.approve' | 'order.reject'; orderId: string }

const service = <Output, Input = unknown>() => fromPromise<Output, Input>(() => Promise.reject(new Error('the real service must not run in a test')))

export const courierMachine = setup({
  types: {} as { context: { driver: string | null }; tags: 'busy'; output: { driver: string | null } },
  actors: { findDriver: service<string>() },
  actions: {
    keepDriver: assign((_, params: { driver: string }) => ({ driver: params.driver })),
    tellParent: sendParent({ type: 'courier.assigned' }),
  },
  delays: { callTimeout: 4_000, driveTime: 9_000 },
}).createMachine({
  id: 'courier',
  context: { driver: null },
  output: ({ context }) => ({ driver: context.driver }),
  initial: 'calling',
  states: {
    calling: {
      tags: 'busy',
      invoke: {
        src: 'findDriver',
        onDone: { target: 'driving', actions: [{ type: 'keepDriver', params: ({ event }) => ({ driver: event.output }) }, 'tellParent'] },
        onError: { target: 'calling', reenter: true },
      },
      after: { callTimeout: { target: 'lost' } },
    },
    driving: { tags: 'busy', after: { driveTime: { target: 'arrived' } } },
    arrived: { type: 'final' },
    lost: { type: 'final' },
  },
})

export const orderMachine = setup({
  types: {} as {
    context: Order
    input: Pick<Order, 'orderId' | 'total' | 'maxRetries'>
    events: OrderEvent
    tags: 'busy' | 'needsPerson' | 'clockStopped'
  },
  actors: {
    checkStock: service<{ inStock: boolean }>(),
    charge: service<{ receipt: string }, { orderId: string; attempt: number }>(),
    refund: service<void>(),
    courier: courierMachine,
  },
  guards: {
    inStock: (_, params: { inStock: boolean }) => params.inStock,
    needsApproval: ({ context }) => context.total > 100,
    isThisOrder: ({ context }, params: { orderId: string }) => params.orderId === context.orderId,
    retriesLeft: ({ context }) => context.retries < context.maxRetries,
    nothingPaid: ({ context }) => !context.charged,
    mayCancel: () => true,
  },
  actions: {
    countRetry: assign(({ context }) => ({ retries: context.retries + 1 })),
    noteCharged: assign({ charged: true }),
    noteRefunded: assign({ charged: false }),
    noteReason: assign((_, params: { reason: string }) => ({ reason: params.reason })),
    sendCourier: spawnChild('courier', { id: 'courier' }),
    dismissCourier: stopChild('courier'),
    tellPaid: emit({ type: 'order.paid' }),
  },
  delays: { stockTimeout: 2_000, chargeTimeout: 10_000, backoff: 1_500, refundTimeout: 8_000, deliveryTimeout: 60_000, approvalTimeout: 300_000 },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ ...input, retries: 0, charged: false, reason: null }),
  initial: 'cart',
  states: {
    cart: { on: { 'order.place': { target: 'open' }, 'order.cancel': { target: 'cancelled' } } },
    open: {
      initial: 'checking',
      on: { 'order.cancel': { guard: 'mayCancel', target: 'cancelling', actions: { type: 'noteReason', params: { reason: 'cancelled' } } } },
      states: {
        checking: {
          tags: 'busy',
          invoke: {
            id: 'checkStock',
            src: 'checkStock',
            onDone: [
              { guard: { type: 'inStock', params: ({ event }) => event.output }, target: 'priced' },
              { target: '#order.failed', actions: { type: 'noteReason', params: { reason: 'out of stock' } } },
            ],
            onError: { target: '#order.failed' },
          },
          after: { stockTimeout: { target: '#order.failed' } },
        },
        priced: { always: [{ guard: 'needsApproval', target: 'awaitingApproval' }, { target: 'charging' }] },
        awaitingApproval: {
          tags: 'needsPerson',
          on: {
            'order.approve': { guard: { type: 'isThisOrder', params: ({ event }) => event }, target: 'charging' },
            'order.reject': { guard: { type: 'isThisOrder', params: ({ event }) => event }, target: '#order.cancelling' },
            'order.hold': { target: 'held' },
          },
          after: { approvalTimeout: { target: '#order.cancelling' } },
        },
        held: { tags: ['needsPerson', 'clockStopped'], on: { 'order.release': { target: 'awaitingApproval' } } },
        charging: {
          tags: 'busy',
          invoke: {
            id: 'charge',
            src: 'charge',
            input: ({ context }) => ({ orderId: context.orderId, attempt: context.retries + 1 }),
            onDone: { target: 'shipping', actions: ['noteCharged', 'tellPaid'] },
            onError: [{ guard: 'retriesLeft', target: 'backingOff', actions: 'countRetry' }, { target: '#order.failed' }],
          },
          after: { chargeTimeout: [{ guard: 'retriesLeft', target: 'backingOff', actions: 'countRetry' }, { target: '#order.failed' }] },
        },
        backingOff: { tags: 'busy', after: { backoff: { target: 'charging' } } },
        shipping: {
          tags: 'busy',
          entry: 'sendCourier',
          exit: 'dismissCourier',
          on: { 'xstate.done.actor.courier': { target: '#order.delivered' }, 'courier.assigned': {} },
          after: { deliveryTimeout: { target: '#order.cancelling' } },
        },
      },
    },
    cancelling: {
      tags: 'busy',
      always: { guard: 'nothingPaid', target: 'cancelled' },
      invoke: { id: 'refund', src: 'refund', onDone: { target: 'cancelled', actions: 'noteRefunded' }, onError: { target: 'failed' } },
      after: { refundTimeout: { target: 'failed' } },
    },
    delivered: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
  },
})

/** A machine with another part at a place of its configuration; undefined takes the part away. */
export function withPart(machine: AnyStateMachine, place: readonly string[], part: unknown): AnyStateMachine {
  return new StateMachine(replaced(machine.config, place, part) as never, machine.implementations as never)
}

function replaced(config: object, [key = '', ...rest]: readonly string[], part: unknown): object {
  const inner: unknown = Reflect.get(config, key)
  return { ...config, [key]: rest.length === 0 ? part : replaced(Object(inner), rest, part) }
}
