// Tests of a statechart of one's own with planner-exec/testing: paths that take every transition, random walks under rules, liveness by time
// alone, and the same behaviour in a durable engine. No service ever runs; time is simulated.
//
//   node --test examples/test-your-machine.test.mjs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  cancelEnds,
  createActorDriver,
  createCoverage,
  createFoldDriver,
  createWalk,
  exhaust,
  foldsBack,
  isolated,
  neverHangs,
  noLeftovers,
  runPath,
  sameAsPlainActor,
  startsAtMost,
  startsOnlyWhen,
  transitionPaths,
  watch,
  withinLimits,
} from 'planner-exec/testing'
import { assign, fromPromise, setup, spawnChild, stopChild } from 'xstate'

// The machine: a release is built, approved by a person, rolled out by a child machine, and rolled back when that fails.

const rolloutMachine = setup({
  actors: { deploy: fromPromise(async () => fetch('https://deploy.example')) },
  actions: { countServer: assign(({ context }) => ({ servers: context.servers + 1 })) },
  guards: { wasLast: ({ context }) => context.servers === 2 },
  delays: { deployTimeout: 20_000 },
}).createMachine({
  id: 'rollout',
  context: { servers: 0, ok: true },
  output: ({ context }) => ({ ok: context.ok }),
  initial: 'deploying',
  states: {
    deploying: {
      tags: 'busy',
      invoke: {
        src: 'deploy',
        onDone: [
          { guard: 'wasLast', target: 'over' },
          { target: 'deploying', reenter: true, actions: 'countServer' },
        ],
        onError: { target: 'over', actions: assign({ ok: false }) },
      },
      after: { deployTimeout: { target: 'over', actions: assign({ ok: false }) } },
    },
    over: { type: 'final' },
  },
})

const releaseMachine = setup({
  actors: {
    build: fromPromise(async () => fetch('https://build.example')),
    rollBack: fromPromise(async () => fetch('https://undo.example')),
    rollout: rolloutMachine,
  },
  actions: {
    countBuild: assign(({ context }) => ({ builds: context.builds + 1 })),
    startRollout: spawnChild('rollout', { id: 'rollout' }),
    stopRollout: stopChild('rollout'),
  },
  guards: {
    buildsLeft: ({ context }) => context.builds < context.maxBuilds,
    isThisVersion: ({ context, event }) => event.version === context.version,
    wentWell: ({ event }) => event.output.ok,
  },
  delays: { buildTimeout: 60_000, pause: 5_000, rollBackTimeout: 30_000, patience: 3_600_000 },
}).createMachine({
  id: 'release',
  context: ({ input }) => ({ ...input, builds: 0 }),
  initial: 'building',
  states: {
    building: {
      tags: 'busy',
      entry: 'countBuild',
      invoke: { id: 'build', src: 'build', onDone: 'awaitingApproval', onError: [{ guard: 'buildsLeft', target: 'pausing' }, { target: 'failed' }] },
      after: { buildTimeout: 'failed' },
      on: { cancel: 'cancelled' },
    },
    pausing: { tags: 'busy', after: { pause: 'building' }, on: { cancel: 'cancelled' } },
    awaitingApproval: { on: { approve: { guard: 'isThisVersion', target: 'rollingOut' }, cancel: 'cancelled' }, after: { patience: 'cancelled' } },
    rollingOut: {
      tags: 'busy',
      entry: 'startRollout',
      exit: 'stopRollout',
      on: { 'xstate.done.actor.rollout': [{ guard: 'wentWell', target: 'released' }, { target: 'rollingBack' }], cancel: 'rollingBack' },
      // The rollout has a timeout for each of its servers.
      after: { patience: 'rollingBack' },
    },
    rollingBack: {
      tags: 'busy',
      invoke: { id: 'rollBack', src: 'rollBack', onDone: 'cancelled', onError: 'failed' },
      after: { rollBackTimeout: 'failed' },
    },
    released: { type: 'final' },
    cancelled: { type: 'final' },
    failed: { type: 'final' },
  },
})

const input = { version: '1.2.0', maxBuilds: 2 }

// What the world may say to it. Services that are not named answer undefined, and may fail.
const cases = {
  outputs: { rollout: [{ ok: true }, { ok: false }] },
  errors: { rollout: [] },
  events: { approve: [{ version: '1.2.0' }, { version: '1.1.0' }], cancel: [{}] },
}

describe('every path', () => {
  const paths = transitionPaths(releaseMachine, { input, cases })
  const coverage = createCoverage([releaseMachine])

  for (const path of paths) {
    test(path.name, () => {
      // On its own: the rollout ends when the path says so. It is a machine with paths of its own, below.
      const driver = createActorDriver(isolated(releaseMachine), { input, onMicrostep: coverage.note })

      assert.equal(runPath(driver, path), null)
    })
  }

  test('together they take every transition', () => assert.deepEqual(coverage.untaken(), []))

  test('also through the child machine', () => {
    for (const path of transitionPaths(rolloutMachine)) assert.equal(runPath(createActorDriver(rolloutMachine), path), null)
  })
})

// What must hold on every state that the machine comes to.
const rules = [
  startsOnlyWhen('deploy', (_, { past }) => past.some(({ event }) => event?.type === 'approve' && event.version === input.version)),
  startsAtMost('build', input.maxBuilds),
  withinLimits(({ builds, maxBuilds }) => ({ builds: [builds, maxBuilds] })),
  noLeftovers(),
  neverHangs(),
  cancelEnds({ event: 'cancel', within: 30_000, final: 'cancelled', unless: (root) => root.matches('rollingOut') || root.matches('rollingBack') }),
]

describe('a random walk', () => {
  for (let seed = 1; seed <= 300; seed++) {
    test(`keeps the rules, and comes to an end by time alone (${seed})`, () => {
      const fold = createFoldDriver(releaseMachine, { input })
      const driver = watch(fold, [...rules, foldsBack(fold)])
      const walk = createWalk(driver, { cases })

      for (const draw of draws(seed)) if (!walk.step(draw)) break

      const stuck = exhaust(driver)
      assert.deepEqual([...driver.violations(), stuck], [null], walk.trail.join(' · '))
    })
  }

  test('is the same in the fold of the durable engine and in plain actors', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const difference = sameAsPlainActor(releaseMachine, { input }, (driver) => {
        const walk = createWalk(driver, { cases })
        for (const draw of draws(seed)) if (!walk.step(draw)) break
      })

      assert.equal(difference, null)
    }
  })
})

describe('a machine that is wrong', () => {
  const wrong = releaseMachine.provide({ guards: { isThisVersion: () => true } })

  test('is found out', () => {
    const driver = watch(createFoldDriver(wrong, { input }), rules)
    const [build] = driver.asked()
    driver.answer(build)

    driver.send('', { type: 'approve', version: '1.1.0' })

    assert.match(driver.violations()[0], /^deploy of rollout started in "rollingOut" without permission/)
  })
})

/** Thirty numbers that follow from a seed. A property-testing library, such as fast-check, would draw them and shrink the failing ones. */
function draws(seed) {
  let state = seed
  return Array.from({ length: 30 }, () => (state = (state * 48_271) % 2_147_483_647))
}
