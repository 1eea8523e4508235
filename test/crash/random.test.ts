import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunRequestInput } from '../../src/model/request.ts'
import type { Ask } from '../../src/testing/crash-person.ts'
import type { ControllerRunEnd } from '../../src/testing/crash-controller.ts'
import { playCrashes } from '../../src/testing/crash-scenario.ts'
import type { Played } from '../../src/testing/crash-scenario.ts'
import { releaseScenario } from './release.scenario.ts'

/** `CRASH_RUNS=1000 npx vitest run test/crash/random.test.ts` for the long form, `CRASH_SEED=n` for other crashes. */
const RUNS = Number(process.env['CRASH_RUNS'] ?? 60)
const SEED = Number(process.env['CRASH_SEED'] ?? 20_260)
/** How long a run without a crash takes on its own clock, in ms. */
const RUN_MS = 115_000
/** As many boundaries as a run has without a crash. */
const BOUNDARIES = 244

let folder = ''
let whole: Played<ControllerRunEnd>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'planner-exec-crash-'))
  whole = await playCrashes(() => releaseScenario(folder))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

interface Interruption {
  readonly atMs: number
  readonly request: RunRequestInput
}

const pauses: fc.Arbitrary<RunRequestInput> = fc.record({
  type: fc.constant('run.pause' as const),
  mode: fc.constantFrom('finish' as const, 'abort' as const),
})
const resumes: fc.Arbitrary<RunRequestInput> = fc.constant({ type: 'run.resume' })
const approvals: fc.Arbitrary<RunRequestInput> = fc.constant({ type: 'action.approve', actionId: 'tag' })
const restarts: fc.Arbitrary<RunRequestInput> = fc
  .constantFrom('verify', 'upload', 'compile')
  .map((actionId) => ({ type: 'action.restart', actionId }))
const cancels: fc.Arbitrary<RunRequestInput> = fc.constant({ type: 'run.cancel' })

const interruption: fc.Arbitrary<Interruption> = fc.record({
  // Most of a run happens in its first seconds; later it waits.
  atMs: fc.oneof(fc.nat(15_000), fc.nat(RUN_MS)),
  request: fc.oneof(
    { weight: 6, arbitrary: pauses },
    { weight: 3, arbitrary: resumes },
    { weight: 2, arbitrary: approvals },
    { weight: 2, arbitrary: restarts },
    { weight: 1, arbitrary: cancels },
  ),
})

const crashes = fc.array(fc.oneof(fc.integer({ min: 1, max: BOUNDARIES }), fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 6 }).map(
  // The distance from one crash to the next: short ones hit what the takeover itself does.
  (gaps) => gaps.reduce<readonly number[]>((positions, gap) => [...positions, (positions.at(-1) ?? 0) + gap], []),
)

const plan = fc.record({
  at: crashes,
  leases: fc.constantFrom('freed' as const, 'freed' as const, 'left' as const),
  interruptions: fc.array(interruption, { maxLength: 4 }),
})

/** What must hold of every run, whatever was asked of it. */
function soundness({ lost, repeated, hasty, open, settled, effects }: ControllerRunEnd) {
  const doubts = settled.filter((line) => line.endsWith('in doubt')).map((line) => line.split(':')[0] ?? '')
  return {
    lost,
    repeated,
    hasty,
    doubled: effects.filter((effect, index) => effects.indexOf(effect) !== index),
    open: open.filter((stepId) => !doubts.includes(stepId)),
  }
}

const SOUND = { lost: [], repeated: [], hasty: [], doubled: [], open: [] }

describe('a run of twenty actions', { timeout: 60_000 + RUNS * 2_000 }, () => {
  test('crashed up to six times, paused, restarted and cancelled at random, is sound; unless cancelled it ends as without', async () => {
    const seen = { crashes: 0, cancelled: 0 }
    await fc.assert(
      fc.asyncProperty(plan, async ({ at, leases, interruptions }) => {
        const interrupt = (ask: Ask<RunRequestInput>) =>
          interruptions.forEach(({ atMs, request }, index) => ask(`interruption ${index}`, request, atMs))

        const played = await playCrashes(() => releaseScenario(folder, { interruptions: interrupt }), { at, leases })

        const cancelled = played.end.status === 'cancelled'
        seen.crashes += played.crashes.length
        seen.cancelled += Number(cancelled)
        expect(soundness(played.end)).toEqual(SOUND)
        if (cancelled) expect(interruptions.map(({ request }) => request.type)).toContain('run.cancel')
        else expect(played.end).toEqual(whole.end)
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: RUNS > 200 },
    )
    console.info(`${RUNS} runs, ${seen.crashes} crashes, ${seen.cancelled} runs cancelled`)
    expect(seen.crashes).toBeGreaterThan(RUNS)
  })
})
