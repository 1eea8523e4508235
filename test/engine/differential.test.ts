import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StateMachine, createActor } from 'xstate'
import type { AnyActorRef, AnyMachineSnapshot, EventObject } from 'xstate'
import { provideServices } from '../../src/machines/provide-services.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import type { SimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { createActorComposite } from '../support/actor.composite.ts'
import { createTwoClocks } from '../support/composite.ts'
import type { Composite } from '../support/composite.ts'
import { beginLife } from '../support/engine.ts'
import { workflowInput } from '../support/flow.fixture.ts'
import { createFoldComposite } from '../support/fold.composite.ts'
import { logProcessing } from '../support/processing-log.ts'
import { WAITING } from '../support/waiting-services.ts'
import { createWalk } from '../support/walk.ts'
import { SEED, anyDraws, anyInput } from '../support/walk-arbitraries.ts'
import { attend, attended, createWorld } from '../support/world.ts'

async function toTheEnd(clock: SimulatedClock): Promise<void> {
  for (let n = 0; n < 400 && (await clock.next()); n++);
}

/** The reference run, by the durable engine. */
async function byTheEngine() {
  const clock = createSimulatedClock()
  const { machine } = createWorld(clock)
  const log = logProcessing(machine)
  const life = beginLife({ machine, clock, input: workflowInput(), onFolded: () => queueMicrotask(() => look()) })
  const look = attend(attended(life))
  look()
  await toTheEnd(clock)
  return { log, facts: life.facts, root: life.run.fold.snapshot(''), at: clock.now() }
}

/** The same run, by plain XState actors. */
async function byPlainActors() {
  const clock = createSimulatedClock()
  const { machine } = createWorld(clock)
  const log = logProcessing(machine)
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

  test('process random runs event by event in the same order, with the same states, contexts and timers', () => {
    const [one, other] = [provideServices(WAITING), provideServices(WAITING)]
    const [folded, played] = [logProcessing(one), logProcessing(other)]

    fc.assert(
      fc.property(anyInput, anyDraws, fc.boolean(), (input, draws, ahead) => {
        const [fold, plain] = [createFoldComposite(one, input), createActorComposite(other, input)]
        const walk = createWalk(both(fold, plain))
        folded.length = played.length = 0
        if (ahead) walk.hurry(draws[0] ?? 0)
        for (const draw of draws) {
          const last = folded.length
          if (!walk.step(draw)) break
          const same = folded.length === played.length && folded.slice(last).every((line, n) => line === played[last + n])
          if (!same || fold.now() !== plain.now() || fold.nextDue() !== plain.nextDue() || names(fold) !== names(plain)) {
            throw new Error(`${folded.slice(last).join('\n')}\nis not\n${played.slice(last).join('\n')}\nafter ${walk.trail.join(' · ')}`)
          }
        }
        expect(fold.takeFacts()).toEqual(plain.takeFacts())
        expect(plain.failures).toEqual([])
      }),
      { seed: SEED, numRuns: 250 },
    )
  })
})

const names = (composite: Composite) =>
  composite
    .timers()
    .map(({ owner, name }) => `${owner} ${name}`)
    .toSorted()
    .join()

/** Whatever is done to the first is done to the second. */
function both(first: Composite, second: Composite): Composite {
  return {
    ...first,
    send: (path, event) => [first, second].forEach((it) => it.send(path, event)),
    answer: (asked, output) => [first, second].forEach((it) => it.answer(asked, output)),
    fail: (asked, error) => [first, second].forEach((it) => it.fail(asked, error)),
    fire: () => [first, second].forEach((it) => it.fire()),
    wait: (ms) => [first, second].forEach((it) => it.wait(ms)),
  }
}
