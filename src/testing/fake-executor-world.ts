import type { EffectClass } from '../model/action.ts'
import { isRepeatable } from '../model/action.ts'
import type { JsonObject } from '../model/json.ts'

/** One call of a fake executor. */
export interface FakeCall {
  readonly runId: string
  readonly stepId: string
  readonly capability: string
  readonly args: JsonObject
  readonly effect: EffectClass
  readonly idempotencyKey: string
  /**
   * 1 for the first call under this key, one more for each call under it that came to an end. A call that is made again because its
   * process died meanwhile has the same number again.
   */
  readonly attempt: number
}

/** How a call ended; `open` while it goes on, `died` when its process ended first. */
export type FakeCallEnd = 'open' | 'returned' | 'failed' | 'aborted' | 'died'

/** What really happened under one idempotency key. */
export interface FakeEffect extends Pick<FakeCall, 'stepId' | 'capability' | 'args' | 'effect' | 'idempotencyKey'> {
  /** How many times. */
  readonly times: number
}

export interface Reconciliation extends Pick<FakeCall, 'runId' | 'stepId' | 'capability' | 'args' | 'idempotencyKey'> {
  readonly verdict: 'happened' | 'did-not' | 'unknown'
}

/** The outside that fake executors act on. It outlives each of them, as the real outside outlives a process. */
export interface FakeWorld {
  /** Every call so far, in order, of all lives. */
  readonly calls: readonly (FakeCall & { readonly end: FakeCallEnd })[]
  readonly reconciliations: readonly Reconciliation[]
  /** What happened, in the order in which it first did. */
  readonly effects: readonly FakeEffect[]
  /** How many times the effect under this key happened. */
  count(idempotencyKey: string): number
  /** Lets the hanging actions of a step go on, those to come too. */
  release(stepId: string): void
  /** Effects that must happen at most once and happened more often: of writes and external actions. */
  repeated(): readonly FakeEffect[]
  /** For executors: a call begins. */
  begin(call: Omit<FakeCall, 'attempt'>): FakeCall
  /** For executors, and for services of a machine of one's own: an effect happens now. */
  happen(effect: Omit<FakeEffect, 'times'>): void
  /** For executors: it has ended. */
  end(call: FakeCall, end: FakeCallEnd): void
  /** For executors: somebody asked whether an effect happened. */
  noteReconciled(reconciliation: Reconciliation): void
  /** For executors: resolves once the step is released. */
  released(stepId: string): Promise<void>
}

export function createFakeWorld(): FakeWorld {
  const calls: { readonly call: FakeCall; end: FakeCallEnd }[] = []
  const reconciliations: Reconciliation[] = []
  const effects = new Map<string, FakeEffect>()
  const gates = new Map<string, { readonly open: () => void; readonly opened: Promise<void> }>()

  function gate(stepId: string) {
    const known = gates.get(stepId)
    if (known) return known
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    const made = { open: () => open(), opened }
    gates.set(stepId, made)
    return made
  }

  const ended = (idempotencyKey: string) =>
    calls.filter(({ call, end }) => call.idempotencyKey === idempotencyKey && end !== 'open' && end !== 'died').length

  return {
    get calls() {
      return calls.map(({ call, end }) => ({ ...call, end }))
    },
    reconciliations,
    get effects() {
      return [...effects.values()]
    },
    count: (idempotencyKey) => effects.get(idempotencyKey)?.times ?? 0,
    release: (stepId) => gate(stepId).open(),
    released: (stepId) => gate(stepId).opened,
    repeated: () => [...effects.values()].filter(({ effect, times }) => times > 1 && !isRepeatable(effect)),
    begin(given) {
      const call: FakeCall = { ...given, attempt: ended(given.idempotencyKey) + 1 }
      calls.push({ call, end: 'open' })
      return call
    },
    happen({ idempotencyKey, stepId, capability, args, effect }) {
      effects.set(idempotencyKey, { idempotencyKey, stepId, capability, args, effect, times: (effects.get(idempotencyKey)?.times ?? 0) + 1 })
    },
    end(call, end) {
      const found = calls.find((entry) => entry.call === call)
      if (found?.end === 'open') found.end = end
    },
    noteReconciled: (reconciliation) => void reconciliations.push(reconciliation),
  }
}
