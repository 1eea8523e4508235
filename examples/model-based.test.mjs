// A model-based test of a statechart: xstate/graph walks the chart as a model and finds the paths; each is then gone with a real
// actor, with real promises and timers in place of the model's events. Where the two do not agree, a test fails.
//
//   node --test examples/model-based.test.mjs
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { actionMachine } from 'planner-exec'
import { SimulatedClock, createActor, fromPromise } from 'xstate'
import { getShortestPaths } from 'xstate/graph'

const usage = { wallMs: 1, cpuMs: 0, maxRssBytes: 0, fsOperations: 0, networkRequests: 0, tokens: 0, usd: 0 }
const wait = 1_000
const input = {
  runId: 'run',
  step: {
    id: 'write',
    capability: 'fs.write.v1',
    effect: 'write',
    dependsOn: [],
    retry: { maxRetries: 1, backoff: 'fixed', baseDelayMs: wait, maxDelayMs: wait },
    timeoutMs: wait,
  },
  planRef: 'plan',
  planNumber: 1,
  person: 'here',
  waits: {
    guardMs: wait,
    oracleMs: wait,
    researchMs: wait,
    stallMs: wait,
    drainMs: wait,
    reconcileMs: wait,
    reportMs: wait,
    settleGraceMs: wait,
    killGraceMs: wait,
    approvalMs: wait,
    interventionMs: wait,
  },
}

const verdict = (decision) => ({
  decision,
  digest: 'shown',
  policyHash: 'policy',
  ruleId: 'rule',
  reason: 'the rule says so',
  hint: null,
  effect: 'write',
  risk: 'low',
  actionRef: 'action',
})
const failure = (code, retryable) => ({ code, stage: 'action', message: code, hint: 'Look at it.', retryable })
const person = { actionId: 'write', by: 'person', reason: null }

// What the world can do to an action. A service answers by `done` or `error`, a timer by `after`, a person by what it says.
const done = (service, output) => ({ type: `xstate.done.actor.service:${service}`, output })
const fails = (service, error) => ({ type: `xstate.error.actor.service:${service}`, error })
const after = (delay, state) => ({ type: `xstate.after.${delay}.action.${state}` })
const events = [
  { type: 'action.dispatch' },
  { type: 'action.cancel' },
  { type: 'action.pause', mode: 'abort' },
  { type: 'action.skip', digest: 'shown', ...person },
  { type: 'action.approve', digest: 'shown', ...person },
  { type: 'action.approve', digest: 'never shown', ...person },
  { type: 'action.reject', digest: 'shown', ...person },
  { type: 'action.resolve', resolution: 'happened', ...person },
  { type: 'action.resolve', resolution: 'did-not', ...person },
  ...['allow', 'ask', 'deny'].map((decision) => done('judgeAction', verdict(decision))),
  done('execute', { outputRef: 'output', usage }),
  fails('execute', failure('ACTION_TRANSIENT', true)),
  fails('execute', failure('ACTION_FAILED', false)),
  fails('execute', failure('EFFECT_IN_DOUBT', false)),
  ...['happened', 'did-not', 'unknown'].map((known) => done('reconcileEffect', { verdict: known, outputRef: null })),
  after('guardTimeout', 'guarding'),
  after('approvalTimeout', 'awaitingApproval'),
  after('actionTimeout', 'attempting.running'),
  after('killGrace', 'attempting.aborting'),
  after('backoffDelay', 'backingOff'),
  after('reconcileTimeout', 'inDoubt.reconciling'),
  after('interventionTimeout', 'inDoubt.awaitingPerson'),
]

// On its own an action has no workflow to report to.
const alone = actionMachine.provide({ actions: { reportReady: () => {}, reportWaiting: () => {}, reportProgress: () => {} } })
const paths = getShortestPaths(alone, {
  input,
  events,
  // Two situations are the same when the chart cannot tell them apart: counters beyond the retry limit change nothing.
  serializeState: ({ value, context }) => JSON.stringify([value, context.outcome, context.retries, context.approval !== null, context.abortReason]),
  stopWhen: ({ status }) => status !== 'active',
})

describe('an action', () => {
  for (const { state: last, steps } of paths) {
    // The first step only says how the model was started.
    const [, ...walked] = steps

    test(`${walked.map(({ event }) => nameOf(event)).join(', ') || 'begins'} → ${JSON.stringify(last.value)}`, async () => {
      const real = liveAction()

      for (const { event, state } of walked) {
        await real.apply(event)
        assert.deepEqual(real.actor.getSnapshot().value, state.value, `after ${nameOf(event)}`)
      }

      assert.equal(real.actor.getSnapshot().output?.outcome, last.output?.outcome)
      assert.equal(real.executed.length, walked.filter(({ state }, at) => isAttempt(state) && !isAttempt(walked[at - 1]?.state)).length)
    })
  }

  test('comes to every state that the chart has', () => {
    const states = paths.flatMap(({ steps }) => steps.map(({ state }) => state))
    const reached = new Set(states.flatMap(({ _nodes }) => _nodes.map(({ id }) => id)))
    const missing = [...alone.idMap.keys()].filter((id) => !reached.has(id))

    // It is left as soon as it is entered: why the attempt was stopped decides what follows.
    assert.deepEqual(missing, ['action.aborted'])
  })
})

const isAttempt = (state) => state?.hasTag('busy') === true && state.matches('attempting')

/** An event in words: `xstate.done.actor.service:execute` → `done execute`. */
function nameOf({ type, digest, output, error }) {
  const short = type
    .replace(/^xstate\./, '')
    .replace('actor.service:', '')
    .replace('.action.', ' in ')
  return [short, digest, output?.decision ?? output?.verdict, error?.code].filter(Boolean).join(' ')
}

/** A real actor, its services and its clock in our hands. */
function liveAction() {
  const asked = new Map()
  const executed = []
  const clock = new SimulatedClock()
  const service = (name) =>
    fromPromise(({ input: question }) => {
      if (name === 'execute') executed.push(question)
      return new Promise((resolve, reject) => asked.set(name, { resolve, reject }))
    })
  const actors = { judgeAction: service('judgeAction'), execute: service('execute'), reconcileEffect: service('reconcileEffect') }
  const actor = createActor(alone.provide({ actors }), { input, clock })
  actor.start()

  async function apply(event) {
    const [, kind, name] = /^xstate\.(done|error|after)\.(?:actor\.service:)?([^.]+)/.exec(event.type) ?? []
    if (kind === 'done') asked.get(name).resolve(event.output)
    else if (kind === 'error') asked.get(name).reject(event.error)
    else if (kind === 'after') clock.increment(wait)
    else actor.send(event)
    // A promise tells its actor in a later turn of the event loop.
    await setImmediate()
  }

  return { actor, executed, apply }
}
