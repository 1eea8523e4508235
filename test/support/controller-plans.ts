import type { Oracle, OracleRequest, PlanInput } from '../../src/index.ts'
import { Plan } from '../../src/index.ts'
import type { Draft, ResearchRead } from '../../src/services/oracle/oracle.ts'

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

/** An oracle that answers from a script and keeps what it was asked. */
export interface ScriptedOracle extends Oracle {
  readonly requests: readonly OracleRequest[]
}

export interface Script {
  /** One answer per draft; the last one goes on for ever. An error is thrown. */
  readonly drafts: readonly (PlanInput | Error | Extract<Draft, { kind: 'none' }>)[]
  readonly question?: { readonly question: string; readonly choices: readonly string[] }
  readonly reads?: readonly ResearchRead[]
  readonly clarify?: () => Promise<null>
}

export function scriptedOracle(script: Script, name = 'scripted'): ScriptedOracle {
  const requests: OracleRequest[] = []
  return {
    name,
    requests,
    clarify: script.clarify ?? (() => Promise.resolve(script.question ?? null)),
    questions: () => Promise.resolve(script.reads ?? []),
    draft(request) {
      const answer = script.drafts[Math.min(requests.length, script.drafts.length - 1)]
      requests.push(request)
      if (answer === undefined) return Promise.resolve({ kind: 'none', reason: 'the script is empty', hint: 'Write one.' })
      if (answer instanceof Error) return Promise.reject(answer)
      if ('kind' in answer) return Promise.resolve(answer)
      return Promise.resolve({ kind: 'plan', plan: Plan.parse(answer), source: name })
    },
  }
}
