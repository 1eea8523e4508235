import type { Answer, Condition } from './condition/condition.ts'
import { bindingsOf, type ActionFacts } from './condition/facts.ts'
import type { Bindings } from './condition/engine.ts'
import { createMeter, type Meter } from './condition/meter.ts'
import type { Entry } from './entry.ts'
import type { MatchTarget } from './match-target.ts'

/** Whether the conditions of an entry hold: `open` when that depends on arguments that are not known yet, else why it cannot be told. */
export type Applies = 'yes' | 'no' | 'open' | { readonly failed: string }

/** What is known besides the arguments themselves. */
export interface DecisionFacts {
  /** Where the values of the arguments came from; default nowhere but the goal and its plan. */
  readonly taint?: readonly string[]
  /** `low` to `critical`; a condition that asks for it fails when it is absent. */
  readonly risk?: string | undefined
  /** Some arguments come from steps that have not run: conditions that depend on them are open. */
  readonly open?: boolean
}

/** Tests the conditions of one decision, which share one budget. */
export interface ConditionTester {
  /** Of several names of one file, a grant takes all and a prohibition any. */
  applies(entry: Entry, target: MatchTarget | null, mode: 'grant' | 'prohibition'): Applies
}

/** Prepares the conditions of one decision; nothing is worked out before a condition asks for it. */
export function conditionTester(facts: Omit<ActionFacts, 'taint' | 'risk'>, more: DecisionFacts): ConditionTester {
  const action: ActionFacts = {
    ...facts,
    taint: more.taint ?? [],
    get risk() {
      return more.risk
    },
  }
  const known = new Map<MatchTarget | null, readonly Bindings[]>()
  const meter = createMeter()
  return {
    applies: (entry, target, mode) => {
      if (entry.when === null && entry.unless === null) return 'yes'
      const bindings = known.get(target) ?? bindingsOf(action, target)
      known.set(target, bindings)
      const each = bindings.map((one) => both(entry, one, meter, more.open === true))
      return combine(each, mode)
    },
  }
}

function both({ when, unless }: Entry, bindings: Bindings, meter: Meter, open: boolean): Applies {
  const wanted = test(when, bindings, meter, open)
  if (wanted === 'no' || unless === null) return wanted
  const unwanted = test(unless, bindings, meter, open)
  if (unwanted === 'yes') return 'no'
  if (unwanted === 'no') return wanted
  return typeof wanted === 'object' ? wanted : unwanted
}

function test(condition: Condition | null, bindings: Bindings, meter: Meter, open: boolean): Applies {
  if (condition === null) return 'yes'
  if (open && condition.isOpen) return 'open'
  const answer: Answer = condition.test(bindings, meter)
  if (typeof answer === 'object') return { failed: `its condition "${condition.text}" could not be told: ${answer.failed}` }
  return answer ? 'yes' : 'no'
}

function combine(each: readonly Applies[], mode: 'grant' | 'prohibition'): Applies {
  const decisive = mode === 'grant' ? 'no' : 'yes'
  if (each.includes(decisive)) return decisive
  return each.find((one) => typeof one === 'object') ?? (each.includes('open') ? 'open' : (each[0] ?? 'no'))
}
