import { describe, expect, test } from 'vitest'
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { actionMachine } from '../../src/machines/action.machine.ts'
import type { ActionContext, ActionEvent } from '../../src/machines/action.types.ts'
import type { Failure } from '../../src/model/failure.ts'
import { createActorComposite } from '../support/actor.composite.ts'
import type { Composite } from '../support/composite.ts'
import { createCoverage } from '../support/coverage.ts'
import { HARD, IN_DOUBT, OUTPUT, TRANSIENT, actionInput, ask, verdictOf } from '../support/flow.fixture.ts'
import type { ActionChanges } from '../support/flow.fixture.ts'
import { recorderMachine } from '../support/recorder.machine.ts'

/** The model: the chart itself, without a parent to report to. */
const model = actionMachine.provide({
  actions: { reportReady: () => {}, reportWaiting: () => {}, reportProgress: () => {} },
})

const done = (service: string, output: unknown) => ({ type: `xstate.done.actor.service:${service}`, actorId: `service:${service}`, output })
const broken = (service: string, error: unknown) => ({ type: `xstate.error.actor.service:${service}`, actorId: `service:${service}`, error })

/** Every event with each payload that makes a difference. An event without a case here is sent bare: so are the timers'. */
const CASES: readonly EventObject[] = [
  ...(['allow', 'ask', 'modify', 'deny'] as const).map((decision) => done('judgeAction', verdictOf(decision))),
  broken('judgeAction', HARD),
  done('execute', OUTPUT),
  ...[TRANSIENT, HARD, IN_DOUBT].map((error) => broken('execute', error)),
  ...['happened', 'did-not', 'unknown'].map((verdict) => done('reconcileEffect', { verdict, outputRef: null })),
  broken('reconcileEffect', HARD),
  ask.pauseAction('finish'),
  ask.pauseAction('abort'),
  ask.approve('s1'),
  ask.approve('s1', 'another'),
  ask.edit('s1', 'args-2'),
  ask.reject('s1'),
  ask.respond('s1', 'answer'),
  ask.skip('s1'),
  ask.restart('s1'),
  ask.override('s1', 'instead'),
  ...(['happened', 'did-not', 'failed'] as const).map((resolution) => ask.resolve('s1', resolution)),
]

const ownEvents = (snapshot: AnyMachineSnapshot): readonly string[] => [...new Set<string>(snapshot._nodes.flatMap((node) => node.ownEvents))]
const casesFor = (snapshot: AnyMachineSnapshot): EventObject[] =>
  ownEvents(snapshot).flatMap((type) => {
    const cases = CASES.filter((event) => event.type === type)
    return cases.length === 0 ? [{ type }] : cases
  })

/** What decides about the future; the attempts that a person begins have no limit and decide nothing. */
function project(snapshot: { readonly value: unknown; readonly context: ActionContext; readonly status: string }): string {
  const { retries, modified, approval, abortReason, editRef, begunByPerson } = snapshot.context
  return JSON.stringify([snapshot.value, snapshot.status, retries, modified, approval?.digest ?? null, abortReason, editRef, begunByPerson])
}

/** Shortest paths that take every edge of the projected graph: a state counts once for each event that leads to it. */
function paths(changes: ActionChanges) {
  return getShortestPaths(model, {
    input: actionInput(changes),
    limit: 400_000,
    events: (snapshot) => casesFor(snapshot) as ActionEvent[],
    serializeState: (snapshot, event, previous) => `${project(snapshot)} via ${JSON.stringify(event)} from ${previous ? project(previous) : '-'}`,
  })
}

const isInit = (event: EventObject) => event.type === 'xstate.init'

/** Does to a real action what the model was told. */
function play(composite: Composite, event: EventObject): void {
  const service = /^xstate\.(?:done|error)\.actor\.service:(.+)$/.exec(event.type)?.[1]
  if (event.type.startsWith('xstate.after.')) return composite.fire()
  if (service === undefined) return composite.send('s1', event)
  const asked = composite.asked().find(({ src }) => src === service)
  if (asked === undefined) throw new Error(`${service} is not waited for`)
  if ('output' in event) composite.answer(asked, event.output)
  else composite.fail(asked, (event as EventObject & { readonly error: Failure }).error)
}

const CONFIGURATIONS: readonly (readonly [string, ActionChanges])[] = [
  ['a repeatable action with a person', { waits: { approvalMs: 60_000, interventionMs: 60_000 } }],
  ['a write with a person', { step: { effect: 'write' }, waits: { interventionMs: 60_000 } }],
  ['a write without limits or retries', { step: { effect: 'write', retry: { maxRetries: 0, backoff: 'fixed', baseDelayMs: 1, maxDelayMs: 1 } } }],
  ['an external action with nobody there', { person: 'absent', step: { effect: 'external' } }],
]

/** Branches that cannot be taken, and why. */
const UNREACHABLE: readonly string[] = []

const coverage = createCoverage([actionMachine])

type Step = ReturnType<typeof paths>[number]['steps'][number]

/** The first step after which a real action is not where the model is; null when there is none. */
function disagreement(steps: readonly Step[], changes: ActionChanges): string | null {
  const composite = createActorComposite(recorderMachine, actionInput(changes), coverage.note)
  for (const [index, { event, state }] of steps.entries()) {
    if (!isInit(event)) play(composite, event)
    const actual = composite.snapshot('s1')
    const [is, expected] = [actual && project(actual), project(state)]
    if (is !== expected)
      return `${steps
        .slice(0, index + 1)
        .map((step) => step.event.type)
        .join(' · ')}: ${is}, not ${expected}`
  }
  return composite.failures.length === 0 ? null : String(composite.failures[0])
}

describe('the action that is carried out', () => {
  test.each(CONFIGURATIONS)('is where the chart says on every path: %s', (_, changes) => {
    const all = paths(changes)

    const wrong = all.flatMap(({ steps }) => disagreement(steps, changes) ?? [])

    expect(wrong).toEqual([])
    expect(all.length).toBeGreaterThan(100)
  })

  test('takes every transition of the chart on these paths', () => {
    expect(coverage.untaken()).toEqual(UNREACHABLE)
  })
})
