import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'
import { GOOD, HARD, TRANSIENT, ask, planOf, stepOf, verdictOf, workflowInput } from '../support/flow.fixture.ts'
import { exhaustRun, watchRun } from '../support/invariants.ts'
import { waitingMachine } from '../support/waiting-services.ts'
import { SEED } from '../support/walk-arbitraries.ts'

const INPUT = workflowInput({ limits: { timeMs: 86_400_000_000 } })
const PLAN = planOf([stepOf('s1'), stepOf('s2', { effect: 'write' }), stepOf('s3', { dependsOn: ['s1'] })])

const KINDS: readonly (readonly [string, () => ChartDriver])[] = [
  ['the fold of the engine', () => createFoldDriver(waitingMachine, { input: INPUT, clocks: DELAY_CLOCKS })],
  ['plain actors', () => createActorDriver(waitingMachine, { input: INPUT })],
]

/** What a service says, some failures among it. */
function settle(driver: ChartDriver, asked: AskedService, luck: number): void {
  if (asked.src === 'draftPlan') return driver.answer(asked, { kind: 'plan', plan: PLAN })
  if (asked.src === 'judgeAction') return driver.answer(asked, verdictOf('allow', { digest: asked.path }))
  if (asked.src === 'execute' && luck % 4 === 0) return driver.fail(asked, luck % 8 === 0 ? HARD : TRANSIENT)
  driver.answer(asked, GOOD[asked.src as keyof typeof GOOD])
}

const REQUESTS = {
  pause: (driver: ChartDriver) => driver.send('', ask.pause('finish', driver.runNow())),
  abort: (driver: ChartDriver) => driver.send('', ask.pause('abort', driver.runNow())),
  resume: (driver: ChartDriver) => driver.send('', ask.resume(driver.runNow())),
  cancel: (driver: ChartDriver) => driver.send('', ask.cancel()),
}
const anyRequests = fc.array(fc.constantFrom('pause', 'abort', 'resume', 'resume', 'cancel'), { minLength: 1, maxLength: 5 })

describe('services that end while people pause, resume and cancel', () => {
  test.each(KINDS)('leave nobody busy without something that ends it, in whatever order they come: %s', async (_, begin) => {
    let late = 0
    const race = async (scheduler: fc.Scheduler, requests: readonly (keyof typeof REQUESTS)[], lucks: readonly number[]): Promise<void> => {
      const driver = watchRun(begin(), INPUT)
      driver.send('', ask.start(0))
      const begun = new Set<string>()
      let count = 0
      // Each service is a task of the scheduler, which ends it in its own time: also when nobody waits for it any more.
      const schedule = () => {
        for (const asked of driver.asked()) {
          const key = `${asked.path} ${asked.childId} ${JSON.stringify(asked.input)}`
          if (begun.has(key)) continue
          begun.add(key)
          const luck = lucks[count++ % lucks.length] ?? 1
          void scheduler.schedule(Promise.resolve(), `${asked.path} ${asked.src}`).then(() => {
            late += driver.asked().some(({ path, childId }) => path === asked.path && childId === asked.childId) ? 0 : 1
            settle(driver, asked, luck)
            schedule()
          })
        }
      }
      void scheduler.scheduleSequence(
        requests.map((request) => ({
          label: request,
          builder: async () => {
            REQUESTS[request](driver)
            schedule()
          },
        })),
      )

      schedule()
      await scheduler.waitIdle()

      expect(driver.violations()).toEqual([])
      expect([exhaustRun(driver, INPUT), ...driver.violations()]).toEqual([null])
    }

    await fc.assert(fc.asyncProperty(fc.scheduler(), anyRequests, fc.array(fc.nat({ max: 100 }), { minLength: 1, maxLength: 8 }), race), {
      seed: SEED,
      numRuns: 300,
    })
    expect(late).toBeGreaterThan(20)
  })
})
