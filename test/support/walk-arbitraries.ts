import fc from 'fast-check'
import type { WorkflowInput } from '../../src/machines/workflow.types.ts'
import { workflowInput } from './flow.fixture.ts'

/** Walks differ from run to run of the tests only when this is changed; a failure prints it with the shrunk example. */
export const SEED = 20_260_101

/** The run's own limit lies far beyond everything else, so that no walk depends on it. */
const FAR_MS = 86_400_000_000

/** Runs of every kind: with a person or without, small limits, few slots. */
export const anyInput: fc.Arbitrary<WorkflowInput> = fc
  .record({
    person: fc.constantFrom<WorkflowInput['person']>('here', 'here', 'later', 'absent'),
    signOff: fc.constantFrom(false, false, true),
    research: fc.boolean(),
    continueOnError: fc.constantFrom(false, false, true),
    oracles: fc.constantFrom(1, 2),
    autoEscalation: fc.constantFrom(true, true, false),
    onInterventionTimeout: fc.constantFrom<WorkflowInput['onInterventionTimeout']>('fail', 'continue', 'replan'),
    waits: fc.record({
      approvalMs: fc.constantFrom(0, 90_001),
      interventionMs: fc.constantFrom(0, 120_011),
      stallMs: fc.constantFrom(30_011, 2_503),
      drainMs: fc.constantFrom(23_003, 307),
      killGraceMs: fc.constantFrom(1_009, 4_021),
    }),
    limits: fc.record({
      steps: fc.constantFrom(2, 10, 1),
      parallel: fc.constantFrom(2, 1),
      replans: fc.constantFrom(1, 0),
      rungs: fc.constantFrom(2, 1, 0),
      timeMs: fc.constant(FAR_MS),
    }),
  })
  .map((changes) => workflowInput(changes))

/** What a walk draws its choices with. */
export const anyDraws: fc.Arbitrary<number[]> = fc.array(fc.nat({ max: 2 ** 30 }), { minLength: 10, maxLength: 150, size: 'max' })
