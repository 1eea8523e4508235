import type { Journal } from '../services/journal/journal.ts'
import type { RunStore } from './run-store.ts'

/**
 * The same store, each look at a run being one of a single moment: a collection in another process takes a run away before it or after it,
 * never between its records and its bodies.
 */
export function wholeRuns(store: RunStore, journal: Journal): RunStore {
  const events: RunStore['events'] = (runId, options) => journal.atOneMoment(() => store.events(runId, options))
  return {
    ...store,
    events,
    show: (runId) => journal.atOneMoment(() => store.show(runId)),
    report: (runId) => journal.atOneMoment(() => store.report(runId)),
    async *follow(runId, options) {
      // One that goes on is not collected before everybody who follows it has seen its end.
      if (store.summary(runId).finished) yield* events(runId, options)
      else yield* store.follow(runId, options)
    },
  }
}
