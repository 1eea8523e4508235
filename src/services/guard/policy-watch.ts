import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Where a policy comes from, and whom to tell. `P` is whatever loading gives. */
export interface ReloadingPolicyOptions<P> {
  /** Loads and checks the policy anew; what it throws leaves the last good one in force. */
  readonly load: () => Promise<P>
  /** Calls back after each change of what `load` reads, at least once for several in a row; returns what stops it. */
  readonly watch: (changed: () => void) => () => void
  /** A new policy is in force. */
  readonly onChange: (policy: P) => void
  /** A change could not be loaded; `inForce` goes on. */
  readonly onProblem: (problem: unknown, inForce: P) => void
}

/** A policy that follows its files. */
export interface ReloadingPolicy<P> {
  /** The last one that could be loaded. */
  readonly current: P
  /** Resolves when every change noticed so far has been loaded or refused. */
  settled(): Promise<void>
  /** Stops watching. A load that is under way changes nothing any more. */
  close(): void
}

/**
 * Loads a policy and follows its changes. Changes during a load lead to one more load, never to two at once, so that an older file never
 * replaces a newer one.
 * @throws what `load` throws the first time: there is no good policy to keep then
 */
export async function createReloadingPolicy<P>(options: ReloadingPolicyOptions<P>): Promise<ReloadingPolicy<P>> {
  let isDirty = false
  let isClosed = false
  let loading: Promise<void> | null = null
  let current: P | null = null

  const reload = async (inForce: P): Promise<P> => {
    try {
      const next = await options.load()
      if (isClosed) return inForce
      current = next
      options.onChange(next)
      return next
    } catch (problem) {
      if (!isClosed) options.onProblem(problem, inForce)
      return inForce
    }
  }
  const follow = async (from: P): Promise<void> => {
    let inForce = from
    while (isDirty && !isClosed) {
      isDirty = false
      inForce = await reload(inForce)
      current = inForce
    }
    loading = null
  }
  const changed = (): void => {
    isDirty = true
    // Before the first load is done, its end takes care of what changed meanwhile.
    if (current !== null) loading ??= follow(current)
  }

  // Watched before it is read, so that no change falls between the two.
  const stop = options.watch(changed)
  try {
    current = await options.load()
  } catch (problem) {
    stop()
    throw problem
  }
  const first = current
  if (isDirty) loading = follow(first)
  return {
    get current() {
      return current ?? first
    },
    settled: async () => {
      while (loading !== null) await loading
    },
    close: () => {
      isClosed = true
      stop()
    },
  }
}

/** Waits, on a clock of the caller's choice, until `quietMs` have passed. Returns what calls the wait off. */
export type Wait = (quietMs: number, then: () => void) => () => void

/**
 * Watches files by their folders, since editors replace a file instead of writing into it. Several events within 50 ms are one change:
 * a save is two to five of them. Files need not exist yet; their folders must, or they are not watched.
 */
export function watchFiles(paths: readonly string[], wait: Wait): (changed: () => void) => () => void {
  return (changed) => {
    let callOff = (): void => undefined
    const noticed = (): void => {
      callOff()
      callOff = wait(QUIET_MS, changed)
    }
    const folders = new Set(paths.map((path) => dirname(path)))
    const namesIn = (folder: string): ReadonlySet<string> => new Set(paths.filter((path) => dirname(path) === folder).map((path) => basename(path)))
    const stops = [...folders].map((folder) => watchFolder(folder, namesIn(folder), noticed))
    return () => {
      callOff()
      for (const stop of stops) stop()
    }
  }
}

const QUIET_MS = 50

function watchFolder(folder: string, names: ReadonlySet<string>, noticed: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      if (name === null || names.has(name)) noticed()
    })
    // The folder is gone; the policy that was read stays in force.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}
