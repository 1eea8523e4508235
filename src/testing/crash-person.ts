import { ControllerError } from '../errors.ts'
import type { Clock } from '../services/clock/clock.ts'

/** Asks something of the run `afterMs` from now (default 0), on the run's clock. The same `key` is asked once only. */
export type Ask<Request extends { readonly type: string }> = (key: string, request: Request, afterMs?: number) => void

/** Somebody who outlives the processes of a run: what no process answered is asked again of the next one. */
export interface Person<Request extends { readonly type: string }> {
  readonly ask: Ask<Request>
  /** Another process has the run; it answers true for what it took, durably. What was not answered before is asked of it. */
  meet(process: (request: Request) => Promise<boolean>): void
  /** Types of the requests that a process took, as often as it did. */
  readonly taken: readonly string[]
}

export function createPerson<Request extends { readonly type: string }>(clock: Clock): Person<Request> {
  const keys = new Set<string>()
  const unanswered = new Set<Request>()
  const taken: string[] = []
  let answerer: ((request: Request) => Promise<boolean>) | null = null

  function put(request: Request): void {
    unanswered.add(request)
    answerer?.(request).then(
      (wasTaken) => {
        unanswered.delete(request)
        if (wasTaken) taken.push(request.type)
      },
      (error: unknown) => {
        // A refusal is an answer; anything else came of a process that is gone.
        if (error instanceof ControllerError && REFUSALS.has(error.code)) unanswered.delete(request)
      },
    )
  }

  return {
    ask(key, request, afterMs = 0) {
      if (keys.has(key)) return
      keys.add(key)
      clock.after(afterMs, () => put(request))
    },
    meet(process) {
      answerer = process
      for (const request of [...unanswered]) put(request)
    },
    taken,
  }
}

const REFUSALS = new Set(['EVENT_REFUSED', 'RUN_FINISHED', 'RUN_UNKNOWN'])
