// Runs both statecharts as plain XState actors: no journal, no store, no policy file. The services below are this script's own.
//
//   node examples/plain-actors.mjs
//
// A run like this does not survive its process; `createController` is what makes it durable.
import { provideServices, workflowMachine } from 'planner-exec'
import { createActor, toPromise } from 'xstate'

const never = async () => {
  throw new Error('this example never comes here')
}
const step = (id, dependsOn = []) => ({
  id,
  capability: 'kitchen.do.v1',
  effect: 'idempotent',
  dependsOn,
  retry: { maxRetries: 1, backoff: 'fixed', baseDelayMs: 10, maxDelayMs: 10 },
  timeoutMs: 1_000,
})
const plan = { ref: 'plan-1', digest: 'digest-of-plan-1', source: 'this script', steps: [step('boil'), step('brew', ['boil'])] }
const usage = { wallMs: 1, cpuMs: 0, maxRssBytes: 0, fsOperations: 0, networkRequests: 0, tokens: 0, usd: 0 }
const verdictOn = (stepId) => ({
  // Boiling is allowed; brewing needs a person's word.
  decision: stepId === 'boil' ? 'allow' : 'ask',
  digest: `digest-of-${stepId}`,
  policyHash: 'house-rules',
  ruleId: `house:${stepId}`,
  reason: 'the rules of the house',
  hint: null,
  effect: 'idempotent',
  risk: 'low',
  actionRef: stepId,
})

/** One function for each service that the charts ask for. */
const services = {
  vetGoal: async () => ({ decision: 'allow', reason: 'tea is fine', question: null, choices: [] }),
  research: never,
  draftPlan: async () => ({ kind: 'plan', plan }),
  deliberate: async () => ({ kind: 'consensus', reason: 'nobody objects', objectionsRef: null }),
  judgePlan: async () => ({ clean: true, findingsRef: 'none', reason: 'nothing to say against it' }),
  judgeAction: async ({ stepId }) => verdictOn(stepId),
  execute: async ({ stepId }) => ({ outputRef: `output-of-${stepId}`, usage }),
  reconcileEffect: never,
  evaluateCriteria: async () => ({ verdict: 'met', met: 1, total: 1, criteriaRef: 'criteria' }),
  diagnoseStall: never,
  applyIntervention: never,
  writeReport: async () => ({ reportRef: 'report', reportPath: null, summary: 'tea is ready' }),
  abortExecution: () => {},
  loopDetected: () => false,
}

const minute = 60_000
const input = {
  runId: 'tea',
  goal: 'Make tea',
  person: 'here',
  signOff: false,
  continueOnError: false,
  research: false,
  oracles: 1,
  onInterventionTimeout: 'fail',
  autoEscalation: true,
  limits: { steps: 10, timeMs: 5 * minute, parallel: 2, replans: 1, rounds: 1, repairs: 1, rungs: 1, tokens: null, usd: null },
  waits: {
    guardMs: minute,
    oracleMs: minute,
    researchMs: minute,
    stallMs: minute,
    drainMs: minute,
    reconcileMs: minute,
    reportMs: minute,
    settleGraceMs: minute,
    killGraceMs: minute,
    approvalMs: 0,
    interventionMs: 0,
  },
}

const shown = new Map()
const actor = createActor(provideServices(services), { id: 'workflow', input, inspect: show })
actor.on('action.waiting', ({ actionId, digest }) => {
  console.log(`person: ${actionId} may go on`)
  // An answer holds for this digest alone, so it names what it answers.
  setImmediate(() => actor.send({ type: 'action.approve', actionId, digest, by: 'cook', reason: null }))
})
actor.start()
actor.send({ type: 'run.start', at: Date.now() })
const { status, exitReason, summary } = await toPromise(actor)
console.log(`${workflowMachine.id}: ${status} (${exitReason}), ${summary}`)

/** Each state that an actor comes to, once. */
function show({ type, actorRef, snapshot }) {
  if (type !== '@xstate.snapshot' || snapshot.value === undefined) return
  const state = pathOf(snapshot.value)
  if (shown.get(actorRef) === state) return
  shown.set(actorRef, state)
  console.log(`${actorRef.id}: ${state}`)
}

/** A state value as a dotted path. */
function pathOf(value) {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([key, inner]) => `${key}.${pathOf(inner)}`)
    .join(' | ')
}
