import type { AnyStateMachine, EventObject } from 'xstate'
import { ControllerError, toFailure } from '../errors.ts'
import { isOwnedAfter } from '../model/journal-entry.ts'
import type { JournalEntry, JournaledEvent, RunHeader } from '../model/journal-entry.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { Commit, Journal, Lease, RunSummary } from '../services/journal/journal.ts'
import type { Bodies } from './bodies.ts'
import { createImagePacker } from './fold-image.ts'
import type { PackedImage } from './fold-image.ts'
import { createFold, emittedBy, foldEntry } from './fold.ts'
import type { ArmedTimer, DelayClocks, Effect, Fold, FoldImage, OutstandingService } from './fold.ts'
import { assertRestorable } from './restorable.ts'
import { createRunTimers } from './run-timers.ts'
import { startService } from './xstate-internals.ts'

export interface DurableRunOptions {
  readonly runId: string
  /** With its services provided. */
  readonly machine: AnyStateMachine
  readonly clocks: DelayClocks
  /** Services that reach outside this process: they begin only when their cause is durable. */
  readonly external: ReadonlySet<string>
  readonly journal: Journal
  readonly lease: () => Lease
  readonly clock: Clock
  readonly bodies: Bodies
  /** Called for each record with what it emitted, in replay and live, before anything is durable: for projections only. */
  readonly onFolded: (entry: JournalEntry, emitted: readonly EventObject[]) => void
  /** Called, in order, once a record is durable: for the outside. */
  readonly onDurable: (entry: JournalEntry) => void
  /** The journal refused: nothing more can be kept, so nothing more is done. */
  readonly onBroken: (error: ControllerError) => void
  /** The projection to store, or null when it did not change. */
  readonly summarize: (entry: JournalEntry) => RunSummary | null
  /** Where the run stood at a snapshot, to be replayed from there; absent for one that is replayed from its first record. */
  readonly from?: { readonly entry: Pick<JournalEntry, 'seq' | 'at' | 'runAt'>; readonly image: FoldImage }
  readonly snapshots?: Snapshots
  /** Takes secrets out of a record's JSON text, before it is folded or stored; absent: nothing is taken out. */
  readonly redact?: (text: string) => string
}

/** State that is put down so that a resume need not fold every record. */
export interface Snapshots {
  /** Records between two of them. */
  readonly every: number
  /** Stores an image, with whatever the host needs besides, and returns the body's reference. */
  readonly store: (image: PackedImage) => string
}

/** One run's statecharts over its journal: every event is recorded, then folded, then acted upon. */
export interface DurableRun {
  readonly fold: Fold
  /** Writes the first record. */
  begin(header: RunHeader): void
  /** Folds the records of an earlier life; nothing is done. @throws ENGINE_DIVERGED */
  replay(entries: readonly JournalEntry[]): void
  /** Takes over after a replay: restarts what is outstanding, arms timers with what is left. @throws ENGINE_DIVERGED */
  adopt(owner: string): void
  /** Records an event and everything it causes; resolves when that is durable. `event` may need the run clock. */
  deliver(path: string, event: EventObject | ((runAt: number) => EventObject), cause?: { readonly inbox?: number }): Promise<void>
  /** Answers inbox rows without an event. */
  answer(inboxId: number, refusal: string): Promise<void>
  /** Commits what was put into the bodies and the ledger, and waits for everything before it. */
  flush(): Promise<void>
  /** From now on no service begins; those that run go on. */
  hold(): void
  /** Services that are running in this process now. */
  running(): readonly OutstandingService[]
  /** Writes down that nobody owns the run any more, and stops everything. */
  park(owner: string, reason: string): Promise<void>
  /** Stops timers and services without a record, as a crash would. */
  stop(): void
  readonly lastSeq: number
  /** Run-clock ms now. */
  runNow(): number
}

/** A service that was begun, or will be once its cause is durable. */
interface Begun {
  readonly service: OutstandingService
  stop: () => void
}

const key = (path: string, id: string) => `${path} ${id}`

export function createDurableRun(options: DurableRunOptions): DurableRun {
  const { runId, machine, journal, clock, bodies } = options
  const { from, redact = (text: string) => text } = options
  /** Exactly as a replay will see it: what JSON keeps, errors as data, and nothing secret. */
  const journaled = (event: EventObject) => asKept<JournaledEvent>('error' in event ? { ...event, error: toFailure(event.error) } : event, redact)
  const fold = createFold(machine, options.clocks, from?.image)
  const packer = createImagePacker(bodies.put)
  const services = new Map<string, Begun>()
  let seq = from?.entry.seq ?? -1
  let lastSnapshot = from?.entry.seq ?? 0
  let last = { at: from?.entry.at ?? 0, runAt: from?.entry.runAt ?? 0 }
  let imageable = true
  let owned = false
  let ticking = false
  let held = false
  let stopped = false
  let told = false
  let recording = false
  const later: (() => void)[] = []
  let tail: Promise<void> = Promise.resolve()

  function now(): { at: number; runAt: number } {
    const at = Math.max(clock.now(), last.at)
    return { at, runAt: last.runAt + (ticking ? at - last.at : 0) }
  }

  const timers = createRunTimers({ clock, fold, now, ticking: () => ticking, onDue: (timer) => void fire(timer) })

  function broken(error: unknown): void {
    if (told) return
    told = true
    halt()
    options.onBroken(error instanceof ControllerError ? error : new ControllerError('INTERNAL', toFailure(error).message, { cause: error }))
  }

  function commit(entry: JournalEntry | null, answers: Commit['answers']): Promise<void> {
    const summary = entry && options.summarize(entry)
    const { blobs, effects } = bodies.take()
    const committed = journal.commit({
      runId,
      token: options.lease().token,
      entries: entry ? [entry] : [],
      blobs,
      effects,
      ...(summary ? { summary } : {}),
      ...(answers ? { answers } : {}),
    })
    const durable = Promise.all([tail, committed]).then(() => {
      if (entry) options.onDurable(entry)
    })
    tail = durable
    durable.catch(broken)
    return durable
  }

  /** Folds a record and keeps the clocks; what it emitted goes to the projection. */
  function absorb(entry: JournalEntry): readonly Effect[] {
    seq = entry.seq
    last = { at: entry.at, runAt: entry.runAt }
    if (entry.kind === 'snapshot') lastSnapshot = seq
    const effects = foldEntry(fold, entry)
    owned = isOwnedAfter(entry, owned)
    ticking = owned && fold.snapshot('')?.hasTag('clockStopped') !== true
    options.onFolded(entry, emittedBy(effects))
    return effects
  }

  /** What comes while a record is worked off waits for its turn, as in an actor's mailbox. */
  function record(entry: JournalEntry, answers?: Commit['answers']): Promise<void> {
    recording = true
    try {
      const wasTicking = ticking
      const effects = absorb(entry)
      const durable = commit(entry, answers)
      perform(effects, durable)
      if (wasTicking !== ticking) timers.rearm()
      return durable
    } finally {
      recording = false
    }
  }

  function takeLater(): void {
    for (let next = later.shift(); next; next = later.shift()) next()
  }

  function perform(effects: readonly Effect[], durable: Promise<void>): void {
    // Asked before anything is done: what is begun may answer at once.
    const standing = effects.filter(fold.stands)
    for (const effect of standing) {
      if (effect.kind === 'stop') stopService(key(effect.path, effect.childId))
      if (effect.kind === 'start') begin(effect.service, durable)
      if (effect.kind === 'disarm') timers.disarm(effect.owner, effect.timerId)
      if (effect.kind === 'arm') timers.arm(effect.timer)
      if (effect.kind === 'act') attempt(effect)
    }
  }

  /** A custom action must not break the run: what it could not do shows in what follows. */
  function attempt(effect: Effect & { kind: 'act' }): void {
    try {
      effect.run()
    } catch (error) {
      process.emitWarning(`the action ${effect.type} of run ${runId} threw: ${toFailure(error).message}`)
    }
  }

  function begin(service: OutstandingService, durable: Promise<void>): void {
    if (held || stopped) return
    const id = key(service.path, service.childId)
    stopService(id)
    const begun: Begun = { service, stop: () => {} }
    services.set(id, begun)
    const start = () => {
      if (services.get(id) !== begun) return
      if (held) return void services.delete(id)
      run(begun, id)
    }
    if (options.external.has(service.src)) durable.then(start, () => {})
    else start()
  }

  /** It may end before this returns, and something else may have begun under its name by then. */
  function run(begun: Begun, id: string): void {
    const { service } = begun
    const ref = fold.serviceRef(service)
    if (ref === null) throw new ControllerError('INTERNAL', `the service ${service.src} of run ${runId} is not outstanding`)
    let over = false
    begun.stop = () => void (over = true)
    const actor = startService(ref, (event) => {
      if (over || stopped) return
      const ends = event.type === `xstate.done.actor.${service.childId}` || event.type === `xstate.error.actor.${service.childId}`
      if (ends) {
        over = true
        if (services.get(id) === begun) services.delete(id)
      }
      void receive(service.path, event, ends ? { child: service.childId } : {})
    })
    const wasStopped = over
    begun.stop = () => {
      over = true
      actor.stop()
    }
    if (wasStopped) actor.stop()
  }

  function stopService(id: string): void {
    const running = services.get(id)
    services.delete(id)
    running?.stop()
  }

  const fire = (timer: ArmedTimer) => receive(timer.target, timer.event, { timer: [timer.owner, timer.timerId] })

  /** Nothing is acknowledged that is not kept. */
  async function refuse(): Promise<never> {
    await tail
    throw new ControllerError('EVENT_REFUSED', `run ${runId} is no longer carried on by this process`, {
      hint: 'Resume it with `planner-exec resume`, then ask again.',
    })
  }

  function receive(path: string, event: EventObject, cause: { timer?: [string, string]; child?: string; inbox?: number }): Promise<void> {
    if (stopped) return tail
    if (recording) return new Promise((resolve, reject) => later.push(() => void receive(path, event, cause).then(resolve, reject)))
    const time = now()
    try {
      const durable = record({ kind: 'event', seq: seq + 1, ...time, path, event: journaled(event), ...cause }, answersOf(cause.inbox))
      putDown()
      return durable
    } catch (error) {
      // A chart that cannot be folded on cannot be carried on: nothing it asked for is done.
      broken(error)
      const failed = Promise.reject<void>(error)
      failed.catch(() => {})
      return failed
    } finally {
      takeLater()
    }
  }

  /** A run whose charts hold what JSON cannot carry has no snapshots; it is resumed from its first record. */
  function putDown(): void {
    const { snapshots } = options
    if (!snapshots || !imageable || seq - lastSnapshot < snapshots.every || fold.snapshot('')?.status !== 'active') return
    const image = fold.image()
    const packed = image && packer.pack(image)
    imageable = packed !== null
    if (packed) void record({ kind: 'snapshot', seq: seq + 1, ...last, ref: snapshots.store(packed) })
  }

  const answersOf = (inbox: number | undefined): Commit['answers'] => (inbox === undefined ? undefined : [{ inboxId: inbox, refusal: null }])

  function halt(): void {
    stopped = true
    for (const id of services.keys()) stopService(id)
    timers.close()
  }

  return {
    fold,
    begin(header) {
      const at = clock.now()
      void record({ kind: 'started', seq: 0, at, runAt: 0, header: asKept<RunHeader>(header, redact) })
      takeLater()
    },
    replay(entries) {
      for (const entry of entries) absorb(entry)
    },
    adopt(owner) {
      assertRestorable(runId, fold)
      const outstanding = fold.services()
      const at = Math.max(clock.now(), last.at)
      void record({ kind: 'adopted', seq: seq + 1, at, runAt: last.runAt, owner, reason: 'resume' })
      takeLater()
      // What is late happens first: it decides what has to begin again at all.
      for (const timer of timers.late(at)) if (fold.timers().includes(timer)) void fire(timer)
      for (const timer of fold.timers()) timers.arm(timer)
      for (const service of fold.services()) if (outstanding.includes(service) && fold.serviceRef(service) !== null) begin(service, tail)
    },
    deliver(path, event, cause = {}) {
      if (stopped) return refuse()
      return receive(path, typeof event === 'function' ? event(now().runAt) : event, cause)
    },
    answer: (inboxId, refusal) => commit(null, [{ inboxId, refusal }]),
    flush: () => commit(null, undefined),
    hold: () => void (held = true),
    running: () => [...services.values()].map(({ service }) => service),
    async park(owner, reason) {
      held = true
      const durable = record({ kind: 'parked', seq: seq + 1, ...now(), owner, reason })
      halt()
      takeLater()
      await durable
    },
    stop() {
      told = true
      halt()
    },
    get lastSeq() {
      return seq
    },
    runNow: () => now().runAt,
  }
}

function asKept<Kept>(value: object, redact: (text: string) => string): Kept {
  return JSON.parse(redact(JSON.stringify(value))) as Kept
}
