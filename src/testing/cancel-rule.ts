import type { AnyMachineSnapshot } from 'xstate'
import { placeOf } from './watch.ts'
import type { Rule } from './watch.ts'

export interface CancelEndsOptions {
  /** The type of the event that cancels; it is sent to the root. */
  readonly event: string
  /** Within how many wall ms the root must have ended. */
  readonly within: number
  /** The final state, as a dotted path, that it must end in. */
  readonly final: string
  /** Whether it may end otherwise, as when it was about to end already; asked just before the event. Default never. */
  readonly unless?: (root: AnyMachineSnapshot) => boolean
}

/** Property 6: from whatever state a chart is cancelled in, it ends as cancelled, in time. The first cancel counts. */
export function cancelEnds({ event, within, final, unless = () => false }: CancelEndsOptions): Rule {
  return (driver) => {
    let cancelled: { readonly in: string; readonly deadline: number; readonly free: boolean } | null = null
    return {
      before(deed) {
        const root = driver.snapshot('')
        if (cancelled !== null || deed.kind !== 'event' || deed.path !== '' || deed.event.type !== event || root?.status !== 'active') return
        cancelled = { in: placeOf(root), deadline: driver.now() + within, free: unless(root) }
      },
      after({ root }) {
        if (cancelled === null) return []
        if (root.status !== 'active') {
          return cancelled.free || root.matches(final as never) ? [] : [`cancelled in ${cancelled.in}, but it ended in ${placeOf(root)}`]
        }
        if (driver.now() <= cancelled.deadline) return []
        return [
          `cancelled in ${cancelled.in}: it should have ended by ${cancelled.deadline} ms, now it is ${driver.now()} ms and in ${placeOf(root)}`,
        ]
      },
    }
  }
}
