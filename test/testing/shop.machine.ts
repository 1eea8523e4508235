import { assign, emit, fromPromise, setup } from 'xstate'
import type { MachineStage } from '../../src/testing/crash-machine.ts'

interface Purchase {
  readonly orderId: string
}

/** Reserves, waits for an address, charges after three tries at most, then ships: what anybody's own machine may look like. */
const shopMachine = setup({
  types: {} as {
    input: Purchase
    context: Purchase & { readonly tries: number; readonly receipt: string | null }
    events: { type: 'address'; text: string }
    output: { readonly receipt: string | null }
    emitted: { type: 'shop.retrying'; tries: number }
  },
  actors: {
    reserve: fromPromise<void, Purchase>(() => Promise.reject(new Error('not provided'))),
    charge: fromPromise<string, Purchase & { readonly attempt: number }>(() => Promise.reject(new Error('not provided'))),
    ship: fromPromise<void, Purchase>(() => Promise.reject(new Error('not provided'))),
  },
  delays: { backoff: 5_000, addressTimeout: 3_600_000 },
  guards: { mayTryAgain: ({ context }) => context.tries < 3 },
}).createMachine({
  id: 'shop',
  context: ({ input }) => ({ ...input, tries: 0, receipt: null }),
  output: ({ context }) => ({ receipt: context.receipt }),
  initial: 'reserving',
  states: {
    reserving: { invoke: { src: 'reserve', input: ({ context }) => context, onDone: 'awaitingAddress', onError: 'failed' } },
    awaitingAddress: { on: { address: 'charging' }, after: { addressTimeout: 'failed' } },
    charging: {
      entry: assign({ tries: ({ context }) => context.tries + 1 }),
      invoke: {
        src: 'charge',
        input: ({ context }) => ({ orderId: context.orderId, attempt: context.tries }),
        onDone: { target: 'shipping', actions: assign({ receipt: ({ event }) => event.output }) },
        onError: [{ guard: 'mayTryAgain', target: 'backingOff' }, { target: 'failed' }],
      },
    },
    backingOff: { entry: emit(({ context }) => ({ type: 'shop.retrying', tries: context.tries })), after: { backoff: 'charging' } },
    shipping: { invoke: { src: 'ship', input: ({ context }) => context, onDone: 'done', onError: 'failed' } },
    done: { type: 'final' },
    failed: { type: 'final' },
  },
})

export interface ShopServices {
  /** Whether a service looks whether it has done its work before: the engine may call it again after a crash. */
  readonly careful: boolean
}

/** The machine with services that act on the world; each takes its time on the clock. */
export function provideShop({ life, clock, world }: MachineStage, { careful }: ShopServices) {
  const pass = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const act = (name: string, ms: number) =>
    life.effect(name, async (orderId: string) => {
      const idempotencyKey = `${orderId}/${name}`
      if (careful && world.count(idempotencyKey) > 0) return
      await pass(ms)
      world.happen({ idempotencyKey, stepId: name, capability: name, args: {}, effect: 'external' })
    })
  const [reserve, charge, ship] = [act('reserve', 100), act('charge', 300), act('ship', 200)]
  return shopMachine.provide({
    actors: {
      reserve: fromPromise(({ input }) => reserve(input.orderId)),
      charge: fromPromise(async ({ input }) => {
        if (input.attempt === 1) throw new Error('the bank was busy')
        await charge(input.orderId)
        return `receipt for ${input.orderId}`
      }),
      ship: fromPromise(({ input }) => ship(input.orderId)),
    },
  })
}
