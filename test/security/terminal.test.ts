import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { previewLines } from '../../src/cli/commands/plan.ts'
import { faultOf, faultText } from '../../src/cli/fault.ts'
import { commandLine } from '../../src/cli/invocation.ts'
import { jsonLine } from '../../src/cli/output/ndjson.ts'
import { createPalette } from '../../src/cli/output/palette.ts'
import { plainLine } from '../../src/cli/output/plain.ts'
import { shown } from '../../src/cli/output/shown.ts'
import { describeWait, parkedLines, settledLines, waitLines } from '../../src/cli/output/summary.ts'
import { tableLines } from '../../src/cli/output/table.ts'
import { EMPTY_TREE, grow } from '../../src/cli/output/tree-model.ts'
import { drawTree } from '../../src/cli/output/tree.ts'
import { waitsOf } from '../../src/cli/waits.ts'
import { createProgram, dispatchOf, exitCodeOfUsage } from '../../src/cli/program.ts'
import { ControllerError } from '../../src/errors.ts'
import type { RunEvent } from '../../src/model/events.ts'
import type { ReportedFinding } from '../../src/model/report.ts'
import { explainFinding, renderMarkdown } from '../../src/services/telemetry/report.ts'
import { action, actionResult, events, inFolder, recordedIo, report, result, RUN_ID, view } from '../cli/fixtures.ts'
import { HOSTILE_TEXTS, liveIn, WHOLE_TEXTS } from './hostile-text.ts'

const plain = createPalette(false)
const invocation = { program: 'planner-exec', location: ['--workspace', '/a'] }

/** Words that a program branches on; what stands there comes from a schema. */
const FIXED: ReadonlySet<string> = new Set(['type', 'kind', 'severity', 'confidence', 'outcome', 'status', 'state', 'decision', 'verdict', 'name'])

/** The same value with `text` in every text of it, keys aside. */
function poisoned<T>(value: T, text: string): T {
  const visit = (part: unknown, key: string): unknown => {
    if (typeof part === 'string') return FIXED.has(key) ? part : text
    if (Array.isArray(part)) return part.map((inner) => visit(inner, key))
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(
      Object.entries(part).map(([name, inner]) => [name, typeof inner === 'object' && name === 'verdict' ? visit(inner, '') : visit(inner, name)]),
    )
  }
  // Only texts were exchanged for texts.
  return visit(value, '') as T
}

const failure = { code: 'ACTION_FAILED', stage: 'action', message: 'it broke', hint: 'mend it', retryable: true } as const
const finding: ReportedFinding = {
  id: 'r-0a1b2c3d',
  rule: 'r',
  severity: 'high',
  confidence: 'verified',
  title: 'title',
  file: 'a.js',
  line: 3,
  evidence: 'e',
  remark: 'remark',
  why: 'w',
  fix: 'f',
  command: 'c',
}
const fullReport = {
  ...report([finding, { ...finding, id: 'other' }]),
  suppressed: [{ ...finding, reason: 'r' }],
  recommendations: ['advice'],
  notes: ['note'],
  notExamined: ['nothing'],
  overview: ['overview'],
  assumptions: ['assumption'],
  failure,
  planSource: 'source',
  since: 'main',
  criteria: [{ criterion: 'c', verdict: 'unmet', evidence: 'e' } as const],
  actions: [
    { stepId: 's', title: 't', capability: 'c', result: actionResult({ failure }), verdict: { decision: 'deny' as const, ruleId: 'r', reason: 'r' } },
  ],
  evidence: [{ id: 'e', source: 's', sha256: 'h', quote: 'q' }],
}
const waiting = view({
  state: 'open.active.stalled.awaitingPerson clarifying signingOff',
  question: 'which',
  needsPerson: 'why',
  accepts: ['plan.approve'],
  actions: [action(), action({ state: 'inDoubt.awaitingPerson', result: actionResult({ failure }) })],
})
const allEvents = events(
  { type: 'run.started', goal: 'g', workflowType: 'simple' },
  { type: 'run.adopted', reason: 'r' },
  { type: 'run.parked', reason: 'r' },
  { type: 'state.changed', state: 'open', description: 'd' },
  { type: 'plan.drafted', planRef: 'p', source: 's', steps: 1 },
  { type: 'plan.refused', reason: 'r', findingsRef: null },
  { type: 'plan.awaitsSignOff', digest: 'd' },
  { type: 'goal.needsAnswer', question: 'q', choices: ['c'] },
  { type: 'action.dispatched', actionId: 's1', capability: 'c' },
  { type: 'action.judged', actionId: 's1', decision: 'ask', ruleId: 'r', reason: 'r', digest: 'd' },
  { type: 'action.waiting', actionId: 's1', reason: 'r', digest: 'd' },
  { type: 'action.started', actionId: 's1', attempt: 2 },
  { type: 'action.retrying', actionId: 's1', failure, delayMs: 10 },
  { type: 'action.settled', actionId: 's1', result: actionResult({ outcome: 'failed', failure }) },
  { type: 'run.stalled', cause: 'c', detail: 'd' },
  { type: 'run.amended', accepted: false, reason: 'r' },
  { type: 'run.needsPerson', cause: 'c', choices: ['c'] },
  { type: 'criteria.evaluated', met: 1, total: 2 },
)
// Apart, so that what is planned stays on the tree.
const planned = {
  runId: RUN_ID,
  seq: 1,
  at: 1,
  type: 'plan.accepted',
  planRef: 'p',
  digest: 'd',
  signedBy: null,
  steps: [{ id: 's1', title: 't', capability: 'c', dependsOn: [] }],
} as const
const preview = {
  plan: {
    version: 1 as const,
    assumptions: ['a'],
    successCriteria: [{ kind: 'fileExists' as const, path: 'p' }],
    evidence: [],
    steps: [{ id: 's', title: 't', capability: 'c', args: { path: 'p', list: ['x'] }, dependsOn: ['s0'], successCriteria: [], evidence: [] }],
  },
  source: 's',
  notExamined: [],
  verdict: {
    findings: [{ code: 'E_X', severity: 'error' as const, stepId: 's', path: 'p', message: 'm', hint: 'h' }],
    steps: [{ stepId: 's', decision: 'deny' as const, ruleId: 'r', reason: 'r', atDispatch: true }],
  },
}

function treeOf(text: string, columns: number): string {
  const tree = [...poisoned(allEvents, text), poisoned<RunEvent>(planned, text)].reduce(grow, EMPTY_TREE)
  return drawTree(tree, { columns, rows: 40, limits: { steps: 10, ms: 1000 }, usedMs: 1, answers: [text] }, plain).join('\n')
}

/** Each place that lays out untrusted text, given that text wherever it could stand. */
const PRINTERS: Readonly<Record<string, (text: string) => string>> = {
  'the end of a run': (text) =>
    settledLines(
      poisoned({ ...result({ failure, summary: 's', criteria: fullReport.criteria }) }, text),
      poisoned(fullReport, text),
      invocation,
      plain,
    ).join('\n'),
  'what a run waits for': (text) => waitLines(poisoned(waiting, text), invocation, plain).join('\n'),
  'a question': (text) => waitsOf(poisoned(waiting, text)).flatMap(describeWait).join('\n'),
  'a parked run': (text) =>
    (['needs-person', 'interrupted', 'lease-lost'] as const)
      .flatMap((reason) => parkedLines(poisoned(waiting, text), reason, invocation, plain))
      .join('\n'),
  'the events of a run': (text) =>
    poisoned([...allEvents, planned], text)
      .flatMap((event) => (['normal', 'verbose', 'debug'] as const).map((level) => plainLine(event, level) ?? ''))
      .join('\n'),
  'the tree': (text) => treeOf(text, 80),
  'a narrow tree': (text) => treeOf(text, 3),
  'a table': (text) => tableLines(['A', 'B'], [[text, text]], { elastic: 1, total: 60 }).join('\n'),
  'a plan': (text) => previewLines(poisoned(preview, text) as unknown as Parameters<typeof previewLines>[0], plain).join('\n'),
  'a failure': (text) =>
    faultText(
      faultOf(
        new ControllerError('ACTION_FAILED', text, {
          hint: text,
          details: [text, { path: text, given: text, problem: text }, { code: text, message: text, hint: text, stepId: text }],
        }),
      ),
      { debug: true },
    ),
  'a bug': (text) => faultText(faultOf(new Error(text)), { debug: true }),
  'a finding': (text) => explainFinding(poisoned(fullReport, text), poisoned(finding, text)).join('\n'),
  'a suppressed finding': (text) => explainFinding(poisoned(fullReport, text), poisoned({ ...finding, reason: 'r' }, text)).join('\n'),
  'the report': (text) => renderMarkdown(poisoned(fullReport, text)),
  'a JSON record': (text) => jsonLine({ [text]: text, list: [text] }),
  'a command to type': (text) => commandLine({ program: 'planner-exec', location: ['--workspace', text] }, 'show', text),
  'a line that nobody escaped': (text) => shown(text, false),
}

describe('hostile text', () => {
  it('is at least 40 texts, and live before anything is done about it', () => {
    const tame = HOSTILE_TEXTS.filter((text) => liveIn(text.replaceAll('\n', '\r').replaceAll(/x{9}|漢{9}|\t{9}/g, '\r')) === null)

    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(40)
    expect(tame).toEqual([])
  })

  it.each(Object.entries(PRINTERS))('has no effect in %s', (_, print) => {
    const live = HOSTILE_TEXTS.flatMap((text) => {
      const printed = print(text)
      return liveIn(printed) === null ? [] : [`${JSON.stringify(text.slice(0, 40))} as ${liveIn(printed)}`]
    })

    expect(live).toEqual([])
  })

  it('never begins a line of its own where a line was asked for', () => {
    const lines = ['the events of a run', 'a table', 'the tree', 'a command to type'].map((name) => PRINTERS[name]?.('a\nerror[OK]: PWN') ?? '')

    expect(lines.filter((text) => /^error\[OK\]/m.test(text))).toEqual([])
  })

  it('is told apart from our own styles', () => {
    const styled = createPalette(true)('red', 'ours')

    expect(shown(`${styled}\u001b[5mtheirs\u001b[2J\u009b1m`, true)).toBe(`${styled}\\u{1b}[5mtheirs\\u{1b}[2J\\u{9b}1m`)
  })

  it('stands in a command so that a shell reads it back', async () => {
    const { execFileSync } = await import('node:child_process')
    const words = WHOLE_TEXTS.filter((text) => !text.includes('\0') && text.length < 1_000)

    const read = words.map((word) =>
      execFileSync('bash', ['-c', `printf %s ${commandLine({ program: '', location: [] }, word)}`], { encoding: 'utf8' }),
    )

    expect(read).toEqual(words)
  })
})

describe('a line of half a million characters', () => {
  it.each(['x', '漢', '🙂', 'e\u0301', 'क\u094d'])('of %j costs no more than its length', (unit) => {
    const text = unit.repeat(500_000)

    expect(tableLines(['A'], [[text]], { elastic: 0, total: 20 })[1]?.length).toBeLessThan(100)
    expect(treeOf(text, 80).length).toBeLessThan(20_000)
  })
})

interface Invoked {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The whole command line in this process. */
async function invoke(cwd: string, words: readonly string[], env: Record<string, string> = {}, isTTY = false): Promise<Invoked> {
  const recorded = recordedIo(cwd, words, env)
  if (isTTY) Object.assign(recorded.io.stdout, { isTTY, columns: 100, rows: 30 })
  let code = 0
  try {
    await createProgram(dispatchOf(recorded.io, (exitCode) => (code = exitCode))).parseAsync([...words], { from: 'user' })
  } catch (error) {
    code = await exitCodeOfUsage(recorded.io, error)
  }
  return { code, stdout: recorded.stdout(), stderr: recorded.stderr() }
}

/** What can be a name in a folder and an argument of a program. */
const SHORT = WHOLE_TEXTS.filter((text) => !text.includes('\0') && text.length < 100)
const ALL = SHORT.join(' ')
const nameOf = (text: string) => text.replaceAll('/', '_')

/** A workspace whose every file, plan and policy is hostile. */
async function hostileWorkspace(folder: string): Promise<void> {
  for (const [at, text] of SHORT.entries()) {
    await writeFile(
      join(folder, `${nameOf(text)}.js`),
      `// TODO(${text}): ${text}\nconst password = "${at}hunter2${text.replaceAll(/["\n]/g, '')}"\n`,
    )
    await mkdir(join(folder, `d${nameOf(text)}`), { recursive: true })
  }
  // The others cannot be paths of a plan.
  const readable = SHORT.filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}\\]/u.test(text))
  const steps = readable.slice(0, 6).map((text, at) => ({
    id: `s${at}`,
    title: text.slice(0, 100),
    capability: 'fs.read.v1',
    args: { path: `${nameOf(text)}.js` },
    rationale: text,
    onFailure: 'skip',
  }))
  await writeFile(
    join(folder, 'plan.json'),
    JSON.stringify({
      version: 1,
      title: ALL.slice(0, 150),
      assumptions: SHORT,
      steps: [
        ...steps,
        { id: 'list', title: 'list', capability: 'fs.list.v1', args: { path: '.' } },
        { id: 'markers', title: ALL.slice(0, 100), capability: 'analysis.markers.v1' },
        { id: 'write', title: ALL.slice(0, 100), capability: 'fs.write.v1', args: { path: 'new.txt', content: ALL } },
      ],
      successCriteria: [{ kind: 'fileMatches', path: 'new.txt', pattern: ALL }],
    }),
  )
  await writeFile(
    join(folder, 'denied-plan.json'),
    JSON.stringify({
      version: 1,
      steps: SHORT.map((text, at) => ({ id: `s${at}`, title: text, capability: 'fs.read.v1', args: { path: `${text}31m` } })),
    }),
  )
  await writeFile(
    join(folder, 'bad-plan.json'),
    JSON.stringify({ version: 1, [ALL]: ALL, steps: [{ id: ALL, title: ALL, capability: ALL, [ALL]: 1 }] }),
  )
  await writeFile(
    join(folder, 'policy.yaml'),
    JSON.stringify({
      version: 1,
      defaults: { '*': 'allow', 'fs.write': 'ask' },
      rules: [
        { deny: 'fs.read(**/*31m*)', reason: ALL },
        { ask: 'fs.write', reason: ALL },
      ],
    }),
  )
  await writeFile(
    join(folder, 'bad-policy.yaml'),
    JSON.stringify({
      version: 1,
      [ALL]: ALL,
      rules: [{ deny: ALL, reason: ALL }, { allow: [`fs.read(${ALL})`, ALL] }],
      defaults: { [ALL]: 'allow' },
    }),
  )
  await writeFile(join(folder, 'bad-params.json'), JSON.stringify({ goal: ALL, [ALL]: ALL, workflow_type: ALL, context: { [ALL]: 1 } }))
  await writeFile(join(folder, 'broken.yaml'), `a: [${ALL}\n`)
  await mkdir(join(folder, '.planner-exec', 'runs', nameOf(SHORT[0] ?? '')), { recursive: true })
}

const planIn = (folder: string) => ['--plan', 'plan.json', '--policy', join(folder, 'policy.yaml')]
const commandsIn = (folder: string): readonly (readonly string[])[] => [
  ['run', ALL, ...planIn(folder), '--context', `since=${ALL}`],
  ['run', ALL, ...planIn(folder), '-vv'],
  ['run', ALL, ...planIn(folder), '--ask', 'deny', '--out', `out${nameOf(SHORT[2] ?? '')}`, '--fail-on', 'info'],
  ['run', ALL, ...planIn(folder), '--ask', 'deny', '--explain', ALL],
  ['run', 'x', '--plan', 'denied-plan.json', '--policy', join(folder, 'policy.yaml')],
  ['plan', 'x', '--plan', 'denied-plan.json', '--policy', join(folder, 'policy.yaml')],
  ['run', 'x', '--plan', 'bad-plan.json'],
  ['run', 'x', '--plan', ALL],
  ['run', 'x', '--policy', `./${ALL}`],
  ['run', 'x', '--policy', ALL],
  ['run', 'x', '--playbook', ALL],
  ['run', 'x', '--params', 'bad-params.json'],
  ['run', ALL, '--workflow-type', ALL, '--max-steps', ALL, '--timeout', ALL, '--allow', ALL, '--context', ALL],
  ['run', ALL, '--workspace', ALL],
  ['plan', ALL, ...planIn(folder)],
  ['plan', ALL],
  ['list'],
  ['show', 'last'],
  ['show', ALL],
  ['events', 'last'],
  ['events', ALL],
  ['report', 'last'],
  ['report', 'last', '--explain', ALL],
  ['approve', 'last', ALL],
  ['approve', 'last', 'write', '--edit', `{"path":${ALL}`],
  ['approve', 'last', 'write', '--digest', ALL],
  ['approve', 'last', 'plan', '--edit', ALL],
  ['respond', 'last', 'goal', ALL],
  ['reject', 'last', 'write', '--reason', ALL],
  ['resolve', 'last', ALL, ALL],
  ['choose', 'last', ALL],
  ['modify', 'last', '--override', ALL],
  ['modify', 'last', '--add-action', 'bad-plan.json', '--remove-action', ALL],
  ['cancel', 'last', '--reason', ALL],
  ['replay', 'last'],
  ['replay', 'last', '--to', ALL],
  ['fork', 'last', '--from', '5'],
  ['fork', 'last', '--from', ALL],
  ['resume', '--all', '--dry-run'],
  ['resume', ALL],
  ['gc', '--dry-run', '-v'],
  ['gc', '--older-than', ALL],
  ['capabilities', ALL],
  ['capabilities', 'fs.read.v1'],
  ['playbooks'],
  ['policy', 'check', 'policy.yaml'],
  ['policy', 'check', 'bad-policy.yaml'],
  ['policy', 'check', 'broken.yaml'],
  ['policy', 'check', ALL],
  ['config', 'check', 'bad-policy.yaml'],
  ['config', 'check', ALL],
  ['config', 'show', '--policy', ALL, '--workspace', ALL],
  ['doctor'],
  [ALL],
  ['list', `--${ALL}`],
]

/** What `log-update` moves the cursor with, and our own colours: all that a live tree may send. */
const OWN = /\u001b\[(?:\?2026[hl]|\d*[ABCDG]|[02]?[JK]|(?:1|2|22|3[1-6]|39)m)/g

describe('the program in a hostile workspace', () => {
  it.each([
    ['as text', [], {}, false],
    ['as JSON', ['--json'], {}, false],
    ['in colour', [], { FORCE_COLOR: '1' }, false],
    ['with stack traces', [], { PLANNER_EXEC_DEBUG: '1' }, false],
    ['on a terminal', ['--non-interactive'], { TERM: 'xterm' }, true],
  ] as const)(
    'says nothing that a terminal would obey, %s',
    async (_, more, env, isTTY) => {
      const live = await inFolder(async (folder) => {
        await hostileWorkspace(folder)
        const found: string[] = []
        for (const words of commandsIn(folder)) {
          const knows = more[0] !== '--non-interactive' || words[0] === 'run'
          const { stdout, stderr } = await invoke(folder, [...words, ...(knows ? more : [])], env, isTTY)
          for (const text of [stdout, stderr]) {
            const theirs = /\u001b\[(?:31mPWN|1mPWN)/.exec(text)?.[0] ?? null
            const tame = env['FORCE_COLOR' as keyof typeof env] === undefined && !isTTY ? text : text.replaceAll(OWN, '')
            const first = theirs ?? liveIn(tame)
            if (first !== null) found.push(`${words.slice(0, 3).join(' ').slice(0, 60)}: ${first}`)
          }
        }
        return found
      })

      expect(live).toEqual([])
    },
    60_000,
  )

  it('does its work all the same', async () => {
    await inFolder(async (folder) => {
      await hostileWorkspace(folder)

      const ran = await invoke(folder, ['run', ALL, ...planIn(folder), '--json'])
      const shownRun = await invoke(folder, ['show', 'last'])

      expect(ran.stdout).toContain('"type":"action.settled"')
      expect(shownRun.stdout).toContain('PWN')
      expect(shownRun.stdout).toMatch(/approve .* write --digest/)
    })
  })
})
