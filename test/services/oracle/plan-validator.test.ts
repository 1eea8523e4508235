import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../src/model/digest.ts'
import type { Plan } from '../../../src/model/plan.ts'
import type { Verdict } from '../../../src/model/verdict.ts'
import { parsePlan, validatePlan, type ValidationContext } from '../../../src/services/oracle/plan-validator.ts'
import { catalog, catalogWithoutGit, planOf, resultOf } from './oracle.fixture.ts'

const context: ValidationContext = { catalog, maxSteps: 10_000, timeoutMs: 300_000 }
const codesOf = (plan: Plan, more: Partial<ValidationContext> = {}): readonly string[] =>
  validatePlan(plan, { ...context, ...more }).map(({ code }) => code)
const write = (path: string, more: object = {}) => ({ capability: 'file.write.v1', args: { path }, ...more })
const done = (stepId: string, path: string, result: Parameters<typeof resultOf>[1] = {}) => ({
  stepId,
  capability: 'file.read.v1',
  args: { path },
  result: resultOf(stepId, result),
})

describe('validatePlan', () => {
  it('has nothing to say about a sound plan', () => {
    const plan = planOf([{}, { dependsOn: ['s0'], args: { path: '${steps.s0.output.text}', lines: '${steps.s0.output.lines.0.number}' } }])

    expect(codesOf(plan)).toEqual([])
  })

  it.each<[string, Plan, Partial<ValidationContext>]>([
    ['E_EMPTY', planOf([]), {}],
    ['E_TOO_MANY_STEPS', planOf([{}, {}]), { maxSteps: 1 }],
    ['E_BUDGET', planOf([{}], { budget: { steps: 3 } }), { maxSteps: 2 }],
    ['E_BUDGET', planOf([{}, {}], { budget: { steps: 1 } }), {}],
    ['E_BUDGET', planOf([{}], { budget: { ms: 400_000 } }), {}],
    ['E_DUP_ID', planOf([{}, { id: 's0' }]), {}],
    ['E_SELF_DEP', planOf([{ dependsOn: ['s0'] }]), {}],
    ['E_UNKNOWN_DEP', planOf([{ dependsOn: ['s9'] }]), {}],
    ['E_UNKNOWN_DEP', planOf([{ dependsOn: ['old'] }]), { done: [done('old', 'x')] }],
    ['E_CYCLE', planOf([{ dependsOn: ['s2'] }, { dependsOn: ['s0'] }, { dependsOn: ['s1'] }]), {}],
    ['E_UNKNOWN_CAPABILITY', planOf([{ capability: 'file.raed.v1' }]), {}],
    ['E_CAPABILITY_UNAVAILABLE', planOf([{ capability: 'git.history.v1', args: {} }]), { catalog: catalogWithoutGit }],
    ['W_CAPABILITY_UNAVAILABLE', planOf([{ capability: 'git.history.v1', args: {}, onFailure: 'skip' }]), { catalog: catalogWithoutGit }],
    ['E_ARGS_SCHEMA', planOf([{ args: {} }]), {}],
    ['E_ARGS_SCHEMA', planOf([{}, { dependsOn: ['s0'], args: { path: 'a', surplus: '${steps.s0.output.text}' } }]), {}],
    ['E_BAD_REF', planOf([{ args: { path: '${steps.s0}' } }]), {}],
    ['E_BAD_REF', planOf([{ args: { path: '${steps.s9.output.text}' } }]), {}],
    ['E_BAD_REF', planOf([{}, { dependsOn: ['s0'], args: { path: '${steps.s0.output.txt}' } }]), {}],
    ['E_BAD_REF', planOf([{ args: { path: '${steps.old.output.text}' } }]), { done: [done('old', 'x', { outcome: 'failed' })] }],
    ['E_BAD_REF', planOf([{}], { successCriteria: [{ kind: 'stepSucceeded', step: 's9' }] }), {}],
    ['E_BAD_REF', planOf([{}], { successCriteria: [{ kind: 'exitCode', step: 's0', equals: 0 }] }), {}],
    ['E_BAD_REF', planOf([{ successCriteria: [{ kind: 'outputAtLeast', step: 's0', path: 'lines.x', value: 1 }] }]), {}],
    ['E_REF_NOT_ANCESTOR', planOf([{}, { args: { path: '${steps.s0.output.text}' } }]), {}],
    ['E_REF_NOT_ANCESTOR', planOf([{ args: { path: '${steps.s0.output.text}' } }]), {}],
    ['E_REF_NOT_ANCESTOR', planOf([{ args: { path: '${steps.s1.output.text}' } }, { dependsOn: ['s0'] }]), {}],
    ['E_WRITE_CONFLICT', planOf([write('out/a'), write('./out//a')]), {}],
    [
      'E_WRITE_CONFLICT',
      planOf([{}, write('a', { args: { path: 'a', mode: '${steps.s0.output.lines.0.number}' }, dependsOn: ['s0'] }), write('a')]),
      {},
    ],
    ['E_RISK_UNDERSTATED', planOf([write('a', { risk: 'low' })]), {}],
    ['E_REPEATS_DONE', planOf([{}]), { done: [done('x', 'f0')] }],
    ['E_REPEATS_DONE', planOf([{}]), { done: [done('x', 'f0', { outcome: 'failed' })] }],
    ['E_REPEATS_DONE', planOf([{}]), { done: [done('x', 'f0', { outcome: 'denied' })] }],
    ['E_REPEATS_DONE', planOf([{}]), { earlierPlanDigests: [digestOf(planOf([{}]))] }],
    ['E_NOT_JSON', planOf([{ title: 'a\ud800' }]), {}],
    ['W_NO_CRITERIA', planOf([{}], { successCriteria: [] }), {}],
    ['W_NO_EVIDENCE', planOf([{}], { evidence: [] }), {}],
    ['W_BUDGET', planOf([{ timeoutMs: 200_000 }, { timeoutMs: 200_000, dependsOn: ['s0'] }]), {}],
    ['W_UNREACHABLE_GOAL', planOf([{ onFailure: 'skip' }, { dependsOn: ['s0'] }], { successCriteria: [{ kind: 'stepSucceeded', step: 's1' }] }), {}],
  ])('says %s, and only that', (code, plan, more) => {
    expect(codesOf(plan, more)).toEqual([code])
  })

  it.each<[string, Plan, Partial<ValidationContext>]>([
    [
      'a reference to a step of an earlier plan that succeeded',
      planOf([{ args: { path: '${steps.old.output.text}' } }]),
      { done: [done('old', 'x')] },
    ],
    [
      'a criterion about a step of an earlier plan that succeeded',
      planOf([{}], { successCriteria: [{ kind: 'stepSucceeded', step: 'old' }] }),
      { done: [done('old', 'x')] },
    ],
    ['a reference through an open part of an output', planOf([{}, { dependsOn: ['s0'], args: { path: '${steps.s0.output.extra.any.thing}' } }]), {}],
    [
      'a reference to an ancestor further up',
      planOf([{}, { dependsOn: ['s0'] }, { dependsOn: ['s1'], args: { path: '${steps.s0.output.text}' } }]),
      {},
    ],
    [
      'writers of one path in order, however they are listed',
      planOf([write('a', { dependsOn: ['s2'] }), write('a'), write('a', { dependsOn: ['s1'] })]),
      {},
    ],
    [
      'writers whose path is not known yet',
      planOf([{}, write('${steps.s0.output.text}', { dependsOn: ['s0'] }), write('${steps.s0.output.text}', { dependsOn: ['s0'] })]),
      {},
    ],
    [
      'a reference within one of several shapes',
      planOf([{}, { dependsOn: ['s0'], args: { path: 'a', range: ['${steps.s0.output.lines.0.number}', 2] } }]),
      {},
    ],
    ['text that a reference makes too long', planOf([{}, { dependsOn: ['s0'], args: { path: 'a/b/c/d/e/${steps.s0.output.text}' } }]), {}],
    ['a repetition after a change', planOf([write('w'), { dependsOn: ['s0'] }]), { done: [done('x', 'f1')] }],
    [
      'a repetition of what failed for now',
      planOf([{}]),
      { done: [done('x', 'f0', { outcome: 'failed', failure: { code: 'X', stage: 'action', message: '', hint: '', retryable: true } })] },
    ],
    ['a repetition of what was cancelled', planOf([{}]), { done: [done('x', 'f0', { outcome: 'cancelled' })] }],
    ['a live step that was judged before', planOf([{}]), { done: [done('s0', 'f0')], live: ['s0'] }],
    ['steps whose own timeouts run side by side', planOf([{ timeoutMs: 200_000 }, { timeoutMs: 200_000 }]), {}],
    ['risk that is overstated', planOf([{ risk: 'critical' }]), {}],
  ])('allows %s', (_, plan, more) => {
    expect(codesOf(plan, more)).toEqual([])
  })

  it('refuses what the guard denies, with its reason and hint', () => {
    const denied: Verdict & { atDispatch: boolean } = {
      decision: 'deny',
      digest: '',
      policyHash: '',
      ruleId: 'p:rules[1]',
      reason: 'not here',
      hint: 'Go elsewhere.',
      effect: 'read',
      risk: 'low',
      actionRef: '',
      atDispatch: false,
    }

    const findings = validatePlan(planOf([{}]), { ...context, verdicts: new Map([['s0', denied]]) })

    expect(findings).toEqual([
      {
        code: 'E_CAPABILITY_DENIED',
        severity: 'error',
        stepId: 's0',
        path: 'steps.0',
        message: 'Step s0 (file.read.v1) is denied by p:rules[1]: not here',
        hint: 'Go elsewhere.',
      },
    ])
  })

  it('names the nearest capability and step, and spells the cycle out', () => {
    const plan = planOf([
      { id: 'fetch', dependsOn: ['parse'] },
      { id: 'parse', dependsOn: ['fetch'] },
      { id: 'report', capability: 'file.raed.v1', dependsOn: ['fetsh'] },
    ])

    const texts = validatePlan(plan, context).map(({ message, hint }) => `${message} ${hint}`)

    expect(texts).toEqual([
      expect.stringContaining('Did you mean fetch?'),
      expect.stringContaining('fetch → parse → fetch'),
      expect.stringContaining('Did you mean file.read.v1?'),
    ])
  })

  it('tells every problem of the arguments with its place', () => {
    const findings = validatePlan(planOf([{ args: { lines: 'many', tags: ['a', 3] } }]), context)

    expect(findings.map(({ path }) => path)).toEqual(['steps.0.args.path', 'steps.0.args.lines', 'steps.0.args.tags.1'])
  })

  it('puts errors before warnings', () => {
    expect(codesOf(planOf([{ dependsOn: ['s0'] }], { evidence: [] }))).toEqual(['E_SELF_DEP', 'W_NO_EVIDENCE'])
  })

  it('validates 10 000 steps in less than 300 ms of processor time, in a chain or all apart', () => {
    const chain = planOf(
      Array.from({ length: 10_000 }, (_, at) =>
        at === 0 ? {} : { dependsOn: [`s${at - 1}`], args: { path: `\${steps.s${Math.max(0, at - 2)}.output.text}` } },
      ),
    )
    const apart = planOf(Array.from({ length: 10_000 }, (_, at) => write(`out/${at}`)))
    validatePlan(apart, context)

    for (const plan of [chain, apart]) {
      const times = [0, 1, 2, 3].map(() => {
        const before = process.cpuUsage()
        expect(validatePlan(plan, context)).toEqual([])
        return process.cpuUsage(before).user / 1_000
      })
      expect(Math.min(...times)).toBeLessThan(300)
    }
  })

  it('answers hostile plans in bounded time', () => {
    const count = 10_000
    const misspelt = planOf(
      Array.from({ length: count }, (_, at) => ({ id: `step-number-${at}`, capability: `file.raed${at}.v1`, dependsOn: [`stop-number-${at}`] })),
    )
    const oneRing = planOf(
      Array.from({ length: count }, (_, at) => ({
        dependsOn: [`s${(at + 1) % count}`],
        args: { path: `\${steps.s${(at + 5_000) % count}.output.text}` },
      })),
    )
    const farWriters = planOf(Array.from({ length: count }, (_, at) => write(`f${at % 5_000}`, { dependsOn: at === 0 ? [] : [`s${at - 1}`] })))

    for (const [plan, expected] of [
      [misspelt, 2 * count],
      [oneRing, 1],
      [farWriters, 0],
    ] as const) {
      const started = performance.now()
      expect(validatePlan(plan, context)).toHaveLength(expected)
      expect(performance.now() - started).toBeLessThan(3_000)
    }
  })
})

/** A plan whose steps wait for, and refer to, any of those before them, listed in any order. */
const soundPlan = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 25 })
  .chain((choices) =>
    fc.record({
      choices: fc.constant(choices),
      order: fc.shuffledSubarray(
        choices.map((_, at) => at),
        { minLength: choices.length },
      ),
    }),
  )
  .map(({ choices, order }) => {
    const steps = choices.map((chosen, at) => {
      const dependsOn = at === 0 ? [] : [...new Set(chosen.map((choice) => `s${choice % at}`))]
      const [first] = dependsOn
      return { id: `s${at}`, dependsOn, args: first === undefined ? { path: `f${at}` } : { path: `\${steps.${first}.output.text}` } }
    })
    return planOf(order.flatMap((at) => steps[at] ?? []))
  })

type Defect = readonly [code: string, inject: (plan: Plan, last: Plan['steps'][number]) => void]

/** Each changes the step that nothing waits for, so that nothing else breaks. */
const defects: readonly Defect[] = [
  ['E_SELF_DEP', (_, last) => last.dependsOn.push(last.id)],
  ['E_UNKNOWN_DEP', (_, last) => last.dependsOn.push('nowhere')],
  ['E_UNKNOWN_CAPABILITY', (_, last) => void (last.capability = 'no.such.v1')],
  ['E_ARGS_SCHEMA', (_, last) => void (last.args = { path: 3 })],
  ['E_BAD_REF', (_, last) => void (last.args = { path: '${steps.nowhere.output.text}' })],
  ['E_RISK_UNDERSTATED', (_, last) => void Object.assign(last, { capability: 'disk.wipe.v1', args: {}, risk: 'high' })],
  ['E_DUP_ID', (plan, last) => plan.steps.push({ ...last, args: { path: 'other' }, dependsOn: [] })],
  [
    'E_CYCLE',
    (plan, last) => {
      plan.steps.push({ ...last, id: 'extra', args: { path: 'other' }, dependsOn: [last.id] })
      last.dependsOn.push('extra')
    },
  ],
  [
    'E_REF_NOT_ANCESTOR',
    (plan, last) => {
      plan.steps.push({ ...last, id: 'extra', args: { path: 'other' }, dependsOn: [] })
      last.args = { path: '${steps.extra.output.text}' }
    },
  ],
  [
    'E_WRITE_CONFLICT',
    (plan, last) => {
      Object.assign(last, write('same'))
      plan.steps.push({ ...last, id: 'extra', dependsOn: [...last.dependsOn] })
    },
  ],
]

describe('validatePlan on random plans', () => {
  it('finds no error in a sound one', () => {
    fc.assert(
      fc.property(soundPlan, (plan) => {
        expect(codesOf(plan)).toEqual([])
      }),
    )
  })

  it.each(defects)('finds %s and nothing else when that is injected', (code, inject) => {
    fc.assert(
      fc.property(soundPlan, (sound) => {
        const plan = structuredClone(sound)
        const waitedFor = new Set(plan.steps.flatMap(({ dependsOn }) => dependsOn))
        const last = plan.steps.find(({ id }) => !waitedFor.has(id))
        if (last === undefined) throw new Error('every sound plan has a last step')

        inject(plan, last)

        expect(codesOf(plan)).toEqual([code])
      }),
      { numRuns: 50 },
    )
  })

  it('never throws, on whatever has the shape of a plan', () => {
    const text = fc.oneof(
      fc.constantFrom('s0', 's1', 's2', '${steps.s0.output.text}', '${steps.', 'constructor', '__proto__', 'file.read.v1', 'file.write.v1'),
      fc.string({ unit: 'binary' }),
    )
    const args = fc.dictionary(text, fc.oneof(text, fc.jsonValue()), { maxKeys: 3 })
    const check = fc.oneof(
      fc.record({ kind: fc.constant('stepSucceeded'), step: text }),
      fc.record({ kind: fc.constant('outputEquals'), step: text, path: text, value: fc.jsonValue() }),
    )
    const step = fc.record({
      id: text,
      title: text,
      capability: text,
      args,
      dependsOn: fc.array(text, { maxLength: 4 }),
      successCriteria: fc.array(check, { maxLength: 2 }),
      evidence: fc.constant([]),
    })
    const plan = fc.record({
      version: fc.constant(1),
      assumptions: fc.constant([]),
      evidence: fc.constant([]),
      successCriteria: fc.array(check, { maxLength: 2 }),
      steps: fc.array(step, { maxLength: 6 }),
    })

    fc.assert(
      fc.property(plan, (shaped) => {
        validatePlan(shaped as unknown as Plan, { ...context, done: [done('s1', 'x')], earlierPlanDigests: ['x'] })
      }),
      { numRuns: 500 },
    )
  })
})

describe('parsePlan', () => {
  it('fills in what may be left out', () => {
    const plan = parsePlan({ version: 1, steps: [{ id: 'a', title: 'A', capability: 'file.read.v1' }] })

    expect(plan.steps[0]).toMatchObject({ args: {}, dependsOn: [], successCriteria: [] })
  })

  it('tells every problem at once: where, what was given, what is allowed', () => {
    const input = {
      version: 2,
      surplus: true,
      steps: [{ id: 'A!', capability: 'x', title: '', args: { when: new Date(0) }, successCriteria: [{ kind: 'looksFine' }] }],
    }

    const problem = () => parsePlan(input)

    expect(problem).toThrowError(
      expect.objectContaining({
        code: 'PLAN_INVALID',
        details: [{ path: 'steps.0.args.when', given: 'an object with 0 keys', problem: 'is not a plain JSON value' }],
      }),
    )
    expect(() => parsePlan({ ...input, steps: [{ ...input.steps[0], args: 3 }] })).toThrowError(
      expect.objectContaining({
        code: 'PLAN_INVALID',
        details: [
          { path: 'version', given: '2', problem: 'must be 1' },
          { path: 'steps.0.id', given: '"A!"', problem: 'a-z, 0-9, - and _, starting with a letter, at most 32' },
          { path: 'steps.0.title', given: '""', problem: 'must not be empty' },
          { path: 'steps.0.capability', given: '"x"', problem: 'such as fs.read.v1' },
          { path: 'steps.0.args', given: '3', problem: 'a record' },
          { path: 'steps.0.successCriteria.0.kind', given: '"looksFine"', problem: expect.stringContaining("'stepSucceeded'") },
          { path: 'surplus', given: 'true', problem: 'no such field' },
        ],
      }),
    )
  })

  it('refuses keys that are traps, and nesting without end', () => {
    let deep: unknown = 1
    for (let level = 0; level < 50_000; level += 1) deep = [deep]
    const circle: Record<string, unknown> = {}
    circle['self'] = [circle, circle]

    expect(() => parsePlan(JSON.parse('{"version":1,"steps":[],"__proto__":{"a":1}}'))).toThrow('is a key that is not allowed')
    expect(() => parsePlan({ version: 1, steps: deep })).toThrow('nested deeper than 64 levels')
    expect(() => parsePlan(circle)).toThrow('nested deeper than 64 levels')
  })

  it('throws nothing but PLAN_INVALID, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true }), (input) => {
        try {
          parsePlan(input)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PLAN_INVALID' })
        }
      }),
    )
  })
})
