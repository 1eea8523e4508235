import { isDeepStrictEqual } from 'node:util'
import { openRuns, type ControllerError, type Journal, type RunReader } from '../../src/index.ts'

export const RUN_ID = 'small-run'

/** Everything that the library tells of a store with one run, by what was asked. */
const LOOKS = {
  list: (runs: RunReader) => runs.list(),
  // Who owns a run is no part of what the run is: a lease ends by itself.
  show: (runs: RunReader) => ({ ...runs.show(RUN_ID), owner: null }),
  stateAt: (runs: RunReader) => runs.stateAt(RUN_ID),
  events: (runs: RunReader) => runs.events(RUN_ID),
  report: (runs: RunReader) => runs.report(RUN_ID),
} as const

export type LookName = keyof typeof LOOKS

/** What a look gave: a text that can be compared, or what it threw. */
export type Sight = { readonly text: string } | { readonly thrown: unknown }
type Sights = Readonly<Record<LookName, Sight>>

/** Asks for everything; `runs` stays open. */
export function lookAt(runs: RunReader): Sights {
  const sights = Object.entries(LOOKS).map(([name, look]) => [name, attempt(() => look(runs))])
  return Object.fromEntries(sights) as Sights
}

/** The run after each of its records. */
export function momentsOf(runs: RunReader): readonly string[] {
  return Array.from({ length: runs.show(RUN_ID).lastSeq + 1 }, (_, seq) => JSON.stringify(runs.stateAt(RUN_ID, seq)))
}

function attempt(look: () => unknown): Sight {
  try {
    return { text: JSON.stringify(look()) }
  } catch (thrown) {
    return { thrown }
  }
}

export const errorOf = (sight: Sight): ControllerError | null =>
  'thrown' in sight && sight.thrown instanceof Error && 'code' in sight.thrown && 'hint' in sight.thrown ? (sight.thrown as ControllerError) : null

/** What the library asked a journal, and what it was told. */
export interface Answers {
  /** Whether another journal answers all of it alike: then the library, which sees nothing else of it, tells the same of both. */
  sameFrom(journal: Journal): boolean
}

type Ask = (journal: Journal) => unknown
const READS = ['read', 'tail', 'blob', 'summary', 'list', 'owner', 'pending', 'inbox', 'effect', 'openEffects'] as const

/** Looks at everything through a journal, and keeps what was asked of it. */
export async function answersOf(journal: Journal, workspace: string): Promise<Answers> {
  const answers = new Map<string, { readonly ask: Ask; readonly answer: unknown }>()
  const kept = Object.fromEntries(
    READS.map((name) => [
      name,
      (...params: never[]) => {
        const ask: Ask = (other) => Reflect.apply(other[name], other, params)
        const answer = ask(journal)
        answers.set(`${name} ${JSON.stringify(params)}`, { ask, answer })
        return answer
      },
    ]),
  )
  lookAt(await openRuns({ workspace, journal: { ...journal, ...kept } as Journal }))
  return { sameFrom: (other) => [...answers.values()].every(({ ask, answer }) => isDeepStrictEqual(ask(other), answer)) }
}
