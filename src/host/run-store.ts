import type { AnyStateMachine } from 'xstate'
import { ControllerError } from '../errors.ts'
import type { RequestAnswer, RunView } from '../controller.types.ts'
import { stored } from '../flow/run-scope.ts'
import type { WorkflowContext } from '../machines/workflow.types.ts'
import type { RunEvent } from '../model/events.ts'
import type { Report } from '../model/report.ts'
import type { RunRequestInput } from '../model/request.ts'
import type { Clock } from '../services/clock/clock.ts'
import type { CapabilityCatalog } from '../services/executor/executor.ts'
import type { Journal, RunSummary } from '../services/journal/journal.ts'
import { createReplay } from './replay.ts'
import type { Replay } from './replay.ts'
import { bindDigest, eventOf, parseRequest } from './requests.ts'
import { redactedRequest } from './redacted-request.ts'
import type { Redactor } from '../services/secrets/secrets.ts'
import { viewOf } from './run-view.ts'

const POLL_MS = 100
const ANSWER_MS = 5_000

export interface RunStoreOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly machine: AnyStateMachine
  /** What capabilities are: asked for only by requests that carry plans or arguments. */
  readonly catalog: () => Promise<CapabilityCatalog>
  readonly actionMs: number
  /** Most steps that a run may be given. */
  readonly maxStepsCeiling: number
  readonly redactor: Redactor
}

/** The runs of a store as anyone may see them and steer them, whichever process owns them. Runs nothing itself. */
export interface RunStore {
  list(options?: { readonly limit?: number }): readonly RunSummary[]
  /** The newest runs that some process is running right now. */
  underWay(): readonly RunSummary[]
  summary(runId: string): RunSummary
  show(runId: string): RunView
  events(runId: string, options?: { readonly fromSeq?: number }): readonly RunEvent[]
  follow(runId: string, options?: { readonly fromSeq?: number; readonly signal?: AbortSignal }): AsyncIterable<RunEvent>
  report(runId: string): Report | null
  request(runId: string, request: RunRequestInput, options?: { readonly waitMs?: number }): Promise<RequestAnswer>
}

/** Of so many it is worth to ask whether they are running. */
const RECENT = 20

export function createRunStore({ journal, clock, machine, catalog, actionMs, maxStepsCeiling, redactor }: RunStoreOptions): RunStore {
  function summary(runId: string): RunSummary {
    const found = journal.summary(runId)
    if (found === null) throw new ControllerError('RUN_UNKNOWN', `there is no run ${runId} in this store`)
    return found
  }

  function events(runId: string, fromSeq = 0): { readonly events: readonly RunEvent[]; readonly replayed: Replay } {
    summary(runId)
    const replayed = createReplay(runId, machine, journal)
    return { events: replayed.feed(journal.read(runId)).filter(({ seq }) => seq >= fromSeq), replayed }
  }

  const replay = (runId: string): Replay => events(runId).replayed

  async function* follow(runId: string, { fromSeq = 0, signal }: { readonly fromSeq?: number; readonly signal?: AbortSignal } = {}) {
    const first = events(runId, fromSeq)
    yield* first.events
    const { replayed } = first
    while (signal?.aborted !== true && replayed.fold.snapshot('')?.status === 'active') {
      await pause(POLL_MS)
      yield* replayed.feed(journal.read(runId, replayed.lastSeq + 1)).filter(({ seq }) => seq >= fromSeq)
    }
  }

  async function answer(inboxId: number, runId: string, waitMs: number): Promise<RequestAnswer> {
    for (let waited = 0; waited <= waitMs; waited += POLL_MS) {
      const row = journal.inbox(inboxId)
      if (row?.state === 'applied') return 'applied'
      if (row?.state === 'refused') throw new ControllerError('EVENT_REFUSED', row.answer ?? `run ${runId} refused the request`)
      if (journal.owner(runId, clock.now()) === null) return 'queued'
      await pause(POLL_MS)
    }
    return 'queued'
  }

  return {
    list: (options) => journal.list(options),
    underWay: () => journal.list({ limit: RECENT }).filter(({ runId, finished }) => !finished && journal.owner(runId, clock.now()) !== null),
    summary,
    show(runId) {
      const replayed = replay(runId)
      const { fold, bodies, record, lastSeq, runAt } = replayed
      return viewOf({ fold, bodies, record, lastSeq, runAt, summary: summary(runId), owner: journal.owner(runId, clock.now())?.owner ?? null })
    },
    events: (runId, options) => events(runId, options?.fromSeq).events,
    follow,
    report(runId) {
      const { fold, bodies } = replay(runId)
      const reportRef = (fold.snapshot('')?.context as WorkflowContext | undefined)?.report?.reportRef ?? null
      return reportRef === null ? null : stored<Report>(bodies, reportRef, 'report')
    },
    async request(runId, given, { waitMs = ANSWER_MS } = {}) {
      if (summary(runId).finished) throw new ControllerError('RUN_FINISHED', `run ${runId} has ended`)
      const { fold, bodies } = replay(runId)
      const request = await redactedRequest(bindDigest(parseRequest(given), fold), runId, redactor)
      // With earlier requests still waiting, only the owner can tell what it will accept.
      const owned = journal.owner(runId, clock.now()) !== null
      if (!owned && journal.pending(runId).length === 0) {
        eventOf(request, { runId, fold, bodies, catalog: await catalog(), actionMs, maxStepsCeiling })
      }
      const inboxId = await journal.send(runId, request, clock.now())
      return answer(inboxId, runId, owned ? waitMs : 0)
    },
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
