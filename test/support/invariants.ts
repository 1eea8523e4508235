import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { ActionContext } from '../../src/machines/action.types.ts'
import type { JudgePlanInput, JudgePlanOutput, WorkflowContext, WorkflowInput } from '../../src/machines/workflow.types.ts'
import { cancelEnds } from '../../src/testing/cancel-rule.ts'
import { contextOf } from '../../src/testing/chart-driver.ts'
import type { AskedService, ChartDriver } from '../../src/testing/chart-driver.ts'
import { exhaust } from '../../src/testing/exhaust.ts'
import { startsNothingWhile } from '../../src/testing/start-rules.ts'
import { neverHangs, noLeftovers, withinLimits } from '../../src/testing/state-rules.ts'
import { holds, placeOf, rule, watch } from '../../src/testing/watch.ts'
import type { Rule, Violations } from '../../src/testing/watch.ts'
import { executesOnlyWithPermission } from './run-permissions.ts'

const OVERALL = ['runTimeLeft']
const PHASES: Record<string, string> = { ready: 'ready', guarding: 'slot', attempting: 'slot', reconciling: 'slot' }

const run = (root: AnyMachineSnapshot): WorkflowContext => contextOf<WorkflowContext>(root)
const isDraining = (root: AnyMachineSnapshot) => root.matches({ open: { active: { executing: 'draining' } } })
const isResting = (root: AnyMachineSnapshot) =>
  root.status !== 'active' || root.matches({ open: 'pausing' }) || root.matches({ open: 'paused' }) || root.matches('settling')
const steps = (driver: ChartDriver) => driver.paths().filter((path) => path !== '')

/** The properties of `statecharts.md` that hold on every reachable state of a run and its actions, checked after whatever is done. */
export function watchRun<Driver extends ChartDriver>(driver: Driver, input: WorkflowInput): Driver & Violations {
  const { settleGraceMs, reportMs } = input.waits
  return watch(driver, [
    executesOnlyWithPermission,
    startsNothingWhile((root) => isResting(root) || isDraining(root), { except: ['reconcileEffect', 'writeReport'], evenIfStopped: ['execute'] }),
    withinLimits<WorkflowContext>(countsOfRun),
    withinLimits<ActionContext>(countsOfAction, (path) => path !== ''),
    dispatchesWithinLimit(input.limits.steps),
    noLeftovers(),
    neverHangs({ busy: ['busy', 'ending'], overallDelays: OVERALL }),
    cancelEnds({ event: 'run.cancel', within: settleGraceMs + reportMs, final: 'cancelled', unless: (root) => run(root).outcome !== null }),
    holds(
      'no timer of the run clock is armed while it stands still',
      ({ root, driver: { timers } }) => !root.hasTag('clockStopped') || timers().every(({ name }) => DELAY_CLOCKS[name] === 'wall'),
    ),
    followsOnlyCleanPlans,
    holds('a drain and its cause are forgotten when it is over', ({ root }) => {
      const elsewhere = root.matches({ open: 'active' }) && !isDraining(root)
      return !elsewhere || run(root).draining === null
    }),
    knowsItsActions,
  ])
}

/** 2: every counter within its limit. */
function countsOfRun({ counts, limits, live }: WorkflowContext) {
  const slots = Object.values(live).filter((phase) => phase === 'slot').length
  return {
    replans: [counts.replans, limits.replans],
    rounds: [counts.rounds, limits.rounds],
    repairs: [counts.repairs, limits.repairs],
    rungs: [counts.rungs, limits.rungs],
    'slots in use': [slots, limits.parallel],
  } as const
}

function countsOfAction({ attempts, retries, step }: ActionContext) {
  return { retries: [retries, step.retry.maxRetries], 'attempts by itself': [attempts, 1 + step.retry.maxRetries] } as const
}

/** 2, counted by what is emitted; no step is done twice. An amendment may raise the limit. */
const dispatchesWithinLimit =
  (steps: number): Rule =>
  () => {
    let limit = steps
    const settled = new Set<string>()
    const begun = new Set<string>()
    return {
      before(deed) {
        if (deed.kind !== 'event' || deed.event.type !== 'run.modify') return
        const { maxSteps } = deed.event['amendment'] as { readonly maxSteps: number | null }
        limit = Math.max(limit, maxSteps ?? 0)
      },
      after({ root, facts }) {
        const again = facts.flatMap((fact: EventObject & { readonly actionId?: unknown }) => {
          const step = `${run(root).counts.plans}/${String(fact.actionId)}`
          if (fact.type === 'action.settled') settled.add(step)
          if (fact.type !== 'action.dispatched') return []
          begun.add(step)
          return settled.has(step) ? [`${step} was dispatched after it had settled`] : []
        })
        return begun.size > limit ? [...again, `${begun.size} actions dispatched of ${limit}`] : again
      },
    }
  }

/** Only a plan that was found clean is in force. */
const followsOnlyCleanPlans: Rule = () => {
  const clean = new Set<string>()
  return {
    before(deed) {
      if (deed.kind !== 'answer' || deed.asked.src !== 'judgePlan' || !(deed.output as JudgePlanOutput).clean) return
      clean.add((deed.asked.input as JudgePlanInput).plan.digest)
    },
    after({ root }) {
      const { plan } = run(root)
      return plan === null || clean.has(plan.digest) ? [] : [`the plan ${plan.digest} is in force, but was never judged clean`]
    },
  }
}

/** What the workflow believes of its actions is what they are. */
const knowsItsActions = rule(({ driver, root }) => {
  if (root.status !== 'active') return []
  const { live, progress, plan } = run(root)
  const paths = steps(driver)
  const believed = [...(progress?.letters ?? '')].flatMap((letter, position) => (letter === 'l' ? (plan?.steps[position]?.id ?? '?') : []))
  const claim = (fine: boolean, what: string) => (fine ? [] : [what])
  return [
    ...claim(Object.keys(live).toSorted().join() === paths.toSorted().join(), `live is ${Object.keys(live).join()}, but ${paths.join()} live`),
    ...claim(
      believed.every((stepId) => stepId in live),
      `the progress says that ${believed.join()} live, but only ${Object.keys(live).join()} do`,
    ),
    ...claim(!root.matches({ open: { active: 'planning' } }) || paths.length === 0, `${paths.join()} live while a plan is made`),
    ...(root.matches('open') ? paths : []).flatMap((path) => {
      const phase = PHASES[stateOf(driver.snapshot(path)?.value)] ?? 'waiting'
      return claim(live[path] === phase, `${path} is in ${placeOf(driver.snapshot(path))}, but counts as ${live[path]}`)
    }),
  ]
})

/** The state of an action that decides whether it holds a slot. */
function stateOf(value: unknown): string {
  if (typeof value === 'string') return value
  const [[outer, inner] = ['', '']] = Object.entries(value ?? {})
  return outer === 'attempting' ? outer : String(inner)
}

/**
 * 5: with no further input, time alone brings a run to its end, or to where it waits for a person without limit. Time ends before the
 * run's own limit, which must be far away.
 * @returns where it got stuck, or null
 */
export function exhaustRun(driver: ChartDriver, input: WorkflowInput, answer?: (asked: AskedService) => void): string | null {
  const waitsForPerson = () => waitsForever(driver, input)
  return exhaust(driver, { until: input.limits.timeMs / 2, waitsForPerson, ...(answer ? { answer } : {}) })
}

function waitsForever(driver: ChartDriver, { person, waits }: WorkflowInput): boolean {
  const root = driver.snapshot('')
  if (root?.status !== 'active') return false
  if (root.matches({ open: 'paused' })) return true
  if (person === 'absent') return false
  const asks = [{ planning: 'clarifying' }, { planning: 'signingOff' }, { stalled: 'awaitingPerson' }].some((active) =>
    root.matches({ open: { active } }),
  )
  if (asks) return waits.interventionMs === 0
  if (!root.matches({ open: { active: { executing: 'holding' } } })) return false
  return steps(driver).every((path) => actionWaitsForever(driver.snapshot(path), waits))
}

function actionWaitsForever(action: AnyMachineSnapshot | null, waits: WorkflowInput['waits']): boolean {
  if (action?.matches('awaitingApproval')) return waits.approvalMs === 0
  return action?.matches({ inDoubt: 'awaitingPerson' }) === true && waits.interventionMs === 0
}
