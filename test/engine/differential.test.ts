import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StateMachine, createActor } from 'xstate'
import type { AnyActorRef, AnyMachineSnapshot, EventObject } from 'xstate'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import { observed } from '../../src/testing/observe.ts'
import { createTandem, line } from '../../src/testing/tandem.ts'
import { createTwoClocks } from '../../src/testing/two-clocks.ts'
import { beginLife } from '../support/engine.ts'
import { workflowInput } from '../support/flow.fixture.ts'
import { waitingMachine } from '../support/waiting-services.ts'
import { createRunWalk } from '../support/walk.ts'
import { SEED, anyDraws, anyInput } from '../support/walk-arbitraries.ts'
import { attend, attended, createWorld } from '../support/world.ts'

async function toTheEnd(clock: SimulatedClock): Promise<void> {
  for (let n = 0; n < 400 && (await clock.next()); n++);
}

/** The reference run, by the durable engine. */
async function byTheEngine() {
  const clock = createSimulatedClock()
  const log: string[] = []
  const machine = observed(createWorld(clock).machine, { onProcessed: (...processed) => log.push(line(...processed)) })
  const life = beginLife({ machine, clock, input: workflowInput(), onFolded: () => queueMicrotask(() => look()) })
  const look = attend(attended(life))
  look()
  await toTheEnd(clock)
  return { log, facts: life.facts, root: life.run.fold.snapshot(''), at: clock.now() }
}

/** The same run, by plain XState actors. */
async function byPlainActors() {
  const clock = createSimulatedClock()
  const log: string[] = []
  const machine = observed(createWorld(clock).machine, { onProcessed: (...processed) => log.push(line(...processed)) })
  const facts: EventObject[] = []
  const runClock = createTwoClocks()
  let ticking = true
  const actor = createActor(machine, {
    input: workflowInput(),
    clock: { setTimeout: (fire, ms) => clock.after(ms, fire), clearTimeout: (handle) => clock.clear(handle) },
    inspect: ({ type, actorRef }) => {
      if (type === '@xstate.actor' && isMachineRef(actorRef)) actorRef.on('*', (fact: EventObject) => void facts.push(fact))
    },
  })
  const snapshot = (path: string): AnyMachineSnapshot | null => {
    if (path === '') return actor.getSnapshot()
    const child: unknown = actor.getSnapshot().children[path]
    return typeof child === 'object' && child !== null && isMachineRef(child) ? child.getSnapshot() : null
  }
  const look = attend({
    snapshot,
    facts,
    clock,
    send(event) {
      runClock.move(clock.now(), ticking)
      actor.send(event(runClock.runNow()) as never)
    },
  })
  actor.subscribe((state) => {
    runClock.move(clock.now(), ticking)
    ticking = !state.hasTag('clockStopped')
    queueMicrotask(look)
  })
  actor.start()
  look()
  await toTheEnd(clock)
  return { log, facts, root: actor.getSnapshot(), at: clock.now() }
}

const isMachineRef = (ref: object): ref is AnyActorRef => 'logic' in ref && ref.logic instanceof StateMachine

describe('the engine and plain actors', () => {
  test('process the reference run event by event in the same order, with the same states, contexts and facts', async () => {
    const engine = await byTheEngine()
    const plain = await byPlainActors()

    expect(engine.log).toEqual(plain.log)
    expect(engine.facts).toEqual(plain.facts)
    expect([engine.root?.value, engine.root?.output, engine.at]).toEqual([plain.root.value, plain.root.output, plain.at])
    expect(engine.log.length).toBeGreaterThan(50)
  })

  test('process random runs event by event in the same order, with the same states, contexts, services and timers', () => {
    fc.assert(
      fc.property(anyInput, anyDraws, fc.boolean(), (input, draws, ahead) => {
        const tandem = createTandem(waitingMachine, { input, clocks: DELAY_CLOCKS })
        const walk = createRunWalk(tandem)
        if (ahead) walk.hurry(draws[0] ?? 0)
        for (const draw of draws) {
          if (!walk.step(draw)) break
          const [difference] = tandem.differences()
          if (difference !== undefined) throw new Error(`${difference}\nafter ${walk.trail.join(' · ')}`)
        }
      }),
      { seed: SEED, numRuns: 250 },
    )
  })
})
