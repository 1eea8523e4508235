// Bound at import, so that a test which replaces the global timers cannot stop the journal.
import { setImmediate } from 'node:timers/promises'
import { ControllerError } from '../../errors.ts'
import { isBusy } from './sqlite-failure.ts'

/** What a group commit needs of the database. */
export interface GroupCommitOptions {
  /** Runs `work` in one write transaction, waiting for other writers. Rejects with what went wrong; then nothing of it is stored. */
  readonly transact: (work: () => void) => Promise<void>
  /** A database error as the caller shall see it. */
  readonly explain: (error: unknown) => Error
}

/** Collects writes and stores those of one turn of the event loop together. */
export interface GroupCommit {
  /**
   * Resolves with what `write` returned once it is durable. A ControllerError that `write` throws rejects this write alone, so it must
   * throw it before it changes anything.
   */
  submit<T>(write: () => T): Promise<T>
  /** Resolves when nothing is queued any more. */
  drain(): Promise<void>
}

interface Task {
  /** Applies the write and returns how to settle its promise after the commit. */
  readonly apply: () => () => void
  readonly reject: (error: unknown) => void
}

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  let queue: Task[] = []
  let running: Promise<void> | null = null

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      // The rest of this turn still joins, also what the previous batch's callers send next.
      await setImmediate()
      const batch = queue
      queue = []
      await storeBatch(options, batch)
    }
    running = null
  }

  return {
    submit: (write) =>
      new Promise((resolve, reject) => {
        queue.push({ apply: () => attempt(write, resolve, reject), reject })
        running ??= flush()
      }),
    drain: async () => {
      while (running !== null) await running
    },
  }
}

function attempt<T>(write: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = write()
    return () => resolve(value)
  } catch (error) {
    if (!(error instanceof ControllerError)) throw error
    return () => reject(error)
  }
}

/** One transaction for all; when the database refuses it, one for each, so that only the write it refuses fails. */
async function storeBatch(options: GroupCommitOptions, batch: readonly Task[]): Promise<void> {
  let settlements: readonly (() => void)[] = []
  try {
    await options.transact(() => {
      settlements = batch.map((task) => task.apply())
    })
  } catch (error) {
    if (batch.length > 1 && !isBusy(error)) {
      for (const task of batch) await storeBatch(options, [task])
      return
    }
    settlements = batch.map((task) => () => task.reject(options.explain(error)))
  }
  for (const settle of settlements) settle()
}
