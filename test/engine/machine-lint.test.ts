import { and, createMachine, fromPromise, setup, spawnChild, type AnyStateMachine } from 'xstate'
import { describe, expect, it } from 'vitest'
import { assertMachine, lintMachine, type LintOptions } from '../../src/engine/machine-lint.ts'
import { ControllerError } from '../../src/errors.ts'
import { actionMachine } from '../../src/machines/action.machine.ts'
import { workflowMachine } from '../../src/machines/workflow.machine.ts'
import { sampleMachine } from './sample-machine.ts'

const busyState = {
  description: 'Works.',
  tags: 'busy',
  invoke: { src: 'work', onDone: { target: 'done' }, onError: { target: 'done' } },
  after: { limit: { target: 'done' } },
  on: { 'run.pause': { target: 'idle' }, 'run.cancel': { target: 'done' } },
}
const config = {
  id: 'tiny',
  version: '1',
  options: { maxIterations: 1000 },
  initial: 'idle',
  states: {
    idle: { description: 'Waits.', on: { go: { guard: 'may', target: 'working', actions: 'note' } } },
    working: busyState,
    done: { description: 'Over.', tags: 'terminal', type: 'final' },
  },
}
const implementations = {
  actions: { note: () => {} },
  guards: { may: () => true },
  actors: { work: fromPromise(async () => null) },
  delays: { limit: 1000 },
}

/** Actions that were typed in a set-up where the delay `nope` exists; the machines under test do not have it. */
const { raise, sendTo } = setup({ delays: { nope: 1 } })

/** A machine like the tiny one, with the named states replaced; what XState's types forbid must be possible here. */
function tiny(states: object = {}, more: { root?: object; implementations?: object } = {}): AnyStateMachine {
  const changed: object = { ...config, ...more.root, states: { ...config.states, ...states } }
  return Reflect.apply(createMachine, undefined, [changed, { ...implementations, ...more.implementations }])
}

const problemsOf = (machine: AnyStateMachine, options?: LintOptions): string[] =>
  lintMachine(machine, options).map(({ path, problem }) => `${path} ${problem}`)

describe('lintMachine', () => {
  it('has nothing to say about a sound machine', () => {
    const problems = [...problemsOf(tiny()), ...problemsOf(sampleMachine)]

    expect(problems).toEqual([])
  })

  it.each([
    ['an entry action', { idle: { description: 'x', entry: 'nope' } }, "states.idle.entry action 'nope'"],
    ['one of several exit actions', { idle: { description: 'x', exit: ['note', { type: 'nope' }] } }, "states.idle.exit[1] action 'nope'"],
    ['a transition action', { idle: { description: 'x', on: { 'a.b': { actions: ['nope'] } } } }, `states.idle.on["a.b"].actions[0] action 'nope'`],
    [
      'an always action',
      { idle: { description: 'x', always: [{ guard: 'may', target: 'done', actions: 'nope' }] } },
      "states.idle.always[0].actions action 'nope'",
    ],
    [
      'an initial action',
      { idle: { description: 'x', initial: { target: 'a', actions: 'nope' }, states: { a: { description: 'x' } } } },
      "states.idle.initial.actions action 'nope'",
    ],
    [
      'a done action',
      { idle: { description: 'x', initial: 'a', onDone: { actions: 'nope' }, states: { a: { description: 'x' } } } },
      "states.idle.onDone.actions action 'nope'",
    ],
    ['a guard', { idle: { description: 'x', on: { go: [{ guard: { type: 'nope' }, target: 'done' }] } } }, "states.idle.on.go[0].guard guard 'nope'"],
    [
      'a part of a composed guard',
      { idle: { description: 'x', on: { go: { guard: and(['may', 'nope']), target: 'done' } } } },
      "states.idle.on.go.guard.guards[1] guard 'nope'",
    ],
    ['a delay', { working: { ...busyState, after: { limit: 'done', limti: 'done' } } }, "states.working.after.limti delay 'limti'"],
    ['the delay of a raise', { idle: { description: 'x', entry: raise({ type: 'go' }, { delay: 'nope' }) } }, "states.idle.entry.delay delay 'nope'"],
    ['an actor', { working: { ...busyState, invoke: { ...busyState.invoke, src: 'nope' } } }, "states.working.invoke.src actor 'nope'"],
    [
      'an action of an invoke',
      { working: { ...busyState, invoke: [{ ...busyState.invoke, onSnapshot: { actions: 'nope' } }] } },
      "states.working.invoke[0].onSnapshot.actions action 'nope'",
    ],
    ['a name that every object inherits', { idle: { description: 'x', entry: 'toString' } }, "states.idle.entry action 'toString'"],
  ])('finds the unknown name of %s', (_, states, expected) => {
    const problems = problemsOf(tiny(states))

    expect(problems.join('\n')).toContain(`${expected} is not implemented`)
  })

  it('looks into named actions and guards for the names they use', () => {
    const actions = {
      note: raise({ type: 'go' }, { delay: 'nope' }),
      send: sendTo('x', { type: 'go' }, { delay: 'nope' }),
      spawn: spawnChild('nope'),
    }
    const machine = tiny({}, { implementations: { actions, guards: { may: and(['nope', { type: 'nope' }]) } } })

    const paths = lintMachine(machine).map(({ path }) => path)

    expect(paths).toEqual([
      'implementations.actions.note.delay',
      'implementations.actions.send.delay',
      'implementations.actions.spawn.src',
      'implementations.guards.may.guards[0]',
      'implementations.guards.may.guards[1]',
    ])
  })

  it('finds delays that would fire at once', () => {
    const problems = [
      ...problemsOf(tiny({ working: { ...busyState, after: { Infinity: 'done', limit: 'done' } } })),
      ...problemsOf(tiny({}, { implementations: { delays: { limit: Number.NaN } } })),
      ...problemsOf(tiny({}, { implementations: { delays: { limit: undefined } } })),
    ]

    expect(problems).toEqual([
      expect.stringContaining('states.working.after.Infinity delay Infinity would fire at once'),
      expect.stringContaining('states.working.after.limit delay NaN would fire at once'),
      expect.stringContaining("states.working.after.limit delay 'limit' is not implemented, so it would fire at once"),
    ])
  })

  it.each([
    ['an action', { idle: { description: 'x', entry: () => {} } }, 'states.idle.entry'],
    ['a guard', { idle: { description: 'x', on: { go: { guard: () => true, target: 'done' } } } }, 'states.idle.on.go.guard'],
    [
      'an actor',
      { working: { ...busyState, invoke: { ...busyState.invoke, src: implementations.actors.work } } },
      'states.working.invoke.src.transition',
    ],
    ['a target', { idle: { description: 'x', meta: { at: new Date(0) } } }, 'states.idle.meta.at'],
  ])('finds %s that is not plain data', (_, states, path) => {
    const paths = lintMachine(tiny(states)).map((problem) => problem.path)

    expect(paths).toContain(path)
  })

  it('allows functions that only map data', () => {
    const invoke = { ...busyState.invoke, input: () => 1, onDone: { target: 'done', actions: { type: 'note', params: () => 1 } } }
    const machine = tiny({ working: { ...busyState, invoke } }, { root: { context: () => ({}), output: () => 1 } })

    const problems = problemsOf(machine)

    expect(problems).toEqual([])
  })

  it.each([
    ['no timeout', { ...busyState, after: {} }, /^states\.working is busy without a timeout/],
    [
      'a timeout with a guard only',
      { ...busyState, after: { limit: { guard: 'may', target: 'done' } } },
      /^states\.working is busy without a timeout/,
    ],
    ['no onDone', { ...busyState, invoke: { src: 'work', onError: 'done' } }, /^states\.working\.invoke has no onDone$/],
    ['no onError', { ...busyState, invoke: { src: 'work', onDone: 'done' } }, /^states\.working\.invoke has no onError$/],
    [
      'an onDone that may take no branch',
      { ...busyState, invoke: { ...busyState.invoke, onDone: [{ guard: 'may', target: 'done' }] } },
      /invoke\.onDone has no branch without a guard/,
    ],
    ['no way to pause', { ...busyState, on: { 'run.cancel': 'done' } }, /^states\.working is busy but does not handle run\.pause/],
    ['no way to cancel', { ...busyState, on: { 'run.pause': 'done' } }, /^states\.working is busy but does not handle run\.cancel/],
  ])('refuses a busy state with %s', (_, working, expected) => {
    const problems = problemsOf(tiny({ working }))

    expect(problems).toEqual([expect.stringMatching(expected)])
  })

  it('takes timeouts and handlers of the states around into account, wildcards too', () => {
    const inner = { description: 'x', tags: 'busy' }
    const machine = tiny({ working: { description: 'x', initial: 'inner', after: { limit: 'done' }, on: { 'run.*': 'done' }, states: { inner } } })

    const problems = problemsOf(machine)

    expect(problems).toEqual([])
  })

  it('does not count a timeout outside the parallel region, nor one of the whole run', () => {
    const inner = { description: 'x', tags: 'busy' }
    const on = { 'run.*': 'done' }
    const parallel = tiny({ working: { description: 'x', type: 'parallel', after: { limit: 'done' }, on, states: { inner } } })
    const overall = tiny({ working: { ...inner, after: { limit: 'done' }, on } })

    const problems = [...problemsOf(parallel), ...problemsOf(overall, { overallDelays: ['limit'] })]

    expect(problems).toEqual([
      expect.stringMatching(/^states\.working\.states\.inner is busy without/),
      expect.stringMatching(/^states\.working is busy without/),
    ])
  })

  it('asks for other events when told so, and not of a state that is excused', () => {
    const asked = problemsOf(tiny(), { requiredEvents: ['action.cancel'] })
    const excused = problemsOf(tiny(), { requiredEvents: ['action.cancel'], unsteerable: ['working'] })

    expect(asked).toEqual(['states.working is busy but does not handle action.cancel, nor does a state around it'])
    expect(excused).toEqual([])
  })

  it('asks for no timeout of a state that its children bound', () => {
    const problems = problemsOf(tiny({ working: { ...busyState, after: {} } }), { boundedByChildren: ['working'] })

    expect(problems).toEqual([])
  })

  it('asks for a description, the terminal tag, a version and a bound on microsteps', () => {
    const machine = tiny(
      { idle: { on: { go: 'working' } }, done: { description: 'Over.', type: 'final' } },
      { root: { options: {}, version: undefined } },
    )

    const problems = problemsOf(machine)

    expect(problems).toEqual([
      expect.stringContaining('options.maxIterations is not set'),
      expect.stringContaining('version is not set'),
      'states.idle has no description',
      "states.done is final but not tagged 'terminal'",
    ])
  })
})

describe('assertMachine', () => {
  it('passes a sound machine', () => {
    const check = (): void => assertMachine(tiny())

    expect(check).not.toThrow()
  })

  it('names every problem of a broken one at once', () => {
    const machine = tiny({ idle: { entry: 'nope' } })

    const check = (): void => assertMachine(machine)

    expect(check).toThrow(ControllerError)
    expect(check).toThrow(/Machine tiny has 2 problems:\n {2}states\.idle\.entry: action 'nope'.*\n {2}states\.idle: has no description/)
  })
})

describe('the machines that run', () => {
  it('have nothing wrong with them', () => {
    const problems = [
      // Settling is what a cancelled run does; `pausing` ends when the actions have, by their own timeouts.
      ...problemsOf(workflowMachine, { unsteerable: ['settling'], boundedByChildren: ['open.pausing'] }),
      ...problemsOf(actionMachine, { requiredEvents: ['action.cancel'] }),
    ]

    expect(problems).toEqual([])
  })
})
