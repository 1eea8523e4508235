import type { AnyMachineSnapshot, EventObject } from 'xstate'
import type { ActionContext, JudgeActionInput } from '../../src/machines/action.types.ts'
import type { WorkflowContext } from '../../src/machines/workflow.types.ts'
import type { Failure } from '../../src/model/failure.ts'
import type { PlanSkeleton } from '../../src/model/skeleton.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import type { Choice } from '../../src/testing/choices.ts'
import { createWalk } from '../../src/testing/walk.ts'
import type { Walk } from '../../src/testing/walk.ts'
import { CUT_OFF, FINDINGS, GOOD, HARD, IN_DOUBT, TRANSIENT, amendment, ask, planOf, stepOf, verdictOf } from './flow.fixture.ts'

const RETRIES = { maxRetries: 1, backoff: 'fixed', baseDelayMs: 2_003, maxDelayMs: 30_000 } as const

/** Plans that a walk draws from: chains, siblings, writes, and each answer to a failure. */
const SHAPES: readonly (() => PlanSkeleton['steps'])[] = [
  () => [stepOf('s1'), stepOf('s2', { effect: 'write' }), stepOf('s3', { dependsOn: ['s1'] })],
  () => [stepOf('s1', { effect: 'external', onFailure: 'ask' }), stepOf('s2', { onFailure: 'abort' }), stepOf('s3', { dependsOn: ['s1', 's2'] })],
  () => [
    stepOf('s1', { onFailure: 'skip', retry: { ...RETRIES, maxRetries: 0 } }),
    stepOf('s2', { dependsOn: ['s1'] }),
    stepOf('s3', { effect: 'idempotent' }),
  ],
  () => [stepOf('s1', { effect: 'write', onFailure: 'abort' })],
  () => [stepOf('s1'), stepOf('s2', { dependsOn: ['nowhere'] })],
  () => [stepOf('s1', { onFailure: 'skip' }), stepOf('s2', { onFailure: 'skip' }), stepOf('s3', { onFailure: 'skip' })],
]

const CHOICES = [
  ['continue', 8],
  ['replan', 6],
  ['accept', 2],
  ['fail', 1],
] as const
const PLANNING: Readonly<Record<string, unknown>> = {
  vetGoal: GOOD.vetGoal,
  research: GOOD.research,
  draftPlan: null,
  deliberate: GOOD.deliberate,
  judgePlan: GOOD.judgePlan,
}
const RESOLUTIONS = ['happened', 'did-not', 'failed'] as const

export interface RunWalk extends Walk {
  /** Goes the usual way to where a plan is carried out, as far as nobody is asked. */
  hurry(draw: number): void
}

/** A random walk over a run with its actions: every answer of every service, every timer, every event of a person that the charts would take. */
export function createRunWalk(driver: ChartDriver): RunWalk {
  const walk = createWalk(driver, { choose: choices })
  /** Begun by `hurry`, in words. */
  const begun: string[] = []
  let plans = 0

  const context = () => driver.snapshot('')?.context as WorkflowContext
  const nextPlan = (draw: number): PlanSkeleton => planOf((SHAPES[draw % 13] ?? SHAPES[draw % 4])?.() ?? [], `plan-${++plans}`)

  function choices(draw: number): readonly Choice[] {
    const root = driver.snapshot('')
    if (root?.status !== 'active') return []
    const asked = driver.asked()
    const due = nearDue(driver)
    return [
      ...asked.flatMap((service) => answers(service, draw)),
      ...(due === null ? [] : [{ weight: hasty(root) ? 40 : 2, does: 'time', act: () => driver.fire() }]),
      { weight: 2, does: 'wait', act: () => driver.wait(Math.min(500, (due ?? Infinity) - driver.now() - 1)) },
      ...people(root, draw).map(({ weight, event }) => ({ weight, does: event.type, act: () => driver.send('', event) })),
      { weight: 1, does: 'stray', act: () => driver.send('', stray(draw)) },
      ...asked
        .filter(({ src }) => src === 'execute')
        .map(({ path }) => ({ weight: 2, does: `${path} heartbeat`, act: () => driver.send(path, ask.heartbeat()) })),
    ]
  }

  function answers(asked: AskedService, draw: number): readonly Choice[] {
    const says = (weight: number, output: unknown): Choice => ({
      weight,
      does: `${asked.path} ${asked.src} = ${brief(output)}`,
      act: () => driver.answer(asked, output),
    })
    const fails = (weight: number, error: Failure): Choice => ({
      weight,
      does: `${asked.path} ${asked.src} ! ${error.code}`,
      act: () => driver.fail(asked, error),
    })
    switch (asked.src) {
      case 'vetGoal':
        return [
          says(60, GOOD.vetGoal),
          says(6, { ...GOOD.vetGoal, decision: 'ambiguous' }),
          says(1, { ...GOOD.vetGoal, decision: 'deny' }),
          fails(1, HARD),
        ]
      case 'draftPlan':
        return [says(60, { kind: 'plan', plan: nextPlan(draw) }), says(1, { kind: 'none', reason: 'no idea', hint: 'try' }), fails(9, HARD)]
      case 'deliberate':
        return [
          says(60, GOOD.deliberate),
          ...['revise', 'no-quorum'].map((kind) => says(5, { ...GOOD.deliberate, kind })),
          says(1, { ...GOOD.deliberate, kind: 'veto' }),
          fails(3, HARD),
        ]
      case 'judgePlan':
        return [says(80, GOOD.judgePlan), says(context().draft?.edited ? 80 : 6, FINDINGS), fails(3, HARD)]
      case 'judgeAction':
        return [...verdicts(asked).map(([weight, verdict]) => says(weight, verdict)), fails(1, HARD)]
      case 'execute':
        return [says(16, GOOD.execute), fails(6, TRANSIENT), fails(4, HARD), fails(3, IN_DOUBT), fails(2, CUT_OFF)]
      case 'reconcileEffect':
        return [says(6, GOOD.reconcileEffect), ...['did-not', 'unknown'].map((verdict) => says(6, { verdict, outputRef: null })), fails(1, HARD)]
      case 'evaluateCriteria':
        return [
          says(12, GOOD.evaluateCriteria),
          ...['unmet', 'unknown'].map((verdict) => says(8, { ...GOOD.evaluateCriteria, verdict })),
          fails(1, HARD),
        ]
      case 'diagnoseStall':
        return [
          ...(['restart_action', 'increase_timeout', 'replan'] as const).map((kind) =>
            says(6, { kind: 'recover', intervention: { interventionId: 'i', kind, stepId: 's1', detail: '' } }),
          ),
          says(6, GOOD.diagnoseStall),
          fails(3, HARD),
        ]
      case 'applyIntervention':
        return [says(8, GOOD.applyIntervention), fails(3, HARD)]
      default:
        return [says(16, GOOD[asked.src as keyof typeof GOOD]), fails(1, HARD)]
    }
  }

  /** The guard judges what it was given: the same arguments have the same digest, unless what they refer to changed. */
  function verdicts({ path, input }: AskedService) {
    const { editRef, modifiedRef } = input as JudgeActionInput
    const digest = `${path}/${editRef ?? '-'}/${modifiedRef ?? '-'}`
    const changed = { digest: `${digest}/changed`, actionRef: `action/${digest}/changed` }
    const same = { digest, actionRef: `action/${digest}` }
    return [
      [20, verdictOf('allow', same)],
      [10, verdictOf('ask', same)],
      [4, verdictOf('modify', changed)],
      [3, verdictOf('ask', changed)],
      [3, verdictOf('ask', { ...same, policyHash: 'policy-2' })],
      [2, verdictOf('deny', same)],
    ] as const
  }

  type Request = { readonly weight: number; readonly event: EventObject & { readonly actionId?: string } }

  /** What a person may ask for here, as far as the place tells; the charts' guards may still refuse it. */
  function people(root: AnyMachineSnapshot, draw: number): readonly Request[] {
    const at = driver.runNow()
    if (root.matches('idle'))
      return [
        { weight: 60, event: ask.start(at) },
        { weight: 1, event: ask.cancel() },
      ]
    const { draft, plan } = context()
    const digest = draft?.plan.digest ?? ''
    const asks = root.hasTag('needsPerson')
    const held = root.matches({ open: 'pausing' }) || root.matches({ open: 'paused' })
    return [
      { weight: root.matches('settling') ? 10 : 1, event: ask.cancel() },
      { weight: 1, event: ask.pause('finish', at) },
      { weight: held ? 6 : 1, event: ask.pause('abort', at) },
      ...(held ? [{ weight: 20, event: ask.resume(at) }] : []),
      ...(plan ? [{ weight: 2, event: ask.modify(amend(draw)) }] : []),
      ...(root.matches({ open: { active: { planning: 'clarifying' } } }) ? [{ weight: 20, event: ask.answerGoal('the first') }] : []),
      ...(asks && draft !== null ? signatures(digest, draw) : []),
      ...(asks ? CHOICES.map(([option, weight]) => ({ weight, event: ask.choose(option) })) : []),
      ...driver.paths().flatMap((path) => (path === '' ? [] : peopleOn(path, driver.snapshot(path)))),
    ]
  }

  const signatures = (digest: string, draw: number): readonly Request[] => [
    { weight: 20, event: ask.approvePlan(digest) },
    { weight: 1, event: ask.approvePlan('another') },
    { weight: 3, event: ask.editPlan(digest, planOf(SHAPES[0]?.() ?? [], `edited-${draw}`)) },
    { weight: 5, event: ask.rejectPlan(digest) },
  ]

  function peopleOn(actionId: string, action: AnyMachineSnapshot | null): readonly Request[] {
    const digest = (action?.context as ActionContext | undefined)?.verdict?.digest ?? ''
    if (action?.matches('awaitingApproval')) {
      return [
        { weight: 12, event: ask.approve(actionId, digest) },
        { weight: 1, event: ask.approve(actionId, 'another') },
        { weight: 3, event: ask.edit(actionId, `edit-${walk.trail.length}`, digest) },
        { weight: 2, event: ask.reject(actionId, digest) },
        { weight: 1, event: ask.respond(actionId, 'answer', digest) },
        { weight: 1, event: ask.skip(actionId) },
      ]
    }
    if (action?.matches({ inDoubt: 'awaitingPerson' }))
      return RESOLUTIONS.map((resolution) => ({ weight: 4, event: ask.resolve(actionId, resolution) }))
    if (action?.matches('attempting'))
      return [
        { weight: 2, event: ask.restart(actionId) },
        { weight: 1, event: ask.override(actionId, 'instead') },
      ]
    return [{ weight: 1, event: ask.skip(actionId) }]
  }

  /** An event that nobody waits for, or that comes too late. */
  function stray(draw: number): EventObject {
    const events = [
      ask.start(driver.runNow()),
      ask.resume(driver.runNow()),
      ask.approvePlan('another'),
      ask.choose('accept'),
      ask.approve('s1'),
      ask.resolve('s2', 'happened'),
      ask.skip('nobody'),
      ask.restart('s3'),
      ask.modify(),
    ]
    return events[draw % events.length] ?? ask.choose('accept')
  }

  function amend(draw: number) {
    const { plan, limits, live } = context()
    if (plan === null) return {}
    const added = stepOf(`a${walk.trail.length}`, { dependsOn: plan.steps.slice(0, 1).map(({ id }) => id) })
    const without = plan.steps.filter(({ id }) => id in live)
    const kinds = [
      { maxSteps: limits.steps + 1 },
      { plan: planOf([...plan.steps, added], `amended-${++plans}`) },
      {
        plan: planOf(
          without.map((step) => ({ ...step, dependsOn: [] })),
          `amended-${++plans}`,
        ),
      },
      { overrides: { s1: 'instead' } },
      { escalate: true },
    ]
    return amendment(kinds[draw % kinds.length])
  }

  return {
    step: walk.step,
    get trail() {
      return [...begun, ...walk.trail]
    },
    hurry(draw) {
      driver.send('', ask.start(driver.runNow()))
      for (let asked = driver.asked()[0]; asked?.path === '' && asked.src in PLANNING; asked = driver.asked()[0]) {
        driver.answer(asked, asked.src === 'draftPlan' ? { kind: 'plan', plan: nextPlan(draw) } : PLANNING[asked.src])
      }
      begun.push(`plan ${draw % 13} is carried out`)
    },
  }
}

/** Where time is likelier to go on than anything else. */
const hasty = (root: AnyMachineSnapshot) =>
  root.hasTag('needsPerson') || root.matches({ open: { active: { executing: 'draining' } } }) || root.matches({ settling: 'stopping' })

/** When the next timer fires that is not the run's own limit, which is far away. */
function nearDue(driver: ChartDriver): number | null {
  const due = driver.nextDue()
  return due === null || due > driver.now() + 10 * 86_400_000 ? null : due
}

function brief(output: unknown): string {
  if (typeof output !== 'object' || output === null) return String(output)
  const [first = ''] = ['decision', 'kind', 'verdict', 'clean'].flatMap((key) => (key in output ? [String(Reflect.get(output, key))] : []))
  return first
}
