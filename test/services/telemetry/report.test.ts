import { describe, expect, it } from 'vitest'
import { Report } from '../../../src/model/report.ts'
import { failure } from '../../../src/errors.ts'
import { assembleReport } from '../../../src/services/telemetry/report.ts'
import { finding, input, result } from './report.fixture.ts'

describe('the assembled report', () => {
  it('fits its schema and says what was planned, done and met', () => {
    const report = assembleReport(input({ look: { findings: [finding()], notExamined: ['large files'] } }))

    expect(Report.parse(report)).toEqual(report)
    expect(report.summary).toBe('2 of 2 actions succeeded, 1 of 1 criterion met. 1 finding (1 low), each checked a second time.')
    expect(report.notExamined).toEqual(['large files', 'the meaning of the code'])
    expect(report.assumptions).toEqual(['Nothing is changed.'])
  })

  it('gathers the findings of every output, each once, the gravest first', () => {
    const grave = finding({ rule: 'config.broken-json', severity: 'high', file: 'z.json', line: null })
    const doubtful = finding({ confidence: 'heuristic', file: 'a.ts' })
    const later = finding({ file: 'src/a.ts', line: 12 })

    const report = assembleReport(input({ look: { findings: [doubtful, later, finding()] }, count: { findings: [finding(), grave] } }))

    expect(report.findings).toEqual([grave, finding(), later, doubtful])
  })

  it('does not depend on the order in which steps found things', () => {
    const some = [finding(), finding({ line: 9 }), finding({ rule: 'size.large-file', severity: 'medium' })]

    const one = assembleReport(input({ look: { findings: some } }))
    const other = assembleReport(input({ look: { findings: some.toReversed() } }))

    expect(other).toEqual(one)
  })

  it('leaves out what is no finding, and says so', () => {
    const report = assembleReport(input({ look: { findings: [finding(), { title: 'made up' }, 5] }, count: { findings: 'many' } }))

    expect(report.findings).toEqual([finding()])
    expect(report.notExamined).toEqual([
      '2 malformed findings of step look were left out',
      '1 malformed findings of step count were left out',
      'the meaning of the code',
    ])
  })

  it('takes nothing from steps that did not succeed, and says what they would have looked at', () => {
    const failed = result('look', { outcome: 'failed', failure: failure('ACTION_FAILED', 'There is no git.') })
    const results = new Map([['look', failed]])

    const report = assembleReport(input({ look: { findings: [finding()] } }, { results }))

    expect(report.findings).toEqual([])
    expect(report.notExamined).toEqual(['Step look: failed (There is no git.)', 'Step count: not started', 'the meaning of the code'])
  })

  it('calls what a person answered a heuristic', () => {
    const results = new Map([['look', result('look', { provenance: 'person' })]])

    expect(assembleReport(input({ look: { findings: [finding()] } }, { results })).findings[0]?.confidence).toBe('heuristic')
  })

  it('recommends five things at most, each of them the remedy of a finding', () => {
    const findings = ['high', 'medium', 'low', 'info'].flatMap((severity) =>
      [1, 2].map((line) =>
        finding({ severity: severity as 'high', rule: `r.${severity}${line}`, title: `T${line}`, fix: `Fix ${severity} ${line}.`, line }),
      ),
    )

    const { recommendations } = assembleReport(input({ look: { findings } }))

    expect(recommendations).toEqual([
      'Fix high 1. (T1, src/a.ts:1)',
      'Fix high 2. (T2, src/a.ts:2)',
      'Fix medium 1. (T1, src/a.ts:1)',
      'Fix medium 2. (T2, src/a.ts:2)',
      'Fix low 1. (T1, src/a.ts:1)',
    ])
  })

  it('recommends one thing once, however often it is found', () => {
    const findings = [3, 5, 9].map((line) => finding({ line }))

    expect(assembleReport(input({ look: { findings } })).recommendations).toEqual(['Give it a type. (Explicit `any`: 3 places, first src/a.ts:3)'])
  })

  it('recommends nothing when nothing was found', () => {
    const report = assembleReport(input())

    expect(report.recommendations).toEqual([])
    expect(report.summary).toContain('No findings.')
  })

  it('is as honest about a run that failed before it had a plan', () => {
    const report = assembleReport(
      input(
        {},
        {
          plan: null,
          planSource: null,
          results: new Map(),
          criteria: [],
          status: 'failed',
          exitReason: 'unplannable',
          failure: failure('UNPLANNABLE', 'no playbook fits the goal'),
        },
      ),
    )

    expect(report).toMatchObject({ actions: [], findings: [], summary: 'It never came to a plan. No playbook fits the goal.' })
  })

  it('keeps the actions of earlier plans', () => {
    const results = new Map([
      ['old', result('old')],
      ['look', result('look')],
    ])

    expect(assembleReport(input({}, { results })).actions.map(({ stepId }) => stepId)).toEqual(['old', 'look', 'count'])
  })
})
