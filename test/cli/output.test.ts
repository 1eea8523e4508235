import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { flat, headOf, padded, paint, widthOf } from '../../src/cli/output/columns.ts'
import { jsonLine } from '../../src/cli/output/ndjson.ts'
import { createPalette, wantsColor } from '../../src/cli/output/palette.ts'
import { plainLine } from '../../src/cli/output/plain.ts'
import { parkedLines, parkedRecord, resultRecord, settledLines, waitLines } from '../../src/cli/output/summary.ts'
import { tableLines } from '../../src/cli/output/table.ts'
import { EMPTY_TREE, grow, type StepRow } from '../../src/cli/output/tree-model.ts'
import { chooseSteps, drawTree } from '../../src/cli/output/tree.ts'
import type { ReportedFinding } from '../../src/model/report.ts'
import { DIGEST, RUN_ID, action, actionResult, events, report, result, view } from './fixtures.ts'

const plain = createPalette(false)
const invocation = { program: 'planner-exec', location: [] }
const failure = { code: 'ACTION_FAILED', stage: 'action', message: 'it broke', hint: 'mend it', retryable: true } as const
const step = (id: string) => ({ id, title: `Step ${id}`, capability: 'fs.read.v1', dependsOn: [] })

describe('plain lines', () => {
  it('say each kind of event in stable words', () => {
    const lines = events(
      { type: 'run.started', goal: 'Fix it', workflowType: 'simple' },
      { type: 'state.changed', state: 'open.active.initializing', description: 'The goal is judged.' },
      { type: 'plan.drafted', planRef: 'p', source: 'playbook:a', steps: 1 },
      { type: 'plan.accepted', planRef: 'p', digest: 'd', signedBy: null, steps: [step('s1'), step('s2')] },
      { type: 'action.dispatched', actionId: 's1', capability: 'fs.read.v1' },
      { type: 'action.judged', actionId: 's1', decision: 'ask', ruleId: 'r', reason: 'writes', digest: 'd' },
      { type: 'action.waiting', actionId: 's1', reason: 'approval', digest: 'd' },
      { type: 'action.started', actionId: 's1', attempt: 1 },
      { type: 'action.retrying', actionId: 's1', failure, delayMs: 1_000 },
      { type: 'action.settled', actionId: 's1', result: actionResult({ attempts: 2 }) },
      { type: 'action.settled', actionId: 's2', result: actionResult({ outcome: 'failed', failure, inDoubt: true }) },
      { type: 'run.needsPerson', cause: 'stalled', choices: ['replan', 'fail'] },
      { type: 'criteria.evaluated', met: 1, total: 2 },
      { type: 'run.settled', result: result() },
    ).map((event) => plainLine(event, 'normal'))

    expect(lines).toEqual([
      `run ${RUN_ID} started: Fix it (simple)`,
      'state open.active.initializing: The goal is judged.',
      'plan drafted by playbook:a: 1 step',
      'plan accepted: 2 steps, digest d',
      's1 dispatched: fs.read.v1',
      's1 judged ask by r: writes',
      's1 waits for a person: approval',
      's1 started, attempt 1',
      's1 retries in 1.0 s: [ACTION_FAILED] it broke',
      's1 succeeded after 120 ms, 2 attempts',
      's2 failed after 120 ms, its effect is in doubt: [ACTION_FAILED] it broke',
      'run needs a person (stalled) (replan | fail)',
      'criteria: 1 of 2 met',
      `run ${RUN_ID} completed (criteria_met)`,
    ])
  })

  it('leave routine out unless asked for more, and everything when quiet', () => {
    const [event] = events({ type: 'state.changed', state: 'open.active.executing.watching', description: 'd' })
    if (event === undefined) throw new Error('no event')

    expect(plainLine(event, 'normal')).toBeNull()
    expect(plainLine(event, 'verbose')).toBe('   0 2026-01-01T00:00:00.000Z state open.active.executing.watching: d')
    expect(plainLine(event, 'debug')).toBe(
      '   0 2026-01-01T00:00:00.000Z state open.active.executing.watching: d {"state":"open.active.executing.watching","description":"d"}',
    )
    expect(plainLine(event, 'quiet')).toBeNull()
  })

  it('cannot be broken or coloured by what a goal or a tool says', () => {
    const [event] = events({ type: 'run.started', goal: 'a\nrun x completed\r\u001b[2J\u202e\u009b1mb', workflowType: 'simple' })
    if (event === undefined) throw new Error('no event')

    const line = plainLine(event, 'normal')

    expect(line).toBe(`run ${RUN_ID} started: a run x completed \\u{1b}[2J\\u{202e}\\u{9b}1mb (simple)`)
  })
})

describe('the live tree', () => {
  const frame = { columns: 60, rows: 24, limits: { steps: 10, ms: 300_000 }, usedMs: 12_000, answers: [] }
  const started = events(
    { type: 'run.started', goal: 'Fix it', workflowType: 'simple' },
    { type: 'plan.accepted', planRef: 'p', digest: 'd', signedBy: null, steps: [step('s1'), step('s2'), step('s3')] },
    { type: 'state.changed', state: 'open.active.executing.watching', description: 'Waits for results.' },
    { type: 'action.dispatched', actionId: 's1', capability: 'fs.read.v1' },
    { type: 'action.settled', actionId: 's1', result: actionResult() },
    { type: 'action.dispatched', actionId: 's2', capability: 'fs.read.v1' },
    { type: 'action.waiting', actionId: 's2', reason: 'approval', digest: 'd' },
  )

  it('shows path, steps with their marks, progress and limits', () => {
    const lines = drawTree(started.reduce(grow, EMPTY_TREE), { ...frame, columns: 120 }, plain)

    expect(lines).toEqual([
      'Fix it',
      `  run ${RUN_ID}`,
      '  executing › watching Waits for results.',
      '  ✔ s1 Step s1 120 ms fs.read.v1',
      '  ⏸ s2 Step s2 approval fs.read.v1',
      '  · s3 Step s3 fs.read.v1',
      '  █████░░░░░░░░░░░ 1/3 · 2 of 10 steps · 0:12, 4:48 left · 1 waiting',
    ])
  })

  it.each([1, 2, 10, 20, 37])('never draws a line wider than a terminal of %i columns', (columns) => {
    const wide = started.map((event) => (event.type === 'run.started' ? { ...event, goal: '修復這個程式庫裡面所有的問題👩‍👩‍👧'.repeat(5) } : event))

    const lines = drawTree(
      wide.reduce(grow, EMPTY_TREE),
      { ...frame, columns, answers: ['planner-exec approve x y --digest z'] },
      createPalette(true),
    )

    expect(Math.max(...lines.map((line) => widthOf(stripVTControlCharacters(line))))).toBeLessThanOrEqual(Math.max(1, columns - 1))
  })

  it.each([3, 8, 12])('never draws more lines than a terminal of %i rows', (rows) => {
    const many = events({
      type: 'plan.accepted',
      planRef: 'p',
      digest: 'd',
      signedBy: null,
      steps: Array.from({ length: 100 }, (_, index) => step(`s${index}`)),
    })

    const lines = drawTree(many.reduce(grow, EMPTY_TREE), { ...frame, rows, answers: Array.from({ length: 40 }, () => 'answer') }, plain)

    expect(lines.length).toBeLessThan(rows)
  })

  it('shows the stretch of a long plan where something is going on', () => {
    const rows = Array.from({ length: 100 }, (_, index): StepRow => ({
      id: `s${index}`,
      title: '',
      capability: '',
      mark: index < 50 ? 'succeeded' : 'pending',
      note: '',
      attempt: 0,
      wallMs: null,
    }))

    const { above, shown, below } = chooseSteps(rows, 9)

    expect([above, shown[0]?.id, shown.length, below]).toEqual([47, 's47', 9, 44])
  })

  it('keeps what is known of a step when the plan is amended', () => {
    const amended = [...started, ...events({ type: 'plan.accepted', planRef: 'q', digest: 'e', signedBy: null, steps: [step('s1'), step('s4')] })]

    const tree = amended.reduce(grow, EMPTY_TREE)

    expect(tree.steps.map(({ id, mark }) => [id, mark])).toEqual([
      ['s1', 'succeeded'],
      ['s4', 'pending'],
    ])
  })

  it('forgets the question once the run goes on', () => {
    const asked = [...started, ...events({ type: 'run.needsPerson', cause: 'no progress', choices: [] })].reduce(grow, EMPTY_TREE)
    const [next] = events({ type: 'state.changed', state: 'open.active.executing.dispatching', description: '' })
    if (next === undefined) throw new Error('no event')

    expect([asked.needsPerson, grow(asked, next).needsPerson]).toEqual(['no progress', null])
  })
})

describe('columns', () => {
  it('count wide characters twice and combining ones not at all', () => {
    expect(['abc', '漢字', 'e\u0301', '✔', '👩‍👩‍👧'].map(widthOf)).toEqual([3, 4, 1, 1, 2])
  })

  it('cut between characters, never through one', () => {
    expect([headOf('漢字', 3), headOf('ab', 0), headOf('👩‍👩‍👧b', 2)]).toEqual(['漢', '', '👩‍👩‍👧'])
  })

  it('mark a cut', () => {
    expect([paint([['abc'], ['def', 'red']], 4, plain), paint([['abc']], 3, plain), padded('abcdef', 4), padded('ab', 4)]).toEqual([
      'abc…',
      'abc',
      'abc…',
      'ab  ',
    ])
  })

  it('have no line breaks or tabs in them', () => {
    expect(flat('a\r\n\tb\u2028c')).toBe('a b c')
  })
})

describe('colour', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false, true],
    [{ TERM: 'dumb' }, true, false],
  ])('with %j on a terminal (%s) is %s', (env, isTerminal, wanted) => {
    expect(wantsColor(env, isTerminal)).toBe(wanted)
  })
})

describe('a JSON line', () => {
  it('is equal when parsed and obeyed by no terminal', () => {
    const value = { text: 'a\u001b[2J\u009b1m\u202e\u{e0041}\n漢' }

    const line = jsonLine(value)

    expect(JSON.parse(line)).toEqual(value)
    expect(line).toMatch(/^[^\p{Cc}\p{Cf}]+\n$/u)
  })
})

describe('a table', () => {
  it('keeps to its width by cutting the elastic column', () => {
    const lines = tableLines(['ID', 'GOAL', 'AGE'], [['1', 'a very long goal indeed', '5m']], { elastic: 1, total: 20 })

    expect(lines).toEqual(['ID  GOAL         AGE', '1   a very lon…  5m'])
  })
})

describe('what is said at the end', () => {
  const finding: ReportedFinding = {
    id: 'r-0a1b2c3d',
    rule: 'r',
    severity: 'high',
    confidence: 'verified',
    title: 'Key in the code\u001b[31m',
    file: 'a.js',
    line: 3,
    evidence: 'e',
    why: 'w',
    fix: 'f',
    command: 'c',
  }

  it('is how it ended, what to do first, how much was found, and where the report is', () => {
    const lines = settledLines(
      result({ criteria: [{ criterion: 'tests pass', verdict: 'unmet', evidence: 'exit 1' }] }),
      {
        ...report([finding, finding, { ...finding, severity: 'low' }]),
        suppressed: [{ ...finding, reason: 'r' }],
        recommendations: ['Mend it: Key in the code\u001b[31m (`a.js:3`). It leaks.'],
        notes: ['A suppression expired.'],
      },
      invocation,
      plain,
      ['report.md', 'report.json', 'report.sarif', 'imports.svg'],
    )

    expect(lines[0]).toBe('completed (criteria_met): All is well.')
    expect(lines).toContain('criteria: 0 of 1 met')
    expect(lines).toContain('  unmet: tests pass (exit 1)')
    expect(lines).toContain('  1. Mend it: Key in the code\\u{1b}[31m (`a.js:3`). It leaks.')
    expect(lines).toContain('findings: 2 high, 1 low; 1 suppressed')
    expect(lines).toContain('note: A suppression expired.')
    expect(lines).toContain('report: /w/report.md')
    expect(lines).toContain('beside it: report.json, report.sarif, imports.svg')
  })

  it('is the failure and its way out, when it failed', () => {
    const lines = settledLines(result({ status: 'failed', exitReason: 'action_failed', failure }), null, invocation, plain)

    expect(lines.slice(0, 3)).toEqual(['failed (action_failed): All is well.', '  [ACTION_FAILED] it broke', '  hint: mend it'])
  })

  it('does not say the failure twice when the summary has said it', () => {
    const lines = settledLines(
      result({ status: 'failed', exitReason: 'action_failed', summary: 'Sadly it broke.', failure }),
      null,
      invocation,
      plain,
    )

    expect(lines.slice(0, 2)).toEqual(['failed (action_failed): Sadly it broke.', '  [ACTION_FAILED] hint: mend it'])
  })

  it('is what waits, with exact arguments, and the commands that answer it', () => {
    const waiting = view({ actions: [action({ args: { path: 'notes.md', content: 'a\n\u001b[2J' } })] })

    const lines = parkedLines(waiting, 'needs-person', { program: 'npx planner-exec', location: ['--workspace', '/a b'] }, plain)

    expect(lines).toEqual([
      `waiting: run ${RUN_ID} needs a person.`,
      '  s1 asks to run fs.write.v1: Write the notes',
      '    effect write, rule default:fs.write: writes a file',
      '    risk medium',
      '    {',
      '      "path": "notes.md",',
      '      "content": "a\\n\\u001b[2J"',
      '    }',
      `    digest ${DIGEST}`,
      `    npx planner-exec approve ${RUN_ID} s1 --digest ${DIGEST.slice(0, 16)} --workspace '/a b'`,
      `    npx planner-exec reject ${RUN_ID} s1 --digest ${DIGEST.slice(0, 16)} --workspace '/a b'`,
      `    npx planner-exec skip ${RUN_ID} s1 --workspace '/a b'`,
      `go on with: npx planner-exec resume ${RUN_ID} --workspace '/a b'`,
    ])
  })

  it('is the same record for every run with --json', () => {
    const keys = ['type', 'runId', 'status', 'exitReason', 'summary', 'criteria', 'usage', 'reportPath']

    expect(Object.keys(resultRecord(result()))).toEqual(keys)
    expect(Object.keys(parkedRecord(view(), 'needs-person'))).toEqual(keys)
    expect([parkedRecord(view(), 'needs-person')['status'], parkedRecord(view(), 'interrupted')['status']]).toEqual(['waiting', 'interrupted'])
  })

  it('names each thing that can be waited for', () => {
    const stalled = view({ state: 'open.active.stalled.awaitingPerson', needsPerson: 'no progress' })
    const unsigned = view({ state: 'open.active.planning.signingOff', accepts: ['plan.reject'] })
    const asking = view({ state: 'open.active.planning.clarifying', question: 'Which one?' })
    const doubtful = view({ actions: [action({ state: 'inDoubt.awaitingPerson' })] })
    const text = (of: typeof stalled) => waitLines(of, invocation, plain).join('\n')

    expect(text(stalled)).toContain(`planner-exec choose ${RUN_ID} replan`)
    expect(text(unsigned)).toContain(`planner-exec reject ${RUN_ID} plan`)
    expect(text(unsigned)).not.toContain(`planner-exec approve ${RUN_ID} plan --digest`)
    expect(text(asking)).toContain('Which one?')
    expect(text(doubtful)).toContain(`planner-exec resolve ${RUN_ID} s1 did-not`)
    expect(text(view({ summary: { ...view().summary, finished: true }, actions: [action()] }))).toBe('')
  })
})
