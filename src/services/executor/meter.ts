import { ControllerError } from '../../errors.ts'
import type { ResourceLimits } from '../../model/goal.ts'
import type { Usage } from '../../model/result.ts'
import type { Meter } from './executor.ts'

type Counted = 'fsOperations' | 'networkRequests'

const LIMIT_OF = { fsOperations: 'max_fs_operations', networkRequests: 'max_network_requests' } as const
const NAME_OF = { fsOperations: 'file operations', networkRequests: 'network requests' } as const

/** Files that one operation covers when a whole tree is read: opening each by name would be one operation each. */
const FILES_PER_TREE_OPERATION = 100

/**
 * The meter of one run. `spent` is what the run used before, when it is resumed. One file operation is one file or folder asked for by
 * name; reading a tree is one operation per started hundred files.
 */
export function createMeter(limits: ResourceLimits, spent: Partial<Usage> = {}): Meter {
  const used = { fsOperations: spent.fsOperations ?? 0, networkRequests: spent.networkRequests ?? 0 }
  const before = { ...used }
  return {
    use(what, amount = 1) {
      if (!Number.isFinite(amount) || amount < 0) throw new ControllerError('INTERNAL', `${amount} ${NAME_OF[what]} cannot be counted.`)
      const limit = limits[LIMIT_OF[what]]
      if (used[what] + amount > limit) {
        throw new ControllerError(
          'RESOURCE_LIMIT',
          `${LIMIT_OF[what]} is ${limit}: ${used[what]} ${NAME_OF[what]} were used, ${amount} more were asked for.`,
          {
            hint: `Raise \`resource_limits.${LIMIT_OF[what]}\`, or plan fewer of them.`,
          },
        )
      }
      used[what] += amount
    },
    usage: () => ({ fsOperations: used.fsOperations - before.fsOperations, networkRequests: used.networkRequests - before.networkRequests }),
  }
}

/** A handle on a run's meter that knows what went through it alone. */
export function meterThrough(meter: Meter): Meter {
  const used: Record<Counted, number> = { fsOperations: 0, networkRequests: 0 }
  return {
    use(what, amount = 1) {
      meter.use(what, amount)
      used[what] += amount
    },
    usage: () => ({ ...used }),
  }
}

/** Counts the files of a tree while it is read: call it before each file is opened. */
export function treeCounter(meter: Meter): () => void {
  let files = 0
  return () => {
    if (files % FILES_PER_TREE_OPERATION === 0) meter.use('fsOperations')
    files += 1
  }
}
