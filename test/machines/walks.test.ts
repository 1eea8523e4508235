import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkflowInput } from '../../src/machines/workflow.types.ts'
import { workflowMachine } from '../../src/machines/workflow.machine.ts'
import { createActorComposite } from '../support/actor.composite.ts'
import type { Asked, Composite } from '../support/composite.ts'
import { createCoverage } from '../support/coverage.ts'
import { GOOD, planOf, stepOf, verdictOf } from '../support/flow.fixture.ts'
import { createFoldComposite } from '../support/fold.composite.ts'
import { exhaust, watch } from '../support/invariants.ts'
import { createWalk } from '../support/walk.ts'
import { SEED, anyDraws, anyInput } from '../support/walk-arbitraries.ts'
import { waitingMachine } from '../support/waiting-services.ts'

const coverage = createCoverage([workflowMachine])

const KINDS: readonly (readonly [name: string, numRuns: number, begin: (input: WorkflowInput) => Composite])[] = [
  ['the fold of the engine', 1_000, (input) => createFoldComposite(waitingMachine, input)],
  ['plain actors', 1_300, (input) => createActorComposite(waitingMachine, input, coverage.note)],
]

/** Answers as if all were well. */
const answerWell = (composite: Composite) => (asked: Asked) => {
  if (asked.src === 'draftPlan') return composite.answer(asked, { kind: 'plan', plan: planOf([stepOf('s1')], `late-${composite.now()}`) })
  composite.answer(asked, asked.src === 'judgeAction' ? verdictOf('allow', { digest: asked.path }) : GOOD[asked.src as keyof typeof GOOD])
}

interface Manner {
  /** The plan is already there: more of the walk is spent on carrying it out. */
  readonly ahead: boolean
  /** In the end, services answer well; otherwise they are silent. */
  readonly answering: boolean
}

/** Walks at random, then lets time alone go on, with services that are silent or that answer. */
function wander(input: WorkflowInput, draws: readonly number[], { ahead, answering }: Manner, begin: (input: WorkflowInput) => Composite): void {
  const composite = watch(begin(input), input)
  const walk = createWalk(composite)
  if (ahead) walk.hurry(draws[0] ?? 0)
  for (const draw of draws) if (!walk.step(draw) || composite.violations().length > 0) break
  const found = composite.violations()[0] ?? exhaust(composite, input, answering ? answerWell(composite) : undefined) ?? composite.violations()[0]
  if (found !== undefined) throw new Error(`${found}\nafter ${walk.trail.join(' · ')}\nwith ${JSON.stringify(input)}`)
}

const anyManner: fc.Arbitrary<Manner> = fc.record({ ahead: fc.constantFrom(true, true, false), answering: fc.boolean() })

const AFTER_INTERVENTION = 'workflow.open.active.stalled.awaitingPerson xstate.after.interventionTimeout.workflow.open.active.stalled.awaitingPerson'

/** Transitions that a walk takes never or hardly ever: why, and where they are tested. */
const UNTAKEN: Readonly<Record<string, string>> = {
  'workflow xstate.error.actor.* → stays': 'no chart of an action crashes; `flaws.test.ts` sends the event',
  'workflow.open xstate.error.actor.* → workflow.settling [0]': 'no chart of an action crashes; `workflow-executing.test.ts` sends the event',
  'workflow.open xstate.error.actor.* → workflow.settling [1]': 'every service has its own onError; this is for one that should lose it',
  'workflow.open.active xstate.after.runTimeLeft.workflow.open.active → workflow.settling':
    'the limit lies beyond every walk; `workflow-steering.test.ts`',
  [`${AFTER_INTERVENTION} → workflow.open.active.planning.drafting [1]`]: 'needs a stall before the first plan; `workflow-stalled.test.ts`',
  'workflow.open.active.executing.draining xstate.after.drainTimeout.workflow.open.active.executing.draining → stays':
    'rare; `workflow-executing.test.ts`',
  'workflow.settling.stopping run.cancel → workflow.settling.reporting': 'rare; `workflow-steering.test.ts`',
}

describe('a run that wanders at random', () => {
  test.each(KINDS)('keeps every property of the charts: %s', (_, numRuns, begin) => {
    fc.assert(
      fc.property(anyInput, anyDraws, anyManner, (input, draws, manner) => wander(input, draws, manner, begin)),
      { seed: SEED + numRuns, numRuns },
    )
  })

  test('takes every transition of the chart that it can', () => {
    expect(coverage.untaken().filter((transition) => !(transition in UNTAKEN))).toEqual([])
  })
})
