import type { AnyStateMachine } from 'xstate'
import type { Effect, Fold } from '../engine/fold.ts'
import { ControllerError, toFailure } from '../errors.ts'
import type { RecordView, RunMoment } from '../controller.types.ts'
import type { WorkflowOutput } from '../machines/workflow.types.ts'
import type { RunEvent } from '../model/events.ts'
import type { PlannerExecParams } from '../model/goal.ts'
import { isOwnedAfter } from '../model/journal-entry.ts'
import type { JournalEntry, RunHeader } from '../model/journal-entry.ts'
import type { RunSummary } from '../services/journal/journal.ts'
import { machineIdentity, sameCharts } from './machine-identity.ts'
import type { MigratingJournal } from './migrating-journal.ts'
import { createNextRecord } from './next-record.ts'
import { createReplay } from './replay.ts'
import type { Replay } from './replay.ts'
import { assertNotCarriedOver, chartsDiffer, headerIn } from './run-header.ts'
import { createSnapshotCheck } from './run-snapshot.ts'
import { viewOf } from './run-view.ts'
import { needsPerson, statePath } from './state-path.ts'

/** A run up to one of its records, each of them held against those before it. */
export interface CheckedRun {
  readonly runId: string
  readonly header: RunHeader
  /** Up to and including the record asked for; never empty. */
  readonly entries: readonly JournalEntry[]
  readonly last: JournalEntry
  /** What the last record told. */
  readonly told: readonly RunEvent[]
  readonly replay: Replay
}

export interface CheckOptions {
  readonly runId: string
  readonly machine: AnyStateMachine
  readonly journal: MigratingJournal
}

/**
 * Folds a run up to record `seq` (default: the last, which the store's summary must agree with), without doing anything. To be called
 * where the store is read at one moment.
 * @throws ControllerError RUN_UNKNOWN, USAGE, RUN_INCOMPATIBLE, JOURNAL_CORRUPT, ENGINE_DIVERGED
 */
export function checkedRun(options: CheckOptions, seq?: number): CheckedRun {
  const { runId, journal } = options
  const summary = journal.summary(runId)
  if (summary === null) throw new ControllerError('RUN_UNKNOWN', `there is no run ${runId} in this store`)
  const entries = seq === undefined ? journal.read(runId) : recordsTo(journal, runId, seq)
  try {
    const checked = foldChecked(options, entries)
    if (seq === undefined) assertSummary(checked, summary, journal.outstanding(runId).migrations.length > 0)
    return checked
  } catch (error) {
    throw ofMigration(error, runId, journal)
  }
}

/** Folds records that are a run's first ones. @throws ControllerError RUN_INCOMPATIBLE, JOURNAL_CORRUPT, ENGINE_DIVERGED */
export function foldChecked({ runId, machine, journal }: CheckOptions, entries: readonly JournalEntry[]): CheckedRun {
  const header = headerIn(runId, entries)
  assertSameCharts(runId, header, journal)
  const next = createNextRecord(runId, journal)
  const replay = createReplay(runId, machine, journal, {
    before: (entry: JournalEntry, fold: Fold) => {
      const difference = next.difference(entry, fold) ?? snapshots.difference(entry)
      if (difference !== null) throw diverged(runId, entry.seq, difference)
    },
    after: (entry: JournalEntry, effects: readonly Effect[]) => next.folded(entry, effects),
  })
  const snapshots = createSnapshotCheck(replay.fold, replay.record, replay.bodies)
  let last: JournalEntry | undefined
  let told: readonly RunEvent[] = []
  for (const entry of entries) {
    told = feed(replay, entry, runId)
    last = entry
  }
  if (last === undefined) throw new ControllerError('JOURNAL_CORRUPT', `run ${runId} has no records`)
  return { runId, header, entries, last, told, replay }
}

/** A run as it was after the last record that was folded. */
export function momentOf(checked: CheckedRun): RunMoment {
  const { last, told, replay } = checked
  const { fold, bodies, record, lastSeq, runAt } = replay
  const view = viewOf({ fold, bodies, record, lastSeq, runAt, summary: summaryAt(checked), owner: null })
  return {
    ...view,
    at: last.at,
    runAt,
    owned: isOwnedAfter(last, true),
    lastRecord: recordView(last, told),
    states: fold.paths().flatMap((path) => {
      const snapshot = fold.snapshot(path)
      return snapshot === null ? [] : [{ actionId: actionIdOf(path), value: snapshot.value }]
    }),
    services: fold.services().map(({ path, src }) => ({ actionId: actionIdOf(path), service: src })),
    timers: fold.timers().map(({ owner, name, clock, delayMs, due }) => {
      const leftMs = due - (clock === 'wall' ? last.at : runAt)
      return { actionId: actionIdOf(owner), name, clock, delayMs, due, leftMs }
    }),
  }
}

/** What `list` would have shown of the run after the last record that was folded. */
export function summaryAt({ runId, header, last, replay }: CheckedRun): RunSummary {
  const { fold, record } = replay
  const root = fold.snapshot('')
  const params = header.input['params'] as PlannerExecParams
  return {
    runId,
    goal: params.goal,
    workflowType: params.workflow_type,
    state: root ? statePath(root.value) : '',
    needsPerson: needsPerson(fold),
    finished: root !== null && root.status !== 'active',
    exitReason: root?.status === 'done' ? (root.output as WorkflowOutput).exitReason : null,
    createdAt: record.startedAt(),
    updatedAt: last.at,
  }
}

const actionIdOf = (path: string) => (path === '' ? null : path)

function recordView(entry: JournalEntry, events: readonly RunEvent[]): RecordView {
  const { seq, kind } = entry
  if (entry.kind === 'started') return { seq, kind, what: null, actionId: null, cause: 'process', events }
  if (entry.kind !== 'event') return { seq, kind, what: whatOf(entry), actionId: null, cause: 'process', events }
  return { seq, kind, what: entry.event.type, actionId: actionIdOf(entry.path), cause: causeOf(entry), events }
}

function whatOf(entry: Exclude<JournalEntry, { readonly kind: 'started' | 'event' }>): string {
  if (entry.kind === 'migrated') return entry.migration
  return entry.kind === 'snapshot' ? entry.ref : entry.reason
}

function causeOf(entry: Extract<JournalEntry, { readonly kind: 'event' }>): RecordView['cause'] {
  if (entry.timer) return 'timer'
  if (entry.child !== undefined || entry.event.type === 'action.heartbeat') return 'service'
  return entry.event.type === 'run.start' ? 'process' : 'request'
}

function recordsTo(journal: MigratingJournal, runId: string, seq: number): readonly JournalEntry[] {
  const isWhole = Number.isSafeInteger(seq) && seq >= 0
  // Only up to there: what comes later may be damaged, and this part is still good.
  const entries = isWhole ? journal.read(runId, 0, seq) : journal.read(runId)
  if (isWhole && entries.at(-1)?.seq === seq) return entries
  const last = journal.read(runId).at(-1)?.seq ?? -1
  // It has no counterpart in these charts: nothing happened to them there.
  if (isWhole && seq < last) return entries
  throw new ControllerError('USAGE', `run ${runId} has no record ${seq}: its records are 0 to ${last}`, {
    hint: `Give a whole number from 0 to ${last}.`,
  })
}

function feed(replay: Replay, entry: JournalEntry, runId: string): readonly RunEvent[] {
  try {
    return replay.feed([entry])
  } catch (error) {
    if (!(error instanceof ControllerError)) throw diverged(runId, entry.seq, `it cannot be folded (${toFailure(error).message})`, error)
    if (error.code !== 'ENGINE_DIVERGED' && error.code !== 'JOURNAL_CORRUPT') throw error
    throw isPlaced(error) ? error : diverged(runId, entry.seq, error.message, error)
  }
}

const isPlaced = ({ details }: ControllerError) => typeof details === 'object' && details !== null && 'seq' in details

function assertSameCharts(runId: string, header: RunHeader, journal: MigratingJournal): void {
  if (sameCharts(header, machineIdentity())) return
  assertNotCarriedOver(runId, journal)
  const { what, remedy } = chartsDiffer(header)
  throw new ControllerError('RUN_INCOMPATIBLE', `run ${runId} was started with others: ${what} changed since`, {
    hint: remedy,
    details: { runId, seq: 0, problem: 'the statecharts differ' },
  })
}

/** A run that diverges as migrations give it: that is theirs to answer for, not the store's. */
export function ofMigration(error: unknown, runId: string, journal: MigratingJournal): unknown {
  if (!(error instanceof ControllerError) || error.code !== 'ENGINE_DIVERGED') return error
  const through = journal.through(runId)
  if (through.length === 0) return error
  const names = through.map(({ name }) => `"${name}"`).join(', then ')
  const { details } = error
  return new ControllerError('RUN_INCOMPATIBLE', `carried over by migration ${names}, ${error.message}`, {
    hint: 'Correct the migration, or open the run with the version that wrote it. The run is stored as it was.',
    details: { ...(typeof details === 'object' ? details : {}), migrations: through.map(({ name }) => name) },
    cause: error,
  })
}

const COMPARED = ['goal', 'workflowType', 'state', 'needsPerson', 'finished', 'exitReason', 'createdAt'] as const

/** What no statechart gives a name of its own. */
const OF_ANY_CHARTS: ReadonlySet<string> = new Set(['goal', 'workflowType', 'finished', 'createdAt'] satisfies (typeof COMPARED)[number][])

/** The summary is written with the records that change it: at the end of the journal both say the same, each in the words of its charts. */
function assertSummary(checked: CheckedRun, stored: RunSummary, isOfOlderCharts: boolean): void {
  const folded = summaryAt(checked)
  const key = COMPARED.find((name) => folded[name] !== stored[name] && (!isOfOlderCharts || OF_ANY_CHARTS.has(name)))
  if (key === undefined) return
  const what = `after it the ${key} of the run is ${String(folded[key])}, but the store has ${String(stored[key])}`
  throw diverged(checked.runId, checked.last.seq, what)
}

function diverged(runId: string, seq: number, difference: string, cause?: unknown): ControllerError {
  return new ControllerError('ENGINE_DIVERGED', `run ${runId} diverges at record ${seq}: ${difference}`, {
    hint:
      seq === 0
        ? 'Restore the state folder from a backup.'
        : `Look at the run as it was before with \`planner-exec replay ${runId} --to ${seq - 1}\`, or restore the state folder from a backup.`,
    details: { runId, seq, problem: difference },
    cause,
  })
}
