import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { ActionContext, ExecuteInput } from '../../src/machines/action.types.ts'
import type { JudgePlanInput, JudgePlanOutput, WorkflowContext, WorkflowInput } from '../../src/machines/workflow.types.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { contextOf } from './composite.ts'
import type { Asked, Composite } from './composite.ts'

/** What people and the guard said of one live step, noted apart from the machines. */
interface Granted {
  readonly verdict: Verdict | null
  readonly approval: { readonly digest: string; readonly policyHash: string } | null
}

export interface Watched extends Composite {
  /** What did not hold, in the order it was seen; empty when everything did. */
  violations(): readonly string[]
}

const NOTHING: Granted = { verdict: null, approval: null }
const PHASES: Record<string, string> = { ready: 'ready', guarding: 'slot', attempting: 'slot', reconciling: 'slot' }

/** The properties of `statecharts.md` that hold on every reachable state, checked after whatever is done to a composite. */
export function watch(composite: Composite, input: WorkflowInput): Watched {
  const violations: string[] = []
  const granted = new Map<string, Granted>()
  let stepLimit = input.limits.steps
  let dispatches = 0
  let cancelled: { readonly deadline: number; readonly first: boolean } | null = null
  const facts: EventObject[] = []
  const cleanPlans = new Set<string>()
  const settledSteps = new Set<string>()
  const begun = new Set<string>()

  const root = () => composite.snapshot('')
  const claim = (holds: boolean, what: string) => void (holds || violations.push(what))

  function after(): void {
    const snapshot = root()
    if (snapshot === null) return
    const started = composite.takeStarted()
    const waiting = composite.asked()
    for (const asked of started) {
      // What began and was stopped in one cascade never left the process; an execution is not even begun.
      const stands = waiting.some(({ path, childId }) => path === asked.path && childId === asked.childId)
      if (stands || asked.src === 'execute') checkStart(asked, snapshot)
    }
    const told = composite.takeFacts()
    facts.push(...told)
    checkLimits(snapshot)
    checkPlan(snapshot, told)
    checkLife(snapshot)
    if (snapshot.status === 'active') checkLive(snapshot)
    for (const path of [...granted.keys()]) if (composite.snapshot(path) === null) granted.delete(path)
    if (cancelled !== null) checkCancel(snapshot, cancelled)
  }

  /** 1: nothing is executed without a yes to this very digest, and nothing starts where nothing may. */
  function checkStart(asked: Asked, snapshot: AnyMachineSnapshot): void {
    const place = JSON.stringify(snapshot.value)
    const resting =
      snapshot.status !== 'active' || snapshot.matches({ open: 'pausing' }) || snapshot.matches({ open: 'paused' }) || snapshot.matches('settling')
    const draining = snapshot.matches({ open: { active: { executing: 'draining' } } })
    const winding = asked.src === 'reconcileEffect' || asked.src === 'writeReport'
    claim(winding || !(resting || draining), `P1: ${asked.src} of ${asked.path || 'the run'} started in ${place}`)
    if (asked.src !== 'execute') return
    const { digest } = asked.input as ExecuteInput
    const { verdict, approval } = granted.get(asked.path) ?? NOTHING
    const allowed = verdict?.decision === 'allow' && verdict.digest === digest
    const approved =
      verdict !== null &&
      verdict.digest === digest &&
      verdict.decision !== 'deny' &&
      approval?.digest === digest &&
      approval.policyHash === verdict.policyHash
    claim(allowed || approved, `P1: ${asked.path} was executed with digest ${digest}, which has neither an allow nor an approval`)
  }

  /** 2: every counter within its limit. */
  function checkLimits(snapshot: AnyMachineSnapshot): void {
    const { counts, limits, live } = snapshot.context as WorkflowContext
    claim(dispatches <= stepLimit, `P2: ${dispatches} actions dispatched of ${stepLimit}`)
    for (const name of ['replans', 'rounds', 'repairs', 'rungs'] as const)
      claim(counts[name] <= limits[name], `P2: ${counts[name]} ${name} of ${limits[name]}`)
    claim(Object.values(live).filter((phase) => phase === 'slot').length <= limits.parallel, 'P2: more slots in use than there are')
    for (const path of composite.paths()) if (path !== '') checkAttempts(path)
  }

  /** Only a plan that was found clean is in force, and no step of it is done twice; a drain and its cause are forgotten when it is over. */
  function checkPlan(snapshot: AnyMachineSnapshot, told: readonly EventObject[]): void {
    const { plan, counts, draining } = snapshot.context as WorkflowContext
    claim(plan === null || cleanPlans.has(plan.digest), `the plan ${plan?.digest} is in force, but was never judged clean`)
    for (const fact of told) {
      const step = 'actionId' in fact ? `${counts.plans}/${String(fact.actionId)}` : ''
      if (fact.type === 'action.settled') settledSteps.add(step)
      if (fact.type === 'action.dispatched') claim(!settledSteps.has(step), `${step} was dispatched after it had settled`)
      if (fact.type === 'action.dispatched' && !begun.has(step)) dispatches += 1
      if (fact.type === 'action.dispatched') begun.add(step)
    }
    const active = snapshot.matches({ open: 'active' }) && !snapshot.matches({ open: { active: { executing: 'draining' } } })
    claim(!active || draining === null, `the run believes that it drains in ${JSON.stringify(snapshot.value)}`)
  }

  function checkAttempts(path: string): void {
    const { attempts, retries, step } = contextOf<ActionContext>(composite.snapshot(path))
    claim(retries <= step.retry.maxRetries, `P2: ${path} retried ${retries} times`)
    claim(attempts <= 1 + step.retry.maxRetries, `P2: ${path} was attempted ${attempts} times by itself`)
  }

  /** 3 and 4: nothing lives on after the end, no finished child is kept, and whoever is busy has something that will end it. */
  function checkLife(snapshot: AnyMachineSnapshot): void {
    const asked = composite.asked()
    const timers = composite.timers()
    const paths = composite.paths().filter((path) => path !== '')
    if (snapshot.status !== 'active') {
      claim(snapshot.status === 'done', `the run crashed: ${String(snapshot.error)}`)
      claim(
        asked.length + timers.length + paths.length === 0,
        `P3: the run is over but ${[...paths, ...asked.map(({ src }) => src), ...timers.map(({ name }) => name)].join(', ')} lives on`,
      )
      return
    }
    const alive = new Set([...paths, ...asked.flatMap(({ path, childId }) => (path === '' ? [childId] : []))])
    const kept = Object.keys(snapshot.children).filter((id) => !alive.has(id))
    claim(kept.length === 0, `P3: finished children are kept: ${kept.join(', ')}`)
    for (const path of composite.paths()) {
      const actor = composite.snapshot(path)
      if (!actor?.hasTag('busy') && !actor?.hasTag('ending')) continue
      const ownTimer = timers.some(({ owner, name }) => owner === path && name !== 'runTimeLeft')
      const bounded =
        ownTimer ||
        asked.some((service) => service.path === path) ||
        (path === '' && paths.some((child) => composite.snapshot(child)?.hasTag('busy')))
      claim(bounded, `P4: ${path || 'the run'} is busy in ${JSON.stringify(actor.value)} with nothing that could end it`)
    }
    if (snapshot.hasTag('clockStopped'))
      claim(
        timers.every(({ name }) => DELAY_CLOCKS[name] === 'wall'),
        'a timer of the run clock is armed while it stands still',
      )
  }

  /** What the workflow believes of its actions is what they are. */
  function checkLive(snapshot: AnyMachineSnapshot): void {
    const { live, progress, plan } = snapshot.context as WorkflowContext
    const paths = composite.paths().filter((path) => path !== '')
    claim(Object.keys(live).toSorted().join() === paths.toSorted().join(), `live is ${Object.keys(live).join()}, but ${paths.join()} live`)
    const letters = [...(progress?.letters ?? '')].flatMap((letter, position) => (letter === 'l' ? (plan?.steps[position]?.id ?? '?') : []))
    claim(
      letters.every((stepId) => stepId in live),
      `the progress says that ${letters.join()} live, but only ${Object.keys(live).join()} do`,
    )
    if (snapshot.matches({ open: { active: 'planning' } })) claim(paths.length === 0, `${paths.join()} live while a plan is made`)
    if (!snapshot.matches('open')) return
    for (const path of paths) {
      const value: unknown = composite.snapshot(path)?.value
      const place =
        typeof value === 'string'
          ? value
          : Object.entries(value ?? {}).flatMap(([outer, inner]) => (outer === 'attempting' ? outer : String(inner)))[0]
      claim(live[path] === (PHASES[place ?? ''] ?? 'waiting'), `${path} is ${place}, but counts as ${live[path]}`)
    }
  }

  /** 6: a cancelled run ends as cancelled, in time. */
  function checkCancel(snapshot: AnyMachineSnapshot, { deadline, first }: { readonly deadline: number; readonly first: boolean }): void {
    if (snapshot.status === 'active')
      return claim(composite.now() <= deadline, `P6: the run was to be cancelled by ${deadline}, now it is ${composite.now()}`)
    claim(!first || snapshot.value === 'cancelled', `P6: the run was cancelled but ended as ${JSON.stringify(snapshot.value)}`)
  }

  /** Notes what the event grants, before it is sent. */
  function before(path: string, event: EventObject & { readonly actionId?: unknown; readonly digest?: unknown }): void {
    const snapshot = root()
    if (event.type === 'run.cancel' && cancelled === null && snapshot?.status === 'active' && snapshot.can(event)) {
      const { settleGraceMs, reportMs } = input.waits
      cancelled = { deadline: composite.now() + settleGraceMs + reportMs, first: (snapshot.context as WorkflowContext).outcome === null }
    }
    if (event.type === 'run.modify' && 'amendment' in event) {
      const { maxSteps } = event.amendment as { readonly maxSteps: number | null }
      stepLimit = Math.max(stepLimit, maxSteps ?? 0)
    }
    if (path !== '' || event.type !== 'action.approve' || typeof event.actionId !== 'string' || typeof event.digest !== 'string') return
    const known = granted.get(event.actionId)
    const waits = composite.snapshot(event.actionId)?.matches('awaitingApproval') === true && snapshot?.matches('open') === true
    if (!known?.verdict || !waits || known.verdict.digest !== event.digest) return
    granted.set(event.actionId, { ...known, approval: { digest: event.digest, policyHash: known.verdict.policyHash } })
  }

  function judged(asked: Asked, verdict: Verdict): void {
    const known = granted.get(asked.path) ?? NOTHING
    // An approval is used up when the digest changes.
    granted.set(asked.path, { verdict, approval: known.approval?.digest === verdict.digest ? known.approval : null })
  }

  const then = (act: () => void) => {
    act()
    after()
  }
  after()

  return {
    ...composite,
    send: (path, event) => {
      before(path, event)
      then(() => composite.send(path, event))
    },
    answer: (asked, output) => {
      if (asked.src === 'judgeAction') judged(asked, output as Verdict)
      if (asked.src === 'judgePlan' && (output as JudgePlanOutput).clean) cleanPlans.add((asked.input as JudgePlanInput).plan.digest)
      then(() => composite.answer(asked, output))
    },
    fail: (asked, error) => then(() => composite.fail(asked, error)),
    fire: () => then(() => composite.fire()),
    takeStarted: () => [],
    takeFacts: () => facts.splice(0),
    violations: () => violations,
  }
}

/**
 * 5: with no further input, time alone brings a run to its end, or to where it waits for a person without limit. Time ends before the
 * run's own limit, which must be far away.
 * @returns where it got stuck, or null
 */
export function exhaust(composite: Composite, input: WorkflowInput, answer: (asked: Asked) => void = () => {}): string | null {
  const horizon = composite.now() + input.limits.timeMs / 2
  for (let step = 0; step < 2_000; step++) {
    const asked = composite.asked()[0]
    if (asked) answer(asked)
    const due = composite.nextDue()
    if (due === null || due > horizon) return waitsForever(composite, input) ? null : `P5: nothing moves ${place(composite)} any more`
    composite.fire()
  }
  return `P5: ${place(composite)} goes on for ever`
}

const place = (composite: Composite) =>
  composite
    .paths()
    .map((path) => `${path || 'the run'} in ${JSON.stringify(composite.snapshot(path)?.value)}`)
    .join(', ')

function waitsForever(composite: Composite, { person, waits }: WorkflowInput): boolean {
  const root = composite.snapshot('')
  if (root === null || root.status === 'done') return root !== null
  if (root.matches({ open: 'paused' })) return true
  if (person === 'absent') return false
  const asks = [{ planning: 'clarifying' }, { planning: 'signingOff' }, { stalled: 'awaitingPerson' }].some((active) =>
    root.matches({ open: { active } }),
  )
  if (asks) return waits.interventionMs === 0
  if (!root.matches({ open: { active: { executing: 'holding' } } })) return false
  return composite.paths().every((path) => path === '' || actionWaitsForever(composite.snapshot(path), waits))
}

function actionWaitsForever(action: AnyMachineSnapshot | null, waits: WorkflowInput['waits']): boolean {
  if (action?.matches('awaitingApproval')) return waits.approvalMs === 0
  return action?.matches({ inDoubt: 'awaitingPerson' }) === true && waits.interventionMs === 0
}
