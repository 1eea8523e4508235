import { and, assign, fromPromise, raise, setup } from 'xstate'

/** A small chart with one of everything that the exports and the lint have to understand, and nothing wrong with it. */
export const sampleMachine = setup({
  types: {} as {
    context: { tries: number }
    events: { type: 'run.start' | 'run.pause' | 'run.resume' | 'run.cancel' }
    tags: 'busy' | 'waiting' | 'terminal'
  },
  actors: { draftPlan: fromPromise(async () => 'plan'), judgePlan: fromPromise(async () => true) },
  guards: {
    triesLeft: ({ context }) => context.tries < 3,
    isBig: (_, params: { size: number }) => params.size > 1,
    mayTry: and(['triesLeft', 'triesLeft']),
  },
  actions: {
    countTry: assign({ tries: ({ context }) => context.tries + 1 }),
    nudge: raise({ type: 'run.resume' }, { delay: 'nudgeDelay' }),
    record: () => {},
  },
  delays: { draftTimeout: 1_000, judgeTimeout: ({ context }) => context.tries * 100, nudgeDelay: 5 },
}).createMachine({
  id: 'sample',
  version: '3',
  description: 'Drafts and judges; "quoted", it\'s #1: 100%; done -> {next}\\n.',
  context: { tries: 0 },
  options: { maxIterations: 1000 },
  initial: 'idle',
  on: { 'run.cancel': { target: '.cancelled', description: 'A person stops it.' } },
  states: {
    idle: { description: 'Waits for a start.', tags: 'waiting', on: { 'run.start': 'working' } },
    working: {
      description: 'Both at once.',
      type: 'parallel',
      on: { 'run.pause': { target: 'paused', actions: ['record', { type: 'nudge' }] } },
      onDone: { target: 'completed' },
      states: {
        drafting: {
          description: 'Drafts.',
          initial: 'asking',
          states: {
            asking: {
              description: 'Asks for a draft.',
              tags: ['busy'],
              entry: 'countTry',
              exit: ['record'],
              invoke: {
                id: 'service:draft',
                src: 'draftPlan',
                input: ({ context }) => context,
                onDone: [
                  { guard: { type: 'isBig', params: { size: 2 } }, target: 'drafted' },
                  { target: 'asking', reenter: true },
                ],
                onError: [{ guard: 'mayTry', target: 'asking', reenter: true }, { target: '#sample.cancelled' }],
              },
              after: { draftTimeout: { target: '#sample.cancelled', actions: 'record' } },
            },
            drafted: { description: 'Has a draft.', tags: 'terminal', type: 'final' },
          },
        },
        judging: {
          description: 'Judges.',
          initial: 'looking',
          states: {
            looking: {
              description: 'Looks.',
              tags: 'busy',
              invoke: { src: 'judgePlan', onDone: { target: 'judged' }, onError: { target: 'judged' } },
              after: { judgeTimeout: [{ guard: 'triesLeft', actions: 'countTry' }, { target: 'judged' }] },
            },
            judged: { description: 'Has a verdict.', tags: 'terminal', type: 'final' },
          },
        },
        whereItWas: { type: 'history', history: 'deep' },
      },
    },
    paused: {
      description: 'Holds.',
      tags: 'waiting',
      always: { guard: 'triesLeft', target: 'idle' },
      on: { 'run.resume': { target: 'working.whereItWas' }, '*': { actions: 'record' } },
    },
    completed: { description: 'All is judged.', tags: 'terminal', type: 'final' },
    cancelled: { description: 'It was stopped.', tags: 'terminal', type: 'final' },
  },
})
