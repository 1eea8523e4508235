import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createController, type Controller, type ControllerOptions, type Run, type RunEvent, type StartOptions } from '../../src/index.ts'
import type { PlannerExecParamsInput } from '../../src/index.ts'
import type { Failure } from '../../src/model/failure.ts'
import { createMemoryJournal } from '../../src/services/journal/memory.journal.ts'
import { createProbe, type Probe } from './controller-probe.ts'

/** Allows everything, asks about what is named. */
export const policyText = (ask: readonly string[] = [], deny: readonly string[] = []): string =>
  [
    'version: 1',
    `defaults: { '*': allow }`,
    `rules: [${[...ask.map((name) => `{ ask: '${name}', reason: 'the test asks' }`), ...deny.map((name) => `{ deny: '${name}', reason: 'the test denies' }`)].join(', ')}]`,
  ].join('\n')

export interface Rig {
  readonly workspace: string
  readonly controller: Controller
  readonly probe: Probe
  /** Another controller on the same workspace, store and capabilities: another terminal. */
  another(options?: ControllerOptions): Promise<Controller>
}

export interface RigOptions extends ControllerOptions {
  /** Capabilities that the policy asks about, and that it denies. */
  readonly asks?: readonly string[]
  readonly denies?: readonly string[]
  /** Keep runs in SQLite, as by default; otherwise in memory. */
  readonly durable?: boolean
}

/** A folder that is gone after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'planner-exec-controller-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** A real controller with capabilities that a test can hold, fail and count. */
export async function openRig({ asks = [], denies = [], durable = false, ...options }: RigOptions = {}): Promise<Rig> {
  const workspace = options.workspace ?? (await makeFolder())
  const policy = join(await makeFolder(), 'policy.yaml')
  await writeFile(policy, policyText(asks, denies))
  const probe = createProbe()
  const journal = options.journal ?? (durable ? undefined : createMemoryJournal())
  const shared: ControllerOptions = { workspace, policy, capabilities: probe.capabilities, oracles: [], ...(journal ? { journal } : {}), ...options }
  const another = async (changes: ControllerOptions = {}) => {
    const controller = await createController({ ...shared, ...changes })
    onTestFinished(() => controller.close())
    return controller
  }
  return { workspace, controller: await another(), probe, another }
}

export const GOAL: PlannerExecParamsInput = { goal: 'Do what the plan says' }

/** Starts a plan and waits for its end. */
export async function carryOut(controller: Controller, plan: unknown, params: Partial<PlannerExecParamsInput> = {}, options: StartOptions = {}) {
  const run = await controller.start({ ...GOAL, ...params }, { plan, ...options })
  const end = await endOf(run)
  return { run, ...end, events: await eventsOf(run) }
}

/** A run's end, which must be a settled one. */
export async function endOf(run: Run) {
  const outcome = await run.outcome()
  if (outcome.kind === 'parked') throw new Error(`the run is parked: ${outcome.reason}`)
  return { result: outcome.result, report: present(outcome.report) }
}

export async function eventsOf(run: Run): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = []
  for await (const event of run.events()) events.push(event)
  return events
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { readonly type: Type }>

/** The first event of a type, from the run's beginning on, that fits; fails when the run ends or parks without it. */
export async function eventOf<Type extends RunEvent['type']>(
  run: Run,
  type: Type,
  fits: (event: Of<Type>) => boolean = () => true,
): Promise<Of<Type>> {
  for await (const event of run.events()) if (isOf(event, type) && fits(event)) return event
  throw new Error(`there was no such ${type}`)
}

export const isOf = <Type extends RunEvent['type']>(event: RunEvent, type: Type): event is Of<Type> => event.type === type
export const only = <Type extends RunEvent['type']>(events: readonly RunEvent[], type: Type): readonly Of<Type>[] =>
  events.filter((event): event is Of<Type> => isOf(event, type))

/** Resolves when the run was seen in a state that begins so, or in a later one that does. */
export const inState = (run: Run, prefix: string) => eventOf(run, 'state.changed', ({ state }) => state.startsWith(prefix))

/** Resolves when all of these actions wait for an answer. */
export async function waitingFor(run: Run, ...actionIds: readonly string[]): Promise<void> {
  for (const actionId of actionIds) await eventOf(run, 'action.waiting', (event) => event.actionId === actionId)
}

export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('nothing there')
  return value
}

/** How an action ended, by its id. */
export const outcomes = (events: readonly RunEvent[]): Readonly<Record<string, string>> =>
  Object.fromEntries(only(events, 'action.settled').map(({ actionId, result }) => [actionId, result.outcome]))

export const failureOf = (events: readonly RunEvent[], actionId: string): Failure | null =>
  only(events, 'action.settled').findLast((event) => event.actionId === actionId)?.result.failure ?? null

/** The lines of a file, none when there is no such file. */
export async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}
