import { ControllerError } from '../errors.ts'
import { ProcessDied } from './crash-died.ts'
import { nextTurn, turn } from './crash-turns.ts'

/**
 * A place where a process can die. `commit` and `send` are writes of the journal: `before` nothing of it is kept, `after` it is durable
 * and nobody was told. `effect`, `reconcile` and `undo` are calls that reach outside: `before` it was not made, `after` it has ended and its
 * result is not recorded.
 */
export interface Boundary {
  /** 1, 2, …, over all lives of the run. */
  readonly position: number
  readonly kind: 'commit' | 'send' | 'effect' | 'reconcile' | 'undo'
  readonly when: 'before' | 'after'
  /** What was being written or done, such as `event xstate.done.actor.service:execute` or `mail.send.v1 greet`. */
  readonly what: string
}

/** Whether a process lives, and what becomes of its calls when it does not. */
export interface Mortality {
  readonly isDead: boolean
  readonly isBuried: boolean
  /** Aborted, with `ProcessDied`, when it dies. */
  readonly signal: AbortSignal
  readonly died: Promise<Boundary>
  /** Work with a boundary before and after; after death it neither begins nor returns. */
  around<Result>(kind: Boundary['kind'], what: string, work: () => Promise<Result>): Promise<Result>
  /** One after the other, so that what is done once a commit is durable comes before the next one is. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>
  /** Work that only stops answering. */
  within<Result>(work: () => Promise<Result>): Promise<Result>
  /** A write that is done at once. @throws ProcessDied after death; after burial it answers `buried` */
  now<Result>(work: () => Result, buried: Result): Result
  /** As a port whose promises hang and whose other calls throw after death. */
  port<Port extends object>(inner: Port): Port
  /** Done when the process dies, at once. */
  atDeath(work: () => void): void
  /** Nothing is under way: what hangs for good does not count. */
  settled(): Promise<void>
  bury(): void
}

export function createMortality({
  pass,
}: {
  readonly pass: (kind: Boundary['kind'], when: Boundary['when'], what: string) => Boundary | null
}): Mortality {
  const aborter = new AbortController()
  const atDeath: (() => void)[] = []
  const hanging = new Set<(error: Error) => void>()
  const writes = new Set<Promise<unknown>>()
  let tail: Promise<unknown> = Promise.resolve()
  let underWay = 0
  let dead = false
  let buried = false
  let tell: (boundary: Boundary) => void = () => {}
  const died = new Promise<Boundary>((resolve) => (tell = resolve))

  function die(boundary: Boundary): void {
    dead = true
    for (const work of atDeath) work()
    aborter.abort(new ProcessDied())
    // What the journal had taken before is decided by it alone, as with a transaction under way when a process is killed.
    void Promise.allSettled(writes).then(() => tell(boundary))
  }

  function hang(): Promise<never> {
    const never = buried ? Promise.reject(lost()) : new Promise<never>((_, reject) => void hanging.add(reject))
    // Nobody need wait for the dead.
    never.catch(() => {})
    return never
  }

  /** True when the process lives on. */
  function survives(kind: Boundary['kind'], when: Boundary['when'], what: string): boolean {
    if (dead) return false
    const fatal = pass(kind, when, what)
    if (fatal !== null) die(fatal)
    return fatal === null
  }

  /** What it comes to, unless the process has died meanwhile. */
  async function unlessDead<Result>(work: Promise<Result>): Promise<Result> {
    const ended = await work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    if (dead) return hang()
    if ('error' in ended) throw ended.error
    return ended.value
  }

  function within<Result>(work: () => Promise<Result>): Promise<Result> {
    return dead ? hang() : unlessDead(work())
  }

  return {
    get isDead() {
      return dead
    },
    get isBuried() {
      return buried
    },
    signal: aborter.signal,
    died,
    async around(kind, what, work) {
      if (!survives(kind, 'before', what)) return hang()
      const begun = work()
      if (kind === 'commit' || kind === 'send') track(writes, begun)
      const ended = await begun.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      if (!survives(kind, 'after', what)) return hang()
      if ('error' in ended) throw ended.error
      return ended.value
    },
    inTurn(work) {
      underWay += 1
      const done = tail.then(work)
      tail = done.then(nextTurn, nextTurn).finally(() => (underWay -= 1))
      return done
    },
    within,
    now(work, whenBuried) {
      if (buried) return whenBuried
      if (dead) throw new ProcessDied()
      return work()
    },
    port: (inner) => mortalPort(inner, () => dead, { hang, unlessDead }),
    atDeath: (work) => void atDeath.push(work),
    async settled() {
      for (let calm = 0; calm < CALM_TURNS; calm++) {
        await turn()
        if (underWay > 0 && !dead) calm = -1
      }
    },
    bury() {
      buried = true
      dead = true
      for (const reject of hanging) reject(lost())
      hanging.clear()
    },
  }
}

/** Turns of the event loop without a write under way: a write is often followed at once by another. */
const CALM_TURNS = 3

function track(set: Set<Promise<unknown>>, work: Promise<unknown>): void {
  set.add(work)
  const forget = () => void set.delete(work)
  work.then(forget, forget)
}

/** What a process hears that comes back after another has taken its run over. */
const lost = () => new ControllerError('LEASE_LOST', 'the process of this run died in a test')

interface Answers {
  hang(): Promise<never>
  unlessDead<Result>(work: Promise<Result>): Promise<Result>
}

function mortalPort<Port extends object>(inner: Port, isDead: () => boolean, { hang, unlessDead }: Answers): Port {
  return new Proxy(inner, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]) => {
        if (isDead()) return hang()
        const result: unknown = Reflect.apply(member, target, args)
        return result instanceof Promise ? unlessDead(result) : result
      }
    },
  })
}
