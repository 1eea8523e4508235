import type { PlanInput } from '../../src/index.ts'
import { scriptedOracle as scripted } from '../../src/testing/scripted-oracle.ts'
import type { OracleScript } from '../../src/testing/scripted-oracle.ts'

type StepInput = Partial<PlanInput['steps'][number]> & { readonly id: string; readonly capability: string }

/** A plan of steps whose titles are their ids. */
export function planOf(steps: readonly StepInput[], rest: Partial<Omit<PlanInput, 'steps'>> = {}): PlanInput {
  return { version: 1, steps: steps.map((step) => ({ title: `step ${step.id}`, ...step })), ...rest }
}

/** A step that puts out its own id. */
export const echo = (id: string, rest: Partial<StepInput> = {}): StepInput => ({ id, capability: 'test.echo.v1', args: { value: id }, ...rest })
/** A step that waits until the test lets it go, by its id. */
export const hold = (id: string, rest: Partial<StepInput> = {}): StepInput => ({ id, capability: 'test.hold.v1', args: { name: id }, ...rest })
/** A step that appends its id to log.txt. */
export const append = (id: string, rest: Partial<StepInput> = {}): StepInput => ({ id, capability: 'test.append.v1', args: { name: id }, ...rest })
/** A step that fails so many times, then succeeds. */
export const flaky = (id: string, failures: number, rest: Partial<StepInput> & { readonly transient?: boolean } = {}): StepInput => {
  const { transient = true, ...step } = rest
  return {
    id,
    capability: 'test.flaky.v1',
    args: { name: id, failures, transient },
    retry: { maxRetries: 3, backoff: 'fixed', baseDelayMs: 1, maxDelayMs: 1 },
    ...step,
  }
}
/** A step that fails for good. */
export const broken = (id: string, rest: Partial<StepInput> = {}): StepInput => flaky(id, 1_000, { transient: false, ...rest })

/** An oracle whose last answer goes on for ever. */
export const scriptedOracle = (script: Omit<OracleScript, 'name' | 'afterwards'>, name = 'scripted') =>
  scripted({ ...script, name, afterwards: 'repeat' })
