import type { AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { ControllerError } from '../errors.ts'
import type { JournalEntry } from '../model/journal-entry.ts'
import { createRootRef, foldMachine, machineOf, persistedState, restoreRootRef } from './xstate-internals.ts'
import type { FoldedMachine, ResolvedAction, SpawnParams } from './xstate-internals.ts'

/** An outside event as the journal has it: what came, to which actor, when on both clocks, and what produced it. */
export interface FoldRecord {
  readonly at: number
  readonly runAt: number
  readonly path: string
  readonly event: EventObject
  readonly timer?: readonly [owner: string, timerId: string] | undefined
  readonly child?: string | undefined
}

/** A timer that is armed: `due` is on its own clock. */
export interface ArmedTimer {
  readonly owner: string
  readonly timerId: string
  /** The delay's name, or the raised event's type. */
  readonly name: string
  readonly clock: 'wall' | 'run'
  /** It bounds a service, and counts afresh when that is begun again. */
  readonly renewable: boolean
  readonly delayMs: number
  readonly due: number
  readonly target: string
  readonly event: EventObject
}

/** An invoked service that has not answered. */
export interface OutstandingService {
  readonly path: string
  readonly childId: string
  readonly src: string
  readonly input: unknown
}

/** What one cascade wants done, in order. Replay forgets all but the emitted facts. */
export type Effect =
  | { readonly kind: 'start'; readonly service: OutstandingService }
  | { readonly kind: 'stop'; readonly path: string; readonly childId: string }
  | { readonly kind: 'arm'; readonly timer: ArmedTimer }
  | { readonly kind: 'disarm'; readonly owner: string; readonly timerId: string }
  | { readonly kind: 'emit'; readonly path: string; readonly event: EventObject }
  | { readonly kind: 'act'; readonly path: string; readonly run: () => void; readonly type: string }

/** A fold between two records: every live actor as XState persists it, with what XState would lose. */
export interface FoldImage {
  /** XState's persisted snapshot of the root, its children within. */
  readonly root: object
  readonly actors: readonly {
    readonly path: string
    readonly timers: readonly ArmedTimer[]
    readonly services: readonly OutstandingService[]
  }[]
}

interface Node {
  readonly path: string
  readonly parent: Node | null
  readonly ref: AnyActorRef
  readonly machine: AnyStateMachine
  readonly folded: FoldedMachine
  snapshot: AnyMachineSnapshot | null
  readonly mailbox: EventObject[]
  busy: boolean
  readonly timers: Map<string, ArmedTimer>
  readonly services: Map<string, OutstandingService>
}

/** The live statecharts of one run as a deterministic function of its records. */
export interface Fold {
  init(input: unknown, time: { readonly at: number; readonly runAt: number }): readonly Effect[]
  /** One record = one run-to-completion cascade over all actors. Unknown paths are dropped, as events to a stopped actor are. */
  receive(record: FoldRecord): readonly Effect[]
  /** A new process begins the outstanding services again: each gets its own timeout afresh. */
  renew(runAt: number): void
  /** The snapshot of an actor, null when it does not live. `''` is the root. */
  snapshot(path: string): AnyMachineSnapshot | null
  machine(path: string): AnyStateMachine | null
  paths(): readonly string[]
  timers(): readonly ArmedTimer[]
  services(): readonly OutstandingService[]
  /** The actor of an outstanding service, not started; null when it is not outstanding. */
  serviceRef(service: OutstandingService): AnyActorRef | null
  /** Whether a service or timer that an effect is about still stands: a later step of the same cascade may have taken it back. */
  stands(effect: Effect): boolean
  /** All of it, to go on from later; null before `init`. */
  image(): FoldImage | null
}

/** What is wrong with the chart itself: no event of an actor, but the end of the fold. */
const UNFOLDABLE = new Set<string>(['MACHINE_INVALID', 'ENGINE_DIVERGED'])

/** The clock of each named delay: `service` is the run clock, afresh when a new process begins the service again. */
export type DelayClocks = Readonly<Record<string, 'wall' | 'run' | 'service'>>

/** `xstate.after.<delay>.<state>` names its delay. */
const AFTER = /^xstate\.after\.([^.]+)\./

/**
 * Folds one run. Delivery order is XState's: an actor has a mailbox and a busy flag; after a transition its effects are applied in
 * order, a message to an idle actor is delivered at once and depth-first. `clocks` says which clock a delay counts on (default wall).
 * With an `image` it goes on from there, and is not to be begun with `init`.
 * @throws ControllerError MACHINE_INVALID for a delay that is not a number, ENGINE_DIVERGED for a service that does not exist
 */
export function createFold(machine: AnyStateMachine, clocks: DelayClocks, image?: FoldImage): Fold {
  const nodes = new Map<string, Node>()
  const byRef = new Map<AnyActorRef, Node>()
  let effects: Effect[] = []
  let time = { at: 0, runAt: 0 }

  function add(path: string, parent: Node | null, ref: AnyActorRef, logic: AnyStateMachine): Node {
    const node: Node = {
      path,
      parent,
      ref,
      machine: logic,
      folded: foldMachine(logic, ref),
      snapshot: null,
      mailbox: [],
      busy: false,
      timers: new Map(),
      services: new Map(),
    }
    nodes.set(path, node)
    byRef.set(ref, node)
    return node
  }

  function run(node: Node, step: () => { snapshot: AnyMachineSnapshot; actions: readonly ResolvedAction[] }): void {
    node.busy = true
    try {
      const { snapshot, actions } = step()
      node.snapshot = snapshot
      for (const action of actions) apply(node, action)
      if (snapshot.status === 'done') return finish(node, `xstate.done.actor.${node.ref.id}`, { output: snapshot.output })
      if (snapshot.status === 'error') return finish(node, `xstate.error.actor.${node.ref.id}`, { error: snapshot.error })
    } catch (error) {
      if (error instanceof ControllerError && UNFOLDABLE.has(error.code)) throw error
      return finish(node, `xstate.error.actor.${node.ref.id}`, { error })
    } finally {
      node.busy = false
    }
    const next = node.mailbox.shift()
    if (next && nodes.get(node.path) === node) run(node, () => node.folded.next(alive(node), next))
  }

  function alive(node: Node): AnyMachineSnapshot {
    if (node.snapshot === null) throw new ControllerError('INTERNAL', `the actor ${node.path || 'workflow'} got an event before it began`)
    return node.snapshot
  }

  function deliver(node: Node, event: EventObject): void {
    if (node.snapshot !== null && node.snapshot.status !== 'active') return
    if (node.busy) node.mailbox.push(event)
    else run(node, () => node.folded.next(alive(node), event))
  }

  function finish(node: Node, type: string, payload: object): void {
    if (node.snapshot?.status === 'active') node.snapshot = { ...node.snapshot, status: 'error', ...payload } as AnyMachineSnapshot
    for (const timerId of [...node.timers.keys()]) disarm(node, timerId)
    for (const childId of [...node.services.keys()]) stopService(node, childId)
    for (const child of childrenOf(node)) remove(child)
    node.mailbox.length = 0
    if (node.parent === null) return
    forget(node)
    const event: EventObject & { readonly actorId: string } = { type, actorId: node.ref.id, ...payload }
    deliver(node.parent, event)
  }

  const childrenOf = (node: Node) => [...nodes.values()].filter((other) => other.parent === node)

  function forget(node: Node): void {
    nodes.delete(node.path)
    byRef.delete(node.ref)
  }

  function remove(node: Node): void {
    for (const child of childrenOf(node)) remove(child)
    for (const timerId of [...node.timers.keys()]) disarm(node, timerId)
    for (const childId of [...node.services.keys()]) stopService(node, childId)
    forget(node)
  }

  function disarm(node: Node, timerId: string): void {
    if (node.timers.delete(timerId)) effects.push({ kind: 'disarm', owner: node.path, timerId })
  }

  function stopService(node: Node, childId: string): void {
    if (node.services.delete(childId)) effects.push({ kind: 'stop', path: node.path, childId })
  }

  function arm(node: Node, target: Node, event: EventObject, timerId: string, delay: unknown): void {
    const name = AFTER.exec(event.type)?.[1] ?? event.type
    if (typeof delay !== 'number' || Number.isNaN(delay)) {
      throw new ControllerError('MACHINE_INVALID', `the delay ${name} of ${node.machine.id} gave ${String(delay)}, not a number of milliseconds`)
    }
    if (delay === Infinity) return
    const counts = clocks[name] ?? 'wall'
    const clock = counts === 'wall' ? 'wall' : 'run'
    const delayMs = Math.max(0, delay)
    const due = (clock === 'wall' ? time.at : time.runAt) + delayMs
    const timer: ArmedTimer = { owner: node.path, timerId, name, clock, renewable: counts === 'service', delayMs, due, target: target.path, event }
    node.timers.set(timerId, timer)
    effects.push({ kind: 'arm', timer })
  }

  function spawn(node: Node, params: SpawnParams): void {
    const { actorRef } = params
    if (actorRef === undefined) {
      throw new ControllerError('ENGINE_DIVERGED', `${node.machine.id} waits for the service ${String(params.src)}, which this version does not have`)
    }
    const path = node.path === '' ? actorRef.id : `${node.path}/${actorRef.id}`
    const logic = machineOf(actorRef)
    if (logic === null) {
      const service = { path: node.path, childId: actorRef.id, src: String(params.src), input: params.input }
      node.services.set(actorRef.id, service)
      effects.push({ kind: 'start', service })
      return
    }
    const child = add(path, node, actorRef, logic)
    run(child, () => child.folded.initial(params.input))
  }

  function apply(node: Node, action: ResolvedAction): void {
    const params = action.params as never
    switch (action.type) {
      case 'xstate.spawnChild':
        return spawn(node, params)
      case 'xstate.stopChild': {
        const ref = params as AnyActorRef | undefined
        const child = ref && byRef.get(ref)
        if (child) return remove(child)
        return ref ? stopService(node, ref.id) : undefined
      }
      case 'xstate.raise': {
        const { event, id, delay } = params as { event: EventObject; id?: string; delay?: unknown }
        // XState raises an `after` whose delay is no number at once, in the same step; it comes here all the same.
        return delay === undefined && !AFTER.test(event.type) ? undefined : arm(node, node, event, id ?? event.type, delay)
      }
      case 'xstate.cancel': {
        const given = params as string | { sendId: string }
        return disarm(node, typeof given === 'string' ? given : given.sendId)
      }
      case 'xstate.sendTo': {
        const { to, event, delay, id } = params as { to: AnyActorRef; event: EventObject; delay?: unknown; id?: string }
        const target = byRef.get(to)
        if (!target) return
        return delay === undefined ? deliver(target, event) : arm(node, target, event, id ?? event.type, delay)
      }
      case 'xstate.emit':
        effects.push({ kind: 'emit', path: node.path, event: (params as { event: EventObject }).event })
        return
      case 'xstate.assign':
      case 'xstate.log':
      case 'xstate.enqueueActions':
        return
      default:
        if (action.exec) effects.push({ kind: 'act', path: node.path, type: action.type, run: () => action.exec?.(action.info, action.params) })
    }
  }

  function load({ root, actors }: FoldImage): void {
    const live = new Map(actors.map((actor) => [actor.path, actor]))
    const enter = (path: string, parent: Node | null, ref: AnyActorRef, logic: AnyStateMachine): void => {
      const found = live.get(path)
      // XState keeps actors that have ended; the fold does not.
      if (found === undefined) return
      const node = add(path, parent, ref, logic)
      node.snapshot = ref.getSnapshot() as AnyMachineSnapshot
      for (const timer of found.timers) node.timers.set(timer.timerId, timer)
      for (const service of found.services) node.services.set(service.childId, service)
      for (const child of Object.values<AnyActorRef>(node.snapshot.children)) {
        const inner = machineOf(child)
        if (inner !== null) enter(path === '' ? child.id : `${path}/${child.id}`, node, child, inner)
      }
    }
    enter('', null, restoreRootRef(machine, root), machine)
  }

  if (image) load(image)

  function cascade(begin: () => void, at: { readonly at: number; readonly runAt: number }): readonly Effect[] {
    effects = []
    time = { at: at.at, runAt: at.runAt }
    begin()
    return effects
  }

  return {
    init: (input, at) =>
      cascade(() => {
        const root = add('', null, createRootRef(machine, input), machine)
        run(root, () => root.folded.initial(input))
      }, at),
    receive: (record) =>
      cascade(() => {
        // Whatever produced this event has done so: without this, a finished service or a fired timer would come back on resume.
        if (record.timer) nodes.get(record.timer[0])?.timers.delete(record.timer[1])
        if (record.child !== undefined) nodes.get(record.path)?.services.delete(record.child)
        const node = nodes.get(record.path)
        if (node) deliver(node, record.event)
      }, record),
    renew(runAt) {
      for (const node of nodes.values()) {
        if (node.services.size === 0) continue
        for (const [timerId, timer] of node.timers) if (timer.renewable) node.timers.set(timerId, { ...timer, due: runAt + timer.delayMs })
      }
    },
    snapshot: (path) => nodes.get(path)?.snapshot ?? null,
    machine: (path) => nodes.get(path)?.machine ?? null,
    paths: () => [...nodes.keys()],
    timers: () => [...nodes.values()].flatMap((node) => [...node.timers.values()]),
    services: () => [...nodes.values()].flatMap((node) => [...node.services.values()]),
    serviceRef({ path, childId }) {
      const node = nodes.get(path)
      return node?.services.has(childId) === true ? ((node.snapshot?.children[childId] as AnyActorRef | undefined) ?? null) : null
    },
    stands(effect) {
      if (effect.kind === 'start') return nodes.get(effect.service.path)?.services.get(effect.service.childId) === effect.service
      return effect.kind !== 'arm' || nodes.get(effect.timer.owner)?.timers.get(effect.timer.timerId) === effect.timer
    },
    image() {
      const root = nodes.get('')
      if (root?.snapshot == null) return null
      const actors = [...nodes.values()].map((node) => ({
        path: node.path,
        timers: [...node.timers.values()],
        services: [...node.services.values()],
      }))
      return { root: persistedState(machine, root.snapshot), actors }
    },
  }
}

/** Folds one journal record, of whatever kind. Live runs and replays must agree on it to the letter. */
export function foldEntry(fold: Fold, entry: JournalEntry): readonly Effect[] {
  if (entry.kind === 'started') return fold.init(entry.header.input['workflow'], entry)
  if (entry.kind === 'event') return fold.receive(entry)
  if (entry.kind === 'adopted') fold.renew(entry.runAt)
  return []
}

/** What a cascade tells the outside. */
export function emittedBy(effects: readonly Effect[]): readonly EventObject[] {
  return effects.flatMap((effect) => (effect.kind === 'emit' ? [effect.event] : []))
}
