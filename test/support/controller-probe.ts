import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ControllerError, defineCapability, type CapabilityDefinition } from '../../src/index.ts'
import type { ExecutionContext } from '../../src/services/executor/executor.ts'
import { deferred, type Deferred } from './controller-deferred.ts'

/** Capabilities that a test holds, lets go, fails and counts, each action by the `name` in its arguments. */
export interface Probe {
  readonly capabilities: readonly CapabilityDefinition[]
  /** Lets every action of that name, now or later, go on. */
  release(name: string): void
  /** Resolves when an action of that name has begun for the nth time. */
  begun(name: string, times?: number): Promise<void>
  /** Resolves when an action of that name was told to stop. */
  aborted(name: string): Promise<void>
  /** Lets the action of that name tell that it is alive. */
  beat(name: string): void
  count(name: string): number
  /** The most actions that were under way at once. */
  peak(): number
  readonly contexts: readonly Pick<ExecutionContext, 'limits' | 'idempotencyKey' | 'stepId'>[]
}

const Named = z.strictObject({ name: z.string() })
const Done = z.strictObject({ name: z.string(), times: z.number().int() })

export function createProbe(): Probe {
  const gates = new Map<string, Deferred<void>>()
  const stops = new Map<string, Deferred<void>>()
  const counts = new Map<string, number>()
  const hearts = new Map<string, () => void>()
  const arrivals = new Map<string, Deferred<void>>()
  const contexts: Pick<ExecutionContext, 'limits' | 'idempotencyKey' | 'stepId'>[] = []
  let active = 0
  let peak = 0

  const at = (map: Map<string, Deferred<void>>, key: string) => {
    const known = map.get(key) ?? deferred<void>()
    map.set(key, known)
    return known
  }

  function enter(name: string, context: ExecutionContext): number {
    const times = (counts.get(name) ?? 0) + 1
    counts.set(name, times)
    contexts.push({ limits: context.limits, idempotencyKey: context.idempotencyKey, stepId: context.stepId })
    hearts.set(name, context.heartbeat)
    at(arrivals, `${name} ${times}`).resolve()
    active += 1
    peak = Math.max(peak, active)
    context.signal.addEventListener('abort', () => at(stops, name).resolve(), { once: true })
    return times
  }

  /** Waits for `release(name)`; an abort ends it at once, unless it is deaf. */
  async function held(name: string, context: ExecutionContext, deaf = false): Promise<{ name: string; times: number }> {
    const times = enter(name, context)
    try {
      const stop = new Promise<never>((_, reject) => {
        if (!deaf) context.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
      })
      await Promise.race([at(gates, name).promise, stop])
      return { name, times }
    } finally {
      active -= 1
    }
  }

  const common = { risk: 'low', needs: [], timeoutMs: 60_000, targets: () => [] } as const
  const hold = (effect: 'read' | 'write', capability: string, deaf = false) =>
    defineCapability({
      ...common,
      name: capability,
      title: 'Hold',
      description: 'Waits until the test lets it go.',
      args: Named,
      output: Done,
      effect,
      run: ({ name }, context) => held(name, context, deaf),
    })

  const capabilities: readonly CapabilityDefinition[] = [
    hold('read', 'test.hold.v1'),
    hold('write', 'test.holdwrite.v1'),
    hold('read', 'test.deaf.v1', true),
    defineCapability({
      ...common,
      name: 'test.echo.v1',
      title: 'Echo',
      description: 'Puts out what it was given.',
      args: z.strictObject({ value: z.json() }),
      output: z.strictObject({ value: z.json() }),
      effect: 'read',
      run: ({ value }, context) => {
        enter(`echo ${JSON.stringify(value)}`, context)
        active -= 1
        return Promise.resolve({ value })
      },
    }),
    defineCapability({
      ...common,
      name: 'test.flaky.v1',
      title: 'Flaky',
      description: 'Fails so many times, then succeeds.',
      args: z.strictObject({ name: z.string(), failures: z.number().int(), transient: z.boolean().default(true) }),
      output: Done,
      effect: 'read',
      run: ({ name, failures, transient }, context) => {
        const times = enter(name, context)
        active -= 1
        if (times > failures) return Promise.resolve({ name, times })
        throw new ControllerError(transient ? 'ACTION_TRANSIENT' : 'ACTION_FAILED', `${name} failed the ${times}th time`)
      },
    }),
    defineCapability({
      ...common,
      name: 'test.append.v1',
      title: 'Append a line',
      description: 'Appends its name to log.txt; doing it twice shows.',
      args: Named,
      output: Done,
      effect: 'write',
      run: async ({ name }, context) => {
        const times = enter(name, context)
        active -= 1
        await appendFile(join(context.workspace, 'log.txt'), `${name}\n`)
        return { name, times }
      },
    }),
    defineCapability({
      ...common,
      name: 'test.network.v1',
      title: 'Use the network meter',
      description: 'Counts so many network requests.',
      args: z.strictObject({ requests: z.number().int() }),
      output: z.strictObject({ requests: z.number().int() }),
      effect: 'read',
      run: ({ requests }, context) => {
        context.meter.use('networkRequests', requests)
        return Promise.resolve({ requests })
      },
    }),
  ]

  return {
    capabilities,
    release: (name) => at(gates, name).resolve(),
    begun: (name, times = 1) => at(arrivals, `${name} ${times}`).promise,
    aborted: (name) => at(stops, name).promise,
    beat: (name) => hearts.get(name)?.(),
    count: (name) => counts.get(name) ?? 0,
    peak: () => peak,
    contexts,
  }
}
