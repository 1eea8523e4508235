import { describe, expect, it } from 'vitest'
import { parseParams, paramWarnings, workflowInput } from '../../src/host/run-settings.ts'
import { Config } from '../../src/model/config.ts'
import type { ParamProblem } from '../../src/model/goal.ts'
import { ControllerError } from '../../src/index.ts'

const CEILING = 1000

function problemsWith(params: unknown): readonly ParamProblem[] {
  try {
    parseParams(params as never, CEILING)
  } catch (error) {
    if (error instanceof ControllerError && error.code === 'PARAMS_INVALID') return error.details as readonly ParamProblem[]
    throw error
  }
  return []
}

/** Sets one dotted path in otherwise good parameters. */
function withField(path: string, value: unknown): unknown {
  const [first = '', second] = path.split('.')
  return { goal: 'A goal', ...(second === undefined ? { [first]: value } : { [first]: { [second]: value } }) }
}

const NUMBERS = [
  ['max_steps', 0, 1001],
  ['timeout_ms', 999, 3_600_001],
  ['resource_limits.max_memory_mb', 15, 1_048_577],
  ['resource_limits.max_cpu_seconds', 0, 86_401],
  ['resource_limits.max_fs_operations', -1, 10_000_001],
  ['resource_limits.max_network_requests', -1, 10_000_001],
  ['resource_limits.max_parallel_executions', 0, 257],
  ['preferences.stall_detection_ms', 99, 3_600_001],
  ['preferences.user_intervention_timeout_s', 0, 86_401],
] as const

const WRONG_TYPES = [
  ['workflow_id', 5],
  ['workflow_id', 'no/slashes'],
  ['workflow_id', '../escape'],
  ['workflow_id', 'x'.repeat(129)],
  ['goal', 5],
  ['goal', ''],
  ['goal', ' \n\t '],
  ['goal', 'x'.repeat(10_001)],
  ['workflow_type', 'sample'],
  ['max_steps', 2.5],
  ['max_steps', '5'],
  ['timeout_ms', Number.NaN],
  ['context', 'text'],
  ['context', { f: () => 1 }],
  ['allowed_capabilities', 'fs.read.v1'],
  ['allowed_capabilities', [1]],
  ['resource_limits', 5],
  ['preferences', []],
  ['preferences.verbosity', 'loud'],
  ['preferences.interactive', 'yes'],
  ['preferences.continue_on_error', 1],
  ['preferences.auto_escalation', null],
  ['max_step', 5],
  ['resource_limits.max_memory', 5],
  ['preferences.colour', 'red'],
] as const

describe('parameters', () => {
  it.each(NUMBERS.flatMap(([path, low, high]) => [[path, low] as const, [path, high] as const]))('refuse %s = %s, with the limit', (path, value) => {
    const problems = problemsWith(withField(path, value))

    expect(problems).toEqual([expect.objectContaining({ path, given: String(value), problem: expect.stringMatching(/\d/) })])
  })

  it.each(NUMBERS.map(([path, low, high]) => [path, low + 1, high - 1] as const))('accept %s from %s to %s', (path, least, most) => {
    expect(problemsWith(withField(path, least))).toEqual([])
    expect(problemsWith(withField(path, most))).toEqual([])
  })

  it.each(WRONG_TYPES)('refuse %s given as %j', (path, value) => {
    const problems = problemsWith(withField(path, value))

    expect(problems.length).toBeGreaterThan(0)
    expect(problems.every((problem) => problem.path.startsWith(path) && problem.given !== '' && problem.problem !== '')).toBe(true)
  })

  it('count a goal in characters, not in bytes or code units', () => {
    expect(problemsWith({ goal: '😀'.repeat(10_000) })).toEqual([])
    expect(problemsWith({ goal: '分析'.repeat(5_000) })).toEqual([])
    expect(problemsWith({ goal: '😀'.repeat(10_001) })).toHaveLength(1)
  })

  it('trim the goal', () => {
    expect(parseParams({ goal: '  Do it \n' }, CEILING).goal).toBe('Do it')
  })

  it.each([
    ['research_and_planning', 4, 5],
    ['complex_orchestration', 9, 10],
  ] as const)('need enough steps for %s', (workflow_type, tooFew, enough) => {
    expect(problemsWith({ goal: 'g', workflow_type, max_steps: tooFew })).toEqual([
      expect.objectContaining({ path: 'max_steps', given: String(tooFew), problem: expect.stringContaining(String(enough)) }),
    ])
    expect(problemsWith({ goal: 'g', workflow_type, max_steps: enough })).toEqual([])
  })

  it('report every problem at once', () => {
    const problems = problemsWith({
      goal: 5,
      workflow_type: 'complex_orchestration',
      max_steps: 3,
      timeout_ms: 10,
      colour: 'red',
      resource_limits: { max_memory_mb: 1 },
      preferences: { verbosity: 'loud', x: 1 },
    })

    expect(problems.map(({ path }) => path).toSorted()).toEqual([
      'colour',
      'goal',
      'max_steps',
      'preferences.verbosity',
      'preferences.x',
      'resource_limits.max_memory_mb',
      'timeout_ms',
    ])
  })

  it.each([undefined, null, 'goal', 7, [], [{ goal: 'g' }]])('refuse %j in place of an object', (params) => {
    expect(problemsWith(params).length).toBeGreaterThan(0)
  })

  it('are not misled by a key called __proto__', () => {
    const problems = problemsWith(JSON.parse('{"goal":"g","__proto__":{"max_steps":5}}'))

    expect(problems.map(({ path }) => path)).toEqual(['__proto__'])
  })

  it('have the defaults of upstream', () => {
    const params = parseParams({ goal: 'g' }, CEILING)

    expect(params).toMatchObject({
      workflow_type: 'simple',
      timeout_ms: 300_000,
      resource_limits: { max_memory_mb: 512, max_cpu_seconds: 300, max_fs_operations: 1000, max_network_requests: 100, max_parallel_executions: 4 },
      preferences: { verbosity: 'normal', interactive: false, continue_on_error: false, auto_escalation: true },
    })
  })

  it('may be given in part: what is absent keeps its default', () => {
    const { preferences, resource_limits: limits } = parseParams(
      { goal: 'g', preferences: { interactive: true }, resource_limits: { max_cpu_seconds: 5 } },
      CEILING,
    )

    expect([preferences.interactive, preferences.auto_escalation, limits.max_cpu_seconds, limits.max_memory_mb]).toEqual([true, true, 5, 512])
  })

  it('are bounded by the ceiling of the operator', () => {
    expect(() => parseParams({ goal: 'g', max_steps: 8 }, 7)).toThrow('must be at most 7')
    expect(parseParams({ goal: 'g', max_steps: 5000 }, 5000).max_steps).toBe(5000)
  })

  it('warn of a simple workflow with many steps, and of nothing else', () => {
    expect(paramWarnings(parseParams({ goal: 'g', max_steps: 11 }, CEILING))).toEqual([expect.stringContaining('11')])
    expect(paramWarnings(parseParams({ goal: 'g', max_steps: 10 }, CEILING))).toEqual([])
    expect(paramWarnings(parseParams({ goal: 'g', max_steps: 50, workflow_type: 'complex_orchestration' }, CEILING))).toEqual([])
  })
})

describe('the input of the statechart', () => {
  const input = (params: object, person: 'here' | 'later' = 'later') =>
    workflowInput('r', parseParams({ goal: 'g', ...params }, CEILING), Config.parse({}), {
      person,
      signOff: false,
      oracles: 1,
      research: true,
      allowed: {},
    })

  it.each([
    ['simple', 10, 30_000],
    ['research_and_planning', 50, 45_000],
    ['complex_orchestration', 100, 60_000],
  ] as const)('gives %s %i steps and %i ms of silence by default', (workflow_type, steps, stallMs) => {
    const { limits, waits } = input({ workflow_type })

    expect([limits.steps, waits.stallMs]).toEqual([steps, stallMs])
  })

  it('takes stall_detection_ms in place of the adaptive base', () => {
    expect(input({ preferences: { stall_detection_ms: 700 } }).waits.stallMs).toBe(700)
  })

  it('waits a minute for somebody who is there, and without limit for somebody who is not', () => {
    expect(input({}, 'here').waits.interventionMs).toBe(60_000)
    expect(input({}, 'later').waits.interventionMs).toBe(0)
    expect(input({ preferences: { user_intervention_timeout_s: 5 } }, 'later').waits.interventionMs).toBe(5_000)
  })
})
