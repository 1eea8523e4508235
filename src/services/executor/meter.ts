import { ControllerError } from '../../errors.ts'
import type { Usage } from '../../model/result.ts'
import type { Counted, Meter, MeterLimits } from './executor.ts'

const LIMIT_OF = { fsOperations: 'max_fs_operations', networkRequests: 'max_network_requests', bytes: 'max_bytes' } as const
const NAME_OF = { fsOperations: 'file operations', networkRequests: 'network requests', bytes: 'bytes' } as const

/** Files that one operation covers when a whole tree is read: opening each by name would be one operation each. */
const FILES_PER_TREE_OPERATION = 100

/**
 * The meter of one run. `spent` is what the run used before, when it is resumed. One file operation is one file or folder asked for by
 * name; reading a tree is one operation per started hundred files.
 */
export function createMeter(limits: MeterLimits, spent: Partial<Usage> = {}): Meter {
  const before: Record<Counted, number> = {
    fsOperations: spent.fsOperations ?? 0,
    networkRequests: spent.networkRequests ?? 0,
    bytes: spent.bytes ?? 0,
  }
  const used = { ...before }
  let cpuMs = spent.cpuMs ?? 0
  return {
    use(what, amount = 1) {
      if (!Number.isFinite(amount) || amount < 0) throw new ControllerError('INTERNAL', `${amount} ${NAME_OF[what]} cannot be counted.`)
      const limit = limits[LIMIT_OF[what]] ?? Infinity
      if (used[what] + amount > limit) {
        const said = `${LIMIT_OF[what]} is ${limit}: ${used[what]} ${NAME_OF[what]} were used, ${amount} more were asked for.`
        const where = what === 'bytes' ? '`limits.run` of the policy' : `\`resource_limits.${LIMIT_OF[what]}\`, or \`limits.run\` of the policy`
        throw new ControllerError('RESOURCE_LIMIT', said, { hint: `Raise ${where}, or plan fewer of them.` })
      }
      used[what] += amount
    },
    spend: (ms) => void (cpuMs += ms),
    cpuSecondsLeft() {
      const left = Math.ceil(limits.max_cpu_seconds - cpuMs / 1_000)
      if (left > 0) return left
      throw new ControllerError('RESOURCE_LIMIT', `max_cpu_seconds is ${limits.max_cpu_seconds}: ${Math.round(cpuMs / 1_000)} were used.`, {
        hint: 'Raise `resource_limits.max_cpu_seconds`, or run fewer commands.',
      })
    },
    usage: () => difference(used, before),
  }
}

function difference(used: Readonly<Record<Counted, number>>, before: Readonly<Record<Counted, number>>): Record<Counted, number> {
  return {
    fsOperations: used.fsOperations - before.fsOperations,
    networkRequests: used.networkRequests - before.networkRequests,
    bytes: used.bytes - before.bytes,
  }
}

/** A handle on a run's meter that knows what went through it alone. */
export function meterThrough(meter: Meter): Meter {
  const used: Record<Counted, number> = { fsOperations: 0, networkRequests: 0, bytes: 0 }
  return {
    ...meter,
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
