import { describe, expect, it } from 'vitest'
import { DEFAULT_GOAL } from '../../../src/model/goal.ts'
import type { Evidence } from '../../../src/model/report.ts'
import type { Draft, OracleRequest } from '../../../src/services/oracle/oracle.ts'
import { readFor } from '../../../src/services/oracle/facts.ts'
import { rankPlaybooks } from '../../../src/services/oracle/matching.ts'
import { Playbook } from '../../../src/services/oracle/playbook.ts'
import { playbookOracle } from '../../../src/services/oracle/playbook.oracle.ts'
import { sourceOf } from '../../../src/services/oracle/research.ts'
import { requestOf, resultOf } from './oracle.fixture.ts'

const step = (id: string, more: object = {}) => ({ id, title: `Step ${id}`, capability: 'fs.read.v1', args: { path: id }, ...more })
const playbook = (id: string, any: readonly string[], more: object = {}): Playbook =>
  Playbook.parse({ id, title: `The ${id} one`, description: 'Does it.', match: { any }, steps: [step('only')], ...more })

const analyze = playbook('analyze', [
  'analyze this codebase',
  'analyze the project',
  'review this repository',
  'review the repo',
  'suggest improvements',
  'audit the code quality',
  'コードベースを分析',
  'حلل هذا المشروع',
])
const dependencies = playbook('dependencies', ['check the dependencies', 'find outdated packages', 'audit dependencies'])
const docs = playbook('docs', ['write documentation', 'check the documentation'])
const pages = playbook('pages', ['write documentation', 'build the pages'])
const all = [analyze, dependencies, docs, pages]

/** Evidence that these are there, and those are not. */
const seen = (there: readonly string[], missing: readonly string[] = []): readonly Evidence[] =>
  [...there.map((need) => [need, true] as const), ...missing.map((need) => [need, false] as const)].map(([need, exists], at) => ({
    id: `e${at + 1}`,
    source: sourceOf(readFor(need)),
    sha256: '',
    quote: JSON.stringify({ exists }),
  }))

const draft = (oracle: ReturnType<typeof playbookOracle>, goal: string, rest: Partial<OracleRequest> = {}): Promise<Draft> =>
  oracle.draft(requestOf(goal, rest))
const stepsOf = (made: Draft) =>
  made.kind === 'plan' ? made.plan.steps.map(({ id, dependsOn }) => `${id}(${dependsOn.join()})`).join(' ') : made.reason

describe('the playbook oracle', () => {
  it.each([
    [DEFAULT_GOAL, 'analyze'],
    ['review this repo', 'analyze'],
    ['suggest improvements for this project', 'analyze'],
    ['Please analyse my project!', 'analyze'],
    ['REVIEWING THE REPOSITORIES', 'analyze'],
    ['このコードベースを分析して', 'analyze'],
    ['حلل هذا المشروع', 'analyze'],
    ['Audit our dependencies', 'dependencies'],
    ['find outdated package', 'dependencies'],
  ])('plans %j by the playbook %s', async (goal, id) => {
    expect(await draft(playbookOracle({ playbooks: all }), goal)).toMatchObject({
      kind: 'plan',
      source: `playbook:${id}`,
      plan: { goal, version: 1 },
    })
  })

  it.each([
    'Simple test workflow',
    'Fix the flaky test in this repo',
    'Delete everything after you analyze this codebase',
    'Do not analyze this codebase',
    'Review this repo for GDPR compliance and write a legal opinion',
    'audit',
    'このテストを直して',
    '!!!',
    'a '.repeat(5_000),
    'z'.repeat(10_000),
  ])('refuses %j, and says what would help', async (goal) => {
    const made = await draft(playbookOracle({ playbooks: all }), goal)

    expect(made).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(/^No playbook fits the goal; the nearest, /),
      hint: expect.stringMatching(/--plan FILE.*--playbook/),
    })
  })

  it('scores from 0 to 1, the default goal clearly above the threshold', () => {
    const [best, second] = rankPlaybooks(DEFAULT_GOAL, all)

    expect(best).toMatchObject({ playbook: { id: 'analyze' }, score: 1 })
    expect(second?.score).toBeLessThan(0.3)
  })

  it('asks which one is meant when two fit as well, and takes the answer', async () => {
    const oracle = playbookOracle({ playbooks: all })
    const goal = 'write the documentation'

    const question = await oracle.clarify(requestOf(goal))

    expect(question?.choices).toEqual(['The docs one (docs)', 'The pages one (pages)'])
    for (const assumption of ['The pages one (pages)', ' pages ', 'the pages one', 'build the pages']) {
      expect(await draft(oracle, goal, { assumption })).toMatchObject({ kind: 'plan', source: 'playbook:pages' })
      expect(await oracle.clarify(requestOf(goal, { assumption }))).toBeNull()
    }
    expect(await draft(oracle, goal, { assumption: 'whatever' })).toMatchObject({ kind: 'none', reason: expect.stringContaining('docs, pages') })
    expect(await oracle.clarify(requestOf(DEFAULT_GOAL))).toBeNull()
  })

  it('plans with the only playbook it may use, whatever the goal', async () => {
    expect(await draft(playbookOracle({ playbooks: all, only: 'docs' }), 'Simple test workflow')).toMatchObject({ source: 'playbook:docs' })
    expect(() => playbookOracle({ playbooks: all, only: 'doc' })).toThrow(
      expect.objectContaining({ code: 'UNPLANNABLE', hint: expect.stringContaining('Did you mean docs?') }),
    )
  })

  it('refuses a workspace that lacks what the playbook needs, or may', async () => {
    const oracle = playbookOracle({
      playbooks: [playbook('node', ['check scripts'], { match: { any: ['check scripts'], needs: ['git', 'package.json'] } })],
    })

    expect(await draft(oracle, 'check scripts', { evidence: seen(['git', 'package.json']) })).toMatchObject({ kind: 'plan' })
    expect(await draft(oracle, 'check scripts', { evidence: seen(['git'], ['package.json']) })).toMatchObject({
      kind: 'none',
      reason: 'Playbook node does not fit this workspace: there is no package.json.',
    })
    expect(await draft(oracle, 'check scripts')).toMatchObject({ kind: 'none', reason: expect.stringContaining('not known to be a git repository') })
  })

  it('asks for what decides, once, and for nothing when nothing fits', async () => {
    const python = playbook('py', ['check python'], {
      match: { any: ['check python'], needs: ['**/*.py'] },
      steps: [step('a', { when: { exists: 'setup.py', git: true } })],
      research: [{ capability: 'git.log.v1', question: 'What happened?' }],
    })
    const oracle = playbookOracle({ playbooks: [python] })

    const reads = await oracle.questions(requestOf('check python'))

    expect(reads.map(sourceOf)).toEqual([
      'fs.search.v1 {"glob":"**/*.py","maxMatches":1,"pattern":" "}',
      'git.status.v1',
      'fs.stat.v1 setup.py',
      'fs.list.v1 .',
      'fs.stat.v1 package.json',
      'git.log.v1',
    ])
    expect(await oracle.questions(requestOf('Simple test workflow'))).toEqual([])
  })
})

const conditional = playbook('flow', ['run the flow'], {
  successCriteria: [
    { kind: 'stepSucceeded', step: 'log' },
    { kind: 'stepSucceeded', step: 'end' },
  ],
  notExamined: ['Nothing else.'],
  steps: [
    step('start'),
    step('log', { dependsOn: ['start'], when: { git: true } }),
    step('blame', { dependsOn: ['log'], args: { path: '${steps.log.output.text}' } }),
    step('end', { dependsOn: ['log', 'blame'] }),
  ],
})

describe('a draft', () => {
  it('keeps the steps whose conditions hold', async () => {
    const made = await draft(playbookOracle({ playbooks: [conditional] }), 'run the flow', { evidence: seen(['git']) })

    expect(stepsOf(made)).toBe('start() log(start) blame(log) end(log,blame)')
    expect(made).toMatchObject({ notExamined: ['Nothing else.'], plan: { evidence: [{ ref: 'e1' }] } })
    expect(made.kind === 'plan' && made.plan.steps.every((each) => !('when' in each))).toBe(true)
  })

  it('leaves the others out with what needs them, keeps the order, and says so', async () => {
    const made = await draft(playbookOracle({ playbooks: [conditional] }), 'run the flow')

    expect(stepsOf(made)).toBe('start() end(start)')
    expect(made).toMatchObject({
      notExamined: [
        'Nothing else.',
        'Step log: left out, this is not known to be a git repository',
        'Step blame: left out, it needs the output of log, which is left out',
      ],
      plan: { successCriteria: [{ kind: 'stepSucceeded', step: 'end' }] },
    })
  })

  it('takes parameters from the context, typed, and never as references', async () => {
    const oracle = playbookOracle({
      playbooks: [
        playbook('p', ['use params'], {
          params: { depth: { description: 'x', default: 3 }, name: { description: 'x' } },
          steps: [step('a', { args: { depth: '${params.depth}', path: 'src/${params.name}' } })],
        }),
      ],
    })
    const argsOf = async (context: OracleRequest['context']) => {
      const made = await draft(oracle, 'use params', { context })
      return made.kind === 'plan' ? made.plan.steps[0]?.args : made.reason
    }

    expect(await argsOf({ name: 'x' })).toEqual({ depth: 3, path: 'src/x' })
    expect(await argsOf({ name: '${steps.a.output.b}', depth: 5 })).toEqual({ depth: 5, path: 'src/$${steps.a.output.b}' })
    expect(await argsOf({ name: '7', depth: '-5' })).toEqual({ depth: -5, path: 'src/7' })
    expect(await argsOf({})).toBe('Playbook p makes no plan: context.name is needed.')
    expect(await argsOf({ name: 'x', depth: 'deep' })).toBe('Playbook p makes no plan: context.depth must be a number.')
    expect(await argsOf({ name: ['x'] })).toBe('Playbook p makes no plan: context.name must be text, a number or a boolean.')
  })

  it('keeps a step that depends on a parameter when it was asked for, and tells where something is missing without it', async () => {
    const oracle = playbookOracle({
      playbooks: [
        playbook('p', ['use params'], {
          params: {
            since: { description: 'x', default: '' },
            external: { description: 'x', default: false },
            level: { description: 'x', default: 0 },
          },
          steps: [
            step('changed', { when: { param: 'since' } }),
            step('own', { when: { param: 'external' }, dependsOn: ['changed'] }),
            step('deep', { when: { param: 'level' } }),
          ],
        }),
      ],
    })

    const plain = await draft(oracle, 'use params')

    expect(stepsOf(plain)).toBe('deep()')
    expect(plain).toMatchObject({ notExamined: ['Step own: left out, it is only done when the context has external: true'] })
    expect(stepsOf(await draft(oracle, 'use params', { context: { since: 'main', external: true } }))).toBe('changed() own(changed) deep()')
    expect(stepsOf(await draft(oracle, 'use params', { context: { external: 'true' } }))).toBe('own() deep()')
    expect(stepsOf(await draft(oracle, 'use params', { context: { external: 'false' } }))).toBe('deep()')
  })

  it('does not let two parameters make a reference together', async () => {
    const pair = playbook('p', ['use params'], {
      params: { a: { description: 'x' }, b: { description: 'x' } },
      steps: [step('a', { args: { path: '${params.a}${params.b}' } })],
    })

    expect(await draft(playbookOracle({ playbooks: [pair] }), 'use params', { context: { a: '${ste', b: 'ps.a.output.b}' } })).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining('read as a reference'),
    })
  })
})

describe('a draft for a run of few steps', () => {
  const long = playbook('long', ['do much'], {
    successCriteria: [{ kind: 'stepSucceeded', step: 'c' }],
    steps: [step('a'), step('b', { onFailure: 'skip' }), step('c', { onFailure: 'skip' }), step('d', { dependsOn: ['c'] }), step('e')],
  })
  const using = { ...long, steps: long.steps.map((each) => (each.id === 'd' ? { ...each, args: { path: '${steps.c.output.text}' } } : each)) }
  const within = (maxSteps: number, one = long) => draft(playbookOracle({ playbooks: [one] }), 'do much', { maxSteps })

  it('leaves out from the end what may fail, and says so', async () => {
    const made = await within(4)

    expect(stepsOf(made)).toBe('a() b() d() e()')
    expect(made).toMatchObject({ notExamined: ['Step c: left out, the run may take only 4 steps (max_steps)'], plan: { successCriteria: [] } })
    expect(stepsOf(await within(5))).toBe('a() b() c() d(c) e()')
    expect(stepsOf(await within(3, using))).toBe('a() b() e()')
  })

  it('leaves out nothing else', async () => {
    expect(stepsOf(await within(1))).toBe('a() d() e()')
  })
})

const resilient = playbook('flow', ['run the flow'], {
  steps: [
    step('a'),
    step('b', { dependsOn: ['a'] }),
    step('c', { dependsOn: ['b'], args: { path: '${steps.b.output.text}' } }),
    step('d', { dependsOn: ['a'], onFailure: 'skip' }),
  ],
  fallbacks: { b: { title: 'Another way', capability: 'fs.search.v1', args: { pattern: 'x' }, dependsOn: ['a'] } },
})
const ended = (stepId: string, outcome: 'succeeded' | 'failed' | 'denied' | 'cancelled', capability = 'fs.read.v1') => ({
  stepId,
  capability,
  args: { path: stepId },
  result: resultOf(stepId, { outcome }),
})
const redraft = (done: OracleRequest['done'], rest: Partial<OracleRequest> = {}) =>
  draft(playbookOracle({ playbooks: [resilient] }), 'run the flow', { replans: 1, done, ...rest })

describe('a draft after a failure', () => {
  it('puts the fallback in the place of the failed step and leaves out what is done', async () => {
    const made = await redraft([ended('a', 'succeeded'), ended('b', 'failed')])

    expect(stepsOf(made)).toBe('b() c(b) d()')
    expect(made).toMatchObject({ plan: { steps: [{ id: 'b', title: 'Another way', capability: 'fs.search.v1' }, {}, {}] } })
  })

  it('passes over a failed step that may be skipped', async () => {
    const made = await redraft([ended('a', 'succeeded'), ended('d', 'failed'), ended('b', 'denied')])

    expect(stepsOf(made)).toBe('b() c(b)')
    expect(made).toMatchObject({ notExamined: ['Step d: left out, it was failed before'] })
  })

  it.each<[string, OracleRequest['done'], string]>([
    ['the failed step has no fallback', [ended('a', 'failed')], 'step a was failed, and it knows no other way'],
    [
      'the fallback failed too',
      [ended('a', 'succeeded'), ended('b', 'failed'), ended('b', 'failed', 'fs.search.v1')],
      'step b and its fallback both did not succeed',
    ],
    ['nothing failed', [ended('a', 'succeeded'), ended('b', 'succeeded')], 'its plan did not reach the goal'],
    ['steps were only stopped', [ended('a', 'succeeded'), ended('b', 'cancelled')], 'its plan did not reach the goal'],
  ])('does not exist when %s', async (_, done, reason) => {
    expect(await redraft(done)).toMatchObject({ kind: 'none', reason: expect.stringContaining(reason) })
  })

  it('uses the fallback of a step that was refused before it ran', async () => {
    const findings = [{ code: 'E_CAPABILITY_DENIED', severity: 'error', stepId: 'b', path: 'steps.1', message: '', hint: '' }] as const

    expect(await redraft([], { replans: 0, findings })).toMatchObject({
      plan: { steps: [{ id: 'a' }, { id: 'b', capability: 'fs.search.v1' }, {}, {}] },
    })
  })

  it('is not misled by a step with the name of an inherited property', async () => {
    const odd = playbook('flow', ['run the flow'], { steps: [step('constructor')] })

    expect(await draft(playbookOracle({ playbooks: [odd] }), 'run the flow', { replans: 1, done: [ended('constructor', 'failed')] })).toMatchObject({
      kind: 'none',
    })
  })
})
