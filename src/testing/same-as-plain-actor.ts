import type { AnyStateMachine } from 'xstate'
import type { ChartDriver } from './chart-driver.ts'
import type { FoldDriverOptions } from './fold-driver.ts'
import { createTandem } from './tandem.ts'

/**
 * Property 8: the engine's fold and plain XState actors process the same events in the same order and come to the same states, whatever is
 * done to them: for instance the steps of a walk.
 * @returns the first difference, or null
 */
export function sameAsPlainActor(
  machine: AnyStateMachine,
  options: Pick<FoldDriverOptions, 'input' | 'clocks'>,
  steer: (driver: ChartDriver) => void,
): string | null {
  const tandem = createTandem(machine, options)
  steer(tandem)
  return tandem.differences()[0] ?? null
}
