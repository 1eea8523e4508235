import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import { Plan } from '../../../src/model/plan.ts'
import { Report, type Finding } from '../../../src/model/report.ts'
import { failure } from '../../../src/errors.ts'
import { assembleReport } from '../../../src/services/telemetry/report.ts'
import { finding, input, result } from './report.fixture.ts'

describe('the assembled report', () => {
  it('fits its schema and says what was planned, done and met', () => {
    const report = assembleReport(input({ look: { findings: [finding()], notExamined: ['large files'] } }))

    expect(Report.parse(report)).toEqual(report)
    expect(report.summary).toBe('1 finding (1 low), each checked a second time. 2 of 2 actions succeeded, 1 of 1 criterion met.')
    expect(report.notExamined).toEqual(['large files', 'the meaning of the code'])
    expect(report.assumptions).toEqual(['Nothing is changed.'])
  })

  it('gathers the findings of every output, each once, the gravest first', () => {
    const grave = finding({ rule: 'config.broken-json', severity: 'high', file: 'z.json', line: null })
    const doubtful = finding({ confidence: 'heuristic', file: 'a.ts' })
    const later = finding({ file: 'src/a.ts', line: 12 })

    const report = assembleReport(input({ look: { findings: [doubtful, later, finding()] }, count: { findings: [finding(), grave] } }))

    expect(report.findings).toMatchObject([grave, finding(), later, doubtful])
  })

  it('does not depend on the order in which steps found things', () => {
    const some = [finding(), finding({ line: 9 }), finding({ rule: 'size.large-file', severity: 'medium' })]

    const one = assembleReport(input({ look: { findings: some } }))
    const other = assembleReport(input({ look: { findings: some.toReversed() } }))

    expect(other).toEqual(one)
  })

  it('leaves out what is no finding, and says so', () => {
    const report = assembleReport(input({ look: { findings: [finding(), { title: 'made up' }, 5] }, count: { findings: 'many' } }))

    expect(report.findings).toMatchObject([finding()])
    expect(report.notExamined).toEqual([
      '2 malformed findings of step look were left out',
      '1 malformed finding of step count was left out',
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

  it('puts graver before lesser, checked before guessed, the more valuable theme first, and then what covers more places', () => {
    const order = [
      finding({ rule: 'marker.todo', severity: 'high' }),
      finding({ rule: 'secrets.key', severity: 'medium' }),
      finding({ rule: 'config.broken', severity: 'medium' }),
      finding({ rule: 'size.many', severity: 'medium', line: 1 }),
      finding({ rule: 'size.many', severity: 'medium', line: 2 }),
      finding({ rule: 'size.few', severity: 'medium', line: 7 }),
      finding({ rule: 'unheard.of', severity: 'medium' }),
      finding({ rule: 'secrets.key', severity: 'medium', confidence: 'heuristic', line: 9 }),
    ].map((item, index) => ({ ...item, title: `T${index}`, evidence: `e${index}` }))

    expect(assembleReport(input({ look: { findings: order.toReversed() } })).findings).toMatchObject(order)
  })

  it('puts the largest of one kind of file first', () => {
    const sized = (file: string, lines: number) => finding({ rule: 'size.large-file', file, line: null, evidence: `${lines} lines` })

    const { findings } = assembleReport(input({ look: { findings: [sized('a.ts', 700), sized('b.ts', 6_000), sized('c.ts', 900)] } }))

    expect(findings.map(({ file }) => file)).toEqual(['b.ts', 'c.ts', 'a.ts'])
  })

  it.each([
    ['two rules with one title for one line', finding({ rule: 'lint.any', fix: 'Other.' }), 1],
    ['two rules with one remedy for one piece of evidence', finding({ rule: 'lint.any', title: 'Other' }), 1],
    ['one rule that says it twice with other commands', finding({ command: 'true' }), 1],
    ['one rule with two pieces of evidence in one line', finding({ evidence: 'let b: any' }), 2],
    ['one title at two places', finding({ line: 4 }), 2],
    ['two rules that say other things of one line', finding({ rule: 'lint.any', title: 'Other', fix: 'Other.' }), 2],
  ])('merges what says the same of the same place: %s', (_, other, count) => {
    expect(assembleReport(input({ look: { findings: [finding()] }, count: { findings: [other] } })).findings).toHaveLength(count)
  })

  it('calls a finding the same when lines move, and tells equal ones apart', () => {
    const ids = (...findings: Finding[]) => assembleReport(input({ look: { findings } })).findings.map(({ id }) => id)

    const [id = ''] = ids(finding({ line: 3 }))

    expect(id).toMatch(/^types\.any-[0-9a-f]{8}$/)
    expect(ids(finding({ line: 90, title: 'Any', severity: 'high' }))).toEqual([id])
    expect(ids(finding({ line: 90 }), finding({ line: 3 }), finding({ line: 40 }))).toEqual([id, `${id}-2`, `${id}-3`])
    expect(ids(finding({ file: 'src/b.ts' }))).not.toEqual([id])
  })

  it('recommends five different things at most: what to do, where and why', () => {
    const findings = (['high', 'medium', 'low'] as const).flatMap((severity) =>
      [1, 2].map((line) =>
        finding({ severity, rule: `r.${severity}${line}`, title: `Bad ${severity} ${line}`, fix: `Fix ${severity} ${line}.`, line }),
      ),
    )

    const { recommendations } = assembleReport(input({ look: { findings } }))

    expect(recommendations).toEqual([
      'Bad high 1 (`src/a.ts:1`): fix high 1. Nothing is checked.',
      'Bad high 2 (`src/a.ts:2`): fix high 2. Nothing is checked.',
      'Bad medium 1 (`src/a.ts:1`): fix medium 1. Nothing is checked.',
      'Bad medium 2 (`src/a.ts:2`): fix medium 2. Nothing is checked.',
      'Bad low 1 (`src/a.ts:1`): fix low 1. Nothing is checked.',
    ])
  })

  it('recommends one thing once, however often it is found', () => {
    const findings = [3, 5, 9].map((line) => finding({ line }))

    expect(assembleReport(input({ look: { findings } })).recommendations).toEqual([
      'Explicit `any` (3 places: `src/a.ts:3`, `src/a.ts:5`, `src/a.ts:9`): give it a type. Nothing is checked.',
    ])
  })

  it.each([
    [['a.ts', 'b.ts'], '2 places: `a.ts:3`, `b.ts:3`'],
    [['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts'], '5 places: `a.ts:3`, `b.ts:3`, `c.ts:3` and 2 more'],
  ])('names up to three places of what it recommends: %j', (files, places) => {
    const { recommendations } = assembleReport(input({ look: { findings: files.map((file) => finding({ file })) } }))

    expect(recommendations).toEqual([`Explicit \`any\` (${places}): give it a type. Nothing is checked.`])
  })

  it('counts only the places that one remedy mends', () => {
    const undeclared = (name: string) =>
      finding({ rule: 'deps.undeclared', title: `${name} is imported, but not declared`, fix: `Declare ${name}.`, file: `${name}.ts` })
    const { recommendations } = assembleReport(input({ look: { findings: [undeclared('a'), undeclared('b')] } }))

    expect(recommendations).toEqual(['a is imported, but not declared (`a.ts:3`): declare a. Nothing is checked.'])
  })

  it('recommends what several titles share', () => {
    const cycle = (count: number) => finding({ rule: 'imports.cycle', title: `Import cycle of ${count} modules`, file: `${count}.ts`, line: null })
    const { recommendations } = assembleReport(input({ look: { findings: [cycle(2), cycle(3)] } }))

    expect(recommendations).toEqual(['Import cycle of … modules (2 places: `2.ts`, `3.ts`): give it a type. Nothing is checked.'])
  })

  it('recommends what only informs when there is nothing else, and otherwise not', () => {
    const note = finding({ severity: 'info', rule: 'docs.note', fix: 'Say more.' })
    const advise = (...findings: Finding[]) => assembleReport(input({ look: { findings } })).recommendations

    expect(advise(note)).toHaveLength(1)
    expect(advise(note, finding({ line: 8 }))).toEqual(['Explicit `any` (`src/a.ts:8`): give it a type. Nothing is checked.'])
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

  it('takes figures, and leaves out what is none', () => {
    const graph = { kind: 'graph', name: 'g', title: 't', note: 'n', nodes: [{ id: 'a', label: 'a', weight: 1, marked: false }], edges: [] }
    const lost = { ...graph, edges: [{ from: 'a', to: 'nowhere', weight: 1, marked: false }] }

    const report = assembleReport(input({ look: { figures: [graph, lost, 'x'] }, count: { figures: [graph] } }))

    expect(report.figures.map(({ name }) => name)).toEqual(['g', 'g-2'])
    expect(report.notExamined).toContain('2 malformed figures of step look were left out')
  })
})

describe('a report since a revision', () => {
  const changes = { since: 'main', commit: 'c0ffee', findings: [], notExamined: [] }
  const since = (files: JsonObject[], findings: Finding[], provenance: 'capability' | 'person' = 'capability') => {
    const steps = [
      { id: 'look', title: 'Look', capability: 'analysis.markers.v1' },
      { id: 'count', title: 'Changes', capability: 'analysis.changes.v1' },
    ]
    const results = new Map([
      ['look', result('look')],
      ['count', result('count', { provenance })],
    ])
    return assembleReport(input({ look: { findings }, count: { ...changes, files } }, { plan: Plan.parse({ version: 1, steps }), results }))
  }
  const modified = (path: string, lines: number[][] | null) => ({ path, status: 'modified', lines })

  it('keeps findings in changed lines, and in changed files that have no lines', () => {
    const kept = [finding({ line: 4 }), finding({ line: 6 }), finding({ line: null }), finding({ file: 'new.ts', line: 99 })]
    const left = [finding({ line: 3 }), finding({ line: 7 }), finding({ file: 'other.ts' }), finding({ file: null, line: null })]

    const report = since(
      [
        modified('src/a.ts', [
          [1, 1],
          [4, 6],
        ]),
        modified('new.ts', null),
      ],
      [...kept, ...left],
    )

    expect(report.findings.map(({ file, line }) => `${file}:${line}`).toSorted()).toEqual(kept.map(({ file, line }) => `${file}:${line}`).toSorted())
    expect(report.since).toBe('main')
    expect(report.notes).toEqual(['Only what changed since `main` is reported (2 files). 4 findings elsewhere are left out.'])
  })

  it('is whole when the list of changes is a person’s word, or none', () => {
    expect(since([], [finding()], 'person')).toMatchObject({ since: null, findings: [finding()] })
    expect(since([{ path: 5 }], [finding()])).toMatchObject({ since: null, findings: [finding()] })
  })
})
