import * as z from 'zod'
import type { ControllerOptions } from '../../controller.types.ts'
import { digestOf } from '../../model/digest.ts'
import { Plan } from '../../model/plan.ts'
import { NO_USAGE } from '../../model/result.ts'
import type { Verdict } from '../../model/verdict.ts'
import { brand } from '../../services/guard/admission.ts'
import type { CapabilityDefinition, Executor } from '../../services/executor/executor.ts'
import { createMeter } from '../../services/executor/meter.ts'
import type { Guard } from '../../services/guard/guard.ts'
import type { Oracle } from '../../services/oracle/oracle.ts'

const ECHO: CapabilityDefinition = {
  name: 'bench.echo.v1',
  title: 'Echo',
  description: 'Answers at once with text of a given size.',
  args: z.strictObject({ i: z.number() }),
  output: z.looseObject({}),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 30_000,
  targets: () => [],
  run: () => Promise.resolve({}),
}

/** Oracle, guard and executor that answer at once: what is left to measure is the chart, the engine and the store. */
export function instantPorts(payload: Payload): InstantPorts {
  const { executor, held } = instantExecutor(payload)
  return { oracles: [instantOracle()], guard: instantGuard(), executor, held }
}

export interface InstantPorts extends Required<Pick<ControllerOptions, 'oracles' | 'guard' | 'executor'>> {
  /** Resolves when the action that never ends has begun. */
  readonly held: Promise<void>
}

/** What each action puts out. */
export interface Payload {
  readonly bytes: number
  /** Another text each time; otherwise the same, as the peers' benchmarks have it, which a store by content keeps once. */
  readonly distinct: boolean
  /** The action of this number never ends: its run can be left there. */
  readonly hold: number | null
}

/** Plans as many steps, one after the other, as the goal says. */
function instantOracle(): Oracle {
  return {
    name: 'bench',
    clarify: () => Promise.resolve(null),
    questions: () => Promise.resolve([]),
    draft: ({ goal }) => {
      const steps = Array.from({ length: Number(goal) }, (_, i) => ({
        id: `s${i}`,
        title: `step ${i}`,
        capability: ECHO.name,
        args: { i },
        dependsOn: i === 0 ? [] : [`s${i - 1}`],
      }))
      return Promise.resolve({ kind: 'plan', plan: Plan.parse({ version: 1, steps }), source: 'bench' })
    },
  }
}

function instantGuard(): Guard {
  // As long as a real one, but not worked out: hashing is not what is measured.
  const digest = (name: string) => name.padStart(64, '0')
  const verdict = (name: string): Verdict => ({
    decision: 'allow',
    digest: digest(name),
    policyHash: 'bench',
    ruleId: 'bench',
    reason: 'benchmark',
    hint: null,
    effect: 'read',
    risk: 'low',
    actionRef: '',
  })
  return {
    policyHash: 'bench',
    policyName: 'bench',
    vetGoal: () => ({ decision: 'allow', reason: 'benchmark', question: null, choices: [] }),
    judge: (action) => Promise.resolve(verdict(action.stepId)),
    foresee: ({ stepId }) => Promise.resolve({ ...verdict(stepId), atDispatch: false }),
    admit: (action) => Promise.resolve(brand(action, { digest: digest(action.stepId), ruleId: 'bench', grantedBy: 'policy' })),
  }
}

function instantExecutor({ bytes, distinct, hold }: Payload): { readonly executor: Executor; readonly held: Promise<void> } {
  const filler = 'x'.repeat(bytes)
  let reached: () => void = () => {}
  const held = new Promise<void>((resolve) => (reached = resolve))
  const executor: Executor = {
    catalog: {
      digest: 'bench',
      get: (name) => (name === ECHO.name ? ECHO : undefined),
      list: () => [ECHO],
      unavailable: () => null,
    },
    execute({ args }) {
      if (args['i'] !== hold)
        return Promise.resolve({ output: { text: distinct ? distinctText(Number(args['i']), bytes) : filler }, usage: NO_USAGE })
      reached()
      return new Promise(() => {})
    },
    reconcile: () => Promise.resolve('unknown'),
    createMeter,
  }
  return { executor, held }
}

/** Text that does not compress well: hex digits that follow from the action's number. */
function distinctText(i: number, bytes: number): string {
  let text = ''
  for (let part = 0; text.length < bytes; part++) text += digestOf([i, part])
  return text.slice(0, bytes)
}
