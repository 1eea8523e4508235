import type { PlanInput } from '../../src/model/plan.ts'
import type { PlannerExecParamsInput } from '../../src/model/goal.ts'
import type { RunEvent } from '../../src/model/events.ts'
import type { RunRequestInput } from '../../src/model/request.ts'
import { controllerScenario } from '../../src/testing/crash-controller.ts'
import type { ControllerCrashOptions, CrashStage } from '../../src/testing/crash-controller.ts'
import type { Ask } from '../../src/testing/crash-person.ts'
import { fakeCapability, fakeExecutor } from '../../src/testing/fake-executor.ts'
import type { FakeAnswer } from '../../src/testing/fake-executor.ts'
import type { FakeCall } from '../../src/testing/fake-executor-world.ts'
import { scriptedGuard } from '../../src/testing/scripted-guard.ts'
import { scriptedOracle } from '../../src/testing/scripted-oracle.ts'

type Step = PlanInput['steps'][number]

const CAPABILITIES = {
  look: fakeCapability('release.look.v1', 'read'),
  build: fakeCapability('release.build.v1', 'idempotent'),
  write: fakeCapability('release.write.v1', 'write'),
  send: fakeCapability('release.send.v1', 'external'),
}

function step(id: string, does: keyof typeof CAPABILITIES, dependsOn: readonly string[] = [], rest: Partial<Step> = {}): Step {
  const { name } = CAPABILITIES[does]
  const retry = { maxRetries: 3, backoff: 'exponential', baseDelayMs: 1_000, maxDelayMs: 8_000 } as const
  return { id, title: id, capability: name, args: { item: id }, dependsOn: [...dependsOn], retry, timeoutMs: 60_000, ...rest }
}

/** Fourteen actions; the last one cannot succeed, whatever is retried. */
const FIRST: PlanInput = {
  version: 1,
  successCriteria: [{ kind: 'stepSucceeded', step: 'announce' }],
  steps: [
    step('status', 'look'),
    step('changes', 'look'),
    step('license', 'look'),
    step('fetch', 'look', ['status'], { retry: { maxRetries: 3, backoff: 'jittered', baseDelayMs: 1_000, maxDelayMs: 8_000 } }),
    step('notes', 'write', ['changes'], { args: { text: '${steps.changes.output.seen}' } }),
    step('compile', 'build', ['fetch']),
    step('audit', 'look', ['license', 'fetch']),
    step('bundle', 'build', ['compile']),
    step('tag', 'write', ['bundle', 'notes']),
    step('sign', 'send', ['bundle', 'audit']),
    step('upload', 'send', ['tag', 'sign']),
    step('verify', 'look', ['upload'], { timeoutMs: 900_000 }),
    step('announce', 'send', ['verify']),
    step('mirror', 'look', ['announce']),
  ],
}

/** Six more in place of the one that failed. */
const SECOND: PlanInput = {
  version: 1,
  successCriteria: [{ kind: 'stepSucceeded', step: 'close' }],
  steps: [
    step('probe', 'look'),
    step('proxy', 'look'),
    step('replicate', 'send', ['probe', 'proxy']),
    step('record', 'write', ['replicate']),
    step('confirm', 'look', ['replicate']),
    step('close', 'write', ['record', 'confirm']),
  ],
}

/** How long each takes, in ms: no two ends fall together. */
const TAKES: Readonly<Record<string, number>> = {
  status: 310,
  changes: 470,
  license: 611,
  fetch: 130,
  notes: 290,
  compile: 2_371,
  audit: 1_709,
  bundle: 997,
  tag: 173,
  sign: 811,
  upload: 3_407,
  announce: 91,
  mirror: 53,
  probe: 419,
  proxy: 227,
  replicate: 1_303,
  record: 337,
  confirm: 199,
  close: 67,
}

function respond({ stepId, attempt }: FakeCall): FakeAnswer {
  const afterMs = TAKES[stepId] ?? 0
  const output = { seen: `${stepId} as it is` }
  if (stepId === 'fetch' && attempt <= 2) return { afterMs, failure: { message: 'the line was busy', transient: true } }
  if (stepId === 'sign' && attempt === 1) return { afterMs, failure: { message: 'the agent was locked', transient: true } }
  if (stepId === 'verify' && attempt === 1) return { hang: true }
  if (stepId === 'mirror') return { afterMs, failure: { message: 'the mirror is gone' } }
  if (stepId === 'upload') return { afterMs, output, heartbeatMs: 1_100, effectAtMs: 1_700 }
  return { afterMs, output }
}

export const PARAMS: PlannerExecParamsInput = {
  goal: 'Release it',
  workflow_type: 'complex_orchestration',
  max_steps: 40,
  timeout_ms: 3_600_000,
  resource_limits: { max_parallel_executions: 3 },
  preferences: { stall_detection_ms: 30_000 },
}

/** The person signs the plan, whose external actions may be retried, approves what waits, and goes on with what is paused. */
export function person(event: RunEvent, ask: Ask<RunRequestInput>): void {
  if (event.type === 'plan.awaitsSignOff') ask(`sign ${event.seq}`, { type: 'plan.approve' }, 1_300)
  if (event.type === 'action.waiting') ask(`approve ${event.seq}`, { type: 'action.approve', actionId: event.actionId }, 700)
  if (event.type === 'state.changed' && event.state === 'open.paused') ask(`resume ${event.seq}`, { type: 'run.resume' }, 5_000)
}

export function ports({ clock, world }: CrashStage) {
  const executor = fakeExecutor({ capabilities: Object.values(CAPABILITIES), respond, clock, world })
  const guard = scriptedGuard({ catalog: executor.catalog, decide: ({ stepId }) => (stepId === 'tag' ? 'ask' : 'allow') })
  return { executor, guard, oracles: [scriptedOracle({ drafts: ({ replans }) => [FIRST, SECOND][replans] })] }
}

/** A release in twenty actions on three slots: retries, an approval, a silent action that is started again, and a second plan. */
export const releaseScenario = (workspace: string, options: Partial<ControllerCrashOptions> = {}) =>
  controllerScenario({ workspace, params: PARAMS, person, ports, ...options })
