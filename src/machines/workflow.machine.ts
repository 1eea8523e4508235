import { failure, toFailure } from '../errors.ts'
import {
  diagnoseInput,
  initialContext,
  liveSteps,
  planningInput,
  toOutput,
  wantedStall,
  lostOutcome,
  noIntervention,
  noPlan,
} from './workflow.logic.ts'
import { workflowSetup } from './workflow.setup.ts'

/**
 * One run, from its goal to its report. The usual path: idle → open.active.initializing → planning.researching → drafting →
 * deliberating → vetting → executing.dispatching ⇄ watching → evaluating → settling → completed.
 * `open` notes facts, `active` is left to pause and re-entered where it was, `settling` stops what is left.
 */
export const workflowMachine = workflowSetup.createMachine({
  id: 'workflow',
  version: '1',
  description: 'A run: a goal is vetted, researched, planned, judged, carried out, evaluated and reported.',
  context: ({ input }) => initialContext(input),
  output: ({ context }) => toOutput(context),
  options: { maxIterations: 1000 },
  initial: 'idle',
  on: {
    'xstate.done.actor.*': {
      guard: { type: 'isLiveActor', params: ({ event }) => event },
      actions: [
        { type: 'recordSettled', params: ({ event }) => event },
        { type: 'tellSettled', params: ({ event }) => event },
        { type: 'forgetStep', params: ({ event }) => event },
      ],
    },
    'xstate.error.actor.*': {
      guard: { type: 'isLiveActor', params: ({ event }) => event },
      actions: [
        { type: 'tellCrashed', params: ({ event }) => event },
        { type: 'recordCrashed', params: ({ event }) => event },
        { type: 'forgetStep', params: ({ event }) => event },
      ],
    },
  },
  states: {
    idle: {
      description: 'Created, not started.',
      on: {
        'run.start': { target: 'open', actions: { type: 'startClock', params: ({ event }) => event } },
        'run.cancel': { target: 'settling', actions: { type: 'recordOutcome', params: { status: 'cancelled', exitReason: 'cancelled' } } },
      },
    },
    open: {
      description: 'Under way. Facts of live steps are noted here, whatever else the run is doing.',
      initial: 'active',
      on: {
        'run.cancel': { target: 'settling', actions: { type: 'recordOutcome', params: { status: 'cancelled', exitReason: 'cancelled' } } },
        'xstate.error.actor.*': [
          {
            guard: { type: 'isLiveActor', params: ({ event }) => event },
            target: 'settling',
            actions: [
              { type: 'tellCrashed', params: ({ event }) => event },
              { type: 'recordCrashed', params: ({ event }) => event },
              { type: 'forgetStep', params: ({ event }) => event },
              {
                type: 'recordOutcome',
                params: ({ event }) => ({ status: 'failed' as const, exitReason: 'internal_error' as const, error: event.error }),
              },
            ],
          },
          {
            target: 'settling',
            actions: {
              type: 'recordOutcome',
              params: ({ event }) => ({ status: 'failed' as const, exitReason: 'internal_error' as const, error: event.error }),
            },
          },
        ],
        'action.ready': { guard: { type: 'isLiveStep', params: ({ event }) => event }, actions: { type: 'noteReady', params: ({ event }) => event } },
        'action.waiting': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: [
            { type: 'noteWaiting', params: ({ event }) => event },
            { type: 'tellWaiting', params: ({ event }) => event },
          ],
        },
        'action.progressed': { guard: { type: 'isLiveStep', params: ({ event }) => event }, actions: 'noteProgress' },
        'action.approve': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.edit': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.reject': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.respond': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.skip': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.resolve': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.restart': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'action.override': {
          guard: { type: 'isLiveStep', params: ({ event }) => event },
          actions: { type: 'forwardToStep', params: ({ event }) => event },
        },
        'run.modify': { guard: 'mayAmend', actions: { type: 'queueAmendment', params: ({ event }) => event } },
      },
      states: {
        active: {
          description: 'Working. The time limit of the run counts here and only here.',
          initial: 'initializing',
          after: { runTimeLeft: { target: '#workflow.settling', actions: 'recordTimeLimit' } },
          on: {
            'run.pause': {
              target: 'pausing',
              actions: [
                { type: 'stopClock', params: ({ event }) => event },
                { type: 'setPauseMode', params: ({ event }) => event },
              ],
            },
          },
          states: {
            whereItWas: { type: 'history', history: 'deep', description: 'The place that was left to pause.' },
            initializing: {
              description: 'Is the goal allowed, and is it clear?',
              tags: 'busy',
              invoke: {
                id: 'service:vetGoal',
                src: 'vetGoal',
                input: ({ context }) => planningInput(context),
                onDone: [
                  { guard: { type: 'goalAllowed', params: ({ event }) => event.output }, target: 'planning' },
                  {
                    guard: { type: 'goalAmbiguous', params: ({ event }) => event.output },
                    target: 'planning.clarifying',
                    actions: { type: 'recordQuestion', params: ({ event }) => event.output },
                  },
                  {
                    target: '#workflow.settling',
                    actions: {
                      type: 'recordOutcome',
                      params: ({ event }) => ({
                        status: 'failed' as const,
                        exitReason: 'goal_denied' as const,
                        error: failure('GOAL_DENIED', event.output.reason),
                      }),
                    },
                  },
                ],
                onError: {
                  target: '#workflow.settling',
                  actions: {
                    type: 'recordOutcome',
                    params: ({ event }) => ({ status: 'failed' as const, exitReason: 'goal_error' as const, error: event.error }),
                  },
                },
              },
              after: {
                guardTimeout: {
                  target: '#workflow.settling',
                  actions: {
                    type: 'recordOutcome',
                    params: { status: 'failed', exitReason: 'goal_error', message: 'the goal was not judged in time' },
                  },
                },
              },
            },
            planning: {
              description: 'From a clear goal to a plan that was judged.',
              initial: 'researching',
              states: {
                clarifying: {
                  description: 'The goal can be read in several ways; a person says which one is meant.',
                  tags: ['waiting', 'needsPerson'],
                  entry: 'tellQuestion',
                  always: { guard: 'nobodyThere', target: 'researching', actions: 'recordAssumption' },
                  after: { interventionTimeout: { guard: 'interventionLimited', target: 'researching', actions: 'recordAssumption' } },
                  on: { 'goal.answer': { target: 'researching', actions: { type: 'recordAnswer', params: ({ event }) => event } } },
                },
                researching: {
                  description: 'Read-only capabilities gather evidence before anything is planned.',
                  tags: 'busy',
                  always: { guard: 'researchNotNeeded', target: 'drafting' },
                  invoke: {
                    id: 'service:research',
                    src: 'research',
                    input: ({ context }) => planningInput(context),
                    onDone: { target: 'drafting', actions: { type: 'recordEvidence', params: ({ event }) => event.output } },
                    onError: {
                      target: 'drafting',
                      actions: { type: 'recordResearchGap', params: ({ event }) => ({ reason: toFailure(event.error).message }) },
                    },
                  },
                  after: {
                    researchTimeout: {
                      target: 'drafting',
                      actions: { type: 'recordResearchGap', params: { reason: 'research did not end in time' } },
                    },
                  },
                },
                drafting: {
                  description: 'An oracle drafts a plan from the evidence. No action is live here.',
                  tags: 'busy',
                  invoke: {
                    id: 'service:draftPlan',
                    src: 'draftPlan',
                    input: ({ context }) => planningInput(context),
                    onDone: [
                      {
                        guard: { type: 'planDrafted', params: ({ event }) => event.output },
                        target: 'deliberating',
                        actions: [{ type: 'recordDraft', params: ({ event }) => event.output }, 'tellDraft'],
                      },
                      { target: '#workflow.settling', actions: { type: 'recordUnplannable', params: ({ event }) => event.output } },
                    ],
                    onError: [
                      { guard: 'anotherOracleLeft', target: 'drafting', reenter: true, actions: 'askNextOracle' },
                      {
                        target: '#workflow.open.active.stalled',
                        actions: { type: 'noteStall', params: ({ event }) => ({ cause: 'oracle' as const, detail: toFailure(event.error).message }) },
                      },
                    ],
                  },
                  after: {
                    oracleTimeout: [
                      { guard: 'anotherOracleLeft', target: 'drafting', reenter: true, actions: 'askNextOracle' },
                      {
                        target: '#workflow.open.active.stalled',
                        actions: { type: 'noteStall', params: { cause: 'oracle', detail: 'no oracle answered in time' } },
                      },
                    ],
                  },
                },
                deliberating: {
                  description: 'The committee reviews the draft; its objections change the plan, its veto ends the run.',
                  tags: 'busy',
                  invoke: {
                    id: 'service:deliberate',
                    src: 'deliberate',
                    input: ({ context }) => ({ ...planningInput(context), plan: context.draft?.plan ?? noPlan }),
                    onDone: [
                      { guard: { type: 'consensusReached', params: ({ event }) => event.output }, target: 'vetting' },
                      {
                        guard: { type: 'vetoed', params: ({ event }) => event.output },
                        target: '#workflow.settling',
                        actions: {
                          type: 'recordOutcome',
                          params: ({ event }) => ({
                            status: 'failed' as const,
                            exitReason: 'plan_vetoed' as const,
                            error: failure('PLAN_INVALID', event.output.reason),
                          }),
                        },
                      },
                      {
                        guard: { type: 'revisionLeft', params: ({ event }) => event.output },
                        target: 'drafting',
                        actions: { type: 'recordObjections', params: ({ event }) => event.output },
                      },
                      { target: 'vetting', actions: 'demandSignOff' },
                    ],
                    onError: { target: 'vetting', actions: 'demandSignOff' },
                  },
                  after: { oracleTimeout: { target: 'vetting', actions: 'demandSignOff' } },
                },
                vetting: {
                  description: 'The validator and the guard judge the whole plan; nothing unvetted is ever carried out.',
                  tags: 'busy',
                  invoke: {
                    id: 'service:judgePlan',
                    src: 'judgePlan',
                    input: ({ context }) => ({
                      runId: context.runId,
                      plan: context.draft?.plan ?? noPlan,
                      live: [],
                      maxSteps: context.limits.steps - context.counts.steps,
                      amends: null,
                    }),
                    onDone: [
                      {
                        guard: { type: 'cleanAndSignOffDue', params: ({ event }) => event.output },
                        target: 'signingOff',
                        actions: { type: 'recordJudgement', params: ({ event }) => event.output },
                      },
                      {
                        guard: { type: 'planClean', params: ({ event }) => event.output },
                        target: '#workflow.open.active.executing',
                        actions: ['enforcePlan', 'tellAccepted'],
                      },
                      {
                        guard: 'personEdited',
                        target: 'signingOff',
                        actions: [
                          { type: 'recordJudgement', params: ({ event }) => event.output },
                          { type: 'tellRefusal', params: ({ event }) => event.output },
                        ],
                      },
                      {
                        guard: 'repairsLeft',
                        target: 'drafting',
                        actions: [
                          { type: 'recordJudgement', params: ({ event }) => event.output },
                          { type: 'tellRefusal', params: ({ event }) => event.output },
                          'countRepair',
                        ],
                      },
                      {
                        target: '#workflow.settling',
                        actions: [
                          { type: 'recordJudgement', params: ({ event }) => event.output },
                          { type: 'tellRefusal', params: ({ event }) => event.output },
                          {
                            type: 'recordOutcome',
                            params: ({ event }) => ({
                              status: 'failed' as const,
                              exitReason: 'plan_invalid' as const,
                              error: failure('PLAN_INVALID', event.output.reason),
                            }),
                          },
                        ],
                      },
                    ],
                    onError: {
                      target: '#workflow.settling',
                      actions: {
                        type: 'recordOutcome',
                        params: ({ event }) => ({ status: 'failed' as const, exitReason: 'plan_invalid' as const, error: event.error }),
                      },
                    },
                  },
                  after: {
                    guardTimeout: {
                      target: '#workflow.settling',
                      actions: {
                        type: 'recordOutcome',
                        params: { status: 'failed', exitReason: 'plan_invalid', message: 'the plan was not judged in time' },
                      },
                    },
                  },
                },
                signingOff: {
                  description: 'A person signs the plan, changes it, or refuses it; the signature is bound to its digest.',
                  tags: ['waiting', 'needsPerson'],
                  entry: 'tellAwaitsSignOff',
                  always: {
                    guard: 'nobodyThere',
                    target: '#workflow.settling',
                    actions: {
                      type: 'recordOutcome',
                      params: { status: 'failed', exitReason: 'nobody_there', message: 'the plan needs a signature and nobody is there' },
                    },
                  },
                  after: {
                    interventionTimeout: {
                      guard: 'interventionLimited',
                      target: '#workflow.settling',
                      actions: {
                        type: 'recordOutcome',
                        params: { status: 'failed', exitReason: 'intervention_timeout', message: 'nobody signed the plan in time' },
                      },
                    },
                  },
                  on: {
                    'plan.approve': {
                      guard: { type: 'signsCleanDraft', params: ({ event }) => event },
                      target: '#workflow.open.active.executing',
                      actions: ['enforcePlan', { type: 'tellSigned', params: ({ event }) => event }],
                    },
                    'plan.edit': {
                      guard: { type: 'isForThisDraft', params: ({ event }) => event },
                      target: 'vetting',
                      actions: { type: 'recordEditedPlan', params: ({ event }) => event },
                    },
                    'plan.reject': [
                      { guard: { type: 'rejectsWithRepairsLeft', params: ({ event }) => event }, target: 'drafting', actions: 'countRepair' },
                      {
                        guard: { type: 'isForThisDraft', params: ({ event }) => event },
                        target: '#workflow.settling',
                        actions: {
                          type: 'recordOutcome',
                          params: { status: 'failed', exitReason: 'plan_rejected', message: 'the plan was rejected' },
                        },
                      },
                    ],
                  },
                },
              },
            },
            executing: {
              description: 'The plan in force is carried out: ready steps in dependency order, independent ones at the same time.',
              initial: 'dispatching',
              states: {
                dispatching: {
                  description: 'Decides, without waiting, what happens next.',
                  entry: 'clearChanged',
                  always: [
                    { guard: 'amendmentQueued', target: 'amending' },
                    { guard: 'drainNeeded', target: 'draining' },
                    {
                      guard: 'personWanted',
                      target: '#workflow.open.active.stalled.awaitingPerson',
                      actions: { type: 'noteStall', params: ({ context }) => wantedStall(context) },
                    },
                    { guard: 'allSettled', target: '#workflow.open.active.evaluating' },
                    {
                      guard: 'loopDetected',
                      target: '#workflow.open.active.stalled',
                      actions: { type: 'noteStall', params: { cause: 'loop', detail: 'the same calls bring the same results' } },
                    },
                    { guard: 'canDispatch', target: 'dispatching', reenter: true, actions: 'dispatchNext' },
                    { guard: 'slotInUse', target: 'watching' },
                    { guard: 'anyLive', target: 'holding' },
                    {
                      guard: 'limitHoldsBack',
                      target: '#workflow.open.active.stalled.awaitingPerson',
                      actions: { type: 'noteStall', params: { cause: 'limit', detail: 'a limit keeps the next step back' } },
                    },
                    {
                      target: '#workflow.open.active.stalled',
                      actions: { type: 'noteStall', params: { cause: 'blocked', detail: 'no step can begin and none is under way' } },
                    },
                  ],
                },
                watching: {
                  description: 'At least one slot is in use; silence is measured here.',
                  tags: 'busy',
                  always: { guard: 'changed', target: 'dispatching' },
                  after: {
                    stallTimeout: {
                      target: '#workflow.open.active.stalled',
                      actions: { type: 'noteStall', params: { cause: 'silence', detail: 'nothing was heard from the running actions' } },
                    },
                  },
                },
                holding: {
                  description: 'Only people or back-offs can move the run.',
                  tags: 'waiting',
                  always: { guard: 'changed', target: 'dispatching' },
                },
                amending: {
                  description: 'The amended plan is judged like any plan before it takes the place of the old one.',
                  tags: 'busy',
                  invoke: {
                    id: 'service:judgePlan',
                    src: 'judgePlan',
                    input: ({ context }) => ({
                      runId: context.runId,
                      plan: context.amendment?.plan ?? context.plan ?? noPlan,
                      live: liveSteps(context),
                      maxSteps: context.amendment?.maxSteps ?? context.limits.steps,
                      amends: context.plan,
                    }),
                    onDone: [
                      {
                        guard: { type: 'planClean', params: ({ event }) => event.output },
                        target: 'dispatching',
                        actions: [
                          {
                            type: 'tellAmended',
                            params: ({ context }) => ({
                              accepted: true,
                              reason: 'the amended plan is in force',
                              overrides: context.amendment?.overrides ?? {},
                            }),
                          },
                          'applyAmendment',
                        ],
                      },
                      {
                        target: 'dispatching',
                        actions: [
                          'dropAmendment',
                          { type: 'tellAmended', params: ({ event }) => ({ accepted: false, reason: event.output.reason }) },
                        ],
                      },
                    ],
                    onError: {
                      target: 'dispatching',
                      actions: [
                        'dropAmendment',
                        { type: 'tellAmended', params: ({ event }) => ({ accepted: false, reason: toFailure(event.error).message }) },
                      ],
                    },
                  },
                  after: {
                    guardTimeout: {
                      target: 'dispatching',
                      actions: [
                        'dropAmendment',
                        { type: 'tellAmended', params: { accepted: false, reason: 'the amendment was not judged in time' } },
                      ],
                    },
                  },
                },
                draining: {
                  description: 'Running siblings finish; whoever waits is cancelled; nothing begins.',
                  tags: 'busy',
                  entry: ['beginDrain', 'standDown'],
                  always: [
                    { guard: 'someoneIdle', actions: 'cancelIdle' },
                    { guard: 'noneLiveAndAborting', target: '#workflow.settling', actions: 'recordAbort' },
                    { guard: 'noneLive', target: '#workflow.open.active.replanning' },
                  ],
                  after: { drainTimeout: { actions: 'cancelAll' } },
                },
              },
            },
            replanning: {
              description: 'The old plan is given up, when another one is still allowed.',
              always: [
                { guard: 'replansLeft', target: 'planning.drafting', actions: 'beginReplan' },
                {
                  target: 'stalled.awaitingPerson',
                  actions: ['dropAmendment', { type: 'noteStall', params: { cause: 'replans', detail: 'the plan failed and no replan is left' } }],
                },
              ],
            },
            evaluating: {
              description: 'The success criteria are checked against evidence.',
              tags: 'busy',
              always: { guard: 'amendmentQueued', target: 'executing.amending' },
              invoke: {
                id: 'service:evaluateCriteria',
                src: 'evaluateCriteria',
                input: ({ context }) => ({ runId: context.runId, planRef: context.plan?.ref ?? '' }),
                onDone: [
                  {
                    guard: { type: 'criteriaMet', params: ({ event }) => event.output },
                    target: '#workflow.settling',
                    actions: [
                      { type: 'recordCriteria', params: ({ event }) => event.output },
                      { type: 'tellCriteria', params: ({ event }) => event.output },
                      { type: 'recordOutcome', params: { status: 'completed', exitReason: 'criteria_met' } },
                    ],
                  },
                  {
                    guard: { type: 'criteriaUnmet', params: ({ event }) => event.output },
                    target: 'replanning',
                    actions: [
                      { type: 'recordCriteria', params: ({ event }) => event.output },
                      { type: 'tellCriteria', params: ({ event }) => event.output },
                    ],
                  },
                  {
                    target: 'stalled.awaitingPerson',
                    actions: [
                      { type: 'recordCriteria', params: ({ event }) => event.output },
                      { type: 'tellCriteria', params: ({ event }) => event.output },
                      { type: 'noteStall', params: { cause: 'criteria', detail: 'a success criterion could not be checked' } },
                    ],
                  },
                ],
                onError: {
                  target: 'stalled.awaitingPerson',
                  actions: { type: 'noteStall', params: ({ event }) => ({ cause: 'criteria' as const, detail: toFailure(event.error).message }) },
                },
              },
              after: {
                oracleTimeout: {
                  target: 'stalled.awaitingPerson',
                  actions: { type: 'noteStall', params: { cause: 'criteria', detail: 'the success criteria were not checked in time' } },
                },
              },
            },
            stalled: {
              description: 'The run does not get on by itself: the recovery ladder acts, then a person decides.',
              initial: 'diagnosing',
              states: {
                diagnosing: {
                  description: 'What stands still, and what may help?',
                  tags: 'busy',
                  entry: 'tellStall',
                  always: { guard: 'ladderExhausted', target: 'awaitingPerson' },
                  invoke: {
                    id: 'service:diagnoseStall',
                    src: 'diagnoseStall',
                    input: ({ context }) => diagnoseInput(context),
                    onDone: [
                      { guard: 'silenceBroken', target: '#workflow.open.active.executing' },
                      {
                        guard: { type: 'recoveryFound', params: ({ event }) => event.output },
                        target: 'recovering',
                        actions: [{ type: 'recordIntervention', params: ({ event }) => event.output }, 'countRung'],
                      },
                      { target: 'awaitingPerson' },
                    ],
                    onError: { target: 'awaitingPerson' },
                  },
                  after: { guardTimeout: { target: 'awaitingPerson' } },
                },
                recovering: {
                  description: 'One rung of the ladder is carried out.',
                  tags: 'busy',
                  invoke: {
                    id: 'service:applyIntervention',
                    src: 'applyIntervention',
                    input: ({ context }) => ({ runId: context.runId, intervention: context.intervention ?? noIntervention }),
                    onDone: [
                      { guard: 'recoversByReplan', target: '#workflow.open.active.executing.draining', actions: 'drainToReplan' },
                      { guard: 'planInForce', target: '#workflow.open.active.executing', actions: 'carryOutIntervention' },
                      { target: '#workflow.open.active.planning.drafting', actions: 'carryOutIntervention' },
                    ],
                    onError: { target: 'diagnosing' },
                  },
                  after: { guardTimeout: { target: 'diagnosing' } },
                },
                awaitingPerson: {
                  description: 'A person chooses how to go on: continue, replan, accept or fail.',
                  tags: ['waiting', 'needsPerson'],
                  entry: 'tellNeedsPerson',
                  always: [
                    { guard: 'nobodyToAsk', target: '#workflow.settling', actions: 'recordStalledOutcome' },
                    { guard: 'amendmentQueued', target: '#workflow.open.active.executing.amending' },
                    { guard: 'silenceBroken', target: '#workflow.open.active.executing' },
                  ],
                  after: {
                    interventionTimeout: [
                      { guard: 'continuesPlanByDefault', target: '#workflow.open.active.executing', actions: 'countRung' },
                      { guard: 'continuesByDefault', target: '#workflow.open.active.planning.drafting', actions: 'countRung' },
                      { guard: 'replansByDefault', target: '#workflow.open.active.executing.draining', actions: ['countRung', 'drainToReplan'] },
                      {
                        guard: 'interventionLimited',
                        target: '#workflow.settling',
                        actions: {
                          type: 'recordOutcome',
                          params: { status: 'failed', exitReason: 'intervention_timeout', message: 'nobody chose how to go on in time' },
                        },
                      },
                    ],
                  },
                  on: {
                    'intervention.choose': [
                      {
                        guard: { type: 'chooses', params: ({ event }) => ({ option: event.option, is: 'replan' }) },
                        target: '#workflow.open.active.executing.draining',
                        actions: 'drainToReplan',
                      },
                      {
                        guard: { type: 'chooses', params: ({ event }) => ({ option: event.option, is: 'accept' }) },
                        target: '#workflow.settling',
                        actions: { type: 'recordOutcome', params: { status: 'completed', exitReason: 'accepted' } },
                      },
                      { guard: { type: 'choosesToContinuePlan', params: ({ event }) => event }, target: '#workflow.open.active.executing' },
                      {
                        guard: { type: 'chooses', params: ({ event }) => ({ option: event.option, is: 'continue' }) },
                        target: '#workflow.open.active.planning.drafting',
                      },
                      {
                        guard: { type: 'chooses', params: ({ event }) => ({ option: event.option, is: 'fail' }) },
                        target: '#workflow.settling',
                        actions: 'recordStalledOutcome',
                      },
                    ],
                  },
                },
              },
            },
          },
        },
        pausing: {
          description: 'Waits until no slot is in use; the running actions finish, or are stopped.',
          tags: 'waiting',
          entry: 'pauseSlots',
          always: { guard: 'noSlotInUse', target: 'paused' },
          on: {
            'run.pause': {
              guard: { type: 'upgradesToAbort', params: ({ event }) => event },
              target: 'pausing',
              reenter: true,
              actions: { type: 'setPauseMode', params: ({ event }) => event },
            },
            'run.resume': { target: 'active.whereItWas', actions: { type: 'startClock', params: ({ event }) => event } },
          },
        },
        paused: {
          description: 'Nothing starts; answers are taken and the run clock stands still.',
          tags: ['waiting', 'clockStopped'],
          on: { 'run.resume': { target: 'active.whereItWas', actions: { type: 'startClock', params: ({ event }) => event } } },
        },
      },
    },
    settling: {
      description: 'The outcome is known; what is left is stopped and the report written.',
      initial: 'stopping',
      states: {
        stopping: {
          description: 'Actions are cancelled and their processes stopped.',
          tags: 'ending',
          entry: 'cancelAll',
          always: { guard: 'noneLive', target: 'reporting' },
          on: { 'run.cancel': { target: 'reporting', actions: 'stopWhatIsLeft' } },
          after: { settleGrace: { target: 'reporting', actions: 'stopWhatIsLeft' } },
        },
        reporting: {
          description: 'The report is written, whatever the outcome.',
          tags: 'ending',
          invoke: {
            id: 'service:writeReport',
            src: 'writeReport',
            input: ({ context }) => ({
              runId: context.runId,
              outcome: context.outcome ?? lostOutcome,
              criteriaRef: context.criteriaRef,
              evidenceRef: context.evidenceRef,
              usage: context.usage,
            }),
            onDone: [
              { guard: 'endsCompleted', target: '#workflow.completed', actions: { type: 'recordReport', params: ({ event }) => event.output } },
              { guard: 'endsCancelled', target: '#workflow.cancelled', actions: { type: 'recordReport', params: ({ event }) => event.output } },
              { target: '#workflow.failed', actions: { type: 'recordReport', params: ({ event }) => event.output } },
            ],
            onError: [
              { guard: 'endsCompleted', target: '#workflow.completed' },
              { guard: 'endsCancelled', target: '#workflow.cancelled' },
              { target: '#workflow.failed' },
            ],
          },
          after: {
            reportTimeout: [
              { guard: 'endsCompleted', target: '#workflow.completed' },
              { guard: 'endsCancelled', target: '#workflow.cancelled' },
              { target: '#workflow.failed' },
            ],
          },
        },
      },
    },
    completed: { description: 'The goal was met, with evidence, or a person accepted the result.', tags: 'terminal', type: 'final' },
    failed: { description: 'The goal was not met; the exit reason says why.', tags: 'terminal', type: 'final' },
    cancelled: { description: 'A person stopped the run.', tags: 'terminal', type: 'final' },
  },
})
