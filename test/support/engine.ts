import type { AnyStateMachine, EventObject } from 'xstate'
import { DELAY_CLOCKS } from '../../src/machines/clocks.ts'
import type { WorkflowContext } from '../../src/machines/workflow.types.ts'
import type { JournalEntry } from '../../src/model/journal-entry.ts'
import { createGatedJournal as createGate } from '../../src/testing/journals.ts'
import type { GatedJournal as Gate } from '../../src/testing/journals.ts'
import { beginTestRun, crashedJournal as crashed, resumeTestRun } from '../../src/testing/test-run.ts'
import type { TestRun, TestRunOptions } from '../../src/testing/test-run.ts'
import { contextOf } from '../../src/testing/chart-driver.ts'

export const RUN_ID = 'run'

/** A gated journal that shows what it has of the run. */
export interface GatedJournal extends Gate {
  readonly entries: readonly JournalEntry[]
}

export function createGatedJournal(): GatedJournal {
  const gate = createGate()
  return {
    ...gate,
    get held() {
      return gate.held
    },
    get entries() {
      return gate.read(RUN_ID)
    },
  }
}

/** One process's life with a run of our own machines. */
export interface Life extends TestRun<GatedJournal> {
  /** The run's context. @throws when there is none */
  context(): WorkflowContext
}

interface LifeOptions extends Omit<TestRunOptions<GatedJournal>, 'onFolded' | 'machine'> {
  readonly machine: AnyStateMachine
  readonly onFolded?: (life: Life, entry: JournalEntry, emitted: readonly EventObject[]) => void
}

const EXTERNAL = ['execute', 'reconcileEffect', 'applyIntervention', 'writeReport']

/** A new run; its first record is written. */
export function beginLife(options: LifeOptions & { readonly input: object }): Life {
  return lifeOf(options, (given) => beginTestRun({ ...given, input: options.input }))
}

/** Another process takes the run over from what the journal has. */
export function nextLife(options: LifeOptions & { readonly journal: GatedJournal }): Life {
  return lifeOf(options, (given) => resumeTestRun({ ...given, journal: options.journal }))
}

/** A journal as a crash after `count` records leaves it. */
export const crashedJournal = (entries: readonly JournalEntry[], count: number): Promise<GatedJournal> =>
  crashed(entries, count, createGatedJournal())

function lifeOf({ onFolded, ...options }: LifeOptions, begin: (options: TestRunOptions<GatedJournal>) => TestRun<GatedJournal>): Life {
  return asLife(
    begin({
      journal: createGatedJournal(),
      clocks: DELAY_CLOCKS,
      external: EXTERNAL,
      ...options,
      ...(onFolded ? { onFolded: (run, entry, emitted) => onFolded(asLife(run), entry, emitted) } : {}),
    }),
  )
}

const lives = new WeakMap<TestRun<GatedJournal>, Life>()

function asLife(run: TestRun<GatedJournal>): Life {
  const known = lives.get(run)
  if (known) return known
  const life = Object.assign(run, { context: () => contextOf<WorkflowContext>(run.snapshot()) })
  lives.set(run, life)
  return life
}
