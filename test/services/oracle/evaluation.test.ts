import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import type { Check } from '../../../src/model/plan.ts'
import type { ActionResult } from '../../../src/model/result.ts'
import { evaluateCriteria } from '../../../src/services/oracle/evaluation.ts'
import { compilePattern } from '../../../src/services/oracle/pattern.ts'
import { planOf, resultOf } from './oracle.fixture.ts'

const output: JsonObject = { exitCode: 1, text: 'all 12 tests passed', list: [{ n: 3 }], big: 'x'.repeat(1_000) }
const failed = { outcome: 'failed', failure: { code: 'ACTION_FAILED', stage: 'action', message: 'it broke', hint: '', retryable: false } } as const

async function judge(check: Check, result: Partial<ActionResult> | null = {}, files: Record<string, string> = { 'a.md': '# Title\nbody' }) {
  const [criterion] = await evaluateCriteria({
    plan: planOf([{}], { successCriteria: [check] }),
    results: new Map(result === null ? [] : [['s0', resultOf('s0', result)]]),
    output: () => output,
    readWorkspaceFile: async (path) => {
      if (path.startsWith('..')) throw new Error('outside the workspace')
      return files[path] ?? null
    },
  })
  return criterion
}

const step = 's0'

describe('evaluateCriteria', () => {
  it.each<[Check, 'met' | 'unmet' | 'unknown']>([
    [{ kind: 'stepSucceeded', step }, 'met'],
    [{ kind: 'outputEquals', step, path: 'list', value: [{ n: 3 }] }, 'met'],
    [{ kind: 'outputEquals', step, path: 'list.0.n', value: 4 }, 'unmet'],
    [{ kind: 'outputEquals', step, path: 'nothing', value: null }, 'unmet'],
    [{ kind: 'outputEquals', step, path: '__proto__', value: {} }, 'unmet'],
    [{ kind: 'outputMatches', step, path: 'text', pattern: 'all*passed' }, 'met'],
    [{ kind: 'outputMatches', step, path: 'text', pattern: 'All' }, 'unmet'],
    [{ kind: 'outputMatches', step, path: '', pattern: '"exitCode":1' }, 'met'],
    [{ kind: 'outputMatches', step, path: 'text', pattern: '*' }, 'unknown'],
    [{ kind: 'outputAtLeast', step, path: 'list.0.n', value: 3 }, 'met'],
    [{ kind: 'outputAtLeast', step, path: 'list.0.n', value: 3.5 }, 'unmet'],
    [{ kind: 'outputAtLeast', step, path: 'text', value: 0 }, 'unmet'],
    [{ kind: 'exitCode', step, equals: 1 }, 'met'],
    [{ kind: 'exitCode', step, equals: 0 }, 'unmet'],
    [{ kind: 'fileExists', path: 'a.md' }, 'met'],
    [{ kind: 'fileExists', path: 'b.md' }, 'unmet'],
    [{ kind: 'fileExists', path: '../a.md' }, 'unknown'],
    [{ kind: 'fileMatches', path: 'a.md', pattern: 'Title*body' }, 'met'],
    [{ kind: 'fileMatches', path: 'a.md', pattern: 'body*Title' }, 'unmet'],
    [{ kind: 'fileMatches', path: 'b.md', pattern: 'x' }, 'unmet'],
  ])('finds that %j is %s', async (check, verdict) => {
    expect(await judge(check)).toMatchObject({ verdict })
  })

  it.each<[string, Partial<ActionResult> | null, object]>([
    ['never ran', null, { verdict: 'unmet', evidence: 'Step s0 did not run.' }],
    ['failed', failed, { verdict: 'unmet', evidence: 'Step s0 ended as failed: ACTION_FAILED it broke' }],
    ['was skipped', { outcome: 'skipped' }, { verdict: 'unmet', evidence: 'Step s0 ended as skipped' }],
    ['is in doubt', { inDoubt: true }, { verdict: 'unknown', evidence: expect.stringContaining('not certain') }],
    ['a person answered for', { provenance: 'person' }, { verdict: 'met', evidence: 'A person answered in place of step s0.' }],
  ])('tells of a step that %s', async (_, result, expected) => {
    expect(await judge({ kind: 'stepSucceeded', step }, result)).toMatchObject(expected)
  })

  it('does not look into the output of a step that failed', async () => {
    expect(await judge({ kind: 'exitCode', step, equals: 1 }, failed)).toMatchObject({
      verdict: 'unmet',
      evidence: expect.stringContaining('it broke'),
    })
  })

  it('does not know when the output is gone', async () => {
    const [criterion] = await evaluateCriteria({
      plan: planOf([{}], { successCriteria: [{ kind: 'exitCode', step, equals: 0 }] }),
      results: new Map([[step, resultOf(step)]]),
      output: () => null,
      readWorkspaceFile: async () => null,
    })

    expect(criterion).toMatchObject({ verdict: 'unknown' })
  })

  it('says in words what was asked and what is there, in few of them', async () => {
    expect(await judge({ kind: 'outputAtLeast', step, path: 'list.0.n', value: 5 })).toEqual({
      criterion: 'list.0.n in the output of step s0 is at least 5',
      verdict: 'unmet',
      evidence: 'It is 3.',
    })
    expect((await judge({ kind: 'outputEquals', step, path: 'big', value: '' }))?.evidence.length).toBeLessThanOrEqual(300)
  })

  it('judges the criteria of the plan and of its steps, each once', async () => {
    const check: Check = { kind: 'fileExists', path: 'a' }
    const plan = planOf([{ successCriteria: [check, { kind: 'fileExists', path: 'b' }] }], { successCriteria: [check] })

    const results = await evaluateCriteria({ plan, results: new Map(), output: () => null, readWorkspaceFile: async () => '' })

    expect(results.map(({ criterion }) => criterion)).toEqual(['file a exists', 'file b exists'])
  })

  it('wants every step to succeed when a plan states nothing', async () => {
    const results = await evaluateCriteria({
      plan: planOf([{}, { onFailure: 'skip' }], { successCriteria: [] }),
      results: new Map([
        ['s0', resultOf('s0')],
        ['s1', resultOf('s1', failed)],
      ]),
      output: () => null,
      readWorkspaceFile: async () => null,
    })

    expect(results.map(({ verdict }) => verdict)).toEqual(['met', 'unmet'])
  })
})

describe('compilePattern', () => {
  it.each([
    ['abc', 'xxabcxx', true],
    ['a.c', 'abc', false],
    ['(a+)+$', '(a+)+$', true],
    ['a*c', 'a\n\nc', true],
    ['aab*b', 'aaabab', true],
    ['ab*ab', 'xaba', false],
    ['\\*', 'a*b', true],
    ['\\*', 'ab', false],
    ['a\\\\b', 'a\\b', true],
    ['\\d', '\\d', true],
  ])('lets %j look into %j: %s', (pattern, text, found) => {
    expect(compilePattern(pattern)?.(text)).toBe(found)
  })

  it.each(['', '*', '***'])('makes nothing of %j', (pattern) => {
    expect(compilePattern(pattern)).toBeNull()
  })

  it('takes time in proportion to the text, whatever the pattern', () => {
    const matches = compilePattern(`${'a'.repeat(50_000)}*${'a'.repeat(50_000)}b`)

    const started = performance.now()
    expect(matches?.('a'.repeat(2_000_000))).toBe(false)

    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
