import type { AskedService, ChartDriver } from './chart-driver.ts'
import { placeOf } from './watch.ts'

export interface ExhaustOptions {
  /** How many wall ms are allowed to pass: timers due later count as never, as a limit of the whole run that lies far away. Default Infinity. */
  readonly until?: number
  /** Whether the chart waits where it may wait for ever. Default never. */
  readonly waitsForPerson?: (driver: ChartDriver) => boolean
  /** Lets a service answer, before the next timer fires. Default: services are silent. */
  readonly answer?: (asked: AskedService) => void
  /** How many timers may fire before it is said to go on for ever. Default 2,000. */
  readonly maxTimers?: number
}

/**
 * Property 5: with no further input, time alone brings a chart to its end, or to where it may wait for a person for ever.
 * @returns where it got stuck, or null
 */
export function exhaust(
  driver: ChartDriver,
  { until = Infinity, waitsForPerson = () => false, answer = () => {}, maxTimers = 2_000 }: ExhaustOptions = {},
): string | null {
  const horizon = driver.now() + until
  for (let fired = 0; fired < maxTimers; fired++) {
    const [asked] = driver.asked()
    if (asked) answer(asked)
    if (driver.snapshot('')?.status === 'done') return null
    const due = driver.nextDue()
    if (due === null || due > horizon) return waitsForPerson(driver) ? null : `nothing moves ${everywhere(driver)} any more`
    driver.fire()
  }
  return `${everywhere(driver)} goes on for ever`
}

const everywhere = (driver: ChartDriver): string =>
  driver
    .paths()
    .map((path) => `${path || 'the root'} in ${placeOf(driver.snapshot(path))}`)
    .join(', ')
