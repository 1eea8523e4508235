import { describe, expect, it } from 'vitest'
import { exitCodeOfFailure, exitCodeOfParking, exitCodeOfResult, worstOf } from '../../src/cli/exit-code.ts'
import { faultOf, faultRecord, faultText } from '../../src/cli/fault.ts'
import { commandLine, programOf, quoted } from '../../src/cli/invocation.ts'
import { resolveRunId } from '../../src/cli/run-id.ts'
import { ControllerError } from '../../src/errors.ts'
import { view } from './fixtures.ts'

describe('the exit code', () => {
  it.each([
    ['completed', 'criteria_met', 0],
    ['completed', 'accepted', 0],
    ['failed', 'action_failed', 1],
    ['failed', 'goal_denied', 1],
    ['cancelled', 'cancelled', 1],
    ['failed', 'unplannable', 2],
  ] as const)('of a run that %s by %s is %i', (status, exitReason, code) => {
    expect(exitCodeOfResult({ status, exitReason })).toBe(code)
  })

  it.each([
    ['needs-person', 3],
    ['interrupted', 130],
    ['lease-lost', 1],
  ] as const)('of a run parked by %s is %i', (reason, code) => {
    expect(exitCodeOfParking(reason)).toBe(code)
  })

  it.each([
    ['PARAMS_INVALID', 2],
    ['UNPLANNABLE', 2],
    ['POLICY_INVALID', 2],
    ['RUN_UNKNOWN', 2],
    ['RUN_OWNED', 1],
    ['JOURNAL_UNWRITABLE', 1],
    ['INTERNAL', 1],
    ['APPROVAL_MISSING', 3],
  ] as const)('of a command refused with %s is %i', (failureCode, code) => {
    expect(exitCodeOfFailure(failureCode)).toBe(code)
  })

  it('of several runs is the most urgent one', () => {
    expect([worstOf([]), worstOf([0, 3]), worstOf([3, 1, 0]), worstOf([1, 130])]).toEqual([0, 3, 1, 130])
  })
})

describe('a refusal', () => {
  it('is a paragraph with code, every problem and a hint, never a stack', () => {
    const error = new ControllerError('PARAMS_INVALID', '2 parameters cannot be used.', {
      details: [
        { path: 'max_steps', given: '0', problem: 'at least 1' },
        { code: 'E_CYCLE', stepId: 's1', path: 'steps.0', message: 'goes round', hint: 'cut it' },
        'plain',
      ],
    })

    expect(faultText(faultOf(error), { debug: false })).toBe(
      [
        'error[PARAMS_INVALID]: 2 parameters cannot be used.',
        '  - max_steps: given 0; allowed: at least 1',
        '  - E_CYCLE at steps.0 (step s1): goes round cut it',
        '  - plain',
        'hint: Correct every field that is listed and try again.',
        '',
      ].join('\n'),
    )
  })

  it('shows the stack only when debugging', () => {
    const fault = faultOf(new TypeError('x is not a function'))

    expect(faultText(fault, { debug: false })).not.toContain('exit-code.test')
    expect(faultText(fault, { debug: true })).toContain('exit-code.test')
    expect(fault).toMatchObject({ code: 'INTERNAL', exitCode: 1 })
  })

  it('escapes what it quotes', () => {
    const text = faultText(faultOf(new ControllerError('USAGE', 'unknown \u001b[2J', { details: ['\u202e'] })), { debug: false })

    expect(text).toContain('unknown \\u{1b}[2J')
    expect(text).toContain('\\u{202e}')
  })

  it('tells a damage in its own words, not as a parameter that was given', () => {
    const damage = new ControllerError('JOURNAL_CORRUPT', 'The blob 1 is damaged.', { details: { problem: 'blob 1' } })

    expect(faultOf(damage).details).toEqual(['blob 1'])
  })

  it('says lines of a message once, as details', () => {
    const fault = faultOf(new ControllerError('POLICY_INVALID', 'two problems:\n  a\n  b', { details: ['a', 'b'] }))

    expect(faultRecord(fault)).toEqual({
      type: 'error',
      code: 'POLICY_INVALID',
      message: 'two problems:',
      hint: expect.any(String),
      details: ['a', 'b'],
    })
  })

  it('survives things thrown that are no errors', () => {
    expect(faultOf('oops')).toMatchObject({ code: 'INTERNAL', message: 'oops' })
    expect(faultOf(undefined)).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a printed command', () => {
  it.each([
    ['/usr/local/bin/planner-exec', {}, 'planner-exec'],
    ['/app/dist/cli/main.js', {}, 'node /app/dist/cli/main.js'],
    ['/app/dist/cli/main.js', { npm_lifecycle_event: 'start' }, 'npm start --'],
    ['/x/.bin/planner-exec', { npm_lifecycle_event: 'npx' }, 'npx planner-exec'],
  ])('for %s begins the way it was called', (script, env, program) => {
    expect(programOf({ script, env })).toBe(program)
  })

  it('quotes what a shell would read otherwise', () => {
    expect([quoted('a b'), quoted("it's"), quoted('$(x)'), quoted(''), quoted('plain-1.2')]).toEqual([
      "'a b'",
      `'it'\\''s'`,
      "'$(x)'",
      "''",
      'plain-1.2',
    ])
    expect(commandLine({ program: 'p', location: ['--state', '/a b'] }, 'resume', 'id')).toBe("p resume id --state '/a b'")
  })
})

describe('a run id', () => {
  const run = (runId: string) => ({ ...view().summary, runId })
  const controller = { list: ({ limit = 10 }: { limit?: number } = {}) => [run('abcdef-2'), run('abcdef-1'), run('xyz')].slice(0, limit) }

  it('may be whole, a unique beginning, or last', () => {
    expect([resolveRunId(controller, 'xyz'), resolveRunId(controller, 'abcdef-1'), resolveRunId(controller, 'last')]).toEqual([
      'xyz',
      'abcdef-1',
      'abcdef-2',
    ])
  })

  it.each([
    ['abcdef', 'USAGE'],
    ['abc', 'RUN_UNKNOWN'],
    ['nothing', 'RUN_UNKNOWN'],
    ['', 'RUN_UNKNOWN'],
  ])('such as %j is refused with %s', (given, code) => {
    expect(() => resolveRunId(controller, given)).toThrow(expect.objectContaining({ code }))
  })

  it('is not made up when there is no run', () => {
    expect(() => resolveRunId({ list: () => [] }, 'last')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
  })
})
