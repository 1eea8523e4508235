import { StateMachine, createActor } from 'xstate'
import type { AnyActorLogic, AnyActorRef, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'

/**
 * The few undocumented parts of XState 5.33.3 that a nested fold needs; nowhere else may they be used. The version is pinned,
 * and the differential tests fail when one of them changes.
 */

/** An effect as XState's transition function returns it: built-ins begin with `xstate.`. */
export interface ResolvedAction {
  readonly type: string
  readonly params: unknown
  readonly info: unknown
  readonly exec: ((info: unknown, params: unknown) => void) | undefined
}

export interface SpawnParams {
  /** Undefined when the machine does not know `src`. */
  readonly actorRef: (AnyActorRef & { readonly logic?: AnyActorLogic }) | undefined
  readonly src: unknown
  readonly input: unknown
}

/** A machine's transition function with an actor scope of our own: it gives nested machines a parent and returns its effects. */
export interface FoldedMachine {
  initial(input: unknown): { readonly snapshot: AnyMachineSnapshot; readonly actions: readonly ResolvedAction[] }
  next(snapshot: AnyMachineSnapshot, event: EventObject): { readonly snapshot: AnyMachineSnapshot; readonly actions: readonly ResolvedAction[] }
}

/** A root actor that is never started: it only lends its identity and its actor system to the fold. */
export function createRootRef(machine: AnyStateMachine, input: unknown): AnyActorRef {
  return createActor(machine, { input } as never)
}

/** What XState persists of a machine's snapshot, its children within. */
export function persistedState(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): object {
  // XState would search all of the context for actor references; charts whose context holds some have no image.
  return { ...machine.getPersistedSnapshot(Object.assign({ ...snapshot }, { context: {} })), context: snapshot.context as unknown }
}

/** A root reference as it was when its state was persisted; never started. */
export function restoreRootRef(machine: AnyStateMachine, persisted: object): AnyActorRef {
  const ref = createActor(machine, { snapshot: { ...persisted, context: {} } } as never)
  Object.assign(ref.getSnapshot(), { context: 'context' in persisted ? persisted.context : {} })
  return ref
}

export function machineOf(ref: AnyActorRef & { readonly logic?: AnyActorLogic }): AnyStateMachine | null {
  return ref.logic instanceof StateMachine ? ref.logic : null
}

export function foldMachine(machine: AnyStateMachine, ref: AnyActorRef): FoldedMachine {
  let actions: ResolvedAction[] = []
  const scope = {
    self: ref,
    id: ref.id,
    sessionId: ref.sessionId,
    system: ref.system,
    logger: () => {},
    defer: () => {},
    stopChild: () => {},
    emit: () => {},
    actionExecutor: (action: ResolvedAction) => actions.push(action),
  }
  const collect = (run: () => AnyMachineSnapshot) => {
    actions = []
    const snapshot = run()
    // Guards of a parent may read a child's snapshot through its ref.
    Object.assign(ref, { _snapshot: snapshot })
    return { snapshot, actions }
  }
  return {
    initial: (input) => collect(() => machine.getInitialSnapshot(scope as never, input as never)),
    next: (snapshot, event) => collect(() => machine.transition(snapshot, event, scope as never)),
  }
}

/** Active states' invoked services, by id. */
export function invokedIds(snapshot: AnyMachineSnapshot): readonly string[] {
  return snapshot._nodes.flatMap((node) => node.invoke.map((invoke) => invoke.id))
}

/**
 * Runs an invoked service: the very actor that its parent's transition made, whose events to its parent come here instead. To the charts it
 * stays as it was made, now as on replay: what becomes of it they hear by its events alone.
 */
export function startService(ref: AnyActorRef, onEvent: (event: EventObject) => void): { stop(): void } {
  const made: unknown = ref.getSnapshot()
  const persisted: unknown = ref.getPersistedSnapshot()
  Object.assign(ref, {
    _parent: { id: 'engine', sessionId: ref.sessionId, system: ref.system, _send: onEvent, send: onEvent },
    getSnapshot: () => made,
    getPersistedSnapshot: () => persisted,
  })
  ref.start()
  return {
    stop() {
      // No chart sees it any more; it must see itself as stopped, or it would go on when what it waits for comes.
      Reflect.deleteProperty(ref, 'getSnapshot')
      ;(ref as unknown as { _stop(): void })._stop()
    },
  }
}
