import type { EventObject } from 'xstate'
import type { AskedService, ChartDriver } from './chart-driver.ts'
import { errorsOf, eventsOf, namedEventsOf, outputsOf } from './cases.ts'
import type { Cases } from './cases.ts'

/** One thing that may happen next, and how likely it is against the others. */
export interface Choice {
  /** A whole number; 0 = never. */
  readonly weight: number
  /** In a few words, for the trail of a failing example. */
  readonly does: string
  act(): void
}

export interface WalkCases extends Cases {
  /**
   * How likely something is against the others: by event type, by service for its outputs, by `<service>!` for its errors, `time` for the
   * next timer, `wait` for time that passes without one, `refused` for one of the events in `events` that the chart would not take. Default 4 for
   * an output, 1 for anything else.
   */
  readonly weights?: Readonly<Record<string, number>>
}

/** How long a walk lets time pass when nothing happens; a timer that is due sooner shortens it. */
const WAIT_MS = 500
/** A draw chooses twice; by this prime the one choice tells little of the other. */
const SPREAD = 97

/**
 * What may happen to a driver now: an answer or error of what is asked, the next timer, an event that the root would take; and one that it would
 * not, which the draw chooses, because a chart may be wrong in not taking it.
 */
export function choicesOf(driver: ChartDriver, cases: WalkCases, draw = 0): readonly Choice[] {
  const root = driver.snapshot('')
  if (root?.status !== 'active') return []
  const weigh = (name: string, otherwise = 1): number => cases.weights?.[name] ?? otherwise
  const due = driver.nextDue()
  const send = (event: EventObject, weight: number): Choice => ({ weight, does: brief(event), act: () => driver.send('', event) })
  const refused = namedEventsOf(cases, root).filter((event) => !root.can(event))
  const wait = Math.min(WAIT_MS, (due ?? Infinity) - driver.now() - 1)
  return [
    ...driver.asked().flatMap((asked) => [
      ...outputsOf(cases, asked).map((output) => ({
        weight: weigh(asked.src, 4),
        does: `${nameOf(asked)} = ${brief(output)}`,
        act: () => driver.answer(asked, output),
      })),
      ...errorsOf(cases, asked).map((error) => ({
        weight: weigh(`${asked.src}!`),
        does: `${nameOf(asked)} ! ${brief(error)}`,
        act: () => driver.fail(asked, error),
      })),
    ]),
    ...(due === null ? [] : [{ weight: weigh('time'), does: driver.nextTimer()?.name ?? 'time', act: () => driver.fire() }]),
    ...(wait > 0 ? [{ weight: weigh('wait'), does: `wait ${wait} ms`, act: () => driver.wait(wait) }] : []),
    ...eventsOf(cases, root)
      .filter((event) => root.can(event))
      .map((event) => send(event, weigh(event.type))),
    ...refused.filter((_, index) => index === Math.floor(draw / SPREAD) % refused.length).map((event) => send(event, weigh('refused'))),
  ]
}

const nameOf = ({ path, src }: AskedService): string => (path === '' ? src : `${path} ${src}`)
const brief = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80)
