import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WorkflowInput } from '../../src/machines/workflow.types.ts'
import { workflowMachine } from '../../src/machines/workflow.machine.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import { createCoverage } from '../../src/testing/coverage.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { foldsBack } from '../../src/testing/folds-back.ts'
import { watch } from '../../src/testing/watch.ts'
import { driveRun } from '../support/drive.ts'
import type { RunDriver } from '../support/drive.ts'
import { GOOD, HARD, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import type { InputChanges } from '../support/flow.fixture.ts'
import { exhaustRun, watchRun } from '../support/invariants.ts'
import { createRunWalk } from '../support/walk.ts'
import { SEED, anyDraws, anyInput } from '../support/walk-arbitraries.ts'
import { waitingMachine } from '../support/waiting-services.ts'

const byFold = createCoverage([workflowMachine])
const byActors = createCoverage([workflowMachine])

const KINDS: readonly (readonly [name: string, numRuns: number, begin: (input: WorkflowInput) => ChartDriver])[] = [
  ['the fold of the engine', 1_000, (input) => createFoldDriver(waitingMachine, { input, clocks: DELAY_CLOCKS, onMicrostep: byFold.note })],
  ['plain actors', 1_300, (input) => createActorDriver(waitingMachine, { input, onMicrostep: byActors.note })],
]

/** Answers as if all were well. */
const answerWell = (driver: ChartDriver) => (asked: AskedService) => {
  if (asked.src === 'draftPlan') return driver.answer(asked, { kind: 'plan', plan: planOf([stepOf('s1')], `late-${driver.now()}`) })
  driver.answer(asked, asked.src === 'judgeAction' ? verdictOf('allow', { digest: asked.path }) : GOOD[asked.src as keyof typeof GOOD])
}

interface Manner {
  /** The plan is already there: more of the walk is spent on carrying it out. */
  readonly ahead: boolean
  /** In the end, services answer well; otherwise they are silent. */
  readonly answering: boolean
}

/** Walks at random, then lets time alone go on, with services that are silent or that answer. */
function wander(input: WorkflowInput, draws: readonly number[], { ahead, answering }: Manner, begin: (input: WorkflowInput) => ChartDriver): void {
  const driver = watchRun(begin(input), input)
  const walk = createRunWalk(driver)
  if (ahead) walk.hurry(draws[0] ?? 0)
  for (const draw of draws) if (!walk.step(draw) || driver.violations().length > 0) break
  const found = driver.violations()[0] ?? exhaustRun(driver, input, answering ? answerWell(driver) : undefined) ?? driver.violations()[0]
  if (found !== undefined) throw new Error(`${found}\nafter ${walk.trail.join(' · ')}\nwith ${JSON.stringify(input)}`)
}

const anyManner: fc.Arbitrary<Manner> = fc.record({ ahead: fc.constantFrom(true, true, false), answering: fc.boolean() })

const S1 = [stepOf('s1', { timeoutMs: 3_000_000 })]
const crash = (actorId: string) => ({ type: `xstate.error.actor.${actorId}`, actorId, error: HARD })

/** What a walk never or hardly ever comes to: no chart crashes by itself, and the run's own limit lies beyond every walk. */
const RARE: Readonly<Record<string, readonly [input: InputChanges, course: (run: RunDriver) => void]>> = {
  'an action crashes': [
    {},
    (run) => {
      run.carriesOut(S1)
      run.send('', crash('s1'))
    },
  ],
  'an action crashes while the run settles': [
    {},
    (run) => {
      run.carriesOut(S1)
      run.allows('s1')
      run.send('', ask.cancel())
      run.send('', crash('s1'))
    },
  ],
  'something crashes that is no step': [
    {},
    (run) => {
      run.carriesOut(S1)
      run.send('', crash('service:lost'))
    },
  ],
  'the time of the run is over': [
    { limits: { timeMs: 5_000 } },
    (run) => {
      run.start()
      run.passes('runTimeLeft')
    },
  ],
  'nobody helps a run that has no plan': [
    { waits: { interventionMs: 60_000 }, onInterventionTimeout: 'continue' },
    (run) => {
      run.start()
      run.says('vetGoal')
      run.breaks('draftPlan')
      run.says('diagnoseStall')
      run.passes('interventionTimeout')
    },
  ],
}

describe('a run that wanders at random', () => {
  test.each(KINDS)('keeps every property of the charts: %s', (_, numRuns, begin) => {
    fc.assert(
      fc.property(anyInput, anyDraws, anyManner, (input, draws, manner) => wander(input, draws, manner, begin)),
      { seed: SEED + numRuns, numRuns },
    )
  })

  test('folds back from its records to the same state after every one of them', () => {
    const wander = (input: WorkflowInput, draws: readonly number[]): void => {
      const fold = createFoldDriver(waitingMachine, { input, clocks: DELAY_CLOCKS })
      const driver = watch(fold, [foldsBack(fold)])
      const walk = createRunWalk(driver)
      walk.hurry(draws[0] ?? 0)
      for (const draw of draws) if (!walk.step(draw)) break
      expect(driver.violations()).toEqual([])
    }

    fc.assert(fc.property(anyInput, anyDraws, wander), { seed: SEED, numRuns: 150 })
  })

  test.each(Object.entries(RARE))('keeps them also when %s', (_, [changes, course]) => {
    const input = workflowInput(changes)
    const runs = KINDS.map(([, , begin]) => watchRun(begin(input), input))

    for (const run of runs) course(driveRun(input, () => run))

    expect(runs.flatMap((run) => run.violations())).toEqual([])
  })

  test('takes every transition of the chart in all, in the fold and in plain actors', () => {
    expect([byFold.untaken(), byActors.untaken()]).toEqual([[], []])
  })
})
