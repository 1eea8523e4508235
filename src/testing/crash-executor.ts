import type { Executor } from '../services/executor/executor.ts'
import type { Mortality } from './crash-mortality.ts'

/** An executor whose actions are boundaries, and end with their process. */
export function mortalExecutor(inner: Executor, mortality: Mortality): Executor {
  const mortal = (context: Parameters<Executor['execute']>[1]) => ({
    ...context,
    signal: AbortSignal.any([context.signal, mortality.signal]),
    heartbeat: () => {
      if (!mortality.isDead) context.heartbeat()
    },
  })
  return {
    get catalog() {
      return inner.catalog
    },
    createMeter: inner.createMeter,
    execute: (action, context) => mortality.around('effect', `${action.capability} ${action.stepId}`, () => inner.execute(action, mortal(context))),
    reconcile: (action, context) =>
      mortality.around('reconcile', `${action.capability} ${action.stepId}`, () => inner.reconcile(action, mortal(context))),
  }
}
