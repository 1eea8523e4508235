import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { ActionView, RunView } from '../../src/controller.types.ts'
import type { Io } from '../../src/cli/io.ts'
import type { RunEvent } from '../../src/model/events.ts'
import { NO_USAGE, type ActionResult, type RunResult } from '../../src/model/result.ts'
import type { Report } from '../../src/model/report.ts'
import type { Verdict } from '../../src/model/verdict.ts'

export const DIGEST = 'ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12'
export const RUN_ID = '01990000-0000-7000-8000-000000000001'

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-cli-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface RecordedIo {
  readonly io: Io
  stdout(): string
  stderr(): string
}

/** An outside that keeps what is written to it. */
export function recordedIo(cwd: string, argv: readonly string[], env: Record<string, string> = {}): RecordedIo {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const texts = { stdout: '', stderr: '' }
  stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString('utf8')))
  stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString('utf8')))
  return {
    io: {
      stdin: new PassThrough(),
      stdout,
      stderr,
      env: { HOME: cwd, PATH: process.env['PATH'], ...env },
      cwd,
      argv,
      script: '/usr/bin/planner-exec',
    },
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
  }
}

export function result(change: Partial<RunResult> = {}): RunResult {
  return {
    runId: RUN_ID,
    status: 'completed',
    exitReason: 'criteria_met',
    summary: 'All is well.',
    criteria: [],
    usage: NO_USAGE,
    failure: null,
    reportPath: '/w/report.md',
    ...change,
  }
}

export function actionResult(change: Partial<ActionResult> = {}): ActionResult {
  return {
    stepId: 's1',
    outcome: 'succeeded',
    inDoubt: false,
    provenance: 'capability',
    outputRef: null,
    failure: null,
    digest: DIGEST,
    ruleId: 'r',
    attempts: 1,
    usage: { ...NO_USAGE, wallMs: 120 },
    ...change,
  }
}

export const VERDICT: Verdict = {
  decision: 'ask',
  digest: DIGEST,
  policyHash: 'p',
  ruleId: 'default:fs.write',
  reason: 'writes a file',
  hint: null,
  effect: 'write',
  risk: 'medium',
  actionRef: 'a',
}

export function action(change: Partial<ActionView> = {}): ActionView {
  return {
    actionId: 's1',
    title: 'Write the notes',
    capability: 'fs.write.v1',
    dependsOn: [],
    state: 'awaitingApproval',
    attempts: 0,
    digest: DIGEST,
    verdict: VERDICT,
    args: { path: 'notes.md', content: 'hello' },
    result: null,
    ...change,
  }
}

export function view(change: Partial<RunView> = {}): RunView {
  return {
    summary: {
      runId: RUN_ID,
      goal: 'Write notes',
      workflowType: 'simple',
      state: 'open.active.executing.holding',
      needsPerson: true,
      finished: false,
      exitReason: null,
      createdAt: 0,
      updatedAt: 0,
    },
    state: 'open.active.executing.holding',
    description: 'Only people can move it.',
    plan: null,
    planDigest: DIGEST,
    planSource: 'plan-file',
    actions: [],
    accepts: [],
    question: null,
    needsPerson: null,
    owner: null,
    limits: { steps: [1, 10], ms: [1_000, 300_000], replans: [0, 3] },
    result: null,
    lastSeq: 7,
    ...change,
  }
}

type Body<E> = E extends RunEvent ? Omit<E, 'runId' | 'seq' | 'at'> : never

/** Events of one run in the order given. */
export function events(...bodies: readonly Body<RunEvent>[]): RunEvent[] {
  return bodies.map((body, seq) => ({ runId: RUN_ID, seq, at: Date.UTC(2026, 0, 1) + seq, ...body }))
}

export function report(findings: Report['findings']): Report {
  return {
    version: 1,
    runId: RUN_ID,
    goal: 'Write notes',
    status: 'completed',
    exitReason: 'criteria_met',
    summary: 'All is well.',
    failure: null,
    workflowType: 'simple',
    planSource: null,
    assumptions: [],
    overview: [],
    criteria: [],
    actions: [],
    findings,
    suppressed: [],
    figures: [],
    since: null,
    notes: [],
    notExamined: [],
    recommendations: [],
    evidence: [],
    usage: NO_USAGE,
    startedAt: 0,
    durationMs: 0,
  }
}
