import { join } from 'node:path'
import type { AnyStateMachine } from 'xstate'
import { createBodies } from './engine/bodies.ts'
import type { Bodies } from './engine/bodies.ts'
import { ControllerError } from './errors.ts'
import { actionServices } from './flow/action.services.ts'
import { goalServices } from './flow/goal.services.ts'
import { planServices } from './flow/plan.services.ts'
import { resultServices } from './flow/result.services.ts'
import { createRunRecord } from './flow/run-record.ts'
import type { RunRecord } from './flow/run-record.ts'
import { provenanceOf } from './flow/provenance.ts'
import { judgedAction, planBody, stored } from './flow/run-scope.ts'
import type { PlanBody, RunScope } from './flow/run-scope.ts'
import { stallServices } from './flow/stall.services.ts'
import { LEASE_TTL_MS, createHostedRun } from './host/hosted-run.ts'
import { letGo } from './host/let-go.ts'
import { redactedLog } from './host/redacted-log.ts'
import type { HostedRun, HostedRunOptions } from './host/hosted-run.ts'
import { eventsIn, loadRun } from './host/load-run.ts'
import type { Ports } from './host/open-ports.ts'
import { assertCompatible, headerIn, headerOf } from './host/run-header.ts'
import type { RunSetting } from './host/run-header.ts'
import { collectGarbage } from './host/retention.ts'
import { createRunStore } from './host/run-store.ts'
import { createTimeTravel } from './host/time-travel.ts'
import { wholeRuns } from './host/whole-runs.ts'
import { paramWarnings, parseParams, workflowInput } from './host/run-settings.ts'
import type { Person } from './machines/action.types.ts'
import { provideServices } from './machines/provide-services.ts'
import type { WorkflowContext } from './machines/workflow.types.ts'
import type { PlannerExecParams, ResourceLimits } from './model/goal.ts'
import type { RunRequestInput } from './model/request.ts'
import type { PlanVerdict } from './model/verdict.ts'
import type { Controller, ControllerOptions, PlanPreview, RequestAnswer, Run, StartOptions } from './controller.types.ts'
import type { Meter, MeterLimits } from './services/executor/executor.ts'
import { createUuidIds } from './services/ids/ids.ts'
import type { Guard, RunLimits } from './services/guard/guard.ts'
import type { Journal, Lease } from './services/journal/journal.ts'
import { createMemoryJournal } from './services/journal/memory.journal.ts'
import { processOwner } from './services/journal/process-owner.ts'
import { createSilentLog } from './services/log/log.ts'
import { loadPlaybooks } from './services/oracle/playbook-file.ts'
import { playbookOracle } from './services/oracle/playbook.oracle.ts'
import { planFileOracle } from './services/oracle/plan-file.oracle.ts'
import { parsePlan } from './services/oracle/plan-validator.ts'
import type { Oracle } from './services/oracle/oracle.ts'

/** So many records are some hundred steps, and folded in some 30 ms; a snapshot takes 1 ms. */
const SNAPSHOT_EVERY = 256

/** A run's parts before its first record: what its services see, and where it is kept. */
interface Hosting {
  readonly journal: Journal
  readonly lease: Lease
  readonly bodies: Bodies
  readonly record: RunRecord
  readonly guard: Guard
  readonly restored: HostedRunOptions['restored']
}

/**
 * A controller for one workspace: plans goals, has every action judged, runs them, and keeps every run in its store.
 * @throws ControllerError WORKSPACE_INVALID, CONFIG_INVALID, POLICY_INVALID, POLICY_UNKNOWN, PLAYBOOK_INVALID, JOURNAL_UNWRITABLE, JOURNAL_UNSUPPORTED
 */
export async function createController(options: ControllerOptions = {}): Promise<Controller> {
  // Loaded when a controller is made: importing the library must not wait for every capability.
  const [{ openPorts }, { openGuard }] = await Promise.all([import('./host/open-ports.ts'), import('./host/open-guard.ts')])
  const ports = await openPorts(options)
  const ids = options.ids ?? createUuidIds()
  const log = redactedLog(options.log ?? createSilentLog(), ports.redactor)
  const owner = processOwner()
  const scopes = new Map<string, RunScope>()
  const hosted = new Map<string, HostedRun>()
  const { config, clock, executor, redactor } = ports
  const redactKnown = (text: string) => redactor.redactKnownJsonText(text)
  const actionMs = config.timeouts.actionMs

  const find = (runId: string): RunScope => {
    const scope = scopes.get(runId)
    if (scope) return scope
    throw new ControllerError('INTERNAL', `run ${runId} is not hosted by this process`)
  }
  const machine = provideServices({
    ...goalServices(ports, find),
    ...planServices(ports, find),
    ...actionServices(ports, find),
    ...resultServices(ports, find),
    ...stallServices(),
  }) as unknown as AnyStateMachine
  const inForce = () => ports.guards.current.guard
  const { maxStepsCeiling } = config.limits
  const runStore = createRunStore({
    journal: ports.journal,
    clock,
    machine,
    catalog: () => Promise.resolve(executor.catalog),
    actionMs,
    maxStepsCeiling,
    redactor,
  })
  const store = wholeRuns(runStore, ports.journal)

  /** Puts a run's services together and hosts it; the caller starts or resumes it. */
  async function host(runId: string, setting: RunSetting, person: Person, hosting: Hosting): Promise<HostedRun> {
    const { journal, bodies, record, restored } = hosting
    const { verbosity } = setting.params.preferences
    const run = createHostedRun({
      ...{ runId, machine, journal, clock, log, catalog: executor.catalog, actionMs, verbosity, bodies, record, person, restored },
      approvalValidMs: config.timeouts.approvalValidMs,
      maxStepsCeiling: Math.min(maxStepsCeiling, hosting.guard.runLimits?.actions ?? Infinity),
      redactor,
      lease: hosting.lease,
      snapshotEvery: options.snapshotEvery ?? SNAPSHOT_EVERY,
      eventsIn: (fromSeq, toSeq) => eventsIn({ runId, machine, journal }, fromSeq, toSeq),
    })
    const context = () => run.durable.fold.snapshot('')?.context as WorkflowContext | undefined
    let meter: Meter | null = null
    scopes.set(runId, {
      params: setting.params,
      guard: hosting.guard,
      guardScope: {
        runId,
        allowedCapabilities: setting.params.allowed_capabilities,
        grants: () => record.grants().map((grant) => ({ action: judgedAction(bodies, { runId, ...grant }), ruleId: grant.ruleId, by: grant.by })),
        provenance: (action) => provenanceOf({ bodies, record }, action),
      },
      oracles: await oraclesFor(setting, bodies, ports),
      bodies,
      record,
      get meter() {
        return (meter ??= executor.createMeter(meterLimits(setting.params.resource_limits, hosting.guard.runLimits), context()?.usage))
      },
      get stepsLeft() {
        const now = context()
        return now ? Math.max(0, now.limits.steps - now.counts.steps) : setting.workflow.limits.steps
      },
      reportFolder: journal === ports.journal ? join(ports.stateDir, 'runs', runId) : null,
      attempts: new Map(),
      flush: () => run.durable.flush(),
      effect: (key) => journal.effect(key),
      lockWorkspace() {
        run.renew()
        return journal.lockWorkspace(ports.workspace, runId, clock.now())
      },
    })
    hosted.set(runId, run)
    void run.end.then(() => {
      hosted.delete(runId)
      scopes.delete(runId)
    })
    return run
  }

  async function begin(
    runId: string,
    params: PlannerExecParams,
    start: StartOptions,
    journal: Journal,
    person: Person,
    signOff: boolean,
  ): Promise<HostedRun> {
    const plan = start.plan === undefined ? null : parsePlan(redactor.redactKnownJson(start.plan))
    const lease = journal.acquire(runId, { owner, ttlMs: LEASE_TTL_MS, now: clock.now(), create: true })
    if (lease === null) throw new ControllerError('RUN_EXISTS', `the run id ${runId} is in use`)
    const bodies = createBodies(journal, redactKnown)
    const body: PlanBody | null = plan && { plan, source: 'plan-file', notExamined: [], pinned: true }
    const draft = { params, policy: config.policy, planRef: body && bodies.put(body), playbook: start.playbook ?? null }
    const oracles = plan === null && start.playbook === undefined ? ports.oracles.length : 1
    const guard = inForce()
    const workflow = workflowInput(runId, params, config, { person, signOff, oracles, research: plan === null, allowed: guard.runLimits ?? {} })
    const setting: RunSetting = { ...draft, workflow }
    const record = createRunRecord()
    try {
      const run = await host(runId, setting, person, { journal, lease, bodies, record, guard, restored: null })
      await run.start(headerOf(setting, guard, ports))
      return run
    } catch (error) {
      letGo(journal, lease, log)
      throw error
    }
  }

  /** Asks the run where it runs; when no process of ours has it, or no longer, through the store. */
  async function ask(runId: string, request: RunRequestInput, wait?: { readonly waitMs?: number }): Promise<RequestAnswer> {
    return (await hosted.get(runId)?.request(request)) === true ? 'applied' : store.request(runId, request, wait)
  }

  const personFor = (start: StartOptions, params: PlannerExecParams): Person =>
    start.person ?? (params.preferences.interactive ? 'here' : config.ask === 'deny' ? 'absent' : 'later')

  function asRun(runId: string, run: HostedRun, warnings: readonly string[]): Run {
    return {
      id: runId,
      warnings,
      events: (range) => run.events(range?.fromSeq ?? 0),
      async outcome() {
        const end = await run.end
        if (end.kind === 'broken') throw end.error
        if (end.kind === 'parked') return { kind: 'parked', reason: end.reason, runId }
        return { kind: 'settled', result: end.result, report: end.report }
      },
      async result() {
        const end = await run.end
        if (end.kind === 'settled') return { ...end.result, report: end.report }
        if (end.kind === 'broken') throw end.error
        throw new ControllerError('APPROVAL_MISSING', `run ${runId} is parked (${end.reason})`, {
          hint: `Answer it, then resume it: \`planner-exec resume ${runId}\`.`,
        })
      },
      request: async (request) => void (await ask(runId, request)),
      interrupt: () => run.interrupt(),
    }
  }

  return {
    workspace: ports.workspace,
    stateDir: ports.stateDir,
    config,
    catalog: executor.catalog,
    get guard() {
      return inForce()
    },
    oracles: ports.oracles,
    list: store.list,
    events: store.events,
    follow: store.follow,
    report: store.report,
    show: store.show,
    gc: (given) => collectGarbage(ports, given),
    ...createTimeTravel({ journal: ports.journal, clock, machine, ids, log, vault: ports.vault }),
    check: async (runId) => (await import('./host/run-check.ts')).checkRun(ports, machine, runId),

    async start(input, start = {}) {
      const params = parseParams(redactor.redactKnownJson(input), config.limits.maxStepsCeiling)
      const runId = params.workflow_id ?? ids.run()
      const others = hosted.size > 0 ? [] : store.underWay()
      const run = await begin(runId, params, start, ports.journal, personFor(start, params), start.signOff ?? config.signOff)
      return asRun(runId, run, [...paramWarnings(params), ...ports.guards.current.warnings, ...others.map(besideOther)])
    },

    async resume(runId, start = {}) {
      if (store.summary(runId).finished) throw new ControllerError('RUN_FINISHED', `run ${runId} has ended`)
      const { journal } = ports
      const lease = journal.acquire(runId, { owner, ttlMs: LEASE_TTL_MS, now: clock.now() })
      if (lease === null)
        throw new ControllerError(
          'RUN_OWNED',
          `run ${runId} belongs to a process that is running it (${journal.owner(runId, clock.now())?.owner ?? 'just taken'})`,
        )
      try {
        // Its last owner may have ended it between the look and the claim.
        if (store.summary(runId).finished) throw new ControllerError('RUN_FINISHED', `run ${runId} has ended`)
        const header = headerIn(runId, journal.read(runId, 0, 0))
        const setting = header.input as unknown as RunSetting
        const guard = setting.policy === config.policy ? inForce() : (await openGuard(setting.policy, ports)).guard
        assertCompatible(runId, header, guard, ports)
        const { entries, restored, ...loaded } = await loadRun({ runId, machine, journal, lease, now: clock.now(), redact: redactKnown })
        const person = start.person ?? (setting.workflow.person === 'absent' ? 'absent' : 'later')
        const run = await host(runId, setting, person, { ...loaded, journal, lease, guard, restored: restored && { run: restored, header } })
        await run.resume(entries)
        return asRun(runId, run, [])
      } catch (error) {
        hosted.delete(runId)
        scopes.delete(runId)
        letGo(journal, lease, log)
        throw error
      }
    },

    async plan(input, start = {}) {
      const params = parseParams(redactor.redactKnownJson(input), config.limits.maxStepsCeiling)
      const runId = ids.run()
      try {
        return await preview(await begin(runId, params, start, createMemoryJournal(), 'later', true))
      } finally {
        // A preview leaves nothing behind, and what its research found is nobody's.
        ports.vault.remove(runId)
      }
    },

    request: ask,

    async close() {
      ports.guards.close()
      await Promise.all([...hosted.values()].map((run) => run.interrupt()))
      await ports.journal.close()
    },
  }
}

/** What a run may use in all: what it asked for, as far as the policy allows that. */
function meterLimits(asked: ResourceLimits, allowed: RunLimits = {}): MeterLimits {
  return {
    ...asked,
    max_fs_operations: Math.min(asked.max_fs_operations, allowed.fsOperations ?? Infinity),
    max_network_requests: Math.min(asked.max_network_requests, allowed.networkRequests ?? Infinity),
    ...(allowed.bytes === undefined ? {} : { max_bytes: allowed.bytes }),
  }
}

/** The plan a run would sign: the very chart runs, in memory, up to the signature. */
async function preview(run: HostedRun): Promise<PlanPreview> {
  const end = await run.end
  if (end.kind === 'broken') throw end.error
  if (end.kind === 'settled') {
    const { failure, summary, exitReason } = end.result
    const code = exitReason === 'unplannable' ? 'UNPLANNABLE' : exitReason === 'goal_denied' ? 'GOAL_DENIED' : 'PLAN_INVALID'
    // Whoever wants to know why gets the whole verdict.
    const details = code === 'PLAN_INVALID' ? draftOf(run) : null
    throw new ControllerError(code, failure?.message ?? summary, { ...(failure && { hint: failure.hint }), ...(details && { details }) })
  }
  const context = run.durable.fold.snapshot('')?.context as WorkflowContext
  if (context.draft === null)
    throw new ControllerError('UNPLANNABLE', context.question?.question ?? context.stall?.detail ?? 'there is no plan', {
      ...(context.question ? { hint: `Say which one is meant: ${context.question.choices.join(', ')}.` } : {}),
    })
  const draft = draftOf(run)
  if (draft) return draft
  throw new ControllerError('INTERNAL', 'the plan of the preview was not judged')
}

/** The plan that was drafted last, and what was said of it; null when there is none. */
function draftOf({ bodies, durable }: HostedRun): PlanPreview | null {
  const { draft = null, findingsRef = null } = (durable.fold.snapshot('')?.context as WorkflowContext | undefined) ?? {}
  if (draft === null || findingsRef === null) return null
  const { plan, source } = planBody(bodies, draft.plan.ref)
  return { plan, source, verdict: stored<PlanVerdict>(bodies, findingsRef, 'verdict') }
}

async function oraclesFor(setting: RunSetting, bodies: Bodies, ports: Ports): Promise<readonly Oracle[]> {
  if (setting.planRef !== null) {
    const { plan, source } = planBody(bodies, setting.planRef)
    return [planFileOracle(plan, source)]
  }
  return setting.playbook === null ? ports.oracles : [playbookOracle({ playbooks: await loadPlaybooks(), only: setting.playbook })]
}

function besideOther({ runId }: { readonly runId: string }): string {
  return `run ${runId} is under way in this workspace, too; neither disturbs the other, and changes to files wait for one another`
}
